// SPDX-License-Identifier: MIT
#include "init/broker.h"

#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "init/broker_reply.h"
#include "init/broker_socket.h"
#include "init/give_up_privileges.h"
#include "init/service_notice.h"
#include "interop/os/unique_fd.h"
#include "interop/route/client_key.h"
#include "interop/route/configuration.h"
#include "proto/base/log.h"

namespace init {
namespace {

using interop::UniqueFd;

// While the system has no descriptor or memory for one more connection. Callers wait in the socket's queue meanwhile.
constexpr int retry_milliseconds = 100;

// So that a caller who connects again and again cannot keep us from hearing a signal.
constexpr int accepts_per_turn = 64;

/// A descriptor that can be read once we are to end.
proto::Result<UniqueFd> watch_end_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    UniqueFd descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor) return proto::errno_error(errno, "watch for signals");
    return descriptor;
}

enum class Accepting { everything_done, more_to_do, out_of_resources };

class Broker {
  public:
    Broker(int listener, int end_signals, const BrokerReplies& replies)
        : listener_(listener), end_signals_(end_signals), replies_(replies) {}

    proto::Result<void> run() {
        Accepting accepting = Accepting::everything_done;
        while (true) {
            const bool pauses = accepting == Accepting::out_of_resources;
            // A negative descriptor is one that poll() leaves out: the listener would be ready all the time.
            std::array<pollfd, 2> waiting{{{end_signals_, POLLIN, 0}, {pauses ? -1 : listener_, POLLIN, 0}}};
            const int ready = ::poll(waiting.data(), waiting.size(), pauses ? retry_milliseconds : -1);
            if (ready < 0 && errno != EINTR) return proto::errno_error(errno, "wait for callers");
            if (ready > 0 && waiting[0].revents != 0) return {};
            accepting = accept_callers();
        }
    }

  private:
    Accepting accept_callers() {
        for (int i = 0; i < accepts_per_turn; ++i) {
            const UniqueFd caller(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (caller) {
                complained_ = false;
                answer(caller.get());
                continue;
            }
            if (errno == EAGAIN) return Accepting::everything_done;
            if (errno == EINTR || errno == ECONNABORTED) continue;
            const proto::Error problem = proto::errno_error(errno, "accept a caller");
            if (!std::exchange(complained_, true)) proto::warn(problem.message());
            return Accepting::out_of_resources;
        }
        return Accepting::more_to_do;
    }

    // One packet fits into the caller's empty queue or, if the system has no memory for it, the caller sees the end of the
    // connection. Either way nobody is waited for.
    void answer(int caller) {
        std::string packet = replies_.for_caller(caller);
        (void)!::send(caller, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        explicit_bzero(packet.data(), packet.size());
    }

    int listener_;
    int end_signals_;
    const BrokerReplies& replies_;
    bool complained_ = false;
};

proto::Result<BrokerReplies> prepare_replies(const interop::Configuration& configuration,
                                             const BrokerOptions& options) {
    auto key = interop::load_client_key(options.key_file.empty() ? configuration.key_file : options.key_file);
    if (!key) return key.error();
    return BrokerReplies::make(std::move(*key), configuration);
}

BrokerEnd fail(const proto::Error& error) {
    proto::log(proto::LogLevel::error, "broker: " + error.message());
    const bool is_taken = error.code == std::errc::address_in_use;
    return is_taken ? BrokerEnd::already_running : BrokerEnd::cannot_start;
}

}  // namespace

BrokerEnd run_broker(const BrokerOptions& options) {
    auto configuration = interop::load_configuration();
    if (!configuration) return fail(configuration.error());
    for (const std::string& warning : configuration->warnings) proto::warn(warning);
    const auto replies = prepare_replies(*configuration, options);
    if (!replies) return fail(replies.error());
    const auto end_signals = watch_end_signals();
    if (!end_signals) return fail(end_signals.error());
    const auto socket = BrokerSocket::open(options.socket.empty() ? configuration->broker_socket : options.socket);
    if (!socket) return fail(socket.error());
    (void)!::chdir("/");
    if (auto given_up = give_up_privileges(); !given_up) return fail(given_up.error());
    notify_service_manager("READY=1");
    const auto ended = Broker(socket->descriptor(), end_signals->get(), *replies).run();
    return ended ? BrokerEnd::told_to : fail(ended.error());
}

}  // namespace init
