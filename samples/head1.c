// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(void) {
    char line[4096];
    size_t length = 0;
    bool any = false;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    for (;;) {
        // One byte at a time: what follows the line belongs to whoever reads next. fgets would take a buffer
        // full.
        DWORD size = 0;
        if (!read_some(in, line + length, 1, &size)) {
            return complain("head1: reading standard input");
        }
        any = any || size > 0;
        length += size;
        bool complete = size == 0 || line[length - 1] == '\n';
        if (complete || length == sizeof line) {
            if (!write_all(out, line, length)) {
                return complain("head1: writing standard output");
            }
            length = 0;
        }
        if (complete) {
            return any ? 0 : 1;
        }
    }
}
