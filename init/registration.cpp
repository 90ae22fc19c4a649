// SPDX-License-Identifier: MIT
#include "init/registration.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "init/messages.h"
#include "init/rule_probe.h"
#include "init/unregister_marker.h"
#include "interop/os/auxiliary_vector.h"
#include "interop/os/mount.h"
#include "proto/base/log.h"

namespace init {
namespace {

constexpr int most_attempts = 5;

proto::Result<std::string> own_path() {
    char target[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", target, sizeof target);
    if (length <= 0) return proto::errno_error(errno, "find my own path (is /proc mounted?)");
    return std::string(target, static_cast<std::size_t>(length));
}

proto::Result<RegistrationRequest> complete(RegistrationRequest request) {
    if (!request.rule.interpreter.empty()) return request;
    auto path = own_path();
    if (!path) return path.error();
    request.rule.interpreter = *std::move(path);
    return request;
}

std::vector<BinfmtRule> rules_of(const RegistrationRequest& request) {
    std::vector<BinfmtRule> rules{request.rule};
    if (request.com) {
        for (BinfmtRule& rule : com_rules(request.rule)) rules.push_back(std::move(rule));
    }
    return rules;
}

RegistrationStatus complain(RegistrationStatus status, const std::string& sentence) {
    warn_user(sentence);
    return status;
}

RegistrationStatus complain_about_missing_table(const std::string& directory) {
    return complain(RegistrationStatus::no_binfmt_misc,
                    "binfmt_misc is not mounted on " + directory + ": mount -t binfmt_misc binfmt_misc " + directory +
                        " (if that fails, the kernel module binfmt_misc is missing)");
}

RegistrationStatus complain_about(const proto::Error& error) {
    if (error.code.value() == EACCES || error.code.value() == EPERM) {
        return complain(RegistrationStatus::no_permission,
                        error.message() + " (rules can be changed by root, in a user namespace by its root)");
    }
    return complain(RegistrationStatus::failed, error.message());
}

RegistrationStatus complain_about_rule(const BinfmtRule& rule, const proto::Error& error) {
    switch (error.code.value()) {
        case ENOENT: return complain(RegistrationStatus::failed, "interpreter " + rule.interpreter + " does not exist");
        case EINVAL: return complain(RegistrationStatus::failed, "this kernel does not accept flags " + rule.flags);
        default: return complain_about(error);
    }
}

/// Makes room for the rule; `done` if its name is free now.
RegistrationStatus remove_predecessor(const BinfmtTable& table, const BinfmtRule& rule, bool replace) {
    const auto present = table.find(rule.name);
    if (!present) return complain_about(present.error());
    if (!present->has_value()) return RegistrationStatus::done;
    if ((*present)->interpreter != rule.interpreter && !replace) {
        return complain(RegistrationStatus::other_interpreter,
                        "rule " + rule.name + " exists for another interpreter, " + (*present)->interpreter +
                            " (register --replace, or unregister first)");
    }
    // An init that looks after the rule must not put it back before we have.
    (void)mark_unregistered(table, rule.name);
    const auto removed = table.remove(rule.name);
    const bool is_gone = removed || removed.error().code == std::errc::no_such_file_or_directory;
    return is_gone ? RegistrationStatus::done : complain_about(removed.error());
}

RegistrationStatus replace_rule(const BinfmtTable& table, const BinfmtRule& rule, bool replace) {
    for (int attempt = 1;; ++attempt) {
        const auto status = remove_predecessor(table, rule, replace);
        if (status != RegistrationStatus::done) return status;
        const auto added = table.add(rule);
        if (added) return RegistrationStatus::done;
        // Somebody else has registered one meanwhile.
        const bool may_be_replaced = added.error().code == std::errc::file_exists && attempt < most_attempts;
        if (!may_be_replaced) return complain_about_rule(rule, added.error());
    }
}

RegistrationStatus add_rule(const BinfmtTable& table, const BinfmtRule& rule, bool replace) {
    const RegistrationStatus status = replace_rule(table, rule, replace);
    unmark_unregistered(table, rule.name);
    return status;
}

/// How many of the rules for files called .com there are.
std::size_t count_com_rules(const BinfmtTable& table, const std::string& name) {
    const auto rules = com_rules({.name = name});
    return static_cast<std::size_t>(std::ranges::count_if(rules, [&](const BinfmtRule& rule) {
        const auto present = table.find(rule.name);
        return present && present->has_value() && (*present)->enabled;
    }));
}

/// The rule was accepted. Whether it works is another question.
RegistrationStatus check_registered(const BinfmtTable& table, const BinfmtRule& rule) {
    if (!interop::kernel_tells_interpreters()) {
        proto::info("this kernel is older than 5.12 and does not tell an interpreter that it is one; call me " +
                    rule.interpreter + " only by the kernel, under another name by hand");
    }
    const auto enabled = table.is_enabled();
    if (!enabled) return complain_about(enabled.error());
    if (!*enabled) {
        return complain(
            RegistrationStatus::disabled,
            "the rule is registered, but binfmt_misc is switched off: echo 1 > " + table.directory() + "/status");
    }
    if (const auto probed = probe_rule(); !probed) {
        return complain(RegistrationStatus::not_working,
                        "the rule is registered, but does not work: " + probed.error().doing);
    }
    return RegistrationStatus::done;
}

std::string json_bool(bool value) { return value ? "true" : "false"; }

void print_json(bool mounted, bool enabled, const std::optional<RegisteredRule>& rule, std::size_t com) {
    std::string json = "{\"binfmt_misc_mounted\": " + json_bool(mounted);
    json += ", \"binfmt_misc_enabled\": " + json_bool(enabled);
    json += ", \"registered\": " + json_bool(rule.has_value());
    if (rule) {
        json += ", \"enabled\": " + json_bool(rule->enabled);
        json += ", \"interpreter\": " + json_string(rule->interpreter);
        json += ", \"flags\": " + json_string(rule->flags);
    }
    json += ", \"com\": " + json_bool(com != 0);
    print(json + ", \"kernel_tells_interpreters\": " + json_bool(interop::kernel_tells_interpreters()) + "}\n");
}

std::string status_sentence(const std::string& name, bool enabled, const std::optional<RegisteredRule>& rule) {
    if (!rule) return "not registered: there is no rule " + name + "\n";
    const std::string what =
        "MZ files are run by " + rule->interpreter + " (rule " + name + ", flags " + rule->flags + ")";
    if (!enabled) return "switched off with all of binfmt_misc: " + what + "\n";
    if (!rule->enabled) return "switched off: " + what + "\n";
    return "registered: " + what + "\n";
}

std::string why_not_mounted(const proto::Error& error) {
    switch (error.code.value()) {
        case ENODEV:
        case ENOENT: return "this kernel has no binfmt_misc (load its module: modprobe binfmt_misc)";
        case EPERM:
        case EACCES:
            return "binfmt_misc cannot be mounted here: a user namespace needs Linux 6.7 for rules of its own, and a "
                   "mount "
                   "namespace (unshare --user --mount)";
        default: return error.message();
    }
}

}  // namespace

RegistrationStatus register_rule(const RegistrationRequest& original) {
    const auto completed = complete(original);
    if (!completed) return complain_about(completed.error());
    const RegistrationRequest& request = *completed;
    if (const auto line = format_rule(request.rule); !line) {
        return complain(RegistrationStatus::usage, "cannot register " + line.error().doing);
    }
    const auto table = BinfmtTable::open(request.directory);
    if (!table) return complain_about_missing_table(request.directory);
    // A missing one is ENOENT only with flag F; the old rule should not be lost for it.
    if (::access(request.rule.interpreter.c_str(), F_OK) != 0)
        return complain_about_rule(request.rule, proto::errno_error(errno, ""));
    for (const BinfmtRule& rule : rules_of(request)) {
        const auto status = add_rule(*table, rule, request.replace);
        if (status != RegistrationStatus::done) return status;
    }
    return check_registered(*table, request.rule);
}

RegistrationStatus unregister_rule(const std::string& name, const std::string& directory) {
    const auto table = BinfmtTable::open(directory);
    if (!table) return complain_about_missing_table(directory);
    bool found = false;
    std::vector<std::string> names{name};
    for (const BinfmtRule& rule : com_rules({.name = name})) names.push_back(rule.name);
    for (const std::string& each : names) {
        const auto present = table->find(each);
        if (!present) return complain_about(present.error());
        if (!present->has_value()) continue;
        found = true;
        if (const auto marked = mark_unregistered(*table, each); !marked) {
            proto::warn("an init that looks after rule " + each + " will put it back: " + marked.error().message());
        }
        if (const auto removed = table->remove(each); !removed) return complain_about(removed.error());
    }
    return found ? RegistrationStatus::done : complain(RegistrationStatus::not_registered, "there is no rule " + name);
}

RegistrationStatus show_status(const std::string& name, const std::string& directory, StatusFormat format) {
    const auto table = BinfmtTable::open(directory);
    if (!table) {
        if (format == StatusFormat::json) print_json(false, false, std::nullopt, 0);
        return complain_about_missing_table(directory);
    }
    const auto enabled = table->is_enabled();
    if (!enabled) return complain_about(enabled.error());
    const auto rule = table->find(name);
    if (!rule) return complain_about(rule.error());
    const std::size_t com = count_com_rules(*table, name);
    if (format == StatusFormat::json) {
        print_json(true, *enabled, *rule, com);
    } else {
        print(status_sentence(name, *enabled, *rule));
        if (com != 0) print("files called .com are run by mzinit too (rules " + name + "-com, " + name + "-COM)\n");
    }
    if (!rule->has_value()) return RegistrationStatus::not_registered;
    return *enabled && (*rule)->enabled ? RegistrationStatus::done : RegistrationStatus::disabled;
}

RegisteredAtStart register_at_start(RegistrationRequest request) {
    if (const auto proc = interop::ensure_proc(); !proc)
        return {complain(RegistrationStatus::failed, proc.error().message())};
    if (const auto mounted = interop::ensure_binfmt_misc(BinfmtTable::usual_directory); !mounted) {
        return {complain(RegistrationStatus::no_binfmt_misc, why_not_mounted(mounted.error()))};
    }
    request.replace = true;
    auto completed = complete(request);
    if (!completed) return {complain_about(completed.error())};
    return {register_rule(*completed), rules_of(*completed)};
}

}  // namespace init
