// SPDX-License-Identifier: MIT
#include "uses_dlls.h"

__declspec(dllexport) const char* second_line(void) { return "second: imported by the first"; }
__declspec(dllexport) unsigned second_exit_code(void) { return 42; }
