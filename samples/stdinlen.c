// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(void) {
    static char buffer[65536];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    unsigned long long total = 0;
    DWORD size = 0;
    do {
        if (!read_some(in, buffer, sizeof buffer, &size)) {
            return complain("stdinlen: reading standard input");
        }
        total += size;
    } while (size > 0);
    if (!write_format(GetStdHandle(STD_OUTPUT_HANDLE), "%llu\n", total)) {
        return complain("stdinlen: writing standard output");
    }
    return 0;
}
