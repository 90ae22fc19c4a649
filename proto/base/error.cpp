// SPDX-License-Identifier: MIT
#include "proto/base/error.h"

namespace proto {
namespace {

class PeerCategory final : public std::error_category {
  public:
    const char* name() const noexcept override { return "mzinit peer"; }

    std::string message(int value) const override {
        switch (static_cast<PeerFault>(value)) {
            case PeerFault::bad_magic: return "the peer does not speak this protocol";
            case PeerFault::malformed_frame: return "malformed frame";
            case PeerFault::frame_too_large: return "frame over the size limit";
            case PeerFault::malformed_message: return "malformed control message";
            case PeerFault::unexpected_message: return "message out of order";
            case PeerFault::no_common_version: return "no protocol version in common";
            case PeerFault::authentication: return "authentication failed";
            case PeerFault::credit_exceeded: return "more data than was granted";
            case PeerFault::data_after_end: return "data after the end of its stream";
            case PeerFault::descriptor_mismatch: return "passed descriptors do not match the request";
            case PeerFault::silent: return "the peer fell silent";
            case PeerFault::too_much_before_authentication: return "too many bytes before authentication";
            case PeerFault::flooding: return "more questions than the peer reads answers";
        }
        return "unknown peer fault";
    }
};

class StatedCategory final : public std::error_category {
  public:
    const char* name() const noexcept override { return "mzinit statement"; }
    std::string message(int) const override { return {}; }
};

}  // namespace

std::string Error::message() const {
    std::string reason = code.message();
    if (doing.empty()) return reason;
    return reason.empty() ? doing : doing + ": " + reason;
}

const std::error_category& peer_category() noexcept {
    static const PeerCategory category;
    return category;
}

Error peer_error(PeerFault fault, std::string_view doing) { return {make_error_code(fault), std::string(doing)}; }

Error errno_error(int number, std::string_view doing) {
    return {std::error_code(number, std::generic_category()), std::string(doing)};
}

Error stated_error(std::string_view sentence) {
    static const StatedCategory category;
    return {std::error_code(1, category), std::string(sentence)};
}

}  // namespace proto
