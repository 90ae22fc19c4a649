// SPDX-License-Identifier: MIT
// Preloaded into virtiofsd where it runs without root's rights: overlayfs opens every file with O_NOATIME,
// which Linux allows only to a file's owner.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

int openat64(int directory, const char* path, int flags, ...) {
    static int (*real)(int, const char*, int, mode_t);
    if (real == NULL) real = (int (*)(int, const char*, int, mode_t))dlsym(RTLD_NEXT, "openat64");
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return real(directory, path, flags & ~O_NOATIME, mode);
}

// What a call without a mode becomes under _FORTIFY_SOURCE.
int __openat64_2(int directory, const char* path, int flags) { return openat64(directory, path, flags); }
