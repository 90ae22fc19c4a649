// SPDX-License-Identifier: MIT
#include "hostbridge/agent.h"

#include <csignal>
#include <cstdlib>
#include <memory>

#include "hostbridge/bridge_server.h"
#include "hostbridge/host_system.h"
#include "hostbridge/key_file.h"
#include "hostbridge/log_sink.h"
#include "hostbridge/name_listing.h"
#include "hostbridge/program_search.h"
#include "hostbridge/uv/file.h"
#include "hostbridge/uv/loop.h"
#include "hostbridge/uv/signal.h"
#include "hostbridge/uv/work.h"
#include "interop/text/endpoint.h"
#include "proto/base/log.h"

namespace hostbridge {
namespace {

using interop::Endpoint;

proto::Result<std::vector<Endpoint>> parse_endpoints(const AgentOptions& options) {
    std::vector<Endpoint> endpoints;
    for (const auto& text : options.endpoints) {
        auto endpoint = interop::parse_endpoint(text);
        if (!endpoint) return endpoint.error();
        const bool needs_key = endpoint->kind == Endpoint::Kind::tcp ||
                               (endpoint->kind == Endpoint::Kind::vsock && options.vsock_needs_key);
        if (needs_key && options.key_file.empty()) {
            return proto::errno_error(
                EINVAL, "listen on " + text + " without --key-file (make one with: hostbridge keygen FILE)");
        }
        endpoints.push_back(std::move(*endpoint));
    }
    return endpoints;
}

proto::Result<interop::PathMap> parse_mappings(const AgentOptions& options) {
    interop::PathMap map(path_flavour());
    for (const auto& text : options.mappings) {
        auto prefix = interop::PathMap::parse(text, path_flavour());
        if (!prefix) return prefix.error();
        if (auto added = map.add(std::move(*prefix)); !added) return added.error();
    }
    return map;
}

proto::Result<LauncherOptions> parse_launcher_options(const AgentOptions& options) {
    LauncherOptions parsed;
    parsed.exit_object = options.exit_object;
    parsed.grace = options.grace;
    // Where it is missing the loader would complain on the standard error of every program.
    if (!options.exit_object.empty()) {
        if (const auto status = uv::stat_path(options.exit_object); !status) return status.error();
    }
    for (const auto& text : options.runners) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            return proto::errno_error(EINVAL, "runner \"" + text + "\" (wanted KIND=COMMAND)");
        parsed.runners.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return parsed;
}

// Empty if this user has no place for it.
proto::Result<std::string> store_directory(const AgentOptions& options) {
    if (options.cache_directory.empty()) {
        const std::string parent = cache_directory();
        return parent.empty() ? parent : parent + "/mzinit/programs";
    }
    // Programs are started in directories of their own.
    if (!interop::is_plain_host_path(options.cache_directory, path_flavour())) {
        return proto::errno_error(EINVAL,
                                  "use --cache-dir " + options.cache_directory + " (it is not an absolute path)");
    }
    return options.cache_directory;
}

// This user's home where nothing else was said, as a new shell has it; empty if there is none.
proto::Result<std::string> fallback_directory(const AgentOptions& options) {
    std::string path = options.fallback_directory.empty() ? uv::home_directory() : options.fallback_directory;
    const auto status = uv::stat_path(path);
    if (status && uv::is_directory(*status)) return path;
    if (options.fallback_directory.empty()) return std::string();
    if (!status) return status.error();
    return proto::errno_error(ENOTDIR, "use fallback directory " + path);
}

// One line per endpoint, as a client writes it.
proto::Result<void> announce(const std::string& lines, const AgentOptions& options) {
    if (options.ready_fd >= 0) {
        if (auto written = write_and_close(options.ready_fd, lines); !written) return written;
    }
    if (!options.ready_file.empty()) return write_file_atomically(options.ready_file, lines);
    return {};
}

using StopSignals = std::vector<std::unique_ptr<uv::Signal>>;

proto::Result<StopSignals> watch_stop_signals(uv_loop_t* loop, BridgeServer& server) {
    StopSignals signals;
    for (const int number : {SIGTERM, SIGINT}) {
        auto signal = uv::Signal::make(loop, number, [&server] {
            proto::info("told to end");
            server.shut_down();
        });
        if (!signal) return signal.error();
        signals.push_back(std::move(*signal));
    }
    return signals;
}

// Copies to the program store, starts of Wine and slow disks each hold a thread, and libuv has four by itself.
void enlarge_thread_pool(uv_loop_t* loop) {
    constexpr const char* variable = "UV_THREADPOOL_SIZE";
    const char* value = std::getenv(variable);
    const bool is_set = value != nullptr;
    const std::string for_programs = is_set ? value : "";
    set_own_variable(variable, std::to_string(limits::pool_threads).c_str());
    // The first one makes libuv look.
    uv::queue_work(
        loop, [] {}, [] {});
    set_own_variable(variable, is_set ? for_programs.c_str() : nullptr);
}

// The loop's end waits for all work. That would be as long as another agent has the store's lock, which may be stopped, or as a
// drive that is gone holds who looks at it; what an upload leaves behind the next one removes. To be destroyed before the loop,
// after all else.
class EndWithoutLanes {
  public:
    explicit EndWithoutLanes(const WorkLanes& lanes) : lanes_(lanes) {}
    EndWithoutLanes(const EndWithoutLanes&) = delete;
    EndWithoutLanes& operator=(const EndWithoutLanes&) = delete;
    ~EndWithoutLanes() {
        if (lanes_.are_working()) std::_Exit(EXIT_SUCCESS);
    }

  private:
    const WorkLanes& lanes_;
};

}  // namespace

proto::Result<void> run_agent(const AgentOptions& options) {
    auto endpoints = parse_endpoints(options);
    if (!endpoints) return endpoints.error();
    auto map = parse_mappings(options);
    if (!map) return map.error();
    auto launcher_options = parse_launcher_options(options);
    if (!launcher_options) return launcher_options.error();
    auto fallback = fallback_directory(options);
    if (!fallback) return fallback.error();

    // Work that is under way when the loop is destroyed still uses the store, so that comes first.
    const auto root = store_directory(options);
    if (!root) return root.error();
    const ProgramStore store(*root, options.cache_size);
    std::vector<char> scratch(limits::output_read);
    uv::Loop loop;
    enlarge_thread_pool(loop.get());
    WorkLanes lanes(loop.get());
    const EndWithoutLanes end_without_lanes(lanes);
    DiscardedOutput discarded_output(scratch, limits::discarded_outputs);
    SessionServices services{.loop = loop.get(),
                             .launcher = nullptr,
                             .map = std::move(*map),
                             .fallback_directory = std::move(*fallback),
                             .store = options.cache_size > 0 && !root->empty() ? &store : nullptr,
                             .store_directory = *root,
                             .lanes = &lanes,
                             .audit = make_audit_sink(options.log_format),
                             .scratch = scratch,
                             .discarded_output = &discarded_output,
                             .keys = {},
                             .launch_policy = {},
                             .search_path = user_search_path(),
                             .drain_limit = options.drain_limit};
    if (!options.key_file.empty()) {
        auto keys = read_key_file(options.key_file);
        if (!keys) return keys.error();
        services.keys = std::move(*keys);
    }
    if (!options.policy_file.empty()) {
        auto policy = read_launch_policy(options.policy_file, path_flavour());
        if (!policy) return policy.error();
        services.launch_policy = std::move(*policy);
    }
    BridgeServer::Settings settings;
    settings.policy = {.own_user_id = own_user_id(),
                       .allowed_context_ids = options.allowed_context_ids,
                       .vsock_needs_key = options.vsock_needs_key,
                       .vsock_admits_any_port = options.vsock_admits_any_port,
                       .has_keys = !options.key_file.empty(),
                       .shares_namespaces = shares_own_namespaces};
    settings.max_sessions = options.max_sessions;

    const auto launcher = make_process_launcher(loop.get(), *launcher_options);
    services.launcher = launcher.get();
    NameListing name_listing(loop.get(), lanes.files, list_named_programs, limits::listing);
    services.name_listing = &name_listing;
    BridgeServer server(services, std::move(settings), [&loop] { loop.stop(); });
    std::string lines;
    for (const auto& endpoint : *endpoints) {
        auto listening = server.listen(endpoint);
        if (!listening) return listening.error();
        proto::info("listening on " + *listening);
        lines += *listening + "\n";
    }
    auto signals = watch_stop_signals(loop.get(), server);
    if (!signals) return signals.error();
    if (auto announced = announce(lines, options); !announced) return announced;
    loop.run();
    return {};
}

}  // namespace hostbridge
