// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_desktop.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "interop/os/detached_process.h"
#include "interop/route/runner_wine_addresses.h"

namespace interop {

WineDesktop::~WineDesktop() {
    // Ends by itself once its input ends; waiting for that would only delay us.
    lifeline_.reset();
    if (holder_ > 0) ::waitpid(holder_, nullptr, WNOHANG);
}

bool WineDesktop::is_held() {
    if (holder_ <= 0) return false;
    if (::waitpid(holder_, nullptr, WNOHANG) == 0) return true;
    holder_ = -1;
    return false;
}

proto::Result<void> WineDesktop::hold(const std::string& wine, const std::vector<std::string>& environment) {
    if (is_held()) return {};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "hold Wine's desktop");
    const UniqueFd input(ends[0]);
    lifeline_.reset(ends[1]);
    // cmd.exe uses the desktop and reads commands until its input ends.
    const WineAddresses addresses;
    auto holder = spawn_detached({wine, "cmd.exe"}, environment, input.get());
    if (!holder) return holder.error();
    holder_ = *holder;
    return {};
}

}  // namespace interop
