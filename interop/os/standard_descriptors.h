// SPDX-License-Identifier: MIT
#pragma once

namespace interop {

/// Opens /dev/null on those of descriptors 0 to 2 that were closed when we were started, so that no file of ours
/// gets their number and is written to by mistake. Without a /dev/null it is a pipe whose other end is closed.
/// Call it before anything else opens a file; it fails only where no descriptor can be had at all.
bool open_standard_descriptors() noexcept;

}  // namespace interop
