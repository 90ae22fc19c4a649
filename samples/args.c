// SPDX-License-Identifier: MIT
#include "sample_io.h"

// The C runtime of mingw-w64 can be built to expand wildcards; the arguments must be seen as they came.
int _dowildcard = 0;

struct Output {
    HANDLE file;
    bool good;
    size_t used;
    char bytes[65536];
};

static void flush(struct Output* out) {
    out->good = out->good && write_all(out->file, out->bytes, out->used);
    out->used = 0;
}

static void put(struct Output* out, unsigned byte) {
    if (out->used == sizeof out->bytes) {
        flush(out);
    }
    out->bytes[out->used++] = (char)byte;
}

static void put_text(struct Output* out, const char* text) {
    for (; *text != '\0'; ++text) {
        put(out, (unsigned char)*text);
    }
}

static void put_escaped_unit(struct Output* out, unsigned unit) {
    put_text(out, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
        put(out, (unsigned char)"0123456789abcdef"[unit >> shift & 15]);
    }
}

static void put_utf8(struct Output* out, unsigned code_point) {
    if (code_point < 0x80) {
        put(out, code_point);
    } else if (code_point < 0x800) {
        put(out, 0xc0 | code_point >> 6);
    } else if (code_point < 0x10000) {
        put(out, 0xe0 | code_point >> 12);
        put(out, 0x80 | (code_point >> 6 & 0x3f));
    } else {
        put(out, 0xf0 | code_point >> 18);
        put(out, 0x80 | (code_point >> 12 & 0x3f));
        put(out, 0x80 | (code_point >> 6 & 0x3f));
    }
    if (code_point >= 0x80) {
        put(out, 0x80 | (code_point & 0x3f));
    }
}

static void put_json_string(struct Output* out, const wchar_t* text) {
    put(out, '"');
    for (; *text != L'\0'; ++text) {
        unsigned unit = *text;
        if (unit == '"' || unit == '\\') {
            put(out, '\\');
            put(out, unit);
        } else if (IS_SURROGATE_PAIR(text[0], text[1])) {
            put_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (text[1] - 0xdc00u));
            ++text;
        } else if (unit < 0x20 || IS_HIGH_SURROGATE(unit) || IS_LOW_SURROGATE(unit)) {
            put_escaped_unit(out, unit);
        } else {
            put_utf8(out, unit);
        }
    }
    put(out, '"');
}

static void put_json_array(struct Output* out, int count, wchar_t** strings) {
    put(out, '[');
    for (int i = 0; i < count; ++i) {
        if (i > 0) {
            put(out, ',');
        }
        put_json_string(out, strings[i]);
    }
    put(out, ']');
}

int wmain(int argc, wchar_t** argv) {
    static struct Output out;
    out.file = GetStdHandle(STD_OUTPUT_HANDLE);
    out.good = true;

    int shell_argc = 0;
    wchar_t** shell_argv = CommandLineToArgvW(GetCommandLineW(), &shell_argc);
    if (shell_argv == NULL) {
        return complain("args: CommandLineToArgvW");
    }
    put_text(&out, "{\"crt\":");
    put_json_array(&out, argc, argv);
    put_text(&out, ",\"shell\":");
    put_json_array(&out, shell_argc, shell_argv);
    put_text(&out, ",\"line\":");
    put_json_string(&out, GetCommandLineW());
    put_text(&out, "}\n");
    flush(&out);
    return out.good ? 0 : complain("args: writing standard output");
}
