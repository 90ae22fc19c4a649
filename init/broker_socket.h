// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace init {

/// A listening socket of the file system that every user may connect to. Packets, because a packet comes whole or not at all:
/// a caller who reads slowly leaves nothing behind that we would have to send later. The file is removed at the end.
class BrokerSocket {
  public:
    /// Makes the directory if it is not there, and takes the place of a socket that nobody listens on any more. EADDRINUSE if
    /// somebody does. PATH.lock is left behind: brokers that start at the same time take turns by it.
    static proto::Result<BrokerSocket> open(const std::string& path);

    BrokerSocket(BrokerSocket&& other) noexcept
        : socket_(std::move(other.socket_)),
          path_(std::exchange(other.path_, {})),
          device_(other.device_),
          inode_(other.inode_) {}
    BrokerSocket& operator=(BrokerSocket&&) = delete;
    ~BrokerSocket();

    [[nodiscard]] int descriptor() const { return socket_.get(); }

  private:
    BrokerSocket(interop::UniqueFd socket, std::string path, dev_t device, ino_t inode)
        : socket_(std::move(socket)), path_(std::move(path)), device_(device), inode_(inode) {}

    interop::UniqueFd socket_;
    std::string path_;  // empty: nothing to remove
    dev_t device_;
    ino_t inode_;
};

}  // namespace init
