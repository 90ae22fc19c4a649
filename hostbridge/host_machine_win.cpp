// SPDX-License-Identifier: MIT
#include "hostbridge/host_machine_win.h"

#include <string>
#include <string_view>

#include "hostbridge/unique_handle_win.h"
#include "hostbridge/wine_workarounds_win.h"

namespace hostbridge {
namespace {

using interop::ImageKind;
using interop::Machine;
using interop::Managed;
using interop::Subsystem;

Machine native_machine() {
    // Windows 10 1511; GetNativeSystemInfo tells an x86-64 process on ARM64 that it is on x86-64.
    using IsWow64Process2Function = BOOL(WINAPI*)(HANDLE, USHORT*, USHORT*);
    const auto is_wow64_process_2 = reinterpret_cast<IsWow64Process2Function>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "IsWow64Process2")));
    USHORT process = 0;
    USHORT native = 0;
    if (is_wow64_process_2 != nullptr && is_wow64_process_2(GetCurrentProcess(), &process, &native) != 0) {
        return native == IMAGE_FILE_MACHINE_ARM64 ? Machine::arm64 : Machine::amd64;
    }
    return Machine::amd64;
}

/// The 32-bit half of the system is optional (Windows Server Core, Windows PE, Wine); what it cannot do without are
/// these files.
bool has_32_bit_half() {
    std::wstring directory(MAX_PATH, L'\0');
    directory.resize(GetSystemWow64DirectoryW(directory.data(), MAX_PATH));
    if (directory.empty()) return false;
    for (const wchar_t* name : {L"\\ntdll.dll", L"\\kernel32.dll"}) {
        const DWORD attributes = GetFileAttributesW((directory + name).c_str());
        if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return false;
    }
    return true;
}

LaunchFailure refuse(mzinit::v1::LaunchErrorCode code, DWORD host_code, const interop::ImageDescription& image,
                     std::string_view why) {
    return {code, host_code, interop::describe(image) + ": " + std::string(why)};
}

LaunchFailure bad_format(const interop::ImageDescription& image, std::string_view why) {
    return refuse(mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, ERROR_BAD_EXE_FORMAT, image, why);
}

LaunchFailure wrong_machine(const interop::ImageDescription& image, std::string_view why) {
    return refuse(mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE, ERROR_EXE_MACHINE_TYPE_MISMATCH, image, why);
}

}  // namespace

HostMachine HostMachine::detect() { return {native_machine(), has_32_bit_half()}; }

std::optional<LaunchFailure> HostMachine::pe_refusal(const interop::ImageDescription& image) const {
    if (image.is_dll) return bad_format(image, "only programs can be started");
    if (image.subsystem != Subsystem::windows_gui && image.subsystem != Subsystem::windows_console) {
        return bad_format(image, "not made for Windows itself");
    }
    // .NET programs without native code are compiled for the machine that runs them.
    if (image.managed == Managed::il && image.bits != 64) return std::nullopt;
    switch (image.machine) {
        case Machine::amd64: return std::nullopt;  // Windows on ARM64 emulates it
        case Machine::i386:
            if (runs_32_bit_) return std::nullopt;
            return wrong_machine(image, "32-bit programs are not supported on this host" +
                                            std::string(wine::advice_for_32_bit_programs()));
        case Machine::arm64:
            if (native_ == Machine::arm64) return std::nullopt;
            break;
        default: break;
    }
    return wrong_machine(image, "the host has another processor");
}

std::optional<LaunchFailure> HostMachine::refusal(const interop::ImageDescription& image) const {
    switch (image.kind) {
        case ImageKind::not_mz:
        case ImageKind::batch: return std::nullopt;
        case ImageKind::pe: return pe_refusal(image);
        case ImageKind::dos:
        case ImageKind::ne: return wrong_machine(image, "64-bit Windows cannot run it");
        case ImageKind::damaged:
            return LaunchFailure{mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, ERROR_BAD_EXE_FORMAT, interop::describe(image)};
        case ImageKind::le:
        case ImageKind::vxd:
        case ImageKind::ape:
        case ImageKind::linux_kernel:
        case ImageKind::efi_zboot: break;
    }
    return bad_format(image, "not a program for Windows");
}

}  // namespace hostbridge
