// SPDX-License-Identifier: MIT
#include "interop/session/host_info.h"

#include "interop/route/runner.h"
#include "interop/session/host_dialing.h"
#include "interop/session/host_request.h"

namespace interop {
namespace {

const mzinit::v1::Runner* find_runner(const mzinit::v1::Info& info, std::string_view kind) {
    for (const auto& runner : info.runners()) {
        if (runner.kind() == kind) return &runner;
    }
    return nullptr;
}

}  // namespace

proto::Result<HostInfo> ask_host(const Configuration& configuration, const mzinit::v1::InfoRequest& request) {
    auto host = dial_host(configuration);
    if (!host) return host.error();
    host->connection.protocol->send_info_request(request);
    auto answer = await_answer(host->connection);
    if (!answer) return proto::stated_error(to_string(host->endpoint) + ": " + answer.error().message());
    // Nothing else than Info is an answer to InfoRequest: the protocol has seen to that.
    auto& received = std::get<proto::client_event::InfoReceived>(*answer);
    return HostInfo{std::move(host->endpoint), std::move(received.info)};
}

HostOffer offer_for(const ImageDescription& image, const mzinit::v1::Info& info) {
    const std::string_view kind = runner_kind(image);
    if (info.system() == "windows") {
        const bool is_old = kind == "dos" || kind == "win16";
        return {!is_old, is_old ? "64-bit Windows runs none of those" : "Windows decides when it is asked to"};
    }
    const mzinit::v1::Runner* runner = find_runner(info, kind);
    if (runner == nullptr && kind == "dotnet") runner = find_runner(info, image.bits == 64 ? "pe64" : "pe32");
    if (runner == nullptr) return {false, "it has no runner for those"};
    return {true, "it runs them by \"" + runner->command() + "\""};
}

}  // namespace interop
