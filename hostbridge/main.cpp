// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "hostbridge/agent.h"
#include "hostbridge/host_system.h"
#include "hostbridge/key_file.h"
#include "hostbridge/log_sink.h"
#include "interop/text/printable.h"

namespace {

int report(const proto::Result<void>& outcome) {
    if (outcome) return 0;
    std::fprintf(stderr, "hostbridge: %s\n", outcome.error().message().c_str());
    return 1;
}

// At most so many as a timer of milliseconds surely takes.
constexpr double most_seconds = 1e9;
// More than any system has sockets for one process.
constexpr int most_sessions = 1 << 24;

void add_seconds(CLI::App& app, const char* name, std::chrono::milliseconds& value, const char* description) {
    app.add_option_function<double>(
           name,
           [&value](double seconds) { value = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)); },
           description)
        ->check(CLI::Range(0.0, most_seconds))
        ->type_name("SECONDS")
        ->default_str(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(value).count()));
}

// What a size cannot be; AsSizeValue would wrap it around.
std::string refuse_sign(const std::string& text) {
    return text.find('-') != std::string::npos ? "a size is not negative" : std::string();
}

void add_options(CLI::App& app, hostbridge::AgentOptions& options, bool& json) {
    app.add_option("--listen", options.endpoints,
                   "Where to listen: unix:PATH, tcp:127.0.0.1:PORT, tcp:[::1]:PORT, vsock:PORT")
        ->type_name("ENDPOINT");
    app.add_option("--key-file", options.key_file, "Keys that tcp clients must know")->type_name("FILE");
    app.add_option("--policy", options.policy_file, "Rules about who may launch programs")->type_name("FILE");
    app.add_option("--map", options.mappings, "A directory as the guest and as this host name it; may be repeated")
        ->type_name("GUEST=HOST");
    app.add_option("--fallback-dir", options.fallback_directory,
                   "Where programs start whose directory this host does not see; this user's home otherwise")
        ->type_name("DIRECTORY");
    app.add_option_function<std::string>(
           "--log", [&json](const std::string& format) { json = format == "json"; },
           "Format of the log on standard error")
        ->check(CLI::IsMember({"text", "json"}));
    app.add_option("--runner", options.runners,
                   "What runs programs of a kind (pe64, pe32, dotnet, dos, win16, batch); %p is the program. By "
                   "itself: wine, and "
                   "mono for dotnet and a DOS emulator for dos, if they are on PATH")
        ->type_name("KIND=COMMAND");
    app.add_option("--allow-cid", options.allowed_context_ids, "A vsock context id that may connect; may be repeated");
    app.add_flag("--vsock-key", options.vsock_needs_key, "Ask all vsock clients for the key, the guests' root, too");
    app.add_flag("--vsock-any-port", options.vsock_admits_any_port,
                 "Ask no vsock client for the key because its port is not one of the guest's root (below 1024)");
    app.add_option("--max-sessions", options.max_sessions, "How many clients are served at once")
        ->check(CLI::Range(1, most_sessions))
        ->capture_default_str();
    app.add_option("--cache-dir", options.cache_directory,
                   "Where programs are kept that this host does not see; nobody else may have access")
        ->type_name("DIRECTORY");
    app.add_option("--cache-size", options.cache_size, "How much of them is kept, such as 500MB; 0: none is")
        ->transform(CLI::AsSizeValue(false))
        ->transform(CLI::Validator(refuse_sign, ""))
        ->type_name("SIZE")
        ->default_str("1GB");
    app.add_option("--exit-object", options.exit_object, "libmzexit.so, which reports all 32 bits of Wine's exit codes")
        ->type_name("FILE");
    add_seconds(app, "--drain-time", options.drain_limit,
                "How long what a program left running may hold its output; after that it is thrown away");
    add_seconds(app, "--grace", options.grace, "How long programs have to end by themselves after SIGTERM or SIGHUP");
    app.add_option("--ready-fd", options.ready_fd, "Descriptor that gets the endpoints, one a line, once all listen")
        ->type_name("N");
    app.add_option("--ready-file", options.ready_file, "File that is made with the endpoints once all listen")
        ->type_name("FILE");
}

int run(const std::vector<std::string>& arguments) {
    if (const auto code = hostbridge::run_as_helper(arguments)) return *code;
    CLI::App app("Starts Windows programs for Linux guests and carries their streams", "hostbridge");
    app.set_version_flag("--version", "hostbridge " MZINIT_VERSION);
    app.failure_message([](const CLI::App*, const CLI::Error& failure) {
        return "hostbridge: " + interop::printable_line(failure.what()) + " (--help tells more)\n";
    });
    hostbridge::AgentOptions options;
    bool json = false;
    add_options(app, options, json);
    std::string new_key_file;
    auto* keygen = app.add_subcommand("keygen", "Make a file with a new key");
    keygen->add_option("FILE", new_key_file, "The file; it must not exist")->required();
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    try {
        app.parse(static_cast<int>(argv.size()), argv.data());
    } catch (const CLI::ParseError& failure) {
        return app.exit(failure) == 0 ? 0 : 2;  // --help and --version are no failures
    }

    if (keygen->parsed()) return report(hostbridge::create_key_file(new_key_file));
    if (options.endpoints.empty()) {
        std::fputs("hostbridge: nothing to listen on; give --listen ENDPOINT\n", stderr);
        return 2;
    }
    options.log_format = json ? hostbridge::LogFormat::json : hostbridge::LogFormat::text;
    hostbridge::install_log_sink(options.log_format);
    hostbridge::prepare_agent_process();
    return report(hostbridge::run_agent(options));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(hostbridge::utf8_arguments(argc, argv));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "hostbridge: %s\n", failure.what());
        return 1;
    }
}
