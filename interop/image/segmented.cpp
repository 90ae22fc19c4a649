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

constexpr std::uint16_t is_library = 0x8000;  // In the flags of all formats.

ImageDescription cut_off(const char* where) {
    return {.kind = ImageKind::damaged, .detail = std::string("it ends within its ") + where};
}

// Microsoft "Executable-file Header Format" (Windows 3.1 SDK).
ImageDescription identify_ne(ImageReader& file, std::uint64_t header) {
    constexpr std::uint64_t smallest_header = 0x40;
    constexpr std::uint64_t segment_size = 8;
    if (!file.has(header, smallest_header)) return cut_off("NE header");
    ImageDescription image{.kind = ImageKind::ne, .is_dll = (file.u16(header + 0x0C) & is_library) != 0, .bits = 16};
    const std::uint64_t segments = file.u16(header + 0x1C);
    if (!file.has(header + file.u16(header + 0x22), segments * segment_size)) return cut_off("NE segment table");
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

// IBM "OS/2 32-bit Linear eXecutable Module Format".
ImageDescription identify_linear(ImageReader& file, const DosHeader& dos, const std::string& format) {
    enum System : std::uint16_t { windows = 2, dos4 = 3, windows_386 = 4 };  // All else is OS/2's.
    constexpr std::uint64_t smallest_header = 0x84;
    constexpr std::uint64_t object_size = 24;
    const std::uint64_t header = dos.new_header;
    if (!file.has(header, smallest_header)) return cut_off((format + " header").c_str());
    const std::uint16_t system = file.u16(header + 0x0A);
    const bool is_dll = (file.u16(header + 0x10) & is_library) != 0;
    if (system == windows_386) return {.kind = ImageKind::vxd, .bits = 32, .detail = "a virtual device driver"};
    const std::uint64_t objects = file.u32(header + 0x44);
    if (!file.has(header + file.u32(header + 0x40), objects * object_size))
        return cut_off((format + " object table").c_str());
    if (const auto extender = find_dos_extender(file, dos, true)) {
        return {.kind = ImageKind::dos, .is_dll = is_dll, .bits = extender->bits, .detail = extender->name};
    }
    ImageDescription image{.kind = ImageKind::le, .is_dll = is_dll, .bits = 32, .detail = format};
    if (system == windows) {
        image.detail += ", for Windows";
    } else if (system == dos4) {
        image.detail += ", for European MS-DOS 4";
    } else {
        image.subsystem = Subsystem::os2;
    }
    return image;
}

}  // namespace

std::optional<ImageDescription> identify_segmented(ImageReader& file, const DosHeader& header) {
    const std::uint64_t offset = header.new_header;
    if (file.matches(offset, "NE")) return identify_ne(file, offset);
    if (file.matches(offset, "LE")) return identify_linear(file, header, "LE");
    if (file.matches(offset, "LX")) return identify_linear(file, header, "LX");
    if (file.matches(offset, "W3") || file.matches(offset, "W4")) {
        return ImageDescription{.kind = ImageKind::vxd, .bits = 32, .detail = "a collection of virtual device drivers"};
    }
    return std::nullopt;
}

}  // namespace interop
