// SPDX-License-Identifier: MIT
#include "uses_dlls.h"

#include "sample_io.h"

/// Loads a DLL by its name and prints its line.
static int print_line_of_plugin(HANDLE out, const wchar_t* name) {
    HMODULE plugin = LoadLibraryW(name);
    if (plugin == NULL) {
        return complain("uses_dlls: loading the plug-in");
    }
    // By way of a function without a type: ISO C has no cast from that to another one but this.
    plugin_line_function* line = (plugin_line_function*)(void (*)(void))GetProcAddress(plugin, PLUGIN_LINE);
    if (line == NULL) {
        return complain("uses_dlls: looking for " PLUGIN_LINE " in the plug-in");
    }
    return write_format(out, "%s\n", line()) ? 0 : complain("uses_dlls: writing standard output");
}

int wmain(int argc, wchar_t** argv) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    if (argc > 2) {
        (void)write_format(GetStdHandle(STD_ERROR_HANDLE), "usage: uses_dlls [PLUGIN]\n");
        return exit_usage;
    }
    if (!write_format(out, "%s\n%s\n", first_line(), second_line_by_first())) {
        return complain("uses_dlls: writing standard output");
    }
    const int failed = argc == 2 ? print_line_of_plugin(out, argv[1]) : 0;
    return failed != 0 ? failed : (int)second_exit_code_by_first();
}
