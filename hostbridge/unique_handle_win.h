// SPDX-License-Identifier: MIT
#pragma once

// winsock2.h only before windows.h, which would otherwise bring in its predecessor.
#include <winsock2.h>
#include <windows.h>

#include <utility>

namespace hostbridge {

struct KernelObjectTraits {
    static void close(HANDLE handle) noexcept { CloseHandle(handle); }
};

struct FileSearchTraits {
    static void close(HANDLE handle) noexcept { FindClose(handle); }
};

/// Owns a HANDLE and closes it as Traits says. Windows says "none" in two ways, nullptr and INVALID_HANDLE_VALUE;
/// here both are. A raw HANDLE elsewhere is borrowed for the call.
template <typename Traits>
class BasicUniqueHandle {
  public:
    BasicUniqueHandle() = default;
    explicit BasicUniqueHandle(HANDLE handle) noexcept : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
    BasicUniqueHandle(BasicUniqueHandle&& other) noexcept : handle_(other.release()) {}
    BasicUniqueHandle& operator=(BasicUniqueHandle&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~BasicUniqueHandle() { reset(); }

    [[nodiscard]] HANDLE get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    HANDLE release() noexcept { return std::exchange(handle_, nullptr); }
    void reset(HANDLE handle = nullptr) noexcept {
        if (handle == INVALID_HANDLE_VALUE) handle = nullptr;
        if (HANDLE old = std::exchange(handle_, handle); old != nullptr) Traits::close(old);
    }

  private:
    HANDLE handle_ = nullptr;
};

using UniqueHandle = BasicUniqueHandle<KernelObjectTraits>;

}  // namespace hostbridge
