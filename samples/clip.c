// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "clipboard.h"

enum { most_bytes = 256 << 20 };

/// All of the input, to be freed; NULL when it cannot be read, or is more than most_bytes.
static char* read_everything(HANDLE in, size_t* size) {
    size_t capacity = 65536;
    char* bytes = malloc(capacity);
    *size = 0;
    while (bytes != NULL) {
        DWORD count = 0;
        if (!read_some(in, bytes + *size, (DWORD)(capacity - *size), &count)) {
            break;
        }
        if (count == 0) {
            return bytes;
        }
        *size += count;
        if (*size == capacity) {
            char* larger = capacity < most_bytes ? realloc(bytes, capacity * 2) : NULL;
            if (larger == NULL) {
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
                break;
            }
            bytes = larger;
            capacity *= 2;
        }
    }
    free(bytes);
    return NULL;
}

/// UTF-8 to NUL-terminated UTF-16 in the kind of memory that the clipboard takes. NULL when it is not UTF-8.
static HGLOBAL text_for_clipboard(const char* utf8, size_t size) {
    int units = size == 0 ? 0 : MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, (int)size, NULL, 0);
    if (size > 0 && units == 0) {
        return NULL;
    }
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, ((size_t)units + 1) * sizeof(wchar_t));
    wchar_t* text = memory != NULL ? GlobalLock(memory) : NULL;
    if (text == NULL) {
        return NULL;
    }
    MultiByteToWideChar(CP_UTF8, 0, utf8, (int)size, text, units);
    text[units] = L'\0';
    GlobalUnlock(memory);
    return memory;
}

int wmain(void) {
    size_t size = 0;
    char* utf8 = read_everything(GetStdHandle(STD_INPUT_HANDLE), &size);
    if (utf8 == NULL) {
        return complain("clip: reading standard input");
    }
    if (memchr(utf8, '\0', size) != NULL) {
        SetLastError(ERROR_INVALID_DATA);
        return complain("clip: the text contains a NUL, where the clipboard would end it");
    }
    HGLOBAL text = text_for_clipboard(utf8, size);
    free(utf8);
    if (text == NULL) {
        return complain("clip: the text is not UTF-8");
    }
    // SetClipboardData fails for a clipboard without an owner, so there must be a window, though nobody sees
    // it.
    HWND owner = CreateWindowExW(0, L"STATIC", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    if (owner == NULL || !open_clipboard(owner)) {
        return complain("clip: opening the clipboard");
    }
    // The data itself, not a promise to render it: nobody is there to keep one after we have exited.
    bool stored = EmptyClipboard() && SetClipboardData(CF_UNICODETEXT, text) != NULL;
    int status = stored ? 0 : complain("clip: storing the text");
    CloseClipboard();
    return status;
}
