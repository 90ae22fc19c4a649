// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hostbridge/peer.h"
#include "hostbridge/program_pattern.h"
#include "proto/base/result.h"

namespace hostbridge {

/// What a rule can say about a program that was found and is open.
struct ProgramIdentity {
    enum class Origin {
        host,   ///< A file of this host.
        guest,  ///< A copy of what came with the request. Its path says nothing: the guest has chosen its name.
    };
    Origin origin = Origin::host;
    std::string final_path;  ///< As final_path_of() has it; not looked at for Origin::guest.
};

/// Who of those that were admitted may launch which programs: the rules of a --policy file, in their order. Grammar and
/// meaning are in README.md. Without a file everybody may launch everything.
class LaunchPolicy {
  public:
    /// The Error names the line.
    static proto::Result<LaunchPolicy> parse(std::string_view text, interop::PathFlavour flavour);

    /// Why `peer` may not launch anything at all, for it and for the log; nothing if there may be a program that it may launch.
    [[nodiscard]] std::optional<std::string> refusal(const Peer& peer) const;

    /// The same of this program.
    [[nodiscard]] std::optional<std::string> refusal(const Peer& peer, const ProgramIdentity& program) const;

    /// Whether it depends on the program what this peer may launch: otherwise what refusal() says of the peer is all.
    [[nodiscard]] bool depends_on_program(const Peer& peer) const;

  private:
    enum class Subject { user_id, group_id, context_id, key, transport, program, origin };
    using Range = std::pair<std::uint32_t, std::uint32_t>;

    struct Condition {
        Subject subject;
        std::vector<Range> ranges;       // of the first three
        std::vector<std::string> names;  // of the others but program
        std::vector<ProgramPattern> patterns;

        [[nodiscard]] bool looks_at_program() const { return subject >= Subject::program; }
        [[nodiscard]] bool holds(const Peer& peer, const ProgramIdentity* program) const;
    };

    struct Rule {
        bool allows = false;
        std::vector<Condition> conditions;  // all of them must hold
        std::size_t line = 0;

        [[nodiscard]] bool looks_at_program() const;
    };

    static proto::Result<Condition> parse_condition(std::string_view word, interop::PathFlavour flavour);
    static proto::Result<Rule> parse_rule(const std::vector<std::string_view>& words, interop::PathFlavour flavour);
    [[nodiscard]] std::optional<std::string> decide(const Peer& peer, const ProgramIdentity* program) const;

    std::vector<Rule> rules_;
    bool has_file_ = false;
};

/// Reads and parses the policy of that file.
proto::Result<LaunchPolicy> read_launch_policy(const std::string& path, interop::PathFlavour flavour);

}  // namespace hostbridge
