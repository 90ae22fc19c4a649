// SPDX-License-Identifier: MIT
#include "clipboard.h"

bool open_clipboard(HWND owner) {
    enum { attempts = 200, pause_ms = 10 };
    for (int i = 0; i < attempts; ++i) {
        if (OpenClipboard(owner)) {
            return true;
        }
        Sleep(pause_ms);
    }
    return false;
}
