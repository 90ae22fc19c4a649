// SPDX-License-Identifier: MIT
#include "interop/text/windows_file_name.h"

#include <algorithm>
#include <array>

#include "interop/text/utf16.h"
#include "proto/base/ascii_case.h"

namespace interop {
namespace {

using proto::equals_ignoring_case;

/// COM1 to LPT9, with the superscript digits 1 to 3 as well.
/// Source: Microsoft, "Naming Files, Paths, and Namespaces".
bool is_port_name(std::string_view stem) {
    if (!equals_ignoring_case(stem.substr(0, 3), "com") && !equals_ignoring_case(stem.substr(0, 3), "lpt"))
        return false;
    const std::string_view number = stem.substr(3);
    if (number.size() == 1) return number[0] >= '0' && number[0] <= '9';
    return number == "\u00B9" || number == "\u00B2" || number == "\u00B3";
}

/// With any extension it is a device, too, on Windows before 11.
bool is_device_name(std::string_view name) {
    std::string_view stem = name.substr(0, name.find('.'));
    stem = stem.substr(0, stem.find_last_not_of(' ') + 1);
    static constexpr std::array<std::string_view, 6> devices{"con", "prn", "aux", "nul", "conin$", "conout$"};
    return std::any_of(devices.begin(), devices.end(),
                       [stem](auto device) { return equals_ignoring_case(stem, device); }) ||
           is_port_name(stem);
}

/// What Windows forbids anywhere in a path; separators, and the colon, have a meaning there.
bool has_forbidden_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || std::string_view("\"*<>?|").find(c) != std::string_view::npos;
    });
}

}  // namespace

bool has_windows_name_form(std::string_view name) {
    if (name.empty() || name.size() > longest_windows_file_name || name.back() == '.' || name.back() == ' ')
        return false;
    const bool has_separator = name.find_first_of("/\\:") != std::string_view::npos;
    return !has_separator && !has_forbidden_character(name) && utf8_to_utf16(name).has_value();
}

bool is_windows_file_name(std::string_view name) { return has_windows_name_form(name) && !is_device_name(name); }

bool names_same_file_for_wine(std::string_view posix_path) {
    if (posix_path.find('\\') != std::string_view::npos || has_forbidden_character(posix_path)) return false;
    for (std::size_t begin = 0; begin < posix_path.size();) {
        const std::size_t end = std::min(posix_path.find('/', begin), posix_path.size());
        const std::string_view name = posix_path.substr(begin, end - begin);
        begin = end + 1;
        if (name == "." || name == "..") continue;
        if (name.ends_with('.') || name.ends_with(' ')) return false;
    }
    return true;
}

std::u16string windows_comparison_form(std::string_view name) {
    auto form = utf8_to_utf16(name).value_or(std::u16string());
    std::transform(form.begin(), form.end(), form.begin(), windows_upper_case);
    return form;
}

}  // namespace interop
