// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "init/binfmt_rule.h"
#include "init/binfmt_table.h"
#include "init/registration.h"
#include "init/restore_limit.h"
#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace init {

/// Puts rules back that somebody has removed, as a run of systemd-binfmt does with all. It learns of it from the
/// kernel (inotify) and never wakes up by itself, but for a timer after too many losses in a minute (RestoreLimit). It
/// does nothing while binfmt_misc is switched off, and for a rule that `mzinit unregister` removed. A rule that is
/// switched off, or that has been replaced by another of its name, is there. For the loop of a process that is init.
class RuleGuard {
  public:
    /// Says what was done, a sentence each. It must not block.
    using Report = void (*)(std::string_view sentence) noexcept;

    /// Watches the rules, which are registered. Their interpreter stays open.
    static proto::Result<RuleGuard> watch(RegisteredRules registered, const std::string& directory, Report report);

    /// Poll it for reading, and call on_readable() then. It never changes.
    [[nodiscard]] int descriptor() const noexcept { return readiness_.get(); }

    void on_readable(std::chrono::steady_clock::time_point now) noexcept;

  private:
    RuleGuard(RegisteredRules registered, BinfmtTable table, Report report)
        : registered_(std::move(registered)), table_(std::move(table)), report_(report) {}

    proto::Result<void> subscribe();
    [[nodiscard]] bool is_lost(const BinfmtRule& rule) const;
    void restore_lost(std::chrono::steady_clock::time_point now);
    void restore(const BinfmtRule& rule) const;
    void wait_for_chance() const;

    RegisteredRules registered_;
    BinfmtTable table_;
    Report report_;
    interop::UniqueFd changes_;    // inotify
    interop::UniqueFd timer_;      // armed only after too many losses
    interop::UniqueFd readiness_;  // epoll: either of them
    RestoreLimit limit_;
};

}  // namespace init
