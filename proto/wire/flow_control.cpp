// SPDX-License-Identifier: MIT
#include "proto/wire/flow_control.h"

#include "proto/wire/limits.h"

namespace proto {

Result<void> SendWindow::grant(std::uint32_t bytes) {
    if (bytes > limits::max_outstanding_credit - available_) {
        return peer_error(PeerFault::credit_exceeded, "read a grant");
    }
    available_ += bytes;
    return {};
}

void SendWindow::spend(std::uint32_t bytes) {
    CHECK(bytes <= available_);
    available_ -= bytes;
}

Result<void> ReceiveWindow::receive(std::uint32_t bytes) {
    if (bytes > outstanding_) return peer_error(PeerFault::credit_exceeded, "read data");
    outstanding_ -= bytes;
    return {};
}

std::optional<std::uint32_t> ReceiveWindow::release(std::uint32_t bytes) {
    released_ += bytes;
    CHECK(released_ <= size_ - outstanding_);
    if (released_ == 0 || released_ < size_ / 4) return std::nullopt;
    const std::uint32_t grant = released_;
    outstanding_ += grant;
    released_ = 0;
    return grant;
}

}  // namespace proto
