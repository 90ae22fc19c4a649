// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Preloaded into Wine (LD_PRELOAD): the kernel hands a parent only the low byte of an exit code, Windows
// programs end with 32 bits. Wine ends a process with exit() or _exit() and the full code, so both are
// wrapped. Only the process that the agent started reports, into a memfd of its keeper:
// MZINIT_EXIT_REPORT=<pid>:/proc/<keeper>/fd/<n>.

#define REPORT_VARIABLE "MZINIT_EXIT_REPORT"

// hostbridge/keeper_posix.h: ExitReport.
struct exit_report {
    uint32_t magic;
    uint32_t code;
};

static const uint32_t report_magic = 0x54585a4d;
static char report_path[64];
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
    if (*colon != ':' || strlen(colon + 1) >= sizeof report_path) return;
    strcpy(report_path, colon + 1);
    reporting_process = (pid_t)process;
    // Wine's loader sets this before it executes itself a last time: from here on the environment is the
    // program's and its children's, and neither needs us.
    if (getenv("WINELOADERNOEXEC") == NULL) return;
    unsetenv(REPORT_VARIABLE);
    remove_ourselves_from_preload();
}

static void report(int code) {
    if (reporting_process == 0 || reporting_process != getpid()) return;
    const struct exit_report result = {report_magic, (uint32_t)code};
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

void exit(int code) {
    report(code);
    call_next("exit", code);
}

void _exit(int code) {
    report(code);
    call_next("_exit", code);
}

void _Exit(int code) {
    report(code);
    call_next("_Exit", code);
}
