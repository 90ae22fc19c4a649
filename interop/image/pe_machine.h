// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

struct PeMachine {
    Machine machine = Machine::unknown;
    unsigned bits = 0;               ///< 32 or 64; 0: the optional header decides.
    const char* detail = "";         ///< Words for ImageDescription::detail.
    bool is_for_another_os = false;  ///< .NET code compiled in advance for another system: true only of .NET images.
};

/// What the machine field of a PE header means; nothing if it is of no known machine.
std::optional<PeMachine> find_pe_machine(std::uint16_t code);

/// The machine of the PE header at `header`; nothing if there is none or its machine is not known.
std::optional<PeMachine> read_pe_machine(ImageReader& file, std::uint64_t header);

/// "x86-64"; as it stands in sentences.
const char* machine_name(Machine machine);

}  // namespace interop
