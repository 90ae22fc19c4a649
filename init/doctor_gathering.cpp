// SPDX-License-Identifier: MIT
#include "init/doctor_gathering.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "init/config_command.h"
#include "init/doctor_findings.h"
#include "init/rule_probe.h"
#include "interop/os/auxiliary_vector.h"
#include "interop/os/read_file.h"
#include "interop/os/spawn.h"
#include "interop/os/unique_fd.h"
#include "interop/route/broker_client.h"
#include "interop/route/client_key.h"
#include "interop/route/installation.h"
#include "interop/route/runner_wine.h"
#include "interop/session/guest_paths.h"
#include "interop/text/mount_table.h"

namespace init {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds version_patience{1};
constexpr std::size_t longest_version_text = 4096;
constexpr std::size_t largest_mountinfo = 32u << 20;

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<uid_t> owner_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status.st_uid) : std::nullopt;
}

FileFacts look_at_file(const std::string& path) {
    FileFacts facts{.path = path};
    struct stat status {};
    if (path.empty() || ::stat(path.c_str(), &status) != 0) return facts;
    facts.exists = true;
    facts.mode = status.st_mode & 07777;
    facts.owner = status.st_uid;
    facts.is_executable = S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
    return facts;
}

/// What comes out of `output` before its end or `deadline`.
std::string read_until(int output, Clock::time_point deadline) {
    std::string text;
    char piece[512];
    while (text.size() < longest_version_text) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{output, POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) break;
        const ssize_t count = ::read(output, piece, sizeof piece);
        if (count == 0 || (count < 0 && errno != EINTR)) break;
        if (count > 0) text.append(piece, static_cast<std::size_t>(count));
    }
    return text;
}

/// What `path option` writes to standard output, within version_patience; then it is killed.
std::string output_of(const std::string& path, const std::string& option) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    const interop::UniqueFd output(ends[0]);
    interop::UniqueFd input(ends[1]);
    const interop::UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    interop::SpawnRequest request;
    request.path = path;
    request.arguments = {path, option};
    request.standard_input = nothing.get();
    request.standard_output = input.get();
    request.standard_error = nothing.get();
    request.own_process_group = true;
    const auto child = interop::spawn(request);
    input.reset();
    if (!child) return {};
    std::string text = read_until(output.get(), Clock::now() + version_patience);
    ::kill(-*child, SIGKILL);
    while (::waitpid(*child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return text;
}

RunnerFacts look_at_runner(const std::string& path, const char* version_option) {
    if (path.empty()) return {};
    return {path, version_option == nullptr ? "" : version_in(output_of(path, version_option))};
}

void look_at_runners(DoctorFacts& facts) {
    facts.installed = interop::find_installation();
    facts.wine = look_at_runner(facts.installed.wine.starter, "--version");
    facts.mono = look_at_runner(facts.installed.mono, "--version");
    if (const auto& emulator = facts.installed.dos_emulator) {
        const bool is_dosbox = emulator->kind == interop::DosEmulator::Kind::dosbox;
        facts.dos_emulator = look_at_runner(emulator->path, is_dosbox ? "-version" : nullptr);
    }
    facts.wine_prefix_problem = interop::wine_prefix_problem(variable, facts.user, owner_of);
}

void look_at_rule(DoctorFacts& facts, const std::string& name) {
    facts.table = examine_table(name, facts.rule_directory);
    if (!facts.table || !facts.table->rule) return;
    const RegisteredRule& rule = *facts.table->rule;
    facts.interpreter = look_at_file(rule.interpreter);
    const bool can_be_tested = facts.table->is_enabled && rule.enabled &&
                               facts.rule_directory == BinfmtTable::usual_directory &&
                               rule.flags.find('P') != std::string::npos;
    if (can_be_tested) facts.rule_test = probe_rule();
}

void look_at_configuration(DoctorFacts& facts) {
    facts.configuration_text = interop::find_configuration();
    facts.configuration = interop::load_configuration();
    if (!facts.configuration_text) return;
    facts.configuration_findings = check_configuration(facts.configuration_text->text);
    const std::string& source = facts.configuration_text->source;
    if (source.starts_with('/')) facts.configuration_file = look_at_file(source);
}

void look_at_keys(DoctorFacts& facts) {
    const std::string& configured = facts.configuration->key_file;
    std::vector<std::string> places{configured};
    if (configured.empty()) places = {"/etc/mzinit/key", variable("HOME").value_or("") + "/.config/mzinit/key"};
    for (const std::string& path : places) facts.key_files.push_back(look_at_file(path));
    const auto key = interop::load_client_key(configured);
    if (!key) facts.key_problem = key.error();
}

void ask_hosts(DoctorFacts& facts) {
    const interop::Configuration& configuration = *facts.configuration;
    interop::ClientCredentials credentials(configuration);
    bool may_need_ticket = false;
    for (const interop::Endpoint& endpoint : configuration.endpoints) {
        facts.hosts.push_back(interop::examine_host(endpoint, credentials));
        may_need_ticket = may_need_ticket || endpoint.kind != interop::Endpoint::Kind::unix_socket;
    }
    const bool has_answer = std::ranges::any_of(facts.hosts, [](const auto& host) { return !host.failure; });
    if (!has_answer && !configuration.names_endpoints) {
        // As a launch does then.
        for (const interop::Endpoint& endpoint : credentials.offered_endpoints()) {
            facts.hosts.push_back(interop::examine_host(endpoint, credentials));
            may_need_ticket = true;
        }
    }
    if (!may_need_ticket && !look_at_file(configuration.broker_socket).exists) return;
    const auto grant = interop::ask_broker(configuration.broker_socket);
    facts.broker = grant ? proto::Result<void>() : proto::Result<void>(grant.error());
}

/// Whether files that users have could be there; not those of the kernel and of services.
bool is_for_files(const interop::Mount& mount) {
    for (const std::string_view directory : {"/proc", "/sys", "/dev", "/run"}) {
        const bool is_below =
            mount.point.starts_with(directory) && mount.point.substr(directory.size()).starts_with('/');
        if (is_below || mount.point == directory) return false;
    }
    constexpr std::array<std::string_view, 5> of_users{"tmpfs", "overlay", "virtiofs", "9p", "zfs"};
    // Block devices are paths; network file systems are "server:/path" or "//server/share".
    return mount.source.find('/') != std::string::npos || std::ranges::find(of_users, mount.type) != of_users.end();
}

void look_at_paths(DoctorFacts& facts) {
    interop::PathMap map = interop::guest_path_map(*facts.configuration);
    for (const interop::PathPrefix& prefix : map.prefixes()) facts.paths.emplace_back(prefix.guest, prefix.host);
    std::vector<interop::PathMap> offered;
    for (const interop::HostExamination& host : facts.hosts) {
        if (host.failure) continue;
        offered.push_back(interop::agent_path_map(host.info));
        for (const interop::PathPrefix& prefix : offered.back().prefixes())
            facts.paths.emplace_back(prefix.guest, prefix.host);
        break;  // Launches go to the first that answers.
    }
    offered.push_back(std::move(map));
    for (const interop::Mount& mount :
         interop::parse_mountinfo(interop::read_file("/proc/self/mountinfo", largest_mountinfo).value_or(""))) {
        const bool is_named = std::ranges::any_of(
            offered, [&](const interop::PathMap& each) { return each.find_guest_prefix(mount.point) != nullptr; });
        const bool is_listed = std::ranges::find(facts.unnamed_mounts, mount.point) != facts.unnamed_mounts.end();
        if (!is_named && !is_listed && is_for_files(mount)) facts.unnamed_mounts.push_back(mount.point);
    }
}

}  // namespace

DoctorFacts gather_facts(const std::string& rule_name, const std::string& directory) {
    DoctorFacts facts;
    facts.user = ::geteuid();
    utsname system{};
    if (::uname(&system) == 0) facts.kernel_release = system.release;
    facts.kernel_tells_interpreters = interop::kernel_tells_interpreters();
    facts.rule_directory = directory;
    look_at_rule(facts, rule_name);
    look_at_configuration(facts);
    look_at_runners(facts);
    facts.run_directory = look_at_file("/run/mzinit");
    if (!facts.configuration) return facts;
    ask_hosts(facts);
    look_at_keys(facts);
    look_at_paths(facts);
    return facts;
}

}  // namespace init
