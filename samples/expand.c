// SPDX-License-Identifier: MIT
#include "sample_io.h"

enum { factor = 4 };

int wmain(void) {
    static char narrow[65536];
    static char wide[factor * sizeof narrow];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    for (;;) {
        DWORD size = 0;
        if (!read_some(in, narrow, sizeof narrow, &size)) {
            return complain("expand: reading standard input");
        }
        if (size == 0) {
            return 0;
        }
        for (size_t i = 0; i < factor * (size_t)size; ++i) {
            wide[i] = narrow[i / factor];
        }
        if (!write_all(out, wide, factor * (size_t)size)) {
            return complain("expand: writing standard output");
        }
    }
}
