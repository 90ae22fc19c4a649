// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace hostbridge {

/// Whether a variable of this name, in any case, decides which code is loaded with a program: it is one that the system's loader, Wine
/// (which keeps its prefix at home), .NET, mono or a shell read. Who may only start certain programs may not set it. Never
/// complete: what programs themselves read is theirs, and so is what they look for on PATH. Pure.
/// Sources: ld.so(8), wine(1), mono(1), "Environment variables" of .NET's documentation, bash(1).
bool decides_what_is_loaded(std::string_view name);

}  // namespace hostbridge
