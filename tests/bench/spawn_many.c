// SPDX-License-Identifier: MIT
// spawn_many COUNT PROGRAM [ARGUMENT...]: runs the program COUNT times, one after the other, and prints the mean time in
// microseconds. Exits with 1 if a run ended otherwise than with 0.
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const long count = strtol(argv[1], NULL, 10);
    const double start = now();
    for (long i = 0; i < count; ++i) {
        pid_t pid;
        const int failed = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
        if (failed != 0) {
            fprintf(stderr, "spawn_many: %s: %s\n", argv[2], strerror(failed));
            return 1;
        }
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (status != 0) {
            fprintf(stderr, "spawn_many: %s ended with status %#x\n", argv[2], (unsigned)status);
            return 1;
        }
    }
    printf("%.1f\n", (now() - start) / (double)count);
    return 0;
}
