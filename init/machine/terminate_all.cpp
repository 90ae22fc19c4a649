// SPDX-License-Identifier: MIT
#include "init/machine/terminate_all.h"

#include <dirent.h>
#include <sys/types.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "interop/os/read_file.h"

namespace init {
namespace {

constexpr std::size_t largest_status = 64u << 10;

struct DirectoryCloser {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::vector<pid_t> all_processes() {
    std::vector<pid_t> processes;
    const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir("/proc"));
    while (directory) {
        const dirent* const entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        const std::string_view name = entry->d_name;
        pid_t process = 0;
        const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), process);
        if (problem == std::errc() && end == name.data() + name.size()) processes.push_back(process);
    }
    return processes;
}

}  // namespace

bool ignores_signal(std::string_view status, int signal) {
    constexpr std::string_view field = "\nSigIgn:\t";
    const auto at = status.find(field);
    if (at == std::string_view::npos) return false;
    std::uint64_t ignored = 0;
    status.remove_prefix(at + field.size());
    std::from_chars(status.data(), status.data() + status.size(), ignored, 16);
    return (ignored >> (signal - 1) & 1) != 0;
}

void terminate_all_processes() {
    std::vector<pid_t> to_hang_up;
    for (const pid_t process : all_processes()) {
        const auto status = interop::read_file("/proc/" + std::to_string(process) + "/status", largest_status);
        // The kernel's own threads ignore everything, that too.
        if (process != 1 && status && ignores_signal(*status, SIGTERM)) to_hang_up.push_back(process);
    }
    ::kill(-1, SIGTERM);
    for (const pid_t process : to_hang_up) ::kill(process, SIGHUP);
    ::kill(-1, SIGCONT);
}

}  // namespace init
