// SPDX-License-Identifier: MIT
#include "init/machine/network_setup.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "interop/os/read_file.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

constexpr std::size_t largest_hostname_file = 4096;

/// The first line of hostname(5) that is no comment; empty if there is none.
std::string host_name_of_file() {
    const auto file = interop::read_file("/etc/hostname", largest_hostname_file);
    std::string_view rest = file ? std::string_view(*file) : "";
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos || line[first] == '#') continue;
        return std::string(line.substr(first, line.find_last_not_of(" \t\r") + 1 - first));
    }
    return {};
}

}  // namespace

proto::Result<void> bring_loopback_up() {
    const char* const doing = "set the loopback interface up";
    const interop::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return proto::errno_error(errno, doing);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return proto::errno_error(errno, doing);
    request.ifr_flags |= IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return proto::errno_error(errno, doing);
    return {};
}

proto::Result<void> set_host_name(const std::string& configured) {
    std::string name = configured.empty() ? host_name_of_file() : configured;
    if (name.empty()) {
        char current[HOST_NAME_MAX + 1] = {};
        ::gethostname(current, sizeof current - 1);
        if (*current != '\0' && std::strcmp(current, "(none)") != 0) return {};
        name = "localhost";
    }
    if (::sethostname(name.c_str(), name.size()) != 0) return proto::errno_error(errno, "set the host name " + name);
    return {};
}

}  // namespace init
