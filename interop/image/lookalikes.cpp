// SPDX-License-Identifier: MIT
#include "interop/image/lookalikes.h"

#include <string>
#include <string_view>

#include "interop/image/pe_machine.h"

namespace interop {
namespace {

using namespace std::string_view_literals;

ImageDescription kernel(Machine machine, unsigned bits, const char* name) {
    return {.kind = ImageKind::linux_kernel, .machine = machine, .bits = bits, .detail = name};
}

// Linux Documentation/arch/x86/boot.rst: the setup header, with the boot sector's mark before it.
std::optional<ImageDescription> identify_x86_kernel(ImageReader& file) {
    if (!file.matches(0x202, "HdrS"sv) || file.u16(0x1FE) != 0xAA55) return std::nullopt;
    constexpr std::uint16_t first_version_with_xloadflags = 0x020C;
    constexpr std::uint16_t has_64_bit_entry = 1;
    const bool is_64_bit = file.u16(0x206) >= first_version_with_xloadflags && (file.u16(0x236) & has_64_bit_entry);
    return is_64_bit ? kernel(Machine::amd64, 64, "x86-64") : kernel(Machine::i386, 32, "x86");
}

// Linux include/linux/pe.h and drivers/firmware/efi/libstub/zboot-header.S: images that only firmware starts share
// their first 64 bytes. The PE header behind them names the machine.
std::optional<ImageDescription> identify_efi_kernel(ImageReader& file) {
    const bool is_zboot = file.matches(4, "zimg"sv);
    if (!is_zboot && !file.matches(0x38, "\xCD\x23\x82\x81"sv)) return std::nullopt;
    const PeMachine machine = read_pe_machine(file, file.u32(0x3C)).value_or(PeMachine{});
    if (!is_zboot) {
        // A DOS program may have these four bytes there by chance.
        if (machine.bits == 0) return std::nullopt;
        return kernel(machine.machine, machine.bits, machine_name(machine.machine));
    }
    return ImageDescription{.kind = ImageKind::efi_zboot, .machine = machine.machine, .bits = machine.bits};
}

}  // namespace

bool is_ape(ImageReader& file) {
    // The first is what the rule that Cosmopolitan registers looks for, the others are those of programs without a
    // part for Windows and of programs for debuggers.
    return file.matches(0, "MZqFpD"sv) || file.matches(0, "jartsr='"sv) || file.matches(0, "APEDBG='"sv);
}

std::optional<ImageDescription> identify_lookalike(ImageReader& file) {
    if (file.matches(0x38, "ARM\x64"sv)) return kernel(Machine::arm64, 64, "ARM64");
    if (file.matches(0x38, "RSC\x05"sv)) return kernel(Machine::riscv, 64, "RISC-V");
    if (auto efi_kernel = identify_efi_kernel(file)) return efi_kernel;
    return identify_x86_kernel(file);
}

}  // namespace interop
