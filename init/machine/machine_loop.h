// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "init/machine/machine_settings.h"
#include "init/machine/service_run.h"
#include "init/machine/shutdown_sequence.h"
#include "init/rule_guard.h"
#include "interop/os/signals.h"
#include "interop/os/unique_fd.h"

namespace init {

/// What PID 1 of a machine does between boot and end: starts the boot command and the services, starts again what is to be,
/// collects what has ended, looks after the rules, and ends all processes when it is told to or the command has ended.
/// Nothing wakes it up but signals, the kernel's word of a lost rule, and times that it waits for. All signals must be
/// blocked.
class MachineLoop {
  public:
    /// `signals` is what programs start with. `guard` may be null. Both are borrowed.
    MachineLoop(const MachineSettings& settings, const interop::SignalState& signals, RuleGuard* guard);

    /// Returns how the machine is to end, once no process is left, or only such as will not go.
    MachineEnd run();

  private:
    using Time = ServiceRun::Time;

    struct Service {
        std::string name;
        std::vector<std::string> command;  // Empty: the broker.
        std::string log;
        ServiceRun run;
    };

    void start_command();
    void start_due_services(Time now);
    void start(Service& service, Time now);
    void say_next(const Service& service, ServiceRun::Next next, const std::string& what) const;
    void wait_for_event();
    void serve(int signal);
    void collect_children();
    void child_ended(pid_t child, int wait_status, Time now);
    void command_ended(const std::string& how, const std::vector<std::string>& how_for_agent);
    void times_passed(Time now);
    void request_end(MachineEnd end);
    void perform(ShutdownSequence::Step step);
    [[nodiscard]] std::optional<Time> next_deadline() const;

    const MachineSettings& settings_;
    const interop::SignalState& signals_;
    RuleGuard* guard_;
    interop::UniqueFd signal_fd_;
    std::vector<Service> services_;
    std::string command_name_;
    pid_t command_ = 0;
    std::optional<Time> command_deadline_;
    pid_t reporter_ = 0;
    std::optional<Time> reporter_deadline_;
    ShutdownSequence shutdown_;
    bool is_over_ = false;
};

}  // namespace init
