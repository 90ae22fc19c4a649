// SPDX-License-Identifier: MIT
#include "hostbridge/wine_workarounds_win.h"

#include <windows.h>

namespace hostbridge::wine {

bool is_present() {
    static const bool present = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
    return present;
}

bool control_c_exits_with_zero() { return is_present(); }

std::string_view advice_for_32_bit_programs() {
    if (!is_present()) return {};
    return "; on Debian: dpkg --add-architecture i386, apt-get update, apt-get install wine32";
}

}  // namespace hostbridge::wine
