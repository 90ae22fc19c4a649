// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/result.h"

/// Credit per stream: PROTOCOL.md, section 6.
namespace proto {

/// What we may still send on one stream.
class SendWindow {
  public:
    explicit SendWindow(std::uint32_t initial_credit) : available_(initial_credit) {}

    /// The peer granted `bytes` more; a PeerFault if the sum would pass max_outstanding_credit.
    Result<void> grant(std::uint32_t bytes);

    [[nodiscard]] std::uint32_t available() const { return available_; }

    /// We sent `bytes`, at most available().
    void spend(std::uint32_t bytes);

  private:
    std::uint32_t available_;
};

/// What the peer may still send us on one stream, and when to grant more.
class ReceiveWindow {
  public:
    explicit ReceiveWindow(std::uint32_t size) : size_(size), outstanding_(size) {}

    /// The peer sent `bytes`; a PeerFault if that is more than we granted.
    Result<void> receive(std::uint32_t bytes);

    /// We got rid of `bytes` of what was received. Returns what to grant now: a quarter of the window at
    /// least, so that small reads do not cause a frame each.
    std::optional<std::uint32_t> release(std::uint32_t bytes);

  private:
    std::uint32_t size_;
    std::uint32_t outstanding_;
    std::uint32_t released_ = 0;
};

}  // namespace proto
