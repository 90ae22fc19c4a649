// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <csignal>
#include <cstdint>

namespace init {

/// Which signal stands for which when it is forwarded. At first every signal stands for itself.
class SignalRewrites {
  public:
    static constexpr int highest = 64;  ///< The kernel's last one, SIGRTMAX.

    /// `replacement` 0 drops the signal. False if a number is none that can be.
    bool set(int signal, int replacement) noexcept;

    [[nodiscard]] bool is_set(int signal) const noexcept;

    /// The signal to forward; 0: none.
    [[nodiscard]] int apply(int signal) const noexcept;

  private:
    static constexpr std::uint8_t itself = 0xFF;

    std::array<std::uint8_t, highest + 1> table_ = filled();

    static constexpr std::array<std::uint8_t, highest + 1> filled() {
        std::array<std::uint8_t, highest + 1> table{};
        table.fill(itself);
        return table;
    }
};

}  // namespace init
