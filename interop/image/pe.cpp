// SPDX-License-Identifier: MIT
#include "interop/image/pe.h"

#include <string>
#include <string_view>

#include "interop/image/pe_machine.h"
#include "interop/image/pe_sections.h"

namespace interop {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t magic_rom = 0x107;

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

/// ECMA-335 II.25.3.3.1: the runtime flags of the CLI header. Code that is not only IL may be there beside it (mixed
/// mode) or be the same IL compiled in advance, which its native header says (dotnet/runtime, "ReadyToRun format").
void describe_managed_code(ImageDescription& image, ImageReader& file, const PeLayout& layout) {
    constexpr std::uint64_t header_size = 72;
    constexpr std::uint32_t il_only = 1;
    constexpr std::uint32_t requires_32_bits = 2;
    constexpr std::uint32_t il_library = 4;
    constexpr std::uint32_t native_entry_point = 0x10;
    constexpr std::uint32_t prefers_32_bits = 0x20000;
    const auto header = layout.find(PeLayout::Directory::dotnet, header_size);
    if (!header) return;
    const std::uint32_t flags = file.u32(*header + 16);
    const bool is_precompiled = (flags & il_library) != 0 && file.u32(*header + 64) != 0;
    const bool is_il = (flags & il_only) != 0 && (flags & native_entry_point) == 0;
    image.managed = is_il ? Managed::il : Managed::mixed;
    if (!is_il && is_precompiled && image.detail.empty()) image.detail = "precompiled";
    if (!is_il || image.machine != Machine::i386 || !image.detail.empty()) return;
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
    if (magic != pe32_magic && magic != pe32_plus_magic) return damaged("its PE header is of no known format");

    const std::uint16_t characteristics = file.u16(header + 22);
    ImageDescription image{.kind = ImageKind::pe,
                           .subsystem = subsystem_from(file.u16(optional_header + 68)),
                           .is_dll = (characteristics & is_dll) != 0,
                           .bits = magic == pe32_plus_magic ? 64U : 32U};
    const PeMachine machine = find_pe_machine(file.u16(header + 4)).value_or(PeMachine{});
    image.machine = machine.machine;
    image.detail = machine.detail;
    if (machine.bits != 0 && machine.bits != image.bits && !machine.is_for_another_os) {
        return damaged(image.bits == 64 ? "its PE32+ header names a 32-bit machine"
                                        : "its PE32 header names a 64-bit machine");
    }
    const PeLayout layout(file, header, magic == pe32_plus_magic);
    if (!layout.has_section_table()) return damaged("it ends within its PE section table");
    if (!layout.has_section_contents()) return damaged("it ends before the contents that its PE header promises");
    if ((characteristics & is_linked) == 0) return damaged("its PE header says that linking it failed");
    describe_managed_code(image, file, layout);
    // Only .NET has such machines: in anything else the number is of a machine that we do not know.
    if (machine.is_for_another_os && (image.managed == Managed::none || machine.bits != image.bits)) {
        image.machine = Machine::unknown;
        image.detail.clear();
    }
    describe_hybrid(image, file, layout);
    return image;
}

}  // namespace interop
