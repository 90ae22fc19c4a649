// SPDX-License-Identifier: MIT
#include "uses_dlls.h"

/// Exported under the name PLUGIN_LINE.
__declspec(dllexport) const char* plugin_line(void);

__declspec(dllexport) const char* plugin_line(void) { return "plug-in: loaded by its name"; }
