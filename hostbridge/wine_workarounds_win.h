// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// What the agent does only because it may run under Wine, which stands in for Windows in tests. Each says what
/// Wine (8.0) does differently; nothing here changes anything on Windows.
namespace hostbridge::wine {

/// Whether this is Wine.
bool is_present();

/// A program that Ctrl-C ends by default exits with 0 instead of STATUS_CONTROL_C_EXIT.
bool control_c_exits_with_zero();

/// What to tell the user about 32-bit programs, which CreateProcessW pretends to run (exit code 0) where Wine's
/// 32-bit half is not installed. Empty on Windows.
std::string_view advice_for_32_bit_programs();

}  // namespace hostbridge::wine
