// SPDX-License-Identifier: MIT
#include "hostbridge/session_text.h"

#include <array>
#include <cstdio>

namespace hostbridge {

std::string software_name() { return "hostbridge " MZINIT_VERSION; }

std::string_view name_of(mzinit::v1::LaunchErrorCode code) {
    switch (code) {
        case mzinit::v1::LAUNCH_ERROR_NOT_FOUND: return "not_found";
        case mzinit::v1::LAUNCH_ERROR_BAD_FORMAT: return "bad_format";
        case mzinit::v1::LAUNCH_ERROR_WRONG_MACHINE: return "wrong_machine";
        case mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED: return "access_denied";
        case mzinit::v1::LAUNCH_ERROR_NEEDS_ELEVATION: return "needs_elevation";
        case mzinit::v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG: return "argument_list_too_long";
        case mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED: return "argument_refused";
        case mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH: return "file_mismatch";
        case mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY: return "refused_by_policy";
        case mzinit::v1::LAUNCH_ERROR_MISSING_LIBRARY: return "missing_library";
        case mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY: return "working_directory";
        default: return "host_failure";
    }
}

std::string describe_exit(const ExitResult& result) {
    if (const auto* signal = std::get_if<mzinit::v1::SignalNumber>(&result)) {
        return "signal " + std::to_string(static_cast<int>(*signal));
    }
    const std::uint32_t code = std::get<std::uint32_t>(result);
    if (code <= 0xff) return "exit " + std::to_string(code);
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "exit 0x%08x", code);
    return text.data();
}

mzinit::v1::ImageKind protocol_image_kind(const interop::ImageDescription& image) {
    switch (image.kind) {
        case interop::ImageKind::pe:
            if (image.managed != interop::Managed::none) return mzinit::v1::IMAGE_KIND_DOTNET;
            return image.bits == 64 ? mzinit::v1::IMAGE_KIND_PE32_PLUS : mzinit::v1::IMAGE_KIND_PE32;
        case interop::ImageKind::dos: return mzinit::v1::IMAGE_KIND_DOS;
        case interop::ImageKind::ne: return mzinit::v1::IMAGE_KIND_NE;
        default: return mzinit::v1::IMAGE_KIND_OTHER;
    }
}

}  // namespace hostbridge
