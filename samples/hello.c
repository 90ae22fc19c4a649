// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(int argc, wchar_t** argv) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    bool written = write_format(out, "Hello from Windows!\n");
    for (int i = 1; i < argc && written; ++i) {
        written = write_format(out, "argument: ") && write_wide_line(out, argv[i]);
    }
    return written ? 0 : complain("hello: writing standard output");
}
