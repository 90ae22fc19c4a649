// SPDX-License-Identifier: MIT
#include "init/registration.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "init/embedded_interpreter.h"
#include "init/messages.h"
#include "init/registration_report.h"
#include "init/registration_settings.h"
#include "init/own_program.h"
#include "init/rule_probe.h"
#include "init/rule_rivals.h"
#include "init/status_protection.h"
#include "init/unregister_marker.h"
#include "interop/os/auxiliary_vector.h"
#include "interop/os/mount.h"
#include "proto/base/log.h"

namespace init {
namespace {

constexpr int most_attempts = 5;

RegistrationStatus complain(const Refusal& refusal) {
    warn_user(refusal.sentence);
    return refusal.status;
}

RegistrationStatus complain(RegistrationStatus status, const std::string& sentence) {
    return complain(Refusal{status, sentence});
}

/// One registration: the rule, and those that go with it.
class Registration {
  public:
    Registration(const BinfmtTable& table, const RegistrationRequest& request)
        : table_(table), request_(request), program_(request.rule.interpreter) {}

    RegistrationStatus run();
    RegisteredRules finish(RegistrationStatus status) && { return {status, rules(), std::move(interpreter_)}; }

  private:
    [[nodiscard]] std::vector<BinfmtRule> rules() const;
    RegistrationStatus register_embedded();
    [[nodiscard]] RegistrationStatus register_and_test() const;
    [[nodiscard]] RegistrationStatus add(const BinfmtRule& rule) const;
    [[nodiscard]] RegistrationStatus add_in_place(const BinfmtRule& rule) const;
    [[nodiscard]] RegistrationStatus remove_predecessor(const BinfmtRule& rule) const;
    [[nodiscard]] RegistrationStatus test() const;
    [[nodiscard]] RegistrationStatus protect() const;
    void warn_of_rivals() const;

    const BinfmtTable& table_;
    RegistrationRequest request_;
    std::string program_;  // which the interpreter is, or is a copy of
    interop::UniqueFd interpreter_;
};

std::vector<BinfmtRule> Registration::rules() const {
    std::vector<BinfmtRule> rules{request_.rule};
    if (request_.com) {
        for (BinfmtRule& rule : com_rules(request_.rule)) rules.push_back(std::move(rule));
    }
    if (request_.batch) {
        for (BinfmtRule& rule : batch_rules(request_.rule)) rules.push_back(std::move(rule));
    }
    return rules;
}

RegistrationStatus Registration::run() {
    const RegistrationStatus status = request_.embed_config ? register_embedded() : register_and_test();
    if (status != RegistrationStatus::done) return status;
    if (embedding_of(request_.rule.interpreter) != Embedding::file) remove_interpreter_file(request_.rule.name);
    warn_of_rivals();
    return request_.protect ? protect() : status;
}

RegistrationStatus Registration::register_embedded() {
    const auto bytes = embed_current_configuration(program_);
    if (!bytes)
        return complain(RegistrationStatus::failed, "cannot embed the configuration: " + bytes.error().message());
    proto::Error last_problem;
    for (const Embedding where : {Embedding::memory, Embedding::file}) {
        auto placed = place_interpreter(where, *bytes, request_.rule.name);
        if (!placed) {
            last_problem = placed.error();
            continue;
        }
        request_.rule.interpreter = placed->path;
        interpreter_ = std::move(placed->file);
        const RegistrationStatus status = register_and_test();
        const bool may_work_as_file = where == Embedding::memory && (status == RegistrationStatus::not_working ||
                                                                     status == RegistrationStatus::no_permission);
        if (!may_work_as_file) return status;
    }
    return complain(explain_failure(last_problem));
}

RegistrationStatus Registration::register_and_test() const {
    for (const BinfmtRule& rule : rules()) {
        if (const auto status = add(rule); status != RegistrationStatus::done) return status;
    }
    return test();
}

RegistrationStatus Registration::add(const BinfmtRule& rule) const {
    const RegistrationStatus status = add_in_place(rule);
    unmark_unregistered(table_, rule.name);
    return status;
}

RegistrationStatus Registration::add_in_place(const BinfmtRule& rule) const {
    for (int attempt = 1;; ++attempt) {
        const auto status = remove_predecessor(rule);
        if (status != RegistrationStatus::done) return status;
        const auto added = table_.add(rule);
        if (added) return RegistrationStatus::done;
        // Somebody else has registered one meanwhile.
        const bool may_be_replaced = added.error().code == std::errc::file_exists && attempt < most_attempts;
        if (!may_be_replaced) return complain(explain_rejected_rule(rule, added.error()));
    }
}

/// Makes room for the rule; `done` if its name is free now.
RegistrationStatus Registration::remove_predecessor(const BinfmtRule& rule) const {
    const auto present = table_.find(rule.name);
    if (!present) return complain(explain_failure(present.error()));
    if (!present->has_value()) return RegistrationStatus::done;
    const std::string& interpreter = (*present)->interpreter;
    const bool is_ours = interpreter == program_ || embedding_of(interpreter) != Embedding::none;
    if (!is_ours && !request_.replace) return complain(explain_other_interpreter(**present));
    // An init that looks after the rule must not put it back before we have.
    (void)mark_unregistered(table_, rule.name);
    const auto removed = table_.remove(rule.name);
    const bool is_gone = removed || removed.error().code == std::errc::no_such_file_or_directory;
    return is_gone ? RegistrationStatus::done : complain(explain_failure(removed.error()));
}

/// The rule was accepted. Whether it works is another question.
RegistrationStatus Registration::test() const {
    if (!interop::kernel_tells_interpreters()) {
        proto::info("this kernel is older than 5.12 and does not tell an interpreter that it is one; call me " +
                    program_ + " only by the kernel, under another name by hand");
    }
    const auto enabled = table_.is_enabled();
    if (!enabled) return complain(explain_failure(enabled.error()));
    if (!*enabled) {
        return complain(
            RegistrationStatus::disabled,
            "the rule is registered, but binfmt_misc is switched off: echo 1 > " + table_.directory() + "/status");
    }
    if (const auto probed = probe_rule(); !probed) {
        return complain(RegistrationStatus::not_working,
                        "the rule is registered, but does not work: " + probed.error().doing);
    }
    return RegistrationStatus::done;
}

void Registration::warn_of_rivals() const {
    auto rules = table_.list();
    if (!rules) return;
    std::erase_if(*rules, [](const RegisteredRule& rule) { return !rule.enabled; });
    for (const std::string& sentence : describe_rivals(find_mz_rules(std::move(*rules)), request_.rule.name)) {
        proto::warn(sentence);
    }
}

RegistrationStatus Registration::protect() const {
    const auto done = protect_status(table_);
    return done ? RegistrationStatus::done : complain(explain_failure(done.error()));
}

/// Nothing if the rule that is asked for could work.
std::optional<Refusal> refuse(const RegistrationRequest& request) {
    const auto unusable = [](const std::string& what) { return Refusal{RegistrationStatus::usage, what}; };
    if (const auto line = format_rule(request.rule); !line) return unusable("cannot register " + line.error().doing);
    if (request.embed_config && request.rule.flags.find('F') == std::string::npos) {
        return unusable("cannot register flags '" + request.rule.flags + "' with --embed-config, which needs F");
    }
    if (request.embed_config && !interop::kernel_tells_interpreters()) {
        return unusable("--embed-config needs Linux 5.12: this kernel does not tell an interpreter that it is one");
    }
    // A missing one is ENOENT only with flag F; the old rule should not be lost for it.
    if (::access(request.rule.interpreter.c_str(), F_OK) != 0) {
        return explain_rejected_rule(request.rule, proto::errno_error(errno, "find the interpreter"));
    }
    return std::nullopt;
}

RegisteredRules register_and_keep(RegistrationRequest request) {
    const RegistrationSettings settings = load_registration_settings();
    for (const std::string& warning : settings.warnings) proto::warn(warning);
    request.protect = request.protect || settings.protect;
    request.embed_config = request.embed_config || settings.embed_config;
    if (request.rule.interpreter.empty()) {
        auto path = own_program_path();
        if (!path) return {complain(explain_failure(path.error()))};
        request.rule.interpreter = *std::move(path);
    }
    if (const auto refusal = refuse(request)) return {complain(*refusal)};
    const auto table = BinfmtTable::open(request.directory);
    if (!table) return {complain(explain_missing_table(request.directory))};
    Registration registration(*table, request);
    const RegistrationStatus status = registration.run();
    return std::move(registration).finish(status);
}

proto::Result<void> remove_rule(const BinfmtTable& table, const std::string& name) {
    if (const auto marked = mark_unregistered(table, name); !marked) {
        proto::warn("an init that looks after rule " + name + " will put it back: " + marked.error().message());
    }
    return table.remove(name);
}

proto::Result<TableReport> look_at(const BinfmtTable& table, const std::string& name) {
    const auto enabled = table.is_enabled();
    if (!enabled) return enabled.error();
    auto rule = table.find(name);
    if (!rule) return rule.error();
    auto all = table.list();
    if (!all) return all.error();
    return TableReport{.name = name,
                       .is_mounted = true,
                       .is_enabled = *enabled,
                       .is_protected = is_status_protected(table),
                       .rule = std::move(*rule),
                       .mz_rules = find_mz_rules(std::move(*all)),
                       .kernel_tells_interpreters = interop::kernel_tells_interpreters()};
}

}  // namespace

RegistrationStatus register_rule(const RegistrationRequest& request) { return register_and_keep(request).status; }

RegistrationStatus unregister_rule(const std::string& name, const std::string& directory) {
    const auto table = BinfmtTable::open(directory);
    if (!table) return complain(explain_missing_table(directory));
    bool found = false;
    std::vector<std::string> names{name};
    for (const BinfmtRule& rule : extension_rules({.name = name})) names.push_back(rule.name);
    for (const std::string& each : names) {
        const auto present = table->find(each);
        if (!present) return complain(explain_failure(present.error()));
        if (!present->has_value()) continue;
        found = true;
        if (const auto removed = remove_rule(*table, each); !removed) return complain(explain_failure(removed.error()));
    }
    remove_interpreter_file(name);
    if (const auto undone = unprotect_status(*table); !undone) return complain(explain_failure(undone.error()));
    return found ? RegistrationStatus::done : complain(RegistrationStatus::not_registered, "there is no rule " + name);
}

proto::Result<TableReport> examine_table(const std::string& name, const std::string& directory) {
    const auto table = BinfmtTable::open(directory);
    return table ? look_at(*table, name) : table.error();
}

RegistrationStatus show_status(const std::string& name, const std::string& directory, StatusFormat format) {
    const auto show = [format](const TableReport& report) {
        print(format == StatusFormat::json ? status_json(report) : status_text(report));
    };
    const auto table = BinfmtTable::open(directory);
    if (!table) {
        if (format == StatusFormat::json) show({.name = name});
        return complain(explain_missing_table(directory));
    }
    const auto report = look_at(*table, name);
    if (!report) return complain(explain_failure(report.error()));
    show(*report);
    if (!report->rule) return RegistrationStatus::not_registered;
    return report->is_enabled && report->rule->enabled ? RegistrationStatus::done : RegistrationStatus::disabled;
}

RegisteredRules register_at_start(RegistrationRequest request) {
    if (const auto proc = interop::ensure_proc(); !proc) return {complain(explain_failure(proc.error()))};
    if (const auto mounted = interop::ensure_binfmt_misc(BinfmtTable::usual_directory); !mounted) {
        return {complain(explain_mount_failure(mounted.error()))};
    }
    request.replace = true;
    return register_and_keep(std::move(request));
}

}  // namespace init
