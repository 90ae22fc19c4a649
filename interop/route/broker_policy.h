// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

/// Whom the broker gives tickets to. Pure.
namespace interop {

struct IdRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    bool operator==(const IdRange&) const = default;
};

/// The last user id that an ordinary user has by Debian's rules, and the first.
inline constexpr IdRange ordinary_users{1000, 59999};

struct BrokerPolicy {
    /// By default whoever logs in, as on WSL: not the users that daemons run as.
    std::vector<IdRange> users{ordinary_users};
    std::vector<IdRange> groups;

    /// Why a process with these ids gets no ticket, a sentence for its user; nothing if it gets one. Root always does, since
    /// it can read the key; an id that stands for every unmapped user never does.
    [[nodiscard]] std::optional<std::string> refusal(std::uint32_t user_id,
                                                     std::span<const std::uint32_t> group_ids) const;
};

/// Ranges written as "1000", "1000-1999" or "*". Names of users are Errors: looking them up needs code that a static program
/// cannot load.
proto::Result<std::vector<IdRange>> parse_id_ranges(std::span<const std::string_view> words);

}  // namespace interop
