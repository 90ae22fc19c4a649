// SPDX-License-Identifier: MIT
#include "sample_io.h"

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, wchar_t* arguments, int show) {
    (void)instance, (void)previous, (void)arguments, (void)show;
    int argc = 0;
    wchar_t** argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    DWORD code = 0;
    if (argv == NULL || argc < 2 || argc > 3 || (argc == 3 && !parse_number(argv[2], &code))) {
        return exit_usage;
    }
    HANDLE file =
        CreateFileW(argv[1], GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE || !write_format(file, "Hello from a Windows GUI program!\n")) {
        return 1;
    }
    CloseHandle(file);
    ExitProcess(code);
}
