// SPDX-License-Identifier: MIT
#include <string.h>

#include "sample_io.h"

enum { longest_line = 4096 };

struct Options {
    bool handle;  // Ctrl-C and its kin end with `code`
    DWORD code;
    bool ignore;  // nothing that the console sends ends it
    bool raw;     // every key is input, Ctrl-C too
    DWORD lines;
};

static struct Options options;

static bool parse_options(int argc, wchar_t** argv) {
    for (int i = 1; i < argc; ++i) {
        if (wcscmp(argv[i], L"--handle") == 0 && i + 1 < argc && parse_number(argv[i + 1], &options.code)) {
            options.handle = true;
            ++i;
        } else if (wcscmp(argv[i], L"--ignore") == 0) {
            options.ignore = true;
        } else if (wcscmp(argv[i], L"--raw") == 0) {
            options.raw = true;
        } else if (wcscmp(argv[i], L"--lines") == 0 && i + 1 < argc && parse_number(argv[i + 1], &options.lines)) {
            ++i;
        } else {
            return false;
        }
    }
    return true;
}

static BOOL WINAPI on_event(DWORD event) {
    (void)write_format(GetStdHandle(STD_OUTPUT_HANDLE), "event %lu\n", event);
    if (options.handle) {
        ExitProcess(options.code);
    }
    return TRUE;
}

static bool is_console(HANDLE file) {
    DWORD mode = 0;
    return GetConsoleMode(file, &mode) != 0;
}

static bool print_handles(HANDLE out) {
    static const struct {
        const char* name;
        DWORD id;
    } streams[] = {{"in", STD_INPUT_HANDLE}, {"out", STD_OUTPUT_HANDLE}, {"err", STD_ERROR_HANDLE}};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; ++i) {
        if (!write_format(out, "%s %s\n", streams[i].name,
                          is_console(GetStdHandle(streams[i].id)) ? "console" : "other")) {
            return false;
        }
    }
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(out, &info)) {
        return true;
    }
    return write_format(out, "size %d %d\n", info.srWindow.Bottom - info.srWindow.Top + 1,
                        info.srWindow.Right - info.srWindow.Left + 1);
}

static bool print_lines(HANDLE out) {
    for (DWORD i = 1; i <= options.lines; ++i) {
        if (!write_format(out, "%08lu of %08lu\n", i, options.lines)) {
            return false;
        }
    }
    return true;
}

/// Prints what was read, control characters and what is not ASCII as \xXX, in one write: between two of them a console
/// may move its cursor.
static bool print_input(HANDLE out, const char* bytes, DWORD size) {
    static char text[4 * longest_line + 16] = "read ";
    size_t length = strlen("read ");
    for (DWORD i = 0; i < size; ++i) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= ' ' && byte < 0x7F) {
            text[length++] = (char)byte;
        } else if (byte != '\r' && byte != '\n') {
            static const char digits[] = "0123456789abcdef";
            memcpy(text + length, "\\x", 2);
            text[length + 2] = digits[byte >> 4];
            text[length + 3] = digits[byte & 15];
            length += 4;
        }
    }
    text[length++] = '\n';
    return write_all(out, text, length);
}

/// As read_some(), in UTF-8 from a console, too. A read that Ctrl-C has interrupted returns nothing, and is no end.
static bool read_input(HANDLE in, char* bytes, DWORD* size, bool* ended) {
    if (!is_console(in)) {
        bool was_read = read_some(in, bytes, longest_line, size);
        *ended = *size == 0;
        return was_read;
    }
    wchar_t units[longest_line / 3];
    DWORD count = 0;
    *ended = false;
    if (!ReadConsoleW(in, units, sizeof units / sizeof *units, &count, NULL)) {
        *size = 0;
        return GetLastError() == ERROR_OPERATION_ABORTED;
    }
    *size = (DWORD)WideCharToMultiByte(CP_UTF8, 0, units, (int)count, bytes, longest_line, NULL, NULL);
    return true;
}

static int echo(HANDLE in, HANDLE out) {
    static char line[longest_line];
    DWORD size = 0;
    bool ended = false;
    while (read_input(in, line, &size, &ended)) {
        if (ended) {
            return 0;
        }
        if (size == 0) {
            continue;
        }
        if (!print_input(out, line, size)) {
            return complain("console: writing standard output");
        }
        if (size >= 4 && memcmp(line, "quit", 4) == 0) {
            return 0;
        }
    }
    return complain("console: reading standard input");
}

int wmain(int argc, wchar_t** argv) {
    if (!parse_options(argc, argv)) {
        (void)write_format(GetStdHandle(STD_ERROR_HANDLE),
                           "usage: console [--handle CODE | --ignore] [--raw] [--lines COUNT]\n");
        return exit_usage;
    }
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    if ((options.handle || options.ignore) && !SetConsoleCtrlHandler(on_event, TRUE)) {
        return complain("console: waiting for Ctrl-C");
    }
    if (options.raw && !SetConsoleMode(in, 0)) {
        return complain("console: changing the mode of standard input");
    }
    if (!print_handles(out) || !print_lines(out) || !write_format(out, "ready\n") ||
        !write_format(GetStdHandle(STD_ERROR_HANDLE), "ready, too\n")) {
        return complain("console: writing standard output");
    }
    return echo(in, out);
}
