// SPDX-License-Identifier: MIT
#include "interop/image/pe.h"

#include <string>
#include <string_view>

#include "interop/image/pe_sections.h"

namespace interop {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t magic_pe32 = 0x10B;
constexpr std::uint16_t magic_pe32_plus = 0x20B;
constexpr std::uint16_t magic_rom = 0x107;

struct MachineCode {
    std::uint16_t code;
    Machine machine;
    unsigned bits;  // 0: the optional header decides.
};

constexpr MachineCode machine_codes[] = {
    {0x014C, Machine::i386, 32},      {0x3A64, Machine::i386, 32},      {0x8664, Machine::amd64, 64},
    {0xAA64, Machine::arm64, 64},     {0x01C4, Machine::arm, 32},       {0x01C0, Machine::arm, 32},
    {0x01C2, Machine::arm, 32},       {0x0200, Machine::ia64, 64},      {0x0EBC, Machine::ebc, 0},
    {0x5032, Machine::riscv, 32},     {0x5064, Machine::riscv, 64},     {0x5128, Machine::riscv, 64},
    {0x6232, Machine::loongarch, 32}, {0x6264, Machine::loongarch, 64}, {0x0166, Machine::mips, 32},
    {0x0168, Machine::mips, 32},      {0x0169, Machine::mips, 32},      {0x0266, Machine::mips, 32},
    {0x0366, Machine::mips, 32},      {0x0466, Machine::mips, 32},      {0x0184, Machine::alpha, 32},
    {0x0284, Machine::alpha, 64},     {0x01A2, Machine::sh, 32},        {0x01A3, Machine::sh, 32},
    {0x01A4, Machine::sh, 32},        {0x01A6, Machine::sh, 32},        {0x01A8, Machine::sh, 32},
    {0x01F0, Machine::powerpc, 32},   {0x01F1, Machine::powerpc, 32},   {0x01F2, Machine::powerpc, 32},
};

// .NET code compiled in advance for another system has its machine XORed with one of these (dotnet/runtime,
// "ReadyToRun format").
struct PrecompiledTarget {
    std::uint16_t tag;
    const char* detail;
};
constexpr PrecompiledTarget precompiled_targets[] = {
    {0x7B79, "precompiled for Linux"},  {0x4644, "precompiled for macOS"}, {0xADC4, "precompiled for FreeBSD"},
    {0x1993, "precompiled for NetBSD"}, {0x1992, "precompiled for SunOS"},
};

const MachineCode* find_machine(std::uint16_t code) {
    for (const MachineCode& known : machine_codes) {
        if (known.code == code) return &known;
    }
    return nullptr;
}

Subsystem subsystem_from(std::uint16_t number) {
    switch (number) {
        case 1: return Subsystem::native;
        case 2: return Subsystem::windows_gui;
        case 3: return Subsystem::windows_console;
        case 5: return Subsystem::os2;
        case 7: return Subsystem::posix;
        case 9: return Subsystem::windows_ce;
        case 10:
        case 11:
        case 12:
        case 13: return Subsystem::efi;
        case 14: return Subsystem::xbox;
        case 16: return Subsystem::boot_application;
        default: return Subsystem::unknown;
    }
}

ImageDescription damaged(std::string why) { return {.kind = ImageKind::damaged, .detail = std::move(why)}; }

/// Fills in what the machine field says; false if it contradicts the optional header.
bool describe_machine(ImageDescription& image, std::uint16_t code) {
    const MachineCode* known = find_machine(code);
    for (const PrecompiledTarget& target : precompiled_targets) {
        if (known != nullptr) break;
        known = find_machine(static_cast<std::uint16_t>(code ^ target.tag));
        // Only these two are published with tags; anything else is chance.
        if (known != nullptr && known->machine != Machine::amd64 && known->machine != Machine::arm64) known = nullptr;
        if (known != nullptr) image.detail = target.detail;
    }
    if (known == nullptr) return true;
    image.machine = known->machine;
    return known->bits == 0 || known->bits == image.bits;
}

/// ECMA-335 II.25.3.3.1: the runtime flags of the CLI header.
void describe_managed_code(ImageDescription& image, ImageReader& file, const PeLayout& layout) {
    constexpr std::uint64_t header_size = 72;
    constexpr std::uint32_t il_only = 1;
    constexpr std::uint32_t requires_32_bits = 2;
    constexpr std::uint32_t prefers_32_bits = 0x20000;
    const auto header = layout.find(PeLayout::Directory::dotnet, header_size);
    if (!header) return;
    const std::uint32_t flags = file.u32(*header + 16);
    image.managed = (flags & il_only) != 0 ? Managed::il : Managed::mixed;
    if (image.managed != Managed::il || image.machine != Machine::i386) return;
    if ((flags & requires_32_bits) == 0) image.detail = "any CPU";
    if ((flags & requires_32_bits) != 0 && (flags & prefers_32_bits) != 0) image.detail = "any CPU, 32-bit preferred";
}

/// ARM64EC calls itself x86-64, but only ARM64 Windows can run it; ARM64X is both in one file.
void describe_hybrid(ImageDescription& image, ImageReader& file, const PeLayout& layout) {
    constexpr std::uint64_t hybrid_metadata = 0xC8;
    constexpr std::uint64_t pointer_size = 8;
    if (image.bits != 64 || (image.machine != Machine::amd64 && image.machine != Machine::arm64)) return;
    const auto configuration = layout.find(PeLayout::Directory::load_configuration, hybrid_metadata + pointer_size);
    if (!configuration || file.u32(*configuration) < hybrid_metadata + pointer_size) return;
    if (file.u64(*configuration + hybrid_metadata) == 0) return;
    image.detail = image.machine == Machine::amd64 ? "ARM64EC" : "ARM64X";
    image.machine = Machine::arm64;
}

}  // namespace

std::optional<ImageDescription> identify_pe(ImageReader& file, std::uint64_t header) {
    constexpr std::uint64_t file_header_size = 24;
    constexpr std::uint16_t is_linked = 0x0002;
    constexpr std::uint16_t is_dll = 0x2000;
    if (!file.matches(header, "PE\0\0"sv)) return std::nullopt;
    // Of the optional header only the first field must be there: tiny programs leave the rest out, or overlap it.
    const std::uint64_t optional_header = header + file_header_size;
    if (!file.has(optional_header, 2)) return damaged("it ends within its PE header");
    const std::uint16_t magic = file.u16(optional_header);
    if (magic == magic_rom) return damaged("it is a ROM image");
    if (magic != magic_pe32 && magic != magic_pe32_plus) return damaged("its PE header is of no known format");

    const std::uint16_t characteristics = file.u16(header + 22);
    ImageDescription image{.kind = ImageKind::pe,
                           .subsystem = subsystem_from(file.u16(optional_header + 68)),
                           .is_dll = (characteristics & is_dll) != 0,
                           .bits = magic == magic_pe32_plus ? 64U : 32U};
    if (!describe_machine(image, file.u16(header + 4))) {
        return damaged(image.bits == 64 ? "its PE32+ header names a 32-bit machine"
                                        : "its PE32 header names a 64-bit machine");
    }
    const PeLayout layout(file, header, magic == magic_pe32_plus);
    if (!layout.has_section_table()) return damaged("it ends within its PE section table");
    if (!layout.has_section_contents()) return damaged("it ends before the contents that its PE header promises");
    if ((characteristics & is_linked) == 0) return damaged("its PE header says that linking it failed");
    describe_managed_code(image, file, layout);
    describe_hybrid(image, file, layout);
    return image;
}

}  // namespace interop
