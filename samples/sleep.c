// SPDX-License-Identifier: MIT
#include "heartbeat.h"

int wmain(int argc, wchar_t** argv) {
    DWORD milliseconds = 0;
    if (argc < 2 || argc > 3 || !parse_number(argv[1], &milliseconds)) {
        (void)write_format(GetStdHandle(STD_ERROR_HANDLE), "usage: sleep MILLISECONDS [COUNTER-FILE]\n");
        return exit_usage;
    }
    struct Heartbeat heartbeat;
    if (argc == 3 && !start_heartbeat(&heartbeat, argv[2])) {
        return complain("sleep: writing the counter file");
    }
    if (!write_format(GetStdHandle(STD_OUTPUT_HANDLE), "ready\n")) {
        return complain("sleep: writing standard output");
    }
    if (argc == 3) {
        return beat_for(&heartbeat, milliseconds) ? 0 : complain("sleep: writing the counter file");
    }
    // Sleep() takes the largest number for "for ever".
    Sleep(milliseconds == INFINITE ? milliseconds - 1 : milliseconds);
    return 0;
}
