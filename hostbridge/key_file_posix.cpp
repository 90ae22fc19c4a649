// SPDX-License-Identifier: MIT
#include "hostbridge/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "hostbridge/random.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {
namespace {

using interop::UniqueFd;

constexpr std::size_t longest_key_file = 64 << 10;

proto::Error refused(const std::string& path, std::string_view why) {
    return {std::make_error_code(std::errc::permission_denied), "use key file " + path + " (" + std::string(why) + ")"};
}

proto::Result<std::string> read_all(int fd, const std::string& path) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t size = ::read(fd, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return proto::errno_error(errno, "read key file " + path);
        if (size == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(size));
        if (text.size() > longest_key_file) return proto::errno_error(EFBIG, "read key file " + path);
    }
}

}  // namespace

proto::Result<std::vector<proto::Key>> read_key_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) return proto::errno_error(errno, "open key file " + path);
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return proto::errno_error(errno, "look at key file " + path);
    if (!S_ISREG(status.st_mode)) return refused(path, "it is not a regular file");
    if ((status.st_mode & 077) != 0) return refused(path, "others may read or change it; chmod it to 0600");
    if (status.st_uid != ::geteuid() && status.st_uid != 0) return refused(path, "it belongs to another user");
    auto text = read_all(fd.get(), path);
    if (!text) return text.error();
    auto keys = proto::parse_key_file(*text);
    std::fill(text->begin(), text->end(), '\0');
    if (keys && keys->empty()) return refused(path, "there is no key in it");
    return keys;
}

proto::Result<void> create_key_file(const std::string& path) {
    const auto text = new_key_file_text();
    if (!text) return text.error();
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return proto::errno_error(errno, "create key file " + path);
    const ssize_t written = ::write(fd.get(), text->data(), text->size());
    if (written != static_cast<ssize_t>(text->size()) || ::fsync(fd.get()) < 0) {
        const int number = written < 0 ? errno : EIO;
        ::unlink(path.c_str());
        return proto::errno_error(number, "write key file " + path);
    }
    return {};
}

}  // namespace hostbridge
