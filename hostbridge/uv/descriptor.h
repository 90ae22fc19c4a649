// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <utility>

namespace hostbridge::uv {

/// Owns a C runtime descriptor, which libuv has on both systems. A raw uv_file elsewhere is borrowed.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(uv_file file) noexcept : file_(file) {}
    Descriptor(Descriptor&& other) noexcept : file_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~Descriptor() { reset(); }

    [[nodiscard]] uv_file get() const noexcept { return file_; }
    explicit operator bool() const noexcept { return file_ >= 0; }
    uv_file release() noexcept { return std::exchange(file_, -1); }
    void reset(uv_file file = -1) noexcept {
        if (const uv_file old = std::exchange(file_, file); old >= 0) {
            uv_fs_t request{};
            uv_fs_close(nullptr, &request, old, nullptr);
            uv_fs_req_cleanup(&request);
        }
    }

  private:
    uv_file file_ = -1;
};

}  // namespace hostbridge::uv
