// SPDX-License-Identifier: MIT
#pragma once

namespace proto {

/// Prints "file:line: check failed: text" on stderr, or hands it to the handler set below, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* text) noexcept;

/// What runs before the abort. PID 1 sets one that does not return, because the kernel panics when it dies.
/// A null pointer restores the default.
using CheckHandler = void (*)(const char* file, int line, const char* text) noexcept;
void set_check_handler(CheckHandler handler) noexcept;

}  // namespace proto

/// A condition that only a bug of ours can make false; in release builds too. Never for what a peer sent.
#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::proto::check_failed(__FILE__, __LINE__, #condition))
