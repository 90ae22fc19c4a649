// SPDX-License-Identifier: MIT
#include "interop/image/lookalikes.h"

#include <string_view>

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

}  // namespace

std::optional<ImageDescription> identify_lookalike(ImageReader& file) {
    // Cosmopolitan also writes "jartsr='" and "APEDBG='", which are no "MZ" files.
    if (file.matches(0, "MZqFpD="sv)) return ImageDescription{.kind = ImageKind::ape};
    if (file.matches(4, "zimg"sv)) return ImageDescription{.kind = ImageKind::efi_zboot};
    if (file.matches(0x38, "ARM\x64"sv)) return kernel(Machine::arm64, 64, "ARM64");
    if (file.matches(0x38, "RSC\x05"sv)) return kernel(Machine::riscv, 64, "RISC-V");
    return identify_x86_kernel(file);
}

}  // namespace interop
