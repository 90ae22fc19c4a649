// SPDX-License-Identifier: MIT
#ifndef MZINIT_SAMPLES_SAMPLE_IO_H
#define MZINIT_SAMPLES_SAMPLE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>
#include <windows.h>

/// What every sample exits with when its arguments make no sense.
enum { exit_usage = 2 };

/// Writes all of `bytes`, in as many pieces as the other end takes. False when writing failed; GetLastError()
/// says why.
bool write_all(HANDLE file, const void* bytes, size_t size);

/// Reads up to `capacity` bytes into `buffer`; `*size` is how many there were, 0 at the end of the input. A
/// pipe whose writers have all gone has ended. False when reading failed.
bool read_some(HANDLE file, void* buffer, DWORD capacity, DWORD* size);

/// Writes `units` UTF-16 code units as UTF-8, a lone surrogate as U+FFFD. `units` may be any number.
bool write_wide(HANDLE file, const wchar_t* text, size_t units);

/// write_wide() of a NUL-terminated string and a line feed.
bool write_wide_line(HANDLE file, const wchar_t* text);

/// Writes formatted text of at most 1,023 bytes as one write, so that lines of two writers do not mix.
__attribute__((format(gnu_printf, 2, 3))) bool write_format(HANDLE file, const char* format, ...);

/// Says on standard error what could not be done and the last error's number. Returns 1, for use as an exit
/// code.
int complain(const char* doing);

/// Reads a whole argument as a number: decimal, 0x for hexadecimal, or negative for the unsigned number with
/// the same 32 bits. False when it is not one.
bool parse_number(const wchar_t* text, DWORD* number);

#endif
