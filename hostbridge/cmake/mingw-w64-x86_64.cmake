# SPDX-License-Identifier: MIT
# Cross-compiles for 64-bit Windows with Debian's mingw-w64.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(MZINIT_MINGW_TRIPLE x86_64-w64-mingw32)

include(${CMAKE_CURRENT_LIST_DIR}/mingw-w64.cmake)

# Tests and code generators of this build run under Wine. There is none for the 32-bit toolchain: a Wine without its
# 32-bit half exits 0 without running anything.
find_program(MZINIT_WINE wine)
if(MZINIT_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${MZINIT_WINE})
endif()
