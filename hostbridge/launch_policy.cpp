// SPDX-License-Identifier: MIT
#include "hostbridge/launch_policy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "hostbridge/uv/file.h"
#include "proto/base/check.h"

namespace hostbridge {
namespace {

constexpr std::size_t largest_file = 64u << 10;

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto first = text.find_first_not_of(separators);
        if (first == std::string_view::npos) return parts;
        text.remove_prefix(first);
        parts.push_back(text.substr(0, text.find_first_of(separators)));
        text.remove_prefix(parts.back().size());
    }
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
    std::uint32_t number = 0;
    const auto [stopped, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || problem != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_number(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return std::pair(*first, *last);
}

/// The users of a unix socket are known by the kernel, those of a guest by their tickets.
std::optional<proto::GuestUser> user_of(const Peer& peer) {
    if (peer.transport == Peer::Transport::unix_socket) return proto::GuestUser{peer.user_id, peer.group_id};
    return peer.guest_user;
}

constexpr std::array<std::pair<std::string_view, Peer::Transport>, 3> transports{
    {{"unix", Peer::Transport::unix_socket}, {"vsock", Peer::Transport::vsock}, {"tcp", Peer::Transport::tcp}}};

std::string_view transport_of(const Peer& peer) {
    const auto transport = std::ranges::find(transports, peer.transport, &decltype(transports)::value_type::second);
    CHECK(transport != transports.end());
    return transport->first;
}

std::string_view name_of(ProgramIdentity::Origin origin) {
    return origin == ProgramIdentity::Origin::host ? "host" : "guest";
}

}  // namespace

bool LaunchPolicy::Condition::holds(const Peer& peer, const ProgramIdentity* program) const {
    const auto in_ranges = [this](std::uint32_t id) {
        return std::ranges::any_of(ranges,
                                   [id](const Range& range) { return range.first <= id && id <= range.second; });
    };
    const auto is_named = [this](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
    const auto user = user_of(peer);
    switch (subject) {
        case Subject::user_id: return user && in_ranges(user->user_id);
        case Subject::group_id: return user && in_ranges(user->group_id);
        case Subject::context_id: return peer.transport == Peer::Transport::vsock && in_ranges(peer.context_id);
        case Subject::key: return !peer.key_name.empty() && is_named(peer.key_name);
        case Subject::program:
            // Neither allow nor deny fits a name that the guest has chosen, as none fits a user that was not proved.
            return program != nullptr && program->origin == ProgramIdentity::Origin::host &&
                   std::ranges::any_of(patterns, [program](const ProgramPattern& pattern) {
                       return pattern.matches(program->final_path);
                   });
        case Subject::origin: return program != nullptr && is_named(name_of(program->origin));
        case Subject::transport: break;
    }
    return is_named(transport_of(peer));
}

proto::Result<LaunchPolicy::Condition> LaunchPolicy::parse_condition(std::string_view word,
                                                                     interop::PathFlavour flavour) {
    constexpr std::array<std::pair<std::string_view, Subject>, 7> subjects{{{"uid", Subject::user_id},
                                                                            {"gid", Subject::group_id},
                                                                            {"cid", Subject::context_id},
                                                                            {"key", Subject::key},
                                                                            {"transport", Subject::transport},
                                                                            {"program", Subject::program},
                                                                            {"origin", Subject::origin}}};
    const auto equals = std::min(word.find('='), word.size());
    const auto subject = std::ranges::find(subjects, word.substr(0, equals), &decltype(subjects)::value_type::first);
    const auto values = split(word.substr(std::min(equals + 1, word.size())), ",");
    if (subject == subjects.end() || values.empty()) {
        return proto::stated_error(
            "\"" + std::string(word) +
            "\" is no condition (wanted uid=, gid=, cid=, key=, transport=, program= or origin=, and values)");
    }
    Condition condition{.subject = subject->second, .ranges = {}, .names = {}, .patterns = {}};
    const bool is_numeric = condition.subject <= Subject::context_id;
    for (const std::string_view value : values) {
        const auto range = is_numeric ? parse_range(value) : std::nullopt;
        if (is_numeric && !range) {
            return proto::stated_error("\"" + std::string(value) + "\" is neither a number nor a range of numbers");
        }
        if (range) condition.ranges.push_back(*range);
        if (condition.subject == Subject::program) {
            auto pattern = ProgramPattern::parse(value, flavour);
            if (!pattern) return pattern.error();
            condition.patterns.push_back(std::move(*pattern));
        } else if (!is_numeric) {
            condition.names.emplace_back(value);
        }
        if (condition.subject == Subject::origin && value != "host" && value != "guest") {
            return proto::stated_error("\"" + std::string(value) + "\" is neither host nor guest");
        }
        if (condition.subject == Subject::transport &&
            std::ranges::find(transports, value, &decltype(transports)::value_type::first) == transports.end()) {
            return proto::stated_error("\"" + std::string(value) + "\" is none of unix, tcp and vsock");
        }
    }
    return condition;
}

proto::Result<LaunchPolicy::Rule> LaunchPolicy::parse_rule(const std::vector<std::string_view>& words,
                                                           interop::PathFlavour flavour) {
    if (words.front() != "allow" && words.front() != "deny") {
        return proto::stated_error("\"" + std::string(words.front()) + "\" is neither allow nor deny");
    }
    Rule rule;
    rule.allows = words.front() == "allow";
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto condition = parse_condition(words[i], flavour);
        if (!condition) return condition.error();
        rule.conditions.push_back(std::move(*condition));
    }
    return rule;
}

proto::Result<LaunchPolicy> LaunchPolicy::parse(std::string_view text, interop::PathFlavour flavour) {
    LaunchPolicy policy;
    policy.has_file_ = true;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto words = split(text.substr(0, end), " \t\r");
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.empty() || words.front().front() == '#') continue;
        auto rule = parse_rule(words, flavour);
        if (!rule) return proto::stated_error("line " + std::to_string(line) + ": " + rule.error().message());
        rule->line = line;
        policy.rules_.push_back(std::move(*rule));
    }
    return policy;
}

bool LaunchPolicy::Rule::looks_at_program() const {
    return std::ranges::any_of(conditions, &Condition::looks_at_program);
}

bool LaunchPolicy::depends_on_program(const Peer& peer) const {
    const auto rule = std::ranges::find_if(rules_, [&peer](const Rule& candidate) {
        return std::ranges::all_of(candidate.conditions, [&peer](const Condition& condition) {
            return condition.looks_at_program() || condition.holds(peer, nullptr);
        });
    });
    // The first that may decide: if it does not look at the program it does.
    return rule != rules_.end() && rule->looks_at_program();
}

std::optional<std::string> LaunchPolicy::refusal(const Peer& peer) const { return decide(peer, nullptr); }

std::optional<std::string> LaunchPolicy::refusal(const Peer& peer, const ProgramIdentity& program) const {
    return decide(peer, &program);
}

// Without a program, what a rule says about it holds if that allows something, and does not if it denies.
std::optional<std::string> LaunchPolicy::decide(const Peer& peer, const ProgramIdentity* program) const {
    if (!has_file_) return std::nullopt;
    const auto rule = std::ranges::find_if(rules_, [&peer, program](const Rule& candidate) {
        return std::ranges::all_of(candidate.conditions, [&](const Condition& condition) {
            if (program == nullptr && condition.looks_at_program()) return candidate.allows;
            return condition.holds(peer, program);
        });
    });
    if (rule == rules_.end()) return "the agent's policy has no rule that allows it";
    if (rule->allows) return std::nullopt;
    return "the agent's policy denies it (line " + std::to_string(rule->line) + ")";
}

proto::Result<LaunchPolicy> read_launch_policy(const std::string& path, interop::PathFlavour flavour) {
    auto file = uv::open_for_reading(path);
    if (!file) return file.error();
    std::string text(largest_file + 1, '\0');
    const auto size = uv::read_at(file->get(), 0, text);
    if (!size) return size.error();
    if (*size > largest_file) return proto::stated_error("policy file " + path + " is too large");
    text.resize(*size);
    auto policy = LaunchPolicy::parse(text, flavour);
    if (!policy) return proto::stated_error("policy file " + path + ", " + policy.error().message());
    return policy;
}

}  // namespace hostbridge
