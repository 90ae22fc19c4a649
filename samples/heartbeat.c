// SPDX-License-Identifier: MIT
#include "heartbeat.h"

enum { interval_ms = 50 };

static bool beat(struct Heartbeat* heartbeat) {
    // In place and in one write: a reader sees the old number or the new one, never an empty file.
    return SetFilePointer(heartbeat->file, 0, NULL, FILE_BEGIN) != INVALID_SET_FILE_POINTER &&
           write_format(heartbeat->file, "%lu\n", ++heartbeat->number);
}

bool start_heartbeat(struct Heartbeat* heartbeat, const wchar_t* path) {
    heartbeat->number = 0;
    heartbeat->file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                  CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    return heartbeat->file != INVALID_HANDLE_VALUE && beat(heartbeat);
}

bool beat_for(struct Heartbeat* heartbeat, ULONGLONG milliseconds) {
    ULONGLONG end = GetTickCount64() + milliseconds;
    for (ULONGLONG now = GetTickCount64(); now < end; now = GetTickCount64()) {
        Sleep(end - now < interval_ms ? (DWORD)(end - now) : interval_ms);
        if (!beat(heartbeat)) {
            return false;
        }
    }
    return true;
}
