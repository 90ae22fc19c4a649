// SPDX-License-Identifier: MIT
#ifndef MZINIT_SAMPLES_CLIPBOARD_H
#define MZINIT_SAMPLES_CLIPBOARD_H

#include "sample_io.h"

/// Opens the clipboard for `owner` (NULL for reading only). Another program may have it open just now: tries
/// for two seconds. False when it stays busy.
bool open_clipboard(HWND owner);

#endif
