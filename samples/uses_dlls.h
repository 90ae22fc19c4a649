// SPDX-License-Identifier: MIT
#ifndef MZINIT_SAMPLES_USES_DLLS_H
#define MZINIT_SAMPLES_USES_DLLS_H

/// What the DLLs of uses_dlls.exe export: a line about themselves, each its own.

/// uses_dlls_first.dll, which the program imports.
const char* first_line(void);

/// uses_dlls_second.dll, which only the first one imports: its line and the program's exit code come by way of that.
const char* second_line(void);
unsigned second_exit_code(void);
const char* second_line_by_first(void);
unsigned second_exit_code_by_first(void);

/// A plug-in's, which no import table names: the program looks for it by this type and name.
typedef const char* plugin_line_function(void);
#define PLUGIN_LINE "plugin_line"

#endif
