// SPDX-License-Identifier: MIT
#include "hostbridge/program_pattern.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "interop/text/utf16.h"

namespace hostbridge {
namespace {

using interop::PathFlavour;

/// What is compared, with `/` as the separator. Nothing if it is no text of that flavour.
std::optional<std::u16string> comparison_form(std::string_view path, PathFlavour flavour) {
    if (flavour == PathFlavour::posix) {
        std::u16string bytes;
        for (const char byte : path) bytes += static_cast<unsigned char>(byte);
        return bytes;
    }
    auto units = interop::utf8_to_utf16(path);
    if (!units) return std::nullopt;
    std::ranges::transform(*units, units->begin(),
                           [](char16_t unit) { return unit == u'\\' ? u'/' : interop::windows_upper_case(unit); });
    return units;
}

bool is_absolute(std::u16string_view path, PathFlavour flavour) {
    if (flavour == PathFlavour::posix) return path.starts_with(u'/');
    const bool is_on_drive = path.size() > 2 &&
                             (path[0] == u'?' || path[0] == u'*' || (path[0] >= u'A' && path[0] <= u'Z')) &&
                             path[1] == u':' && path[2] == u'/';
    return is_on_drive || (path.starts_with(u"//") && path.size() > 2 && path[2] != u'/');
}

/// Why no final path fits; null if one may. `path` begins where the root's own separators end.
const char* impossible_component(std::u16string_view path, PathFlavour flavour) {
    while (true) {
        const auto end = path.find(u'/');
        const std::u16string_view component = path.substr(0, end);
        if (component.empty()) return "it has an empty component";
        if (component == u"." || component == u"..") return "no final path has . or .. in it";
        if (flavour == PathFlavour::windows && (component.back() == u'.' || component.back() == u' '))
            return "Windows takes off a dot or blank at the end of a name";
        if (flavour == PathFlavour::windows && component.find_first_of(u":\"<>|") != std::u16string_view::npos)
            return "no name on Windows has such a character";
        if (component.size() > 2 && component.find(u"**") != std::u16string_view::npos)
            return "** has to be a component of its own";
        if (end == std::u16string_view::npos) return nullptr;
        path.remove_prefix(end + 1);
    }
}

}  // namespace

proto::Result<ProgramPattern> ProgramPattern::parse(std::string_view text, interop::PathFlavour flavour) {
    const auto refused = [text](std::string_view reason) {
        return proto::stated_error("\"" + std::string(text) + "\" is no pattern of programs (" + std::string(reason) +
                                   ")");
    };
    auto units = comparison_form(text, flavour);
    if (!units) return refused("it is not valid UTF-8");
    const bool is_anywhere = units->starts_with(u"**/");
    if (!is_anywhere && !is_absolute(*units, flavour))
        return refused("it begins neither with **/ nor as an absolute path");
    std::u16string_view rest = *units;
    if (!is_anywhere) {
        const bool is_on_drive = flavour == PathFlavour::windows && rest[1] == u':';
        rest.remove_prefix(is_on_drive ? 3 : rest.find_first_not_of(u'/'));
        if (rest.empty()) return refused("it names no program");
    }
    if (const char* reason = impossible_component(rest, flavour); reason != nullptr) return refused(reason);
    ProgramPattern pattern;
    pattern.units_ = std::move(*units);
    pattern.flavour_ = flavour;
    return pattern;
}

bool ProgramPattern::matches(std::string_view path) const {
    const auto subject = comparison_form(path, flavour_);
    if (!subject) return false;
    // can[i]: the pattern as far as it was read fits the first i units. Quadratic at worst, whatever the pattern.
    std::vector<char> can(subject->size() + 1, 0);
    can[0] = 1;
    for (std::size_t at = 0; at < units_.size();) {
        const std::u16string_view rest = std::u16string_view(units_).substr(at);
        std::vector<char> next(can.size(), 0);
        if (rest.starts_with(u"**/") && (at == 0 || units_[at - 1] == u'/')) {
            // No component, or all up to some separator.
            bool begun = false;
            for (std::size_t i = 0; i < can.size(); ++i) {
                next[i] = can[i] != 0 || (begun && i > 0 && (*subject)[i - 1] == u'/');
                begun = begun || can[i] != 0;
            }
            at += 3;
        } else if (rest.front() == u'*') {
            const bool crosses = rest.starts_with(u"**");
            bool reaches = false;
            for (std::size_t i = 0; i < can.size(); ++i) {
                reaches = can[i] != 0 || (reaches && (crosses || (*subject)[i - 1] != u'/'));
                next[i] = reaches ? 1 : 0;
            }
            at += crosses ? 2 : 1;
        } else {
            const bool is_any = rest.front() == u'?';
            for (std::size_t i = 1; i < can.size(); ++i) {
                const char16_t unit = (*subject)[i - 1];
                next[i] = can[i - 1] != 0 && (is_any ? unit != u'/' : unit == rest.front());
            }
            ++at;
        }
        can = std::move(next);
    }
    return can.back() != 0;
}

}  // namespace hostbridge
