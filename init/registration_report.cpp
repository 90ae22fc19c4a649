// SPDX-License-Identifier: MIT
#include "init/registration_report.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "init/embedded_interpreter.h"
#include "init/messages.h"

namespace init {
namespace {

std::string json_bool(bool value) { return value ? "true" : "false"; }

std::string json_of(MzMatch match) {
    switch (match) {
        case MzMatch::all: return "\"all\"";
        case MzMatch::some: return "\"some\"";
        case MzMatch::by_name: return "\"by name\"";
        case MzMatch::none: break;
    }
    return "null";
}

std::string json_of(Embedding embedding) {
    switch (embedding) {
        case Embedding::memory: return "\"memory\"";
        case Embedding::file: return "\"file\"";
        case Embedding::none: break;
    }
    return "null";
}

/// One at least of those that `rules_of` makes.
bool has_rules(const TableReport& report, std::vector<BinfmtRule> (*rules_of)(const BinfmtRule&)) {
    return std::ranges::any_of(rules_of({.name = report.name}), [&](const BinfmtRule& rule) {
        return std::ranges::any_of(
            report.mz_rules, [&](const MzRule& each) { return each.rule.name == rule.name && each.rule.enabled; });
    });
}

std::string describe_interpreter(const std::string& interpreter) {
    switch (embedding_of(interpreter)) {
        case Embedding::memory: return "a copy of mzinit with its configuration, embedded in memory";
        case Embedding::file: return interpreter + ", a copy of mzinit with its configuration";
        case Embedding::none: break;
    }
    return interpreter;
}

std::string rule_sentence(const TableReport& report) {
    if (!report.rule) return "not registered: there is no rule " + report.name + "\n";
    const std::string what = "MZ files are run by " + describe_interpreter(report.rule->interpreter) + " (rule " +
                             report.name + ", flags " + report.rule->flags + ")\n";
    if (!report.is_enabled) return "switched off with all of binfmt_misc: " + what;
    if (!report.rule->enabled) return "switched off: " + what;
    return "registered: " + what;
}

}  // namespace

std::string status_text(const TableReport& report) {
    std::string text = rule_sentence(report);
    if (has_rules(report, com_rules)) {
        text += "files called .com are run by mzinit too (rules " + report.name + "-com, " + report.name + "-COM)\n";
    }
    if (has_rules(report, batch_rules)) {
        text += "files called .bat and .cmd are run by mzinit too (rules " + report.name + "-bat, " + report.name +
                "-BAT, " + report.name + "-cmd, " + report.name + "-CMD)\n";
    }
    for (const std::string& sentence : describe_rivals(report.mz_rules, report.name)) text += sentence + "\n";
    if (report.is_protected) text += "protected: all rules at once cannot be removed or switched off here\n";
    return text;
}

std::string status_json(const TableReport& report) {
    std::string json = "{\"binfmt_misc_mounted\": " + json_bool(report.is_mounted);
    json += ", \"binfmt_misc_enabled\": " + json_bool(report.is_enabled);
    json += ", \"protected\": " + json_bool(report.is_protected);
    json += ", \"registered\": " + json_bool(report.rule.has_value());
    if (report.rule) {
        json += ", \"enabled\": " + json_bool(report.rule->enabled);
        json += ", \"interpreter\": " + json_string(report.rule->interpreter);
        json += ", \"flags\": " + json_string(report.rule->flags);
        json += ", \"embedded\": " + json_of(embedding_of(report.rule->interpreter));
    }
    json += ", \"com\": " + json_bool(has_rules(report, com_rules));
    json += ", \"batch\": " + json_bool(has_rules(report, batch_rules)) + ", \"mz_rules\": [";
    std::string_view separator;
    for (const MzRule& each : report.mz_rules) {
        json += separator;
        json += "{\"name\": " + json_string(each.rule.name) + ", \"enabled\": " + json_bool(each.rule.enabled);
        json +=
            ", \"interpreter\": " + json_string(each.rule.interpreter) + ", \"matches\": " + json_of(each.match) + "}";
        separator = ", ";
    }
    return json + "], \"kernel_tells_interpreters\": " + json_bool(report.kernel_tells_interpreters) + "}\n";
}

Refusal explain_failure(const proto::Error& error) {
    switch (error.code.value()) {
        case EACCES:
        case EPERM:
            return {RegistrationStatus::no_permission,
                    error.message() + " (rules can be changed by root, in a user namespace by its root)"};
        case EROFS:
            return {RegistrationStatus::no_permission,
                    error.message() + " (binfmt_misc, or this file of it, is mounted read-only)"};
        default: return {RegistrationStatus::failed, error.message()};
    }
}

Refusal explain_missing_table(const std::string& directory) {
    return {RegistrationStatus::no_binfmt_misc, "binfmt_misc is not mounted on " + directory +
                                                    ": mount -t binfmt_misc binfmt_misc " + directory +
                                                    " (if that fails, the kernel module binfmt_misc is missing)"};
}

Refusal explain_mount_failure(const proto::Error& error) {
    switch (error.code.value()) {
        case ENODEV:
        case ENOENT:
            return {RegistrationStatus::no_binfmt_misc,
                    "this kernel has no binfmt_misc (load its module: modprobe binfmt_misc)"};
        case EPERM:
        case EACCES:
            return {RegistrationStatus::no_binfmt_misc,
                    "binfmt_misc cannot be mounted here: a user namespace needs Linux 6.7 for rules of its own, and a "
                    "mount namespace (unshare --user --mount)"};
        default: return {RegistrationStatus::no_binfmt_misc, error.message()};
    }
}

Refusal explain_rejected_rule(const BinfmtRule& rule, const proto::Error& error) {
    switch (error.code.value()) {
        case ENOENT: return {RegistrationStatus::failed, "interpreter " + rule.interpreter + " does not exist"};
        case EINVAL: return {RegistrationStatus::failed, "this kernel does not accept flags " + rule.flags};
        default: return explain_failure(error);
    }
}

Refusal explain_other_interpreter(const RegisteredRule& present) {
    return {RegistrationStatus::other_interpreter, "rule " + present.name + " exists for another interpreter, " +
                                                       present.interpreter +
                                                       " (register --replace, or unregister first)"};
}

}  // namespace init
