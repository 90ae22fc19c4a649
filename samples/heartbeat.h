// SPDX-License-Identifier: MIT
#ifndef MZINIT_SAMPLES_HEARTBEAT_H
#define MZINIT_SAMPLES_HEARTBEAT_H

#include "sample_io.h"

/// A file that shows whether its writer is alive: it holds a decimal number that grows every 50 ms.
struct Heartbeat {
    HANDLE file;
    unsigned long number;
};

/// Creates the file, or empties it, and writes the first number. False when it cannot be written.
bool start_heartbeat(struct Heartbeat* heartbeat, const wchar_t* path);

/// Lets `milliseconds` pass and keeps the number growing meanwhile. False when the file cannot be written.
bool beat_for(struct Heartbeat* heartbeat, ULONGLONG milliseconds);

#endif
