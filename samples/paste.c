// SPDX-License-Identifier: MIT
#include "clipboard.h"

int wmain(void) {
    if (!open_clipboard(NULL)) {
        return complain("paste: opening the clipboard");
    }
    HGLOBAL memory = GetClipboardData(CF_UNICODETEXT);
    const wchar_t* text = memory != NULL ? GlobalLock(memory) : NULL;
    if (text == NULL) {
        int status = complain("paste: the clipboard holds no text");
        CloseClipboard();
        return status;
    }
    // Another program wrote it and may have left out the NUL.
    size_t length = wcsnlen(text, GlobalSize(memory) / sizeof *text);
    bool written = write_wide(GetStdHandle(STD_OUTPUT_HANDLE), text, length);
    int status = written ? 0 : complain("paste: writing standard output");
    GlobalUnlock(memory);
    CloseClipboard();
    return status;
}
