// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// A shim: a small executable file on the guest's PATH that stands for a program of the host. Two lines, the first of which
/// makes the kernel start mzinit for it (execve(2), "interpreter scripts"), so that it costs no shell. Pure.
namespace init {

/// No shim of ours is longer.
inline constexpr std::size_t longest_shim = 1024;

/// The text of the shim for the host's program `host_name`, run by the program at `interpreter`; nothing if the kernel could
/// not read its first line: a path that is longer than 120 bytes or has blanks.
std::optional<std::string> shim_text(std::string_view interpreter, std::string_view host_name);

/// The program's name that the shim with this text stands for; nothing if it is no shim.
std::optional<std::string> shim_target(std::string_view text);

/// Whether a shim can be called so, and its program: one that the agent would look up
/// (interop::is_windows_file_name), and no option.
bool is_shim_name(std::string_view name);

}  // namespace init
