// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "init/binfmt_rule.h"
#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace init {

/// The rules of one mounted binfmt_misc. Every call goes to the kernel: others change the rules too. As long as this
/// object lives, the file system cannot be unmounted but lazily, and even then its rules stay: an unmount would drop
/// them all.
class BinfmtTable {
  public:
    static constexpr const char* usual_directory = "/proc/sys/fs/binfmt_misc";

    /// ENODEV if `directory` is no mounted binfmt_misc.
    static proto::Result<BinfmtTable> open(std::string directory);

    /// Whether rules are applied at all.
    [[nodiscard]] proto::Result<bool> is_enabled() const;

    /// The rule of that name; an empty optional if there is none.
    [[nodiscard]] proto::Result<std::optional<RegisteredRule>> find(const std::string& name) const;

    /// All rules, in the order in which the kernel asks them: the last registered first. Rules that are not of a form
    /// that we know are left out.
    [[nodiscard]] proto::Result<std::vector<RegisteredRule>> list() const;

    /// Adds the rule, which from then on is asked before all others; EEXIST if its name is taken.
    [[nodiscard]] proto::Result<void> add(const BinfmtRule& rule) const;

    /// Removes the rule; ENOENT if there is none.
    [[nodiscard]] proto::Result<void> remove(const std::string& name) const;

    [[nodiscard]] const std::string& directory() const { return directory_; }

    /// Of the file system: each user namespace has one of its own.
    [[nodiscard]] dev_t device() const { return device_; }

  private:
    BinfmtTable(std::string directory, interop::UniqueFd descriptor, dev_t device)
        : directory_(std::move(directory)), descriptor_(std::move(descriptor)), device_(device) {}

    [[nodiscard]] proto::Result<std::string> read(const std::string& name) const;
    [[nodiscard]] proto::Result<void> write(const std::string& name, std::string_view command,
                                            const std::string& doing) const;

    std::string directory_;
    interop::UniqueFd descriptor_;
    dev_t device_;
};

}  // namespace init
