// SPDX-License-Identifier: MIT
#include "interop/session/guest_report.h"

#include "interop/session/exit_status.h"
#include "interop/session/host_dialing.h"
#include "interop/session/host_request.h"
#include "proto/wire/limits.h"
#include "proto/wire/utf8_text.h"

namespace interop {
namespace {

namespace limits = proto::limits;

constexpr int shell_status_of_signal = 128;

/// Not in the middle of a character: half of one would not be UTF-8.
std::string cut_text(std::string text, std::size_t limit) {
    if (text.size() <= limit) return text;
    const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    while (limit > 0 && is_continuation(text[limit])) --limit;
    text.resize(limit);
    return text;
}

std::string command_line_of(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += word;
        if (line.size() > limits::max_reported_command_length) break;
    }
    line.resize(std::min(line.size(), limits::max_reported_command_length));
    return line;
}

proto::Result<void> report_to(HostConnection& host, const mzinit::v1::Report& report) {
    if ((host.protocol->agreement().capabilities & proto::capability::reports) == 0) {
        return proto::stated_error("the agent does not take reports");
    }
    host.protocol->send_report(report);
    // Nothing else than ReportTaken is an answer to a report: the protocol has seen to that.
    auto answer = await_answer(host);
    if (!answer) return answer.error();
    return {};
}

}  // namespace

mzinit::v1::Report make_report(const EndedCommand& ended) {
    mzinit::v1::Report report;
    report.set_machine(cut_text(proto::to_utf8_text(ended.machine), limits::max_machine_name_length));
    report.set_command(command_line_of(ended.words));
    if (ended.signal == 0) {
        report.set_code(static_cast<std::uint32_t>(ended.exit_code));
    } else if (const auto signal = reported_signal(ended.signal)) {
        report.set_signal(*signal);
    } else {
        report.set_code(static_cast<std::uint32_t>(shell_status_of_signal + ended.signal));
    }
    return report;
}

proto::Result<void> report_to_host(const Configuration& configuration, const mzinit::v1::Report& report) {
    auto host = dial_host(configuration);
    if (!host) return host.error();
    if (auto reported = report_to(host->connection, report); !reported) {
        return proto::stated_error(to_string(host->endpoint) + ": " + reported.error().message());
    }
    return {};
}

}  // namespace interop
