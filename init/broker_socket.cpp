// SPDX-License-Identifier: MIT
#include "init/broker_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace init {
namespace {

using interop::UniqueFd;

proto::Result<UniqueFd> new_socket() {
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return proto::errno_error(errno, "make a socket");
    return socket;
}

/// Makes the directory if it is not there. EACCES if others could put something else there.
proto::Result<void> prepare_directory(const std::string& path) {
    const mode_t mask = ::umask(0);
    const bool made = ::mkdir(path.c_str(), 0755) == 0;
    const int problem = errno;
    ::umask(mask);
    if (!made && problem != EEXIST) return proto::errno_error(problem, "make the directory " + path);
    const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!directory || ::fstat(directory.get(), &status) != 0) return proto::errno_error(errno, "open " + path);
    // Callers trust whatever listens there.
    if ((status.st_uid != 0 && status.st_uid != ::geteuid()) || (status.st_mode & 022) != 0) {
        return proto::errno_error(EACCES, "use " + path + " (others than its owner and root can change it)");
    }
    return {};
}

/// A locked file: of two brokers that start at the same time one waits for the other here. A file of its own, which only its
/// owner can open: whoever may open something can lock it as well, for as long as he likes.
proto::Result<UniqueFd> lock(const std::string& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return proto::errno_error(errno, "open " + path);
    while (::flock(file.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return proto::errno_error(errno, "lock " + path);
    }
    return file;
}

/// Whether a socket is there that nobody listens on any more.
proto::Result<bool> is_stale(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return proto::errno_error(errno, "look at " + path);
    if (!S_ISSOCK(status.st_mode)) return proto::errno_error(EEXIST, "listen on " + path + " (no socket is there)");
    const auto probe = new_socket();
    if (!probe) return probe.error();
    if (::connect(probe->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return false;
    return errno == ECONNREFUSED;  // any other answer came from somebody who lives
}

proto::Result<void> bind_to(int socket, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string doing = "listen on " + path;
    if (path.size() >= sizeof address.sun_path) return proto::errno_error(ENAMETOOLONG, doing);
    path.copy(address.sun_path, path.size());
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(socket, generic, sizeof address) == 0) return {};
    if (errno != EADDRINUSE) return proto::errno_error(errno, doing);
    const auto stale = is_stale(path, address);
    if (!stale) return stale.error();
    if (!*stale) return proto::errno_error(EADDRINUSE, doing + " (another broker answers there)");
    if (::unlink(path.c_str()) != 0 || ::bind(socket, generic, sizeof address) != 0) {
        return proto::errno_error(errno, doing);
    }
    return {};
}

}  // namespace

proto::Result<BrokerSocket> BrokerSocket::open(const std::string& path) {
    const auto slash = path.rfind('/');
    if (path.empty() || path.front() != '/' || slash == 0) {
        return proto::errno_error(EINVAL, "listen on " + path + " (wanted a path in a directory)");
    }
    if (auto prepared = prepare_directory(path.substr(0, slash)); !prepared) return prepared.error();
    const auto locked = lock(path + ".lock");
    if (!locked) return locked.error();
    auto socket = new_socket();
    if (!socket) return socket.error();
    const mode_t mask = ::umask(0111);  // connecting takes the right to write
    auto bound = bind_to(socket->get(), path);
    ::umask(mask);
    if (!bound) return bound.error();
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return proto::errno_error(errno, "look at " + path);
    BrokerSocket made(std::move(*socket), path, status.st_dev, status.st_ino);
    if (::listen(made.descriptor(), SOMAXCONN) != 0) return proto::errno_error(errno, "listen on " + path);
    return made;
}

BrokerSocket::~BrokerSocket() {
    if (path_.empty()) return;
    // Another one may have come since, if somebody removed ours.
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

}  // namespace init
