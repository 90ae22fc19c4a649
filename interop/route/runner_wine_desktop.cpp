// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_desktop.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "interop/os/detached_process.h"
#include "interop/route/runner_wine_addresses.h"
#include "interop/route/runner_wine_detached.h"

namespace interop {
namespace {

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

proto::Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "hold Wine's desktop");
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Until something can be read from it.
proto::Result<void> wait_for_output(int output, WineClock::time_point deadline) {
    while (true) {
        pollfd waiting{output, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, milliseconds_until(deadline));
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return proto::stated_error("Wine's desktop is not there: cmd.exe does not start");
        char byte = 0;
        if (::read(output, &byte, 1) == 1) return {};
        return proto::stated_error("Wine's desktop is not there: cmd.exe has ended");
    }
}

}  // namespace

WineDesktop::~WineDesktop() {
    // Ends by itself once its input ends; waiting for that would only delay us.
    lifeline_.reset();
    if (holder_ > 0) ::waitpid(holder_, nullptr, WNOHANG);
}

bool WineDesktop::is_held() const {
    // An error: nobody is left who could read from it. Its process id would not tell: that is Wine's starter's.
    pollfd reader{lifeline_.get(), 0, 0};
    return lifeline_ && ::poll(&reader, 1, 0) == 0;
}

proto::Result<UniqueFd> WineDesktop::start_holder(const std::string& wine,
                                                  const std::vector<std::string>& environment) {
    if (holder_ > 0) ::waitpid(std::exchange(holder_, -1), nullptr, WNOHANG);
    auto input = make_pipe();
    if (!input) return input.error();
    auto output = make_pipe();
    if (!output) return output.error();
    const WineAddresses addresses;
    const auto holder = spawn_detached({wine, "cmd.exe"}, environment, input->reader.get(), output->writer.get());
    if (!holder) return holder.error();
    holder_ = *holder;
    lifeline_ = std::move(input->writer);
    return std::move(output->reader);
}

proto::Result<void> WineDesktop::hold(const std::string& wine, const std::vector<std::string>& environment) {
    if (is_held()) return {};
    const auto deadline = WineClock::now() + wine_start_limit;
    // cmd.exe uses the desktop, says what it is and reads commands until its input ends. It wants no window.
    const auto output = start_holder(wine, environment);
    if (!output) return output.error();
    if (auto said = wait_for_output(output->get(), deadline); !said) return said;
    // This does, if only for OLE (OleInitialize registers a window class), and ends when there is nothing to register.
    const auto user = run_wine_detached({wine, "regsvr32.exe", "/s"}, environment, deadline);
    if (!user) return user.error();
    return {};
}

}  // namespace interop
