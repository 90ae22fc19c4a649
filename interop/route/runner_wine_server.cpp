// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "interop/os/unique_fd.h"
#include "interop/route/runner_wine.h"
#include "interop/route/runner_wine_detached.h"

namespace interop {
namespace {

// Debian's wineserver makes a directory with a random name and leaves the name in the prefix.
std::string debian_server_directory(const std::string& prefix, const VariableLookup& lookup) {
    const UniqueFd file(::open((prefix + "/wineserver").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return {};
    std::array<char, 64> name{};
    const ssize_t size = ::read(file.get(), name.data(), name.size());
    if (size <= 0) return {};
    std::string_view text(name.data(), static_cast<std::size_t>(size));
    text = text.substr(0, text.find_first_of(std::string_view("\0\n", 2)));
    return lookup("TMPDIR").value_or("/tmp") + "/" + std::string(text);
}

// The server holds a lock on the whole of this file for as long as it runs (server/request.c).
bool lock_is_held(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) return false;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return ::fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// The server that belongs to this starter: beside it if it was given with a directory.
std::string server_of(const std::string& wine) {
    const auto slash = wine.rfind('/');
    if (slash == std::string::npos) return "wineserver";
    std::string beside = wine.substr(0, slash + 1) + "wineserver";
    return ::access(beside.c_str(), X_OK) == 0 ? beside : "wineserver";
}

std::optional<std::string> variable_of(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string& variable : environment) {
        if (variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name)) {
            return variable.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace

bool wine_server_runs(const std::string& prefix, const VariableLookup& lookup) {
    struct stat status {};
    if (prefix.empty() || ::stat(prefix.c_str(), &status) < 0) return false;
    std::array<char, 64> name{};
    std::snprintf(name.data(), name.size(), "/server-%llx-%llx/lock", static_cast<unsigned long long>(status.st_dev),
                  static_cast<unsigned long long>(status.st_ino));
    const std::string debian = debian_server_directory(prefix, lookup);
    if (!debian.empty() && lock_is_held(debian + name.data())) return true;
    return lock_is_held("/tmp/.wine-" + std::to_string(::geteuid()) + name.data());
}

proto::Result<void> start_wine_server(const std::string& wine, const std::vector<std::string>& environment) {
    // Without its directory the server refuses to start; then the first program would start one that ends with it, and
    // some later program, in the middle of a session, the next. Wine fills an empty prefix.
    const std::string prefix = wine_prefix([&](std::string_view name) { return variable_of(environment, name); });
    if (::mkdir(prefix.c_str(), 0777) < 0 && errno != EEXIST)
        return proto::errno_error(errno, "make Wine's prefix " + prefix);
    const auto deadline = WineClock::now() + wine_start_limit;
    // It goes into the background by itself, and says so by ending. A server that runs already is no error for us.
    auto server = run_wine_detached({server_of(wine), "-p"}, environment, deadline);
    if (!server) return server.error();
    // The first program of a prefix starts its services and waits for them.
    auto first = run_wine_detached({wine, "cmd.exe", "/c", "exit", "0"}, environment, deadline);
    if (!first) return first.error();
    if (*first != 0)
        return proto::stated_error("Wine does not start: its first program ended with " + std::to_string(*first));
    return {};
}

}  // namespace interop
