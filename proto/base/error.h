// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace proto {

/// Why an operation of ours did not succeed: the reason, and what was being done, with its object.
/// `doing` reads like "connect to unix:/run/mzinit/bridge.sock".
struct Error {
    std::error_code code;
    std::string doing;

    /// "connect to tcp:127.0.0.1:5000: Connection refused", the form in which users see it.
    [[nodiscard]] std::string message() const;
};

/// Ways in which bytes from the other side can be wrong. Values of the category below.
enum class PeerFault {
    bad_magic = 1,        ///< The first frame is not a Greeting of this protocol.
    malformed_frame,      ///< A header whose reserved bits, type or stream make no sense.
    frame_too_large,      ///< A frame over the limit for its type.
    malformed_message,    ///< A CONTROL frame that is not a ControlMessage, or lacks its body.
    unexpected_message,   ///< A message at a point where the order does not allow it.
    no_common_version,    ///< The version ranges do not overlap.
    authentication,       ///< A proof is missing or wrong, or the key is not known.
    credit_exceeded,      ///< More data than was granted, or a grant that overflows.
    data_after_end,       ///< DATA on a stream that had ended.
    descriptor_mismatch,  ///< Descriptors that Launch did not announce, or announced ones missing.
    silent,               ///< Nothing was heard for longer than the limit.
    too_much_before_authentication,
    flooding,  ///< Asks for more answers than it reads.
};

/// The error category of PeerFault.
const std::error_category& peer_category() noexcept;

inline std::error_code make_error_code(PeerFault fault) noexcept { return {static_cast<int>(fault), peer_category()}; }

/// An Error for `fault`; `doing` as in Error.
Error peer_error(PeerFault fault, std::string_view doing);

/// An Error for the errno value `number` (on Windows too: the C runtime's).
Error errno_error(int number, std::string_view doing);

/// An Error that no system call reported: `sentence` is the whole message.
Error stated_error(std::string_view sentence);

}  // namespace proto

template <>
struct std::is_error_code_enum<proto::PeerFault> : std::true_type {};
