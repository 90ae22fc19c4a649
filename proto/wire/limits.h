// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of the protocol, as PROTOCOL.md section 9 lists them.
namespace proto::limits {

using namespace std::chrono_literals;

inline constexpr std::uint32_t lowest_version = 1;
inline constexpr std::uint32_t highest_version = 1;

inline constexpr std::uint32_t max_control_length = 4u << 20;
inline constexpr std::uint32_t max_data_length = 256u << 10;
inline constexpr std::uint32_t max_greeting_length = 4096;
inline constexpr std::uint32_t max_unauthenticated_bytes = 4096;
inline constexpr std::uint32_t default_initial_credit = 1u << 20;
inline constexpr std::uint32_t max_outstanding_credit = 16u << 20;
inline constexpr std::size_t max_key_id_length = 255;
inline constexpr std::size_t max_passed_descriptors = 5;
inline constexpr std::size_t max_manifest_files = 240;
inline constexpr std::size_t max_file_name_length = 255;
inline constexpr std::uint64_t max_upload_size = std::uint64_t{1} << 62;
inline constexpr std::size_t max_offered_names = 4096;
inline constexpr std::size_t nonce_length = 32;
inline constexpr std::size_t key_length = 32;
inline constexpr std::size_t digest_length = 32;
inline constexpr std::size_t program_head_length = 4096;
inline constexpr std::size_t max_machine_name_length = 255;
inline constexpr std::size_t max_reported_command_length = 4096;
inline constexpr std::size_t ticket_nonce_length = 16;
inline constexpr std::size_t max_broker_reply_length = 16u << 10;

inline constexpr std::chrono::milliseconds greeting_deadline = 1s;
inline constexpr std::chrono::milliseconds answer_deadline = 1s;  ///< To InfoRequest or Report.
inline constexpr std::chrono::milliseconds authentication_deadline = 5s;
inline constexpr std::chrono::milliseconds launch_deadline = 5s;
inline constexpr std::chrono::milliseconds progress_interval = 1s;
inline constexpr std::chrono::milliseconds ping_after = 15s;
inline constexpr std::chrono::milliseconds lost_after = 45s;
inline constexpr std::chrono::milliseconds linger = 2s;
inline constexpr std::chrono::milliseconds broker_deadline = 1s;

inline constexpr std::chrono::seconds ticket_lifetime = 30s;
inline constexpr std::chrono::seconds ticket_clock_skew = 5s;  ///< By which guest's and host's clocks may differ.

}  // namespace proto::limits
