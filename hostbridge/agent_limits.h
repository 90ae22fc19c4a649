// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The agent's own limits; those of the protocol are in proto/wire/limits.h.
namespace hostbridge::limits {

using namespace std::chrono_literals;

/// A program's output is not read while more than this waits to be sent to its client.
inline constexpr std::size_t output_backlog = 1u << 20;
/// A connection with more than this waiting to be sent is closed: its client asks and does not listen.
inline constexpr std::size_t send_backlog = 8u << 20;
/// How much is read from a program at once.
inline constexpr std::size_t output_read = 256u << 10;
/// How much is read from a connection at once.
inline constexpr std::size_t connection_read = 64u << 10;
inline constexpr std::size_t small_connection_read = 8u << 10;
/// How long descendants may hold the output of a program that has ended.
inline constexpr std::chrono::milliseconds drain = 5s;
/// How many pipes of descendants that live on are read and what they give is thrown away.
inline constexpr std::size_t discarded_outputs = 256;
/// Of how many detached programs, those that were started last, what was stored for them is kept in any case.
inline constexpr std::size_t stored_detached = 64;
/// How soon after that it is looked at again whether everything was read.
inline constexpr std::chrono::milliseconds drain_recheck = 250ms;
/// How long a client may take to read the last of what is sent to it.
inline constexpr std::chrono::milliseconds ending = 10s;
/// How long the client may take to see what a program showed before it was told that this has been stopped.
inline constexpr std::chrono::milliseconds stopped_output = 1s;
/// How long a program has to end by itself after TERM or HUP.
inline constexpr std::chrono::milliseconds grace = 5s;
/// How long running programs have after the agent was told to end.
inline constexpr std::chrono::milliseconds shutdown_grace = 10s;
/// How often it is asked how much of its input a program has read, while that changes and while it does not.
inline constexpr std::chrono::milliseconds confirm_soon = 1ms;
inline constexpr std::chrono::milliseconds confirm_late = 50ms;
/// With so much unconfirmed it is asked at once.
inline constexpr std::size_t confirm_at_once = 32u << 10;
/// Signals that a client may send before its program runs.
inline constexpr std::size_t early_signals = 16;
inline constexpr std::size_t default_sessions = 4096;
/// What the program store keeps, in bytes.
inline constexpr std::uint64_t default_cache_size = 1ull << 30;
/// How many threads of libuv's pool each of the WorkLanes may have, and the pool: the rest starts programs and delivers Ctrl-C.
inline constexpr std::size_t file_threads = 12;
inline constexpr std::size_t store_threads = 8;
inline constexpr std::size_t pool_threads = file_threads + store_threads + 4;
/// Connections that have not proved their right to one, or were refused; beyond it the oldest is dropped.
inline constexpr std::size_t strangers = 256;
/// How long a client waits for the names that the agent offers: less than proto::limits::answer_deadline.
inline constexpr std::chrono::milliseconds listing = 700ms;
/// Of how many programs the names are looked at.
inline constexpr std::size_t listed_names = 16384;
/// How long starting a program may take; making a new Wine prefix on a slow disk is well within it.
inline constexpr std::chrono::milliseconds start = 120s;

}  // namespace hostbridge::limits
