// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "interop/route/runner_crash_codes.h"

// Preloaded into Wine (LD_PRELOAD): the kernel hands a parent only the low byte of an exit code, Windows
// programs end with 32 bits. Wine ends a process with exit() or _exit() and the full code, so both are
// wrapped. Only the process that was started with it acts:
// MZINIT_EXIT_REPORT=<pid>:/proc/<keeper>/fd/<n> reports into a memfd of the agent's keeper;
// MZINIT_EXIT_REPORT=<pid>:end:<name> ends as mzinit would for its caller, who is our parent: by a signal after a crash.

#define REPORT_VARIABLE "MZINIT_EXIT_REPORT"

// hostbridge/keeper_posix.h: ExitReport.
struct exit_report {
    uint32_t magic;
    uint32_t code;
};

static const uint32_t report_magic = 0x54585a4d;
static char report_path[64];
static char program_name[256];
static pid_t reporting_process;

static void remove_ourselves_from_preload(void) {
    // We are the first entry; what the user preloads stays.
    const char* preload = getenv("LD_PRELOAD");
    const char* rest = preload == NULL ? NULL : strchr(preload, ':');
    if (rest == NULL) {
        unsetenv("LD_PRELOAD");
        return;
    }
    char* copy = strdup(rest + 1);
    if (copy != NULL) setenv("LD_PRELOAD", copy, 1);
    free(copy);
}

__attribute__((constructor)) static void read_environment(void) {
    const char* variable = getenv(REPORT_VARIABLE);
    if (variable == NULL) return;
    char* colon = NULL;
    const long process = strtol(variable, &colon, 10);
    static const char end_by_itself[] = ":end:";
    if (strncmp(colon, end_by_itself, sizeof end_by_itself - 1) == 0) {
        snprintf(program_name, sizeof program_name, "%s", colon + sizeof end_by_itself - 1);
    } else {
        if (*colon != ':' || strlen(colon + 1) >= sizeof report_path) return;
        strcpy(report_path, colon + 1);
    }
    reporting_process = (pid_t)process;
    // Wine's loader sets this before it executes itself a last time: from here on the environment is the
    // program's and its children's, and neither needs us.
    if (getenv("WINELOADERNOEXEC") == NULL) return;
    unsetenv(REPORT_VARIABLE);
    remove_ourselves_from_preload();
}

static void die_of_signal(int number) {
    prctl(PR_SET_DUMPABLE, 0);  // a core of Wine would only mislead
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
}

// What the process is to exit with, if it still is there when this returns.
static int end_like_program(uint32_t code) {
    const char* failure = loader_failure_of(code);
    if (failure != NULL) dprintf(STDERR_FILENO, "mzinit: %s: %s\n", program_name, failure);
    const struct crash_action action = crash_action_of(code);
    if (action.signal == 0) return action.code;
    die_of_signal(action.signal);
    return 128 + action.signal;  // process 1 of a namespace is spared by the kernel
}

static void report(uint32_t code) {
    const struct exit_report result = {report_magic, code};
    const int file = open(report_path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t ignored = pwrite(file, &result, sizeof result, 0);
    (void)ignored;
    close(file);
}

__attribute__((noreturn)) static void call_next(const char* name, int code) {
    void (*next)(int) = NULL;
    // The way that dlsym(3) recommends around ISO C's ban on this conversion.
    *(void**)&next = dlsym(RTLD_NEXT, name);
    if (next != NULL) next(code);
    abort();
}

static int prepare_end(int code) {
    if (reporting_process == 0 || reporting_process != getpid()) return code;
    if (program_name[0] != '\0') return end_like_program((uint32_t)code);
    report((uint32_t)code);
    return code;
}

void exit(int code) { call_next("exit", prepare_end(code)); }

void _exit(int code) { call_next("_exit", prepare_end(code)); }

void _Exit(int code) { call_next("_Exit", prepare_end(code)); }
