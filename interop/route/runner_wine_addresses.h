// SPDX-License-Identifier: MIT
#pragma once

namespace interop {

/// For the life of this object, what the calling thread executes, and starts, has its memory where it would be without
/// the kernel's address randomization. Where that is not allowed (some seccomp profiles), nothing changes.
///
/// A workaround for Wine up to 8.0 at least: it needs the address 0x7ffe0000 for what Windows programs share with the
/// kernel, and Linux since 6.9 puts the heap of Wine's starter anywhere in the gigabyte around that. About one start in
/// 1,500 then ended with 1 and, with debug output off, without a word ("failed to map the shared user data").
class WineAddresses {
  public:
    WineAddresses() noexcept;
    WineAddresses(const WineAddresses&) = delete;
    WineAddresses& operator=(const WineAddresses&) = delete;
    ~WineAddresses();

  private:
    int before_;
};

/// The same for good, for a process that is about to execute Wine. Async-signal-safe.
void use_wine_addresses() noexcept;

}  // namespace interop
