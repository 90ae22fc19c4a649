// SPDX-License-Identifier: MIT
#pragma once

// How a 32-bit Windows exit code becomes what a Linux process can end with. In C, because the exit object that is loaded into
// Wine (hostbridge/exit_object) does by it what mzinit does for the programs of an agent.
// Sources: Microsoft "NTSTATUS values" [MS-ERREF] 2.3.1; the design's table of exit codes.

#include <signal.h>
#include <stdint.h>

#ifdef __cplusplus
namespace interop {
#endif

/// Exit with `code`, or die of `signal` if that is not 0.
struct crash_action {
    int code;
    int signal;
};

struct crash_code {
    uint32_t first;
    uint32_t last;
    int signal;
};

static const struct crash_code crash_codes[] = {
    {0xC0000005, 0xC0000005, SIGSEGV},  // access violation
    {0xC00000FD, 0xC00000FD, SIGSEGV},  // stack overflow
    {0xC000001D, 0xC000001D, SIGILL},   // illegal instruction
    {0xC0000096, 0xC0000096, SIGILL},   // privileged instruction
    {0xC0000017, 0xC0000017, SIGBUS},   // no memory
    {0xC0000006, 0xC0000006, SIGBUS},   // in-page I/O error
    {0x80000002, 0x80000002, SIGBUS},   // datatype misalignment
    {0xC000008D, 0xC0000095, SIGFPE},   // floating point and integer arithmetic
    {0xC000013A, 0xC000013A, SIGINT},   // Ctrl-C
    {0xC0000409, 0xC0000409, SIGABRT},  // stack buffer overrun, __fastfail
    {0xC0000374, 0xC0000374, SIGABRT},  // heap corruption
    {0xC0000602, 0xC0000602, SIGABRT},  // fail fast
    {0xC0000420, 0xC0000420, SIGABRT},  // assertion failure
    {0xE06D7363, 0xE06D7363, SIGABRT},  // C++ exception
    {0xE0434352, 0xE0434352, SIGABRT},  // .NET exception
    {0x80000003, 0x80000003, SIGTRAP},  // breakpoint
};

/// The low byte, a non-zero code with low byte 0 becomes 1, crashes become signals, and what the loader could not load is
/// 127 or 126.
static inline struct crash_action crash_action_of(uint32_t code) {
    struct crash_action action = {(int)(code & 0xff), 0};
    for (unsigned i = 0; i < sizeof crash_codes / sizeof crash_codes[0]; ++i) {
        if (code < crash_codes[i].first || code > crash_codes[i].last) continue;
        action.code = 0;
        action.signal = crash_codes[i].signal;
        return action;
    }
    switch (code) {
        case 0xC0000135:
        case 0xC0000138:
        case 0xC0000139:
        case 0xC0000142: action.code = 127; break;
        case 0xC000007B: action.code = 126; break;
        default: break;
    }
    if (action.code == 0 && code != 0) action.code = 1;
    return action;
}

/// Why the program was never really started: the words for the user; null for all other codes.
static inline const char* loader_failure_of(uint32_t code) {
    switch (code) {
        case 0xC0000135: return "a DLL that it needs is missing";
        case 0xC0000138: return "an ordinal that it needs is missing from a DLL";
        case 0xC0000139: return "an entry point that it needs is missing from a DLL";
        case 0xC0000142: return "a DLL that it needs failed to initialise";
        case 0xC000007B: return "a DLL that it needs is for another architecture";
        default: return 0;
    }
}

#ifdef __cplusplus
}  // namespace interop
#endif
