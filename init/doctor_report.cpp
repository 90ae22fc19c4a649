// SPDX-License-Identifier: MIT
#include "init/doctor_report.h"

#include "init/messages.h"
#include "interop/text/printable.h"

namespace init {
namespace {

using interop::HostExamination;
using interop::HostProof;
using Level = Finding::Level;

const char* word(Level level) {
    switch (level) {
        case Level::ok: return "ok";
        case Level::warning: return "warning";
        case Level::problem: break;
    }
    return "problem";
}

const char* word(HostProof proof) {
    switch (proof) {
        case HostProof::none: return "none";
        case HostProof::identity: return "identity";
        case HostProof::key: return "key";
        case HostProof::ticket: break;
    }
    return "ticket";
}

std::string json_of(const HostExamination& host) {
    std::string json = "{\"endpoint\": " + json_string(to_string(host.endpoint));
    if (host.failure) return json + ", \"answers\": false, \"reason\": " + json_string(host.failure->message()) + "}";
    json += ", \"answers\": true, \"round_trip_us\": " + std::to_string(host.round_trip.count());
    json += ", \"software\": " + json_string(host.info.software()) + ", \"system\": " + json_string(host.info.system());
    json +=
        ", \"protocol\": " + std::to_string(host.version) + ", \"authentication\": " + json_string(word(host.proof));
    if (!host.proof_name.empty()) json += ", \"key\": " + json_string(host.proof_name);
    return json + "}";
}

}  // namespace

std::string findings_text(const std::vector<Finding>& findings) {
    constexpr std::size_t widest = 9;  // "problem" and two blanks
    std::string text;
    for (const Finding& finding : findings) {
        std::string line = word(finding.level);
        line.resize(widest, ' ');
        // The agent's words, and those of paths, are in it.
        text += line + interop::printable_line(finding.subject + ": " + finding.text) + "\n";
        if (!finding.advice.empty())
            text += std::string(widest, ' ') + "-> " + interop::printable_line(finding.advice) + "\n";
    }
    return text;
}

std::string findings_json(const std::vector<Finding>& findings, const DoctorFacts& facts) {
    std::string json = std::string("{\"ok\": ") + (has_problem(findings) ? "false" : "true") + ", \"findings\": [";
    std::string_view separator;
    for (const Finding& finding : findings) {
        json += separator;
        json += "{\"level\": " + json_string(word(finding.level)) + ", \"check\": " + json_string(finding.check);
        json += ", \"subject\": " + json_string(finding.subject) + ", \"text\": " + json_string(finding.text);
        json += ", \"advice\": " + (finding.advice.empty() ? "null" : json_string(finding.advice)) + "}";
        separator = ", ";
    }
    json += "], \"agents\": [";
    separator = "";
    for (const HostExamination& host : facts.hosts) {
        json += separator;
        json += json_of(host);
        separator = ", ";
    }
    return json + "]}\n";
}

}  // namespace init
