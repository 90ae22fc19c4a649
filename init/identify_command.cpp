// SPDX-License-Identifier: MIT
#include "init/identify_command.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "init/messages.h"
#include "init/route_report.h"
#include "interop/image/identify.h"
#include "interop/os/unique_fd.h"
#include "interop/text/printable.h"
#include "interop/image/suffix_kind.h"
#include "proto/base/result.h"

namespace init {
namespace {

using interop::ImageDescription;
using interop::ImageKind;

constexpr std::size_t longest_line = 8192;  // the longest path and what is said of it

proto::Result<ImageDescription> look_at(const std::string& path) {
    // Opening a device or a FIFO can block and can have effects: look before.
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return proto::errno_error(errno, path);
    if (S_ISDIR(status.st_mode)) return proto::errno_error(EISDIR, path);
    if (!S_ISREG(status.st_mode)) return proto::errno_error(ENOTSUP, path);
    const interop::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file || ::fstat(file.get(), &status) != 0) return proto::errno_error(errno, path);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size == 0) return proto::errno_error(ENODATA, path);
    char head[4];
    const ssize_t count = ::pread(file.get(), head, sizeof head, 0);
    if (count < 0) return proto::errno_error(errno, path);
    return interop::consider_name(interop::identify_image(file.get(), size), path,
                                  {head, static_cast<std::size_t>(count)}, size);
}

std::string sentence(const std::string& path, const ImageDescription& image) {
    return interop::printable_line(path + ": " + interop::describe(image), longest_line) + "\n";
}

const char* word(ImageKind kind) {
    switch (kind) {
        case ImageKind::not_mz: return "not_mz";
        case ImageKind::damaged: return "damaged";
        case ImageKind::pe: return "pe";
        case ImageKind::dos: return "dos";
        case ImageKind::batch: return "batch";
        case ImageKind::ne: return "ne";
        case ImageKind::le: return "le";
        case ImageKind::vxd: return "vxd";
        case ImageKind::ape: return "ape";
        case ImageKind::linux_kernel: return "linux_kernel";
        case ImageKind::efi_zboot: return "efi_zboot";
    }
    return "unknown";
}

const char* word(interop::Machine machine) {
    constexpr const char* words[] = {"unknown", "i386",      "amd64", "arm64", "arm", "ia64",   "ebc",
                                     "riscv",   "loongarch", "mips",  "alpha", "sh",  "powerpc"};
    return words[static_cast<unsigned>(machine)];
}

const char* word(interop::Subsystem subsystem) {
    constexpr const char* words[] = {"unknown",    "native", "windows_gui", "windows_console", "os2", "posix",
                                     "windows_ce", "efi",    "xbox",        "boot_application"};
    return words[static_cast<unsigned>(subsystem)];
}

const char* word(interop::Managed managed) {
    constexpr const char* words[] = {"none", "il", "mixed"};
    return words[static_cast<unsigned>(managed)];
}

std::string json_object(const std::string& path, const ImageDescription& image, const std::string& route) {
    std::string json = "{\"file\": " + json_string(path) + ", \"kind\": " + json_string(word(image.kind));
    json += ", \"bits\": " + std::to_string(image.bits);
    if (image.kind == ImageKind::pe) {
        json += ", \"machine\": " + json_string(word(image.machine));
        json += ", \"subsystem\": " + json_string(word(image.subsystem));
        json += ", \"dll\": " + std::string(image.is_dll ? "true" : "false");
        json += ", \"managed\": " + json_string(word(image.managed));
    }
    if (!image.detail.empty()) json += ", \"detail\": " + json_string(image.detail);
    if (!route.empty()) json += ", " + route;
    return json + ", \"description\": " + json_string(interop::describe(image)) + "}\n";
}

// Why a file was not looked at, where errno's words do not fit.
std::string reason(const std::string& path, const proto::Error& error) {
    if (error.code.value() == ENOTSUP) return path + ": Not a regular file";
    if (error.code.value() == ENODATA) return path + ": Empty file";
    return error.message();
}

}  // namespace

int identify_files(const std::vector<std::string>& paths, IdentifyFormat format, IdentifyRoute route) {
    std::optional<RouteReport> report;
    if (route == IdentifyRoute::show) {
        auto configuration = interop::load_configuration();
        if (!configuration) {
            warn_user(configuration.error().message());
            return 1;
        }
        for (const std::string& warning : configuration->warnings) warn_user(warning);
        report.emplace(std::move(*configuration));
    }
    int exit_status = 0;
    for (const std::string& path : paths) {
        const auto finding = look_at(path);
        if (!finding) {
            warn_user(interop::printable_line(reason(path, finding.error()), longest_line));
            exit_status = 1;
            continue;
        }
        const std::string text = format == IdentifyFormat::json
                                     ? json_object(path, *finding, report ? report->json(*finding) : "")
                                     : sentence(path, *finding) + (report ? report->lines(*finding) : "");
        if (!print(text)) {
            warn_user("cannot write the result: " + std::string(std::strerror(errno)));
            return 1;
        }
    }
    return exit_status;
}

}  // namespace init
