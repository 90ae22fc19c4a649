// SPDX-License-Identifier: MIT
#include "interop/image/segmented.h"

#include "interop/image/dos_extender.h"

namespace interop {
namespace {

enum class NeTarget : std::uint8_t {
    os2 = 1,
    windows = 2,
    european_dos = 3,
    windows_386 = 4,
    phar_lap_os2 = 0x81,
    phar_lap_windows = 0x82
};

ImageDescription identify_ne(ImageReader& file, std::uint64_t header) {
    constexpr std::uint64_t smallest_header = 0x40;
    constexpr std::uint16_t is_library = 0x8000;
    if (!file.has(header, smallest_header)) {
        return {.kind = ImageKind::damaged, .detail = "it ends within its NE header"};
    }
    ImageDescription image{.kind = ImageKind::ne, .is_dll = (file.u16(header + 0x0C) & is_library) != 0, .bits = 16};
    switch (static_cast<NeTarget>(file.u16(header + 0x36) & 0xFF)) {
        case NeTarget::os2: image.detail = "OS/2"; break;
        case NeTarget::windows: image.detail = "Windows"; break;
        case NeTarget::european_dos: image.detail = "European MS-DOS 4"; break;
        case NeTarget::windows_386: image.detail = "Windows/386"; break;
        case NeTarget::phar_lap_os2:
        case NeTarget::phar_lap_windows:
            image.kind = ImageKind::dos;
            image.detail = "Phar Lap 286|DOS-Extender";
            break;
        default: image.detail = "an unknown system"; break;
    }
    return image;
}

ImageDescription identify_le(ImageReader& file, const DosHeader& dos, const char* format) {
    constexpr std::uint64_t smallest_header = 0x84;
    constexpr std::uint16_t is_library = 0x8000;
    constexpr std::uint16_t windows_386 = 4;
    const std::uint64_t header = dos.new_header;
    if (!file.has(header, smallest_header)) {
        return {.kind = ImageKind::damaged, .detail = std::string("it ends within its ") + format + " header"};
    }
    const std::uint16_t system = file.u16(header + 0x0A);
    if (system == windows_386) return {.kind = ImageKind::vxd, .bits = 32, .detail = "a virtual device driver"};
    if (std::string extender = find_dos_extender(file, dos); !extender.empty()) {
        return {.kind = ImageKind::dos, .bits = 32, .detail = std::move(extender)};
    }
    ImageDescription image{
        .kind = ImageKind::le, .is_dll = (file.u16(header + 0x10) & is_library) != 0, .bits = 32, .detail = format};
    return image;
}

}  // namespace

std::optional<ImageDescription> identify_segmented(ImageReader& file, const DosHeader& header) {
    const std::uint64_t offset = header.new_header;
    if (file.matches(offset, "NE")) return identify_ne(file, offset);
    if (file.matches(offset, "LE")) return identify_le(file, header, "LE");
    if (file.matches(offset, "LX")) return identify_le(file, header, "LX");
    if (file.matches(offset, "W3") || file.matches(offset, "W4")) {
        return ImageDescription{.kind = ImageKind::vxd, .bits = 32, .detail = "a collection of virtual device drivers"};
    }
    return std::nullopt;
}

}  // namespace interop
