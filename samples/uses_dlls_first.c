// SPDX-License-Identifier: MIT
#include "uses_dlls.h"

__declspec(dllexport) const char* first_line(void) { return "first: imported by the program"; }
__declspec(dllexport) const char* second_line_by_first(void) { return second_line(); }
__declspec(dllexport) unsigned second_exit_code_by_first(void) { return second_exit_code(); }
