// SPDX-License-Identifier: MIT
#include "hostbridge/keeper_link_posix.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace hostbridge {

using interop::UniqueFd;

proto::Result<std::unique_ptr<KeeperLink>> KeeperLink::start(uv_loop_t* loop, KeeperOrder order, OnReport on_report,
                                                             std::function<void(KeeperLink&)> on_gone) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) < 0) {
        return proto::errno_error(errno, "make a socket pair");
    }
    std::unique_ptr<KeeperLink> link(new KeeperLink);
    link->control_ = UniqueFd(pair[0]);
    UniqueFd keepers_end(pair[1]);
    // Before the fork: once there is a keeper, the program may run, and then nothing may fail any more.
    auto poll =
        uv::Poll::make(loop, link->control_.get(), [raw = link.get()](const proto::Result<int>&) { raw->receive(); });
    if (!poll) return poll.error();
    link->poll_ = std::move(*poll);
    order.control = keepers_end.get();
    // Without the handlers that fork() runs for malloc and stdio: the keeper uses neither.
    link->keeper_ = ::_Fork();
    if (link->keeper_ == 0) run_keeper(order);
    if (link->keeper_ < 0) return proto::errno_error(errno, "start a process");
    link->on_report_ = std::move(on_report);
    link->on_gone_ = std::move(on_gone);
    link->poll_->watch(UV_READABLE);
    return link;
}

void KeeperLink::receive() {
    while (true) {
        KeeperReport report{};
        const ssize_t size = ::recv(control_.get(), &report, sizeof report, MSG_DONTWAIT);
        // A keeper that has ended without reading our last command is a reset, which comes before its last report.
        if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
        if (size < 0 && errno == EAGAIN) return;
        if (size == sizeof report) {
            on_report_(report);
            continue;
        }
        poll_.reset();
        // It closed the socket by ending, so this waits for microseconds at most.
        while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
        }
        const auto gone = std::move(on_gone_);
        return gone(*this);
    }
}

void KeeperLink::send(KeeperCommand command) {
    // Fails only if the keeper is gone, or has so many signals waiting that one more means nothing.
    static_cast<void>(::send(control_.get(), &command, sizeof command, MSG_NOSIGNAL | MSG_DONTWAIT));
}

void KeeperLink::deliver(int signal_number) { send({KeeperCommand::signal, signal_number}); }

void KeeperLink::hang_up() { send({KeeperCommand::hang_up, 0}); }

void KeeperLink::terminate() {
    send({KeeperCommand::terminate, 0});
    // Means the same, and cannot be lost to a full socket.
    release();
}

void KeeperLink::release() { ::shutdown(control_.get(), SHUT_WR); }

}  // namespace hostbridge
