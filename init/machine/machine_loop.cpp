// SPDX-License-Identifier: MIT
#include "init/machine/machine_loop.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "init/machine/bridge_state.h"
#include "init/machine/end_machine.h"
#include "init/machine/machine_processes.h"
#include "init/machine/terminate_all.h"
#include "init/messages.h"
#include "init/start_memory.h"
#include "init/supervisor.h"
#include "interop/os/read_file.h"
#include "proto/base/log.h"

namespace init {
namespace {

using Clock = std::chrono::steady_clock;

// The agent has a second to greet on each endpoint; a machine that is to be switched off does not wait for many.
constexpr std::chrono::seconds report_patience{10};
constexpr int exit_cannot_run = 126;
constexpr int exit_timed_out = 124;  // as timeout(1)
constexpr const char* broker_name = "broker";

std::string describe(int wait_status) {
    if (WIFSIGNALED(wait_status)) return "was ended by signal " + std::to_string(WTERMSIG(wait_status));
    return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
}

std::string join(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
}

}  // namespace

MachineLoop::MachineLoop(const MachineSettings& settings, const interop::SignalState& signals, RuleGuard* guard)
    : settings_(settings), signals_(signals), guard_(guard), shutdown_(settings.grace) {
    const Time now = Clock::now();
    // First of all: what the others run may need tickets.
    if (runs_broker(settings.broker)) {
        services_.push_back(
            {.name = broker_name, .command = {}, .log = {}, .run = ServiceRun(Restart::on_abnormal, now)});
    }
    for (const ServiceSettings& service : settings.services) {
        services_.push_back({.name = "service " + service.name,
                             .command = service.command,
                             .log = service.log.empty() ? usual_log(service.name) : service.log,
                             .run = ServiceRun(service.restart, now)});
    }
}

MachineEnd MachineLoop::run() {
    sigset_t all;
    ::sigfillset(&all);
    signal_fd_.reset(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    start_due_services(Clock::now());
    const bool has_purpose = !settings_.services.empty();
    if (!settings_.command.empty() || !has_purpose) start_command();
    release_start_memory();
    while (true) {
        // Before the first wait too: where the command could not be started there may be no child whose end wakes us.
        collect_children();
        const Time now = Clock::now();
        times_passed(now);
        if (is_over_) return shutdown_.end();
        if (!shutdown_.has_begun()) start_due_services(now);
        wait_for_event();
    }
}

void MachineLoop::start_command() {
    command_name_ = settings_.command.empty() ? "the shell" : settings_.command.front();
    const auto started = start_on_console(settings_.command, signals_);
    if (!started) {
        return command_ended("cannot be started: " + started.error().message(),
                             {"--exit-code", std::to_string(exit_cannot_run)});
    }
    command_ = *started;
    if (settings_.timeout) command_deadline_ = Clock::now() + *settings_.timeout;
    arm_machine_emergency(command_);
    proto::debug("started " + command_name_ + " as process " + std::to_string(command_));
}

void MachineLoop::start_due_services(Time now) {
    for (Service& service : services_) {
        if (service.run.next_start() && *service.run.next_start() <= now) start(service, now);
    }
}

void MachineLoop::start(Service& service, Time now) {
    const auto started = service.command.empty() ? start_own_subcommand({"broker"}, signals_)
                                                 : start_service(service.command, service.log, signals_);
    if (started) {
        service.run.started(*started, now);
        proto::debug("started " + service.name + " as process " + std::to_string(*started));
        return;
    }
    service.run.start_failed(now);
    say_next(service, ServiceRun::Next::starts_again, "cannot be started: " + started.error().message());
}

void MachineLoop::say_next(const Service& service, ServiceRun::Next next, const std::string& what) const {
    std::string sentence = service.name + " " + what;
    switch (next) {
        case ServiceRun::Next::stays_down: break;
        case ServiceRun::Next::starts_again: sentence += "; starting it again"; break;
        case ServiceRun::Next::given_up:
            sentence += "; it has been started " + std::to_string(ServiceRun::most_starts) + " times in " +
                        std::to_string(ServiceRun::start_window.count()) + " s and is given up";
            break;
    }
    warn_user(sentence);
}

std::optional<MachineLoop::Time> MachineLoop::next_deadline() const {
    std::optional<Time> next;
    const auto consider = [&next](std::optional<Time> time) {
        if (time && (!next || *time < *next)) next = time;
    };
    for (const Service& service : services_) consider(service.run.next_start());
    consider(command_deadline_);
    consider(reporter_deadline_);
    consider(shutdown_.deadline());
    return next;
}

void MachineLoop::wait_for_event() {
    timespec time{};
    const auto deadline = next_deadline();
    if (deadline) {
        const auto left = std::max(Clock::duration::zero(), *deadline - Clock::now());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        time = {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    }
    if (!signal_fd_) {
        // No descriptor was to be had for it: then the rules have to wait.
        sigset_t all;
        ::sigfillset(&all);
        const int signal = deadline ? ::sigtimedwait(&all, nullptr, &time) : ::sigwaitinfo(&all, nullptr);
        if (signal > 0) serve(signal);
        return;
    }
    pollfd waiting[] = {{.fd = signal_fd_.get(), .events = POLLIN, .revents = 0},
                        {.fd = guard_ == nullptr ? -1 : guard_->descriptor(), .events = POLLIN, .revents = 0}};
    if (::ppoll(waiting, 2, deadline ? &time : nullptr, nullptr) < 0) return;
    signalfd_siginfo signal{};
    while (::read(signal_fd_.get(), &signal, sizeof signal) == sizeof signal) serve(static_cast<int>(signal.ssi_signo));
    if (waiting[1].revents != 0) guard_->on_readable(Clock::now());
}

void MachineLoop::serve(int signal) {
    if (const auto end = machine_end_for(signal)) request_end(*end);
}

void MachineLoop::collect_children() {
    while (true) {
        int status = 0;
        const pid_t child = ::waitpid(-1, &status, WNOHANG);
        if (child == 0) return;
        if (child < 0) {
            perform(shutdown_.process_ended(false));
            return;
        }
        child_ended(child, status, Clock::now());
    }
}

void MachineLoop::child_ended(pid_t child, int wait_status, Time now) {
    if (child == command_) {
        command_ = 0;
        command_deadline_.reset();
        const bool by_signal = WIFSIGNALED(wait_status);
        return command_ended(describe(wait_status),
                             {by_signal ? "--signal" : "--exit-code",
                              std::to_string(by_signal ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status))});
    }
    if (child == reporter_) {
        reporter_ = 0;
        reporter_deadline_.reset();
        return request_end(MachineEnd::power_off);
    }
    const auto service = std::ranges::find(services_, child, [](const Service& each) { return each.run.pid(); });
    if (service == services_.end()) return;  // an orphan
    const ServiceRun::Next next = service->run.ended(wait_status, now);
    if (shutdown_.has_begun()) {
        service->run.retire();
    } else {
        say_next(*service, next, describe(wait_status));
    }
}

void MachineLoop::command_ended(const std::string& how, const std::vector<std::string>& how_for_agent) {
    warn_user(command_name_ + " " + how);
    arm_machine_emergency(0);
    // After its timeout, the agent has been told, and the end of the process is nothing new.
    if (shutdown_.has_begun() || reporter_ != 0) return;
    if (expects_agent()) {
        std::vector<std::string> words{"report"};
        words.insert(words.end(), how_for_agent.begin(), how_for_agent.end());
        words.insert(words.end(),
                     {"--", join(settings_.command.empty() ? std::vector<std::string>{"sh"} : settings_.command)});
        const auto started = start_own_subcommand(words, signals_);
        if (started) {
            reporter_ = *started;
            reporter_deadline_ = Clock::now() + report_patience;
            return;
        }
        warn_user("the agent is not told: " + started.error().message());
    }
    request_end(MachineEnd::power_off);
}

void MachineLoop::times_passed(Time now) {
    if (command_deadline_ && *command_deadline_ <= now) {
        command_deadline_.reset();
        command_ended("has run for " + std::to_string(settings_.timeout->count()) + " s, its timeout",
                      {"--exit-code", std::to_string(exit_timed_out)});
    }
    if (reporter_deadline_ && *reporter_deadline_ <= now) {
        reporter_deadline_.reset();
        request_end(MachineEnd::power_off);
    }
    perform(shutdown_.time_passed(now));
}

void MachineLoop::request_end(MachineEnd end) {
    command_deadline_.reset();
    // Nobody waits for the agent's answer any more: that its process ends is no second request.
    reporter_ = 0;
    reporter_deadline_.reset();
    for (Service& service : services_) service.run.retire();
    perform(shutdown_.request(end, Clock::now()));
}

void MachineLoop::perform(ShutdownSequence::Step step) {
    switch (step) {
        case ShutdownSequence::Step::none: break;
        case ShutdownSequence::Step::terminate:
            warn_user("ending all processes");
            terminate_all_processes();
            break;
        case ShutdownSequence::Step::kill:
            warn_user("processes are left that do not end; killing them");
            ::kill(-1, SIGKILL);
            break;
        case ShutdownSequence::Step::finish: is_over_ = true; break;
    }
}

}  // namespace init
