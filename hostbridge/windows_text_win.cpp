// SPDX-License-Identifier: MIT
#include "hostbridge/windows_text_win.h"

#include "interop/text/utf16.h"

namespace hostbridge {

std::optional<std::wstring> to_wide(std::string_view utf8) {
    if (utf8.find('\0') != std::string_view::npos) return std::nullopt;
    const std::optional<std::u16string> units = interop::utf8_to_utf16(utf8);
    if (!units) return std::nullopt;
    return to_wide(std::u16string_view(*units));
}

std::wstring to_wide(std::u16string_view units) { return {units.begin(), units.end()}; }

std::u16string to_units(std::wstring_view wide) { return {wide.begin(), wide.end()}; }

std::string to_utf8(std::wstring_view wide) { return interop::utf16_to_utf8(to_units(wide)); }

}  // namespace hostbridge
