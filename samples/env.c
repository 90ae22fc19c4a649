// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "sample_io.h"

static bool print_all(HANDLE out) {
    wchar_t* block = GetEnvironmentStringsW();
    if (block == NULL) {
        return false;
    }
    bool written = true;
    for (const wchar_t* variable = block; *variable != L'\0' && written; variable += wcslen(variable) + 1) {
        written = write_wide_line(out, variable);
    }
    FreeEnvironmentStringsW(block);
    return written;
}

/// The value of a variable, to be freed; NULL when there is no such variable.
static wchar_t* value_of(const wchar_t* name) {
    SetLastError(ERROR_SUCCESS);
    DWORD capacity = GetEnvironmentVariableW(name, NULL, 0);
    if (capacity == 0 && GetLastError() != ERROR_SUCCESS) {
        return NULL;
    }
    wchar_t* value = calloc(capacity + 1, sizeof *value);
    if (value != NULL) {
        GetEnvironmentVariableW(name, value, capacity + 1);
    }
    return value;
}

int wmain(int argc, wchar_t** argv) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    if (argc == 1) {
        return print_all(out) ? 0 : complain("env: printing the environment");
    }
    int status = 0;
    for (int i = 1; i < argc; ++i) {
        wchar_t* value = value_of(argv[i]);
        if (value == NULL) {
            status = 1;
            continue;
        }
        bool written =
            write_wide(out, argv[i], wcslen(argv[i])) && write_format(out, "=") && write_wide_line(out, value);
        free(value);
        if (!written) {
            return complain("env: writing standard output");
        }
    }
    return status;
}
