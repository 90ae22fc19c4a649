# SPDX-License-Identifier: MIT
# What both toolchain files share. The including file sets MZINIT_MINGW_TRIPLE.
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
