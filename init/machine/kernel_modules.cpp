// SPDX-License-Identifier: MIT
#include "init/machine/kernel_modules.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "interop/os/read_file.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

constexpr std::size_t largest_list = 16u << 20;
constexpr int compressed_file = 4;  // MODULE_INIT_COMPRESSED_FILE, Linux 5.17

/// "kernel/fs/binfmt_misc.ko.xz" -> "binfmt_misc"
std::string module_name(std::string_view path) {
    std::string name(path.substr(path.rfind('/') + 1));
    name.erase(std::min(name.find(".ko"), name.size()));
    std::ranges::replace(name, '-', '_');
    return name;
}

std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

proto::Result<void> load_file(const std::string& path) {
    const interop::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return proto::errno_error(errno, "read " + path);
    const int flags = path.ends_with(".ko") ? 0 : compressed_file;
    if (::syscall(SYS_finit_module, file.get(), "", flags) == 0 || errno == EEXIST) return {};
    return proto::errno_error(errno, "load " + path);
}

}  // namespace

std::optional<std::vector<std::string>> module_files(std::string_view modules_dep, std::string_view name) {
    const std::string wanted = module_name(name);
    while (!wanted.empty() && !modules_dep.empty()) {
        std::string_view line = take_line(modules_dep);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || module_name(line.substr(0, colon)) != wanted) continue;
        std::vector<std::string> files{std::string(line.substr(0, colon))};
        line.remove_prefix(colon + 1);
        for (auto word = take_word(line); !word.empty(); word = take_word(line)) files.emplace_back(word);
        // Each one is listed before those that it needs itself.
        std::ranges::reverse(files);
        return files;
    }
    return std::nullopt;
}

bool is_builtin_module(std::string_view modules_builtin, std::string_view name) {
    const std::string wanted = module_name(name);
    while (!wanted.empty() && !modules_builtin.empty()) {
        if (module_name(take_line(modules_builtin)) == wanted) return true;
    }
    return false;
}

proto::Result<void> load_kernel_module(const std::string& name) {
    utsname system{};
    ::uname(&system);
    const std::string directory = "/lib/modules/" + std::string(system.release) + "/";
    const auto list = interop::read_file(directory + "modules.dep", largest_list);
    if (!list) return proto::Error{list.error().code, "load module " + name + ": " + list.error().doing};
    const auto files = module_files(*list, name);
    if (!files) {
        const auto builtin = interop::read_file(directory + "modules.builtin", largest_list);
        if (builtin && is_builtin_module(*builtin, name)) return {};
        return proto::errno_error(ENOENT, "find module " + name + " in " + directory + "modules.dep");
    }
    for (const std::string& file : *files) {
        const std::string path = file.starts_with('/') ? file : directory + file;
        if (auto loaded = load_file(path); !loaded) {
            return proto::Error{loaded.error().code, "load module " + name + ": " + loaded.error().doing};
        }
    }
    return {};
}

}  // namespace init
