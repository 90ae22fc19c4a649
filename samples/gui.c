// SPDX-License-Identifier: MIT
#include "sample_io.h"

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, wchar_t* arguments, int show) {
    (void)instance, (void)previous, (void)arguments, (void)show;
    int argc = 0;
    wchar_t** argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    DWORD code = 0;
    DWORD milliseconds = 0;
    if (argv == NULL || argc < 2 || argc > 4 || (argc >= 3 && !parse_number(argv[2], &code)) ||
        (argc == 4 && !parse_number(argv[3], &milliseconds))) {
        return exit_usage;
    }
    HANDLE file =
        CreateFileW(argv[1], GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE || !write_format(file, "Hello from a Windows GUI program!\n")) {
        return 1;
    }
    if (argc == 4) {
        Sleep(milliseconds);
        if (!write_format(file, "Goodbye.\n")) {
            return 1;
        }
    }
    CloseHandle(file);
    ExitProcess(code);
}
