// SPDX-License-Identifier: MIT
#include "sample_io.h"

int wmain(int argc, wchar_t** argv) {
    DWORD code = 0;
    if (argc != 2 || !parse_number(argv[1], &code)) {
        (void)write_format(GetStdHandle(STD_ERROR_HANDLE), "usage: exit CODE\n");
        return exit_usage;
    }
    ExitProcess(code);
}
