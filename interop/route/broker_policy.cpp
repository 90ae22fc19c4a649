// SPDX-License-Identifier: MIT
#include "interop/route/broker_policy.h"

#include <algorithm>
#include <charconv>

namespace interop {
namespace {

constexpr std::uint32_t greatest_id = 0xFFFFFFFE;
// What the kernel shows of each user of another user namespace that has no id in ours: it may be anybody.
constexpr std::uint32_t overflow_id = 65534;

std::optional<std::uint32_t> parse_id(std::string_view text) {
    std::uint32_t id = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, id);
    if (text.empty() || problem != std::errc() || stopped != end || id > greatest_id) return std::nullopt;
    return id;
}

std::optional<IdRange> parse_range(std::string_view word) {
    if (word == "*") return IdRange{0, greatest_id};
    const auto dash = word.find('-');
    const auto first = parse_id(word.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_id(word.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return IdRange{*first, *last};
}

bool contains(const std::vector<IdRange>& ranges, std::uint32_t id) {
    return std::ranges::any_of(ranges, [id](const IdRange& range) { return range.first <= id && id <= range.last; });
}

}  // namespace

std::optional<std::string> BrokerPolicy::refusal(std::uint32_t user_id,
                                                 std::span<const std::uint32_t> group_ids) const {
    if (user_id == 0) return std::nullopt;
    if (user_id == overflow_id || user_id > greatest_id) {
        return "the broker cannot tell who you are: nobody (uid 65534) is also what users of other user namespaces look "
               "like; a key that you can read does without it";
    }
    if (contains(users, user_id)) return std::nullopt;
    const auto is_allowed = [this](std::uint32_t id) { return id != overflow_id && contains(groups, id); };
    if (std::ranges::any_of(group_ids, is_allowed)) return std::nullopt;
    return "the broker does not allow uid " + std::to_string(user_id) +
           " (neither allow_users nor allow_groups in its configuration, section [broker], has it)";
}

proto::Result<std::vector<IdRange>> parse_id_ranges(std::span<const std::string_view> words) {
    std::vector<IdRange> ranges;
    for (const std::string_view word : words) {
        const auto range = parse_range(word);
        if (!range) {
            return proto::stated_error("\"" + std::string(word) +
                                       "\" is no number, range of numbers or * (names are not looked up)");
        }
        ranges.push_back(*range);
    }
    return ranges;
}

}  // namespace interop
