// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(int argc, wchar_t** argv) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE err = GetStdHandle(STD_ERROR_HANDLE);
    DWORD count = 0;
    if (argc != 2 || !parse_number(argv[1], &count)) {
        (void)write_format(err, "usage: mixed COUNT\n");
        return exit_usage;
    }
    for (DWORD i = 1; i <= count; ++i) {
        if (!write_format(out, "out %lu\n", i)) {
            return complain("mixed: writing standard output");
        }
        if (!write_format(err, "err %lu\n", i)) {
            return 1;
        }
    }
    return 0;
}
