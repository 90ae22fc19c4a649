// SPDX-License-Identifier: MIT
#include "interop/text/environment.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <map>
#include <unordered_map>

#include "interop/text/utf16.h"

namespace interop {
namespace {

struct NameIsLess {
    bool operator()(const std::u16string& left, const std::u16string& right) const {
        return compare_ignoring_case(left, right) < 0;
    }
};

/// Sorted as Windows wants a block to be. Assignment keeps the spelling of the name that was there first.
using WindowsVariables = std::map<std::u16string, std::u16string, NameIsLess>;

WindowsVariables parse_block(std::u16string_view block) {
    WindowsVariables variables;
    while (!block.empty() && block[0] != u'\0') {
        const std::u16string_view entry = block.substr(0, block.find(u'\0'));
        block.remove_prefix(std::min(block.size(), entry.size() + 1));
        // Hidden variables begin with '=': the one that ends the name is the next.
        const std::size_t equals = entry.find(u'=', 1);
        if (equals == std::u16string_view::npos) continue;
        variables[std::u16string(entry.substr(0, equals))] = entry.substr(equals + 1);
    }
    return variables;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.find('=') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

/// Equal for names of the same variable. What is no UTF-8 has no case.
std::string name_key(std::string_view name, NameCase name_case) {
    if (name_case == NameCase::distinguished) return std::string(name);
    auto units = utf8_to_utf16(name);
    if (!units) return std::string(name);
    std::ranges::transform(*units, units->begin(), windows_upper_case);
    return utf16_to_utf8(*units);
}

proto::Error bad_variable(std::string_view name, std::string_view reason) {
    // The name may be anything: only what can be shown of it goes into the message.
    std::string shown;
    for (const char c : name.substr(0, 64)) shown += c >= 0x20 && c < 0x7F ? c : '?';
    return proto::errno_error(EINVAL, "environment variable " + shown + " (" + std::string(reason) + ")");
}

/// What differs between the two ways.
struct Direction {
    bool WslenvEntry::*goes;
    char separator;        ///< Of lists on this side.
    char other_separator;  ///< On the other.
    const char* missing;   ///< The complaint about a path without a name there, which comes after it.
    bool keeps_lists;      ///< For WslenvSelection::path_lists.
    std::function<std::optional<std::string>(std::string_view path)> translate;
};

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

/// Chooses what crosses in one direction.
class WslenvSelector {
  public:
    WslenvSelector(const WslenvLookup& lookup, Direction direction)
        : lookup_(lookup), direction_(std::move(direction)) {}

    WslenvSelection select(std::string_view wslenv) {
        const Wslenv parsed = parse_wslenv(wslenv);
        for (const std::string& entry : parsed.dropped) warn("\"" + entry + "\" is not NAME or NAME/FLAGS");
        // The last entry for a name decides, flags included.
        std::unordered_map<std::string_view, const WslenvEntry*> last;
        for (const WslenvEntry& entry : parsed.entries) {
            if (entry.*direction_.goes) last[entry.name] = &entry;
        }
        const auto own = last.find("WSLENV");
        if (own == last.end()) selection_.overlay.emplace_back("WSLENV", wslenv);
        for (const WslenvEntry& entry : parsed.entries) {
            if (const auto found = last.find(entry.name); found != last.end() && found->second == &entry) add(entry);
        }
        return std::move(selection_);
    }

  private:
    void warn(std::string text) { selection_.warnings.push_back(std::move(text)); }

    void add(const WslenvEntry& entry) {
        std::optional<std::string> value = lookup_(entry.name).value_or("");
        if (entry.is_path_list && !value->empty()) value = translate_list(entry.name, *value);
        if (value) selection_.overlay.emplace_back(entry.name, std::move(*value));
    }

    /// Nothing if no path of the list is left.
    std::optional<std::string> translate_list(const std::string& name, std::string_view value) {
        std::optional<std::string> list;
        std::vector<SelectedPath> paths;
        for (std::size_t begin = 0; begin <= value.size();) {
            const std::size_t end = std::min(value.find(direction_.separator, begin), value.size());
            const std::string_view part = value.substr(begin, end - begin);
            begin = end + 1;
            if (part.empty()) continue;
            const std::optional<std::string> translated = direction_.translate(part);
            if (direction_.keeps_lists)
                paths.push_back({std::string(is_absolute(part) ? part : ""), translated.value_or("")});
            if (!translated) {
                warn(name + ": " + direction_.missing + std::string(part));
                continue;
            }
            if (list) {
                *list += direction_.other_separator;
                *list += *translated;
            } else {
                list = *translated;
            }
        }
        if (!paths.empty()) selection_.path_lists.emplace_back(name, std::move(paths));
        return list;
    }

    const WslenvLookup& lookup_;
    Direction direction_;
    WslenvSelection selection_;
};

/// False for flags that WSL does not know, which make the whole entry void.
bool apply_flags(std::string_view flags, WslenvEntry& entry) {
    for (const char flag : flags) {
        switch (flag) {
            case 'p':
            case 'l': entry.is_path_list = true; break;
            case 'u': entry.to_windows = false; break;
            case 'w': entry.to_guest = false; break;
            default: return false;
        }
    }
    return true;
}

}  // namespace

std::vector<std::string> merge_environment(const std::vector<std::string>& base, const EnvironmentOverlay& overlay,
                                           NameCase name_case) {
    // In the order of first mention; a deleted variable has no value.
    struct Variable {
        std::string name;
        std::optional<std::string> value;
    };
    std::vector<Variable> variables;
    std::unordered_map<std::string, std::size_t> positions;
    const auto set = [&](std::string_view name, std::optional<std::string> value) {
        const auto [position, is_new] = positions.try_emplace(name_key(name, name_case), variables.size());
        if (is_new) {
            variables.push_back({std::string(name), std::move(value)});
        } else {
            variables[position->second].value = std::move(value);
        }
    };
    for (const std::string& entry : base) {
        const std::size_t equals = entry.find('=');
        if (equals != std::string::npos && equals != 0)
            set(std::string_view(entry).substr(0, equals), entry.substr(equals + 1));
    }
    for (const auto& [name, value] : overlay) {
        if (!is_name(name) || value.find('\0') != std::string::npos) continue;
        set(name, value.empty() ? std::nullopt : std::optional(value));
    }
    std::vector<std::string> environment;
    for (const auto& [name, value] : variables) {
        if (value) environment.push_back(name + "=" + *value);
    }
    return environment;
}

proto::Result<void> check_variable_lengths(const EnvironmentOverlay& overlay) {
    for (const auto& [name, value] : overlay) {
        if (value.size() <= max_variable_units) continue;
        const std::optional<std::u16string> wide = utf8_to_utf16(value);
        if ((wide ? wide->size() : value.size()) <= max_variable_units) continue;
        return bad_variable(name, "longer than " + std::to_string(max_variable_units) + " characters");
    }
    return {};
}

proto::Result<std::u16string> merge_windows_environment(std::u16string_view base, const EnvironmentOverlay& overlay) {
    if (auto checked = check_variable_lengths(overlay); !checked) return checked.error();
    WindowsVariables variables = parse_block(base);
    for (const auto& [name, value] : overlay) {
        if (!is_name(name)) return bad_variable(name, "a name cannot be empty or contain '=' or NUL");
        if (value.find('\0') != std::string::npos) return bad_variable(name, "its value contains a NUL byte");
        const std::optional<std::u16string> wide_name = utf8_to_utf16(name);
        std::optional<std::u16string> wide_value = utf8_to_utf16(value);
        if (!wide_name || !wide_value) return bad_variable(name, "not valid UTF-8");
        if (wide_value->empty()) {
            variables.erase(*wide_name);
        } else {
            variables[*wide_name] = std::move(*wide_value);
        }
    }
    std::u16string block;
    for (const auto& [name, value] : variables) {
        block += name;
        block += u'=';
        block += value;
        block += u'\0';
    }
    // An empty block has two NULs as well.
    if (block.empty()) block += u'\0';
    block += u'\0';
    return block;
}

Wslenv parse_wslenv(std::string_view wslenv) {
    wslenv = wslenv.substr(0, wslenv.find_last_not_of(" \t\n\v\f\r") + 1);
    Wslenv parsed;
    for (std::size_t begin = 0; begin <= wslenv.size();) {
        const std::size_t end = std::min(wslenv.find(':', begin), wslenv.size());
        const std::string_view text = wslenv.substr(begin, end - begin);
        begin = end + 1;
        if (text.empty()) continue;
        const std::size_t slash = text.find('/');
        WslenvEntry entry;
        entry.name = text.substr(0, slash);
        const bool has_flags = slash != std::string_view::npos;
        if (is_name(entry.name) && (!has_flags || apply_flags(text.substr(slash + 1), entry))) {
            parsed.entries.push_back(std::move(entry));
        } else {
            parsed.dropped.emplace_back(text);
        }
    }
    return parsed;
}

WslenvSelection select_for_windows(std::string_view wslenv, const WslenvLookup& lookup, const PathMap& paths) {
    const auto translate = [&paths](std::string_view path) {
        return is_absolute(path) ? paths.guest_to_host(path) : std::optional(paths.relative_to_host(path));
    };
    return WslenvSelector(
               lookup, {&WslenvEntry::to_windows, ':', ';', "no path on the host is known here for ", true, translate})
        .select(wslenv);
}

WslenvSelection select_for_guest(std::string_view wslenv, const WslenvLookup& lookup, const PathMap& paths) {
    const auto translate = [&paths](std::string_view path) { return paths.host_to_guest(path); };
    return WslenvSelector(lookup, {&WslenvEntry::to_guest, ';', ':', "the guest has no path for ", false, translate})
        .select(wslenv);
}

}  // namespace interop
