// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <utility>

#include "hostbridge/uv/error.h"

namespace hostbridge::uv {

/// Owns a libuv handle of type T together with State, the callbacks it calls. This is the only place that
/// frees a uv_handle_t: closing is asynchronous, and both are freed when libuv says that it is done. So a callback
/// may destroy the object that owns it; after that none of its callbacks runs again.
template <typename T, typename State>
class Handle {
  public:
    Handle() = default;
    Handle(Handle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            close();
            block_ = std::exchange(other.block_, nullptr);
        }
        return *this;
    }
    ~Handle() { close(); }

    /// `init` calls the uv_*_init function on the T it is given and returns its result.
    template <typename Init>
    static proto::Result<Handle> make(Init init, const char* doing) {
        auto* block = new Block;
        if (const int result = init(static_cast<T*>(block)); result < 0) {
            delete block;
            return error(result, doing);
        }
        static_cast<T*>(block)->data = &block->state;
        Handle handle;
        handle.block_ = block;
        return handle;
    }

    [[nodiscard]] T* raw() const { return block_; }
    [[nodiscard]] State& state() const { return block_->state; }
    explicit operator bool() const { return block_ != nullptr; }

    /// For callbacks: the State behind `raw`, null when the owner is gone.
    static State* state_of(const T* raw) { return static_cast<State*>(raw->data); }

    void close() {
        if (block_ == nullptr) return;
        T* raw = std::exchange(block_, nullptr);
        raw->data = nullptr;
        uv_close(reinterpret_cast<uv_handle_t*>(raw),
                 [](uv_handle_t* closed) { delete static_cast<Block*>(reinterpret_cast<T*>(closed)); });
    }

  private:
    struct Block : T {
        State state;
    };

    Block* block_ = nullptr;
};

}  // namespace hostbridge::uv
