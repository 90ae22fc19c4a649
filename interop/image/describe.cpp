// SPDX-License-Identifier: MIT
#include "interop/image/identify.h"
#include "interop/image/pe_machine.h"

namespace interop {
namespace {

// What stands between the width and the parentheses.
std::string role(const ImageDescription& image) {
    const bool is_library = image.is_dll;
    if (image.detail.starts_with("precompiled for ")) return is_library ? "library" : "program";
    switch (image.subsystem) {
        case Subsystem::efi: return is_library ? "EFI library" : "EFI program";
        case Subsystem::native: return is_library ? "Windows driver or native DLL" : "Windows driver or native program";
        case Subsystem::boot_application: return "Windows boot application";
        case Subsystem::xbox: return is_library ? "Xbox library" : "Xbox program";
        case Subsystem::windows_ce: return is_library ? "Windows CE DLL" : "Windows CE program";
        case Subsystem::posix: return is_library ? "POSIX subsystem DLL" : "POSIX subsystem program";
        case Subsystem::os2: return is_library ? "OS/2 subsystem DLL" : "OS/2 subsystem program";
        case Subsystem::windows_gui: return is_library ? "Windows DLL" : "Windows GUI program";
        case Subsystem::windows_console: return is_library ? "Windows DLL" : "Windows console program";
        case Subsystem::unknown: return is_library ? "Windows DLL" : "Windows program for an unknown subsystem";
    }
    return "Windows program";
}

std::string describe_pe(const ImageDescription& image) {
    const bool is_portable = image.managed == Managed::il && image.detail.starts_with("any CPU");
    std::string text = "a ";
    if (!is_portable) text += std::to_string(image.bits) + "-bit ";
    const bool is_precompiled = image.detail.starts_with("precompiled");
    if (image.managed == Managed::mixed && !is_precompiled) text += "mixed-mode ";
    if (image.managed != Managed::none) text += ".NET ";
    text += role(image);
    text += image.bits == 64 ? " (PE32+" : " (PE32";
    if (!is_portable) text += std::string(", ") + machine_name(image.machine);
    if (!image.detail.empty()) text += ", " + image.detail;
    return text + ")";
}

std::string describe_ne(const ImageDescription& image) {
    const std::string what = image.is_dll ? "library" : "program";
    return "a 16-bit " + what + " for " + image.detail + " (NE)";
}

std::string describe_linear(const ImageDescription& image) {
    const std::string what = image.is_dll ? "library" : "program";
    const bool is_os2 = image.subsystem == Subsystem::os2;
    return (is_os2 ? "an OS/2 " + what : "a linear " + what) + " (" + image.detail + ")";
}

std::string describe_zboot(const ImageDescription& image) {
    const std::string machine =
        image.machine == Machine::unknown ? "" : std::string(", ") + machine_name(image.machine);
    return "a compressed EFI kernel image (zboot" + machine + ")";
}

std::string describe_dos(const ImageDescription& image) {
    return image.detail.empty() ? "a DOS program" : "a DOS program (with the " + image.detail + " extender)";
}

}  // namespace

std::string describe(const ImageDescription& image) {
    switch (image.kind) {
        case ImageKind::not_mz:
            return "not a Windows or DOS program (" +
                   (image.detail.empty() ? "it does not start with MZ" : image.detail) + ")";
        case ImageKind::damaged: return "not a program that can run, though it starts with MZ (" + image.detail + ")";
        case ImageKind::pe: return describe_pe(image);
        case ImageKind::dos: return describe_dos(image);
        case ImageKind::batch: return "a batch file for Windows (by its name)";
        case ImageKind::ne: return describe_ne(image);
        case ImageKind::le: return describe_linear(image);
        case ImageKind::vxd: return "a Windows 9x driver (" + image.detail + ")";
        case ImageKind::ape: return "an actually portable executable (APE), which Linux runs itself";
        case ImageKind::linux_kernel: return "a Linux kernel image (" + image.detail + ")";
        case ImageKind::efi_zboot: return describe_zboot(image);
    }
    return "a file of an unknown kind";
}

}  // namespace interop
