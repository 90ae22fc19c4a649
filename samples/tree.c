// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "heartbeat.h"

struct Kind {
    const char* name;
    DWORD flags;
};

static const struct Kind usual_kinds[] = {
    {"default", 0},
    {"new-console", CREATE_NEW_CONSOLE},
    {"detached", DETACHED_PROCESS},
    {"new-group", CREATE_NEW_PROCESS_GROUP},
    {"no-window", CREATE_NO_WINDOW},
};
static const struct Kind breakaway_kind = {"breakaway", CREATE_BREAKAWAY_FROM_JOB};

enum { usual_count = sizeof usual_kinds / sizeof *usual_kinds, most_children = usual_count + 1, longest_line = 32767 };

struct Options {
    const wchar_t* directory;
    DWORD seconds;
    bool leave;    // exit at once and leave the children running
    bool inherit;  // the children hold our standard handles
    bool breakaway;
};

static bool parse_options(int argc, wchar_t** argv, struct Options* options) {
    *options = (struct Options){0};
    if (argc < 3 || !parse_number(argv[2], &options->seconds)) {
        return false;
    }
    options->directory = argv[1];
    for (int i = 3; i < argc; ++i) {
        if (wcscmp(argv[i], L"--exit") == 0) {
            options->leave = true;
        } else if (wcscmp(argv[i], L"--inherit") == 0) {
            options->inherit = true;
        } else if (wcscmp(argv[i], L"--breakaway") == 0) {
            options->breakaway = true;
        } else {
            return false;
        }
    }
    return true;
}

static void describe_standard_handles(STARTUPINFOW* startup, bool inherit) {
    // Without this flag Windows gives a console child duplicates of our standard handles even when it is told
    // to inherit none.
    startup->dwFlags = STARTF_USESTDHANDLES;
    if (!inherit) {
        return;
    }
    startup->hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup->hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup->hStdError = GetStdHandle(STD_ERROR_HANDLE);
    SetHandleInformation(startup->hStdInput, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    SetHandleInformation(startup->hStdOutput, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    SetHandleInformation(startup->hStdError, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
}

static bool start_child(const struct Options* options, const struct Kind* kind, unsigned number,
                        PROCESS_INFORMATION* child) {
    static wchar_t program[longest_line];
    static wchar_t line[longest_line];
    DWORD length = GetModuleFileNameW(NULL, program, longest_line);
    if (length == 0 || length == longest_line) {
        return false;
    }
    // File names have no quotes in them, and the last argument but one does not end with a backslash.
    int written = _snwprintf(line, longest_line, L"\"%ls\" child \"%ls\\%u.beat\" %lu", program, options->directory,
                             number, options->seconds);
    if (written < 0 || written >= longest_line) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return false;
    }
    STARTUPINFOW startup = {.cb = sizeof startup};
    describe_standard_handles(&startup, options->inherit);
    return CreateProcessW(program, line, NULL, NULL, options->inherit, kind->flags, NULL, NULL, &startup, child);
}

static int run_parent(const struct Options* options) {
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE children[most_children];
    DWORD count = 0;
    for (unsigned i = 0; i < usual_count + (options->breakaway ? 1 : 0); ++i) {
        const struct Kind* kind = i < usual_count ? &usual_kinds[i] : &breakaway_kind;
        PROCESS_INFORMATION child;
        if (start_child(options, kind, i + 1, &child)) {
            CloseHandle(child.hThread);
            children[count++] = child.hProcess;
            if (!write_format(out, "child %s %lu\n", kind->name, child.dwProcessId)) {
                return complain("tree: writing standard output");
            }
        } else if (kind == &breakaway_kind && GetLastError() == ERROR_ACCESS_DENIED) {
            // The answer of a job that nothing may leave: a result, not a failure.
            if (!write_format(out, "child %s refused\n", kind->name)) {
                return complain("tree: writing standard output");
            }
        } else {
            return complain("tree: starting a child");
        }
    }
    if (options->leave) {
        return 0;
    }
    if (WaitForMultipleObjects(count, children, TRUE, INFINITE) == WAIT_FAILED) {
        return complain("tree: waiting for the children");
    }
    int status = 0;
    for (DWORD i = 0; i < count; ++i) {
        DWORD code = 0;
        if (!GetExitCodeProcess(children[i], &code) || code != 0) {
            status = 1;
        }
    }
    return status;
}

static int run_child(const wchar_t* path, const wchar_t* seconds_text) {
    struct Heartbeat heartbeat;
    DWORD seconds = 0;
    if (!parse_number(seconds_text, &seconds)) {
        return exit_usage;
    }
    return start_heartbeat(&heartbeat, path) && beat_for(&heartbeat, seconds * 1000ull) ? 0 : 1;
}

int wmain(int argc, wchar_t** argv) {
    if (argc == 4 && wcscmp(argv[1], L"child") == 0) {
        return run_child(argv[2], argv[3]);
    }
    struct Options options;
    if (!parse_options(argc, argv, &options)) {
        (void)write_format(GetStdHandle(STD_ERROR_HANDLE),
                           "usage: tree DIRECTORY SECONDS [--exit] [--inherit] [--breakaway]\n");
        return exit_usage;
    }
    return run_parent(&options);
}
