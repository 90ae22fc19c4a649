// SPDX-License-Identifier: MIT
#include "sample_io.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool write_all(HANDLE file, const void* bytes, size_t size) {
    const char* next = bytes;
    while (size > 0) {
        DWORD piece = size > 1 << 20 ? 1 << 20 : (DWORD)size;
        DWORD written = 0;
        if (!WriteFile(file, next, piece, &written, NULL)) {
            return false;
        }
        if (written == 0) {
            // A full pipe in the mode PIPE_NOWAIT reports success and takes nothing.
            Sleep(1);
        }
        next += written;
        size -= written;
    }
    return true;
}

bool read_some(HANDLE file, void* buffer, DWORD capacity, DWORD* size) {
    *size = 0;
    if (ReadFile(file, buffer, capacity, size, NULL)) {
        return true;
    }
    *size = 0;
    return GetLastError() == ERROR_BROKEN_PIPE || GetLastError() == ERROR_HANDLE_EOF;
}

bool write_wide(HANDLE file, const wchar_t* text, size_t units) {
    enum { chunk = 4096 };
    char utf8[chunk * 3];
    while (units > 0) {
        int taken = units > chunk ? chunk : (int)units;
        if ((size_t)taken < units && IS_HIGH_SURROGATE(text[taken - 1])) {
            --taken;  // the pair must not be cut in two
        }
        int bytes = WideCharToMultiByte(CP_UTF8, 0, text, taken, utf8, (int)sizeof utf8, NULL, NULL);
        if (bytes == 0 || !write_all(file, utf8, (size_t)bytes)) {
            return false;
        }
        text += taken;
        units -= (size_t)taken;
    }
    return true;
}

bool write_wide_line(HANDLE file, const wchar_t* text) {
    return write_wide(file, text, wcslen(text)) && write_all(file, "\n", 1);
}

bool write_format(HANDLE file, const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = __mingw_vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return false;
    }
    return write_all(file, line, (size_t)length);
}

int complain(const char* doing) {
    DWORD error = GetLastError();
    (void)write_format(GetStdHandle(STD_ERROR_HANDLE), "%s: error %lu\n", doing, error);
    return 1;
}

bool parse_number(const wchar_t* text, DWORD* number) {
    bool negative = text[0] == L'-';
    const wchar_t* digits = text + negative;
    bool hexadecimal = digits[0] == L'0' && (digits[1] == L'x' || digits[1] == L'X');
    digits += hexadecimal ? 2 : 0;
    size_t length = wcsspn(digits, hexadecimal ? L"0123456789abcdefABCDEF" : L"0123456789");
    if (length == 0 || length > 10 || digits[length] != L'\0') {
        return false;
    }
    unsigned long long value = wcstoull(digits, NULL, hexadecimal ? 16 : 10);
    if (value > (negative ? 0x80000000ull : 0xffffffffull)) {
        return false;
    }
    *number = negative ? (DWORD)(0 - value) : (DWORD)value;
    return true;
}
