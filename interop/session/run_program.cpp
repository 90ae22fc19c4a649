// SPDX-License-Identifier: MIT
#include "interop/session/run_program.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <stdio.h>
#include <unistd.h>

#include "interop/route/client_key.h"
#include "interop/route/configuration.h"
#include "interop/route/wine_fallback.h"
#include "interop/session/host_connection.h"
#include "interop/session/host_session.h"
#include "interop/session/launch_request.h"
#include "interop/session/program_file.h"
#include "interop/text/printable.h"

namespace interop {
namespace {

// A runner of an agent on this machine, or a shim, may lead back to us: MZINIT_DEPTH counts, and this ends it.
constexpr unsigned deepest = 8;

class ProgramRun {
  public:
    explicit ProgramRun(ProgramInvocation invocation) : invocation_(std::move(invocation)) {}

    int run();

  private:
    /// One line on standard error: "mzinit: report.exe: REASON".
    int fail(int code, const std::string& reason) const;
    [[nodiscard]] std::optional<std::string> refusal() const;
    SessionOutcome try_host();
    /// Ends as the program did.
    [[nodiscard]] int finish(const Ended& ended) const;
    proto::Result<HostConnection> connect(std::string& problems);
    proto::Result<proto::Key>& key();

    ProgramInvocation invocation_;
    ProgramFile program_;
    Configuration configuration_;
    unsigned depth_ = 0;
    std::optional<proto::Result<proto::Key>> key_;
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

unsigned current_depth() {
    const char* text = std::getenv("MZINIT_DEPTH");
    unsigned depth = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), depth);
    return depth;
}

int ProgramRun::fail(int code, const std::string& reason) const {
    // Parts of it may come from the agent.
    // It must not cost the status either: nobody may be reading.
    signal(SIGPIPE, SIG_IGN);
    const std::string line = printable_line(base_name(invocation_.path) + ": " + reason);
    dprintf(STDERR_FILENO, "mzinit: %s\n", line.c_str());
    return code;
}

int exit_code_of_open(const std::error_code& code) {
    const bool missing = code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
    return missing ? exit_code::not_found : exit_code::cannot_run;
}

/// Why the image will not be started by any backend, or nothing.
std::optional<std::string> ProgramRun::refusal() const {
    const ImageDescription& image = program_.image;
    const bool runnable = image.kind == ImageKind::pe && !image.is_dll &&
                          (image.subsystem == Subsystem::windows_console || image.subsystem == Subsystem::windows_gui);
    if (runnable) return std::nullopt;
    return "cannot run: this is " + describe(image);
}

proto::Result<proto::Key>& ProgramRun::key() {
    if (!key_) key_.emplace(load_client_key(configuration_.key_file));
    return *key_;
}

proto::Result<HostConnection> ProgramRun::connect(std::string& problems) {
    for (const Endpoint& endpoint : configuration_.endpoints) {
        std::optional<proto::Key> own_key;
        proto::Error error;
        bool usable = true;
        if (endpoint.kind != Endpoint::Kind::unix_socket) {
            if (key()) {
                own_key = *key();
            } else if (endpoint.kind == Endpoint::Kind::tcp) {
                error = key().error();
                usable = false;
            }
        }
        if (usable) {
            auto connection = open_host_connection(endpoint, own_key);
            if (connection) return connection;
            error = connection.error();
        }
        if (!problems.empty()) problems += "; ";
        problems += to_string(endpoint) + ": " + error.message();
    }
    return proto::errno_error(ENOTCONN, "no agent");
}

SessionOutcome ProgramRun::try_host() {
    std::string problems;
    auto connection = connect(problems);
    if (!connection) return NotStarted{"no agent answers (" + problems + ")", exit_code::bridge_failed};
    const Passing passing = connection->passes_descriptors ? Passing::descriptors : Passing::none;
    const LaunchRequest request = make_launch_request(invocation_, program_, configuration_, depth_ + 1, passing);
    return run_host_session(std::move(*connection), request.launch, request.descriptors);
}

int ProgramRun::run() {
    depth_ = current_depth();
    if (depth_ >= deepest)
        return fail(exit_code::bridge_failed, "mzinit was started by what it started, again and again");
    auto program = open_program_file(invocation_.path, UniqueFd(std::exchange(invocation_.program_fd, -1)));
    if (!program) return fail(exit_code_of_open(program.error().code), program.error().message());
    program_ = std::move(*program);
    if (const auto refused = refusal()) return fail(exit_code::cannot_run, *refused);
    auto configuration = load_configuration();
    if (!configuration) return fail(exit_code::bridge_failed, configuration.error().message());
    configuration_ = std::move(*configuration);

    std::string reasons;
    int exit_code = exit_code::bridge_failed;
    for (const Backend backend : configuration_.pe_route) {
        if (backend == Backend::wine) {
            const FallbackFailure failure =
                exec_wine(program_.image, program_.absolute_path, invocation_.arguments, depth_ + 1);
            reasons += (reasons.empty() ? "" : "; ") + failure.reason;
            // What the host said of the program counts for more than that Wine is not here to try.
            if (failure.exit_code != exit_code::bridge_failed) exit_code = failure.exit_code;
            continue;
        }
        auto outcome = try_host();
        if (auto* ended = std::get_if<Ended>(&outcome)) return finish(*ended);
        if (auto* lost = std::get_if<Lost>(&outcome)) return fail(exit_code::bridge_failed, lost->reason);
        const auto& not_started = std::get<NotStarted>(outcome);
        reasons += (reasons.empty() ? "" : "; ") + not_started.reason;
        exit_code = not_started.exit_code;
    }
    return fail(exit_code, reasons);
}

int ProgramRun::finish(const Ended& ended) const {
    if (!ended.message.empty()) fail(0, ended.message);
    if (ended.action.signal != 0) die_of_signal(ended.action.signal);
    return ended.action.code;
}

}  // namespace

int run_program(ProgramInvocation invocation) { return ProgramRun(std::move(invocation)).run(); }

}  // namespace interop
