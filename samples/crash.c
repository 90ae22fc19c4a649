// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "sample_io.h"

static void access_violation(void) {
    volatile int* volatile nowhere = NULL;
    *nowhere = 1;
}

static int overflow_stack(volatile char* caller) {
    volatile char frame[4096];
    frame[0] = caller[0];
    // The caller's frame is used after the call, so the compiler cannot turn the recursion into a loop.
    return frame[0] == 1 ? 0 : overflow_stack(frame) + caller[0];
}

static void exhaust_stack(void) {
    volatile char start[1] = {0};
    overflow_stack(start);
}

static void divide_by_zero(void) {
    // Both are volatile: the compiler knows what 1 / x can be and would not divide.
    volatile int one = 1;
    volatile int zero = 0;
    one = one / zero;
}

static void illegal_instruction(void) { __asm__ volatile("ud2"); }

static void breakpoint(void) { __asm__ volatile("int3"); }

static void uncaught_cpp_exception(void) {
    // What Microsoft's compiler raises for `throw`.
    RaiseException(0xe06d7363, EXCEPTION_NONCONTINUABLE, 0, NULL);
}

struct Crash {
    const wchar_t* name;
    void (*happen)(void);
};

static const struct Crash crashes[] = {
    {L"av", access_violation},        {L"stack", exhaust_stack},         {L"abort", abort},
    {L"div", divide_by_zero},         {L"illegal", illegal_instruction}, {L"breakpoint", breakpoint},
    {L"cpp", uncaught_cpp_exception},
};

int wmain(int argc, wchar_t** argv) {
    const wchar_t* name = argc > 1 ? argv[1] : L"av";
    DWORD code = 0;
    if (argc == 3 && wcscmp(name, L"raise") == 0 && parse_number(argv[2], &code)) {
        RaiseException(code, EXCEPTION_NONCONTINUABLE, 0, NULL);
    }
    for (size_t i = 0; argc <= 2 && i < sizeof crashes / sizeof *crashes; ++i) {
        if (wcscmp(name, crashes[i].name) == 0) {
            crashes[i].happen();
        }
    }
    (void)write_format(GetStdHandle(STD_ERROR_HANDLE),
                       "usage: crash [av | stack | abort | div | illegal | breakpoint | cpp | raise CODE]\n");
    return exit_usage;
}
