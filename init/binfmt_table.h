// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "init/binfmt_rule.h"
#include "proto/base/result.h"

namespace init {

/// The rules of one mounted binfmt_misc. Every call goes to the kernel: others change the rules too.
class BinfmtTable {
  public:
    static constexpr const char* usual_directory = "/proc/sys/fs/binfmt_misc";

    /// ENODEV if `directory` is no mounted binfmt_misc.
    static proto::Result<BinfmtTable> open(std::string directory);

    /// Whether rules are applied at all.
    [[nodiscard]] proto::Result<bool> is_enabled() const;

    /// The rule of that name; an empty optional if there is none.
    [[nodiscard]] proto::Result<std::optional<RegisteredRule>> find(const std::string& name) const;

    /// Adds the rule, which from then on is asked before all others; EEXIST if its name is taken.
    [[nodiscard]] proto::Result<void> add(const BinfmtRule& rule) const;

    /// Removes the rule; ENOENT if there is none.
    [[nodiscard]] proto::Result<void> remove(const std::string& name) const;

    [[nodiscard]] const std::string& directory() const { return directory_; }

  private:
    explicit BinfmtTable(std::string directory) : directory_(std::move(directory)) {}

    std::string directory_;
};

}  // namespace init
