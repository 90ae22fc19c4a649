// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "sample_io.h"

int wmain(void) {
    DWORD capacity = GetCurrentDirectoryW(0, NULL);
    wchar_t* directory = calloc((size_t)capacity + 1, sizeof *directory);
    if (directory == NULL || GetCurrentDirectoryW(capacity, directory) == 0) {
        return complain("cwd: asking for the current directory");
    }
    bool written = write_wide_line(GetStdHandle(STD_OUTPUT_HANDLE), directory);
    free(directory);
    return written ? 0 : complain("cwd: writing standard output");
}
