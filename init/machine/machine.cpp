// SPDX-License-Identifier: MIT
#include "init/machine/machine.h"

#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "init/init_options.h"
#include "init/machine/api_mounts.h"
#include "init/machine/console.h"
#include "init/machine/end_machine.h"
#include "init/machine/kernel_modules.h"
#include "init/machine/bridge_state.h"
#include "init/machine/machine_loop.h"
#include "init/machine/machine_processes.h"
#include "init/machine/machine_settings.h"
#include "init/machine/network_setup.h"
#include "init/messages.h"
#include "init/registration.h"
#include "init/rule_guard.h"
#include "interop/os/mount.h"
#include "interop/os/string_pointers.h"
#include "interop/route/configuration.h"
#include "proto/base/log.h"

namespace init {
namespace {

void warn_if_failed(const proto::Result<void>& step) {
    if (!step) warn_user(step.error().message());
}

void report_rule(std::string_view sentence) noexcept { warn_user(sentence); }

void prepare_system(const MachineSettings& settings) {
    warn_if_failed(set_host_name(settings.hostname));
    warn_if_failed(bring_loopback_up());
    for (const std::string& module : settings.modules) warn_if_failed(load_kernel_module(module));
}

std::optional<RuleGuard> register_and_guard() {
    if (!interop::ensure_binfmt_misc(BinfmtTable::usual_directory)) {
        // The kernel has asked modprobe, if there is one; then it is up to us. Registering says what is still missing.
        warn_if_failed(load_kernel_module("binfmt_misc"));
    }
    RegisteredRules registered = register_at_start();
    if (registered.status != RegistrationStatus::done) {
        warn_user("going on without a rule for Windows and DOS programs");
        return std::nullopt;
    }
    auto guard = RuleGuard::watch(std::move(registered), BinfmtTable::usual_directory, report_rule);
    if (guard) return std::move(*guard);
    warn_user("nobody looks after the rule for MZ files: " + guard.error().message());
    return std::nullopt;
}

/// What every launch would complain of.
void check_bridge_configuration() {
    const auto configuration = interop::load_configuration();
    if (!configuration) return warn_user(configuration.error().message());
    for (const std::string& warning : configuration->warnings) warn_user(warning);
}

MachineSettings settings_for(const std::vector<std::string>& arguments) {
    const InitOptions options = parse_kernel_arguments(arguments);
    if (options.verbosity > 1) proto::set_log_level(proto::LogLevel::debug);
    MachineSettings settings = load_machine_settings();
    for (const std::string& warning : settings.warnings) warn_user(warning);
    if (!settings.kernel_names_command && !options.command.empty()) settings.command = options.command;
    return settings;
}

/// Under whatever name: /sbin/init can be a link to it.
bool is_this_program(const std::string& path) {
    struct stat wanted {};
    struct stat own {};
    return ::stat(path.c_str(), &wanted) == 0 && ::stat("/proc/self/exe", &own) == 0 && wanted.st_dev == own.st_dev &&
           wanted.st_ino == own.st_ino;
}

bool can_hand_over(const std::string& path) {
    if (path.empty()) return false;
    if (is_this_program(path)) {
        // It would do the same again, for ever.
        warn_user("hand over to " + path + ": that is mzinit itself; going on without it");
        return false;
    }
    if (::access(path.c_str(), X_OK) == 0) return true;
    warn_user(proto::errno_error(errno, "hand over to " + path).message() + "; going on without it");
    return false;
}

void start_broker(BrokerStart start, const interop::SignalState& inherited) {
    if (!runs_broker(start)) return;
    const auto started = start_own_subcommand({"broker"}, inherited);
    if (!started) warn_user("there is no broker: " + started.error().message());
}

/// Lets another init have this process. Returns if it cannot be executed.
void hand_over(const std::string& path, const std::vector<std::string>& arguments,
               const interop::SignalState& inherited) {
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const interop::UniqueFd console = open_console();
    for (int fd = STDIN_FILENO; console && fd <= STDERR_FILENO; ++fd) ::dup2(console.get(), fd);
    inherited.restore();
    ::execv(path.c_str(), interop::pointers_to(words).data());
    const int reason = errno;
    interop::block_signals();
    take_console();
    warn_user(proto::errno_error(reason, "hand over to " + path).message() + "; going on without it");
}

}  // namespace

void run_machine(const std::vector<std::string>& arguments, const interop::SignalState& inherited) noexcept {
    arm_machine_emergency(0);
    const std::vector<std::string> problems = mount_api_file_systems();
    take_console();
    for (const std::string& problem : problems) warn_user(problem);
    ::reboot(RB_DISABLE_CAD);  // Ctrl-alt-del is SIGINT for us then, and not the end at once.
    (void)!::chdir("/");
    set_machine_environment();
    const MachineSettings settings = settings_for(arguments);
    check_bridge_configuration();
    prepare_system(settings);
    std::optional<RuleGuard> guard;
    if (settings.registers) guard = register_and_guard();
    if (can_hand_over(settings.handover)) {
        start_broker(settings.broker, inherited);
        hand_over(settings.handover, arguments, inherited);
    }
    const MachineEnd end = MachineLoop(settings, inherited, guard ? &*guard : nullptr).run();
    guard.reset();  // It keeps a file system busy.
    end_machine(end);
}

}  // namespace init
