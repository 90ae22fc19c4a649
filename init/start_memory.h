// SPDX-License-Identifier: MIT
#pragma once

namespace init {

/// Takes the program's code and constants out of this process's memory, where what is needed again is mapped again from
/// the page cache, and gives back what is free of the heap. For when the start is over: most of the program is for that,
/// and for other modes.
void release_start_memory() noexcept;

}  // namespace init
