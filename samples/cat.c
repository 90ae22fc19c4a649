// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(void) {
    static char buffer[65536];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    for (;;) {
        DWORD size = 0;
        if (!read_some(in, buffer, sizeof buffer, &size)) {
            return complain("cat: reading standard input");
        }
        if (size == 0) {
            return 0;
        }
        if (!write_all(out, buffer, size)) {
            return complain("cat: writing standard output");
        }
    }
}
