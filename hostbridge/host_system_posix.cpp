// SPDX-License-Identifier: MIT
#include "hostbridge/host_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "hostbridge/descriptor_limit_posix.h"
#include "hostbridge/dos_runner_posix.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

bool same_namespace(std::uint32_t process_id, const char* name) {
    struct stat ours {};
    struct stat theirs {};
    const std::string other = "/proc/" + std::to_string(process_id) + "/ns/" + name;
    const std::string own = std::string("/proc/self/ns/") + name;
    return ::stat(own.c_str(), &ours) == 0 && ::stat(other.c_str(), &theirs) == 0 && ours.st_dev == theirs.st_dev &&
           ours.st_ino == theirs.st_ino;
}

proto::Result<void> write_all(int fd, std::string_view text, const std::string& where) {
    while (!text.empty()) {
        const ssize_t size = ::write(fd, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return proto::errno_error(errno, "write to " + where);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

}  // namespace

std::string_view system_name() { return "linux"; }

interop::PathFlavour path_flavour() { return interop::PathFlavour::posix; }

std::vector<std::string> utf8_arguments(int argc, char** argv) { return {argv, argv + argc}; }

std::optional<int> run_as_helper(const std::vector<std::string>& arguments) {
    if (arguments.size() < 2 || arguments[1] != "run-dos") return std::nullopt;
    return run_dos_command({arguments.begin() + 2, arguments.end()});
}

void prepare_agent_process() {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, nullptr);
    raise_descriptor_limit();
}

bool can_start_in(const std::string& directory) { return ::access(directory.c_str(), X_OK) == 0; }

std::string user_search_path() {
    const char* path = std::getenv("PATH");
    return path == nullptr ? "" : path;
}

void set_own_variable(const char* name, const char* value) {
    if (value != nullptr) {
        ::setenv(name, value, 1);
    } else {
        ::unsetenv(name);
    }
}

std::uint32_t own_user_id() { return ::geteuid(); }

bool shares_own_namespaces(std::uint32_t process_id) {
    return same_namespace(process_id, "user") && same_namespace(process_id, "mnt");
}

proto::Result<void> write_and_close(int fd, std::string_view text) {
    const UniqueFd owned(fd);
    return write_all(fd, text, "descriptor " + std::to_string(fd));
}

proto::Result<void> write_file_atomically(const std::string& path, std::string_view text) {
    std::string temporary = path + ".XXXXXX";
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) return proto::errno_error(errno, "create " + path);
    auto written = write_all(fd.get(), text, path);
    if (written && ::rename(temporary.c_str(), path.c_str()) < 0) written = proto::errno_error(errno, "create " + path);
    if (!written) ::unlink(temporary.c_str());
    return written;
}

}  // namespace hostbridge
