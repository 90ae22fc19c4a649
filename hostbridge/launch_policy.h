// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hostbridge/peer.h"
#include "proto/base/result.h"

namespace hostbridge {

/// Who of those that were admitted may launch programs: the rules of a --policy file, in their order. Grammar and meaning
/// are in README.md. Without any rule everybody may.
class LaunchPolicy {
  public:
    /// The Error names the line.
    static proto::Result<LaunchPolicy> parse(std::string_view text);

    /// Why `peer` may not launch anything, for it and for the log; nothing if it may.
    [[nodiscard]] std::optional<std::string> refusal(const Peer& peer) const;

  private:
    enum class Subject { user_id, group_id, context_id, key, transport };
    using Range = std::pair<std::uint32_t, std::uint32_t>;

    struct Condition {
        Subject subject;
        std::vector<Range> ranges;       // of the first three
        std::vector<std::string> names;  // of the others

        [[nodiscard]] bool holds(const Peer& peer) const;
    };

    struct Rule {
        bool allows = false;
        std::vector<Condition> conditions;  // all of them must hold
        std::size_t line = 0;
    };

    static proto::Result<Condition> parse_condition(std::string_view word);
    static proto::Result<Rule> parse_rule(const std::vector<std::string_view>& words);

    std::vector<Rule> rules_;
    bool has_file_ = false;
};

/// Reads and parses the policy of that file.
proto::Result<LaunchPolicy> read_launch_policy(const std::string& path);

}  // namespace hostbridge
