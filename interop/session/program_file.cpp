// SPDX-License-Identifier: MIT
#include "interop/session/program_file.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/image/suffix_kind.h"
#include "proto/wire/limits.h"

namespace interop {
namespace {

std::string absolute_path_of(const std::string& path) {
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved) != nullptr) return resolved;
    if (path.starts_with('/')) return path;
    const std::string directory = working_directory();
    if (directory.empty()) return path;
    return (directory == "/" ? directory : directory + "/") + path;
}

}  // namespace

std::string working_directory() {
    char buffer[PATH_MAX];
    // The kernel writes "(unreachable)" in front of a directory outside our root.
    if (getcwd(buffer, sizeof buffer) == nullptr || buffer[0] != '/') return {};
    return buffer;
}

proto::Result<ProgramFile> open_program_file(const std::string& path, UniqueFd given) {
    ProgramFile program;
    program.fd = given ? std::move(given) : UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!program.fd) return proto::errno_error(errno, "");
    fcntl(program.fd.get(), F_SETFD, FD_CLOEXEC);
    struct stat status {};
    if (fstat(program.fd.get(), &status) != 0) return proto::errno_error(errno, "");
    if (S_ISDIR(status.st_mode)) return proto::errno_error(EISDIR, "");
    if (!S_ISREG(status.st_mode)) return proto::errno_error(EACCES, "not a regular file");
    program.size = static_cast<std::uint64_t>(status.st_size);
    std::array<char, proto::limits::program_head_length> head;
    const ssize_t count = pread(program.fd.get(), head.data(), head.size(), 0);
    if (count < 0) return proto::errno_error(errno, "");
    program.head_digest = proto::sha256({head.data(), static_cast<std::size_t>(count)});
    const std::string_view beginning(head.data(), static_cast<std::size_t>(count));
    program.image = consider_name(identify_image(program.fd.get(), program.size), path, beginning, program.size);
    program.runs_natively = suffix_kind(path) && is_linux_program(beginning);
    program.absolute_path = absolute_path_of(path);
    return program;
}

}  // namespace interop
