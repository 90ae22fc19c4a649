// SPDX-License-Identifier: MIT
#include "init/service_notice.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>

#include "interop/os/unique_fd.h"

namespace init {

void notify_service_manager(std::string_view state) {
    const char* const variable = std::getenv("NOTIFY_SOCKET");
    const std::string_view path = variable == nullptr ? "" : variable;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() > sizeof address.sun_path || (path.front() != '/' && path.front() != '@')) return;
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const interop::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Nothing can be done about a failure: the manager's own time limit is for that.
    (void)!::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                    length);
}

}  // namespace init
