// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace interop {

/// What bytes 0x80 to 0xFF mean in Windows' code page of that number, 128 characters, U+FFFD where nothing; those below are
/// ASCII. Empty for what is not known: the tables are those with one byte per character that are some Windows' OEM or ANSI
/// code page. As Windows has it, what is undefined between 0x80 and 0x9F is the control character of that number.
std::u16string_view upper_half_of_code_page(unsigned number);

}  // namespace interop
