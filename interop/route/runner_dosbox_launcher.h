// SPDX-License-Identifier: MIT
#pragma once

#include <span>

namespace interop {

/// The bytes of dos_launcher.asm as assembled: a COM program for DOSBox.
std::span<const unsigned char> dosbox_launcher();

}  // namespace interop
