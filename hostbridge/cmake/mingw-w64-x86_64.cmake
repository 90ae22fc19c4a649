# SPDX-License-Identifier: MIT
# Cross-compiles for 64-bit Windows with Debian's mingw-w64.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(MZINIT_MINGW_TRIPLE x86_64-w64-mingw32)

# The -posix variants: the -win32 ones of GCC 12 have no std::thread and no std::mutex.
set(CMAKE_C_COMPILER ${MZINIT_MINGW_TRIPLE}-gcc-posix)
set(CMAKE_CXX_COMPILER ${MZINIT_MINGW_TRIPLE}-g++-posix)
set(CMAKE_RC_COMPILER ${MZINIT_MINGW_TRIPLE}-windres)

# One file to copy: no libstdc++, libgcc or winpthread DLL beside the program.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)

# Nothing but programs may come from the build machine: /usr/include describes another system. What is cross-built
# elsewhere is named by full path, see third_party.cmake.
set(CMAKE_FIND_ROOT_PATH /usr/${MZINIT_MINGW_TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Tests and code generators of this build run under Wine. There is none for the 32-bit toolchain: a Wine without its
# 32-bit half exits 0 without running anything.
find_program(MZINIT_WINE wine)
if(MZINIT_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${MZINIT_WINE})
endif()
