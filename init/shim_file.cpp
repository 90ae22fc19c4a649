// SPDX-License-Identifier: MIT
#include "init/shim_file.h"

#include "interop/text/windows_file_name.h"

namespace init {
namespace {

constexpr std::string_view first_line_end = " shim\n";
/// Linux before 5.1 reads 127 bytes of the first line.
constexpr std::size_t longest_interpreter = 120;

}  // namespace

std::optional<std::string> shim_text(std::string_view interpreter, std::string_view host_name) {
    const bool has_blank = interpreter.find_first_of(" \t\n") != std::string_view::npos;
    if (!interpreter.starts_with('/') || interpreter.size() > longest_interpreter || has_blank) return std::nullopt;
    return "#!" + std::string(interpreter) + std::string(first_line_end) + std::string(host_name) + "\n";
}

std::optional<std::string> shim_target(std::string_view text) {
    const std::size_t line_end = text.find('\n');
    if (!text.starts_with("#!/") || line_end == std::string_view::npos || text.size() > longest_shim)
        return std::nullopt;
    if (!text.substr(0, line_end + 1).ends_with(first_line_end)) return std::nullopt;
    std::string_view name = text.substr(line_end + 1);
    if (!name.ends_with('\n')) return std::nullopt;
    name.remove_suffix(1);
    if (!is_shim_name(name)) return std::nullopt;
    return std::string(name);
}

bool is_shim_name(std::string_view name) {
    // The agent refuses to look up all others. An option of ours is no name of a program, and DEL no character of a command's.
    return interop::is_windows_file_name(name) && name.front() != '-' && name.find('\x7F') == std::string_view::npos;
}

}  // namespace init
