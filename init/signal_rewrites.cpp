// SPDX-License-Identifier: MIT
#include "init/signal_rewrites.h"

namespace init {

bool SignalRewrites::set(int signal, int replacement) noexcept {
    if (signal < 1 || signal > highest || replacement < 0 || replacement > highest) return false;
    table_[static_cast<std::size_t>(signal)] = static_cast<std::uint8_t>(replacement);
    return true;
}

bool SignalRewrites::is_set(int signal) const noexcept {
    return signal >= 1 && signal <= highest && table_[static_cast<std::size_t>(signal)] != itself;
}

int SignalRewrites::apply(int signal) const noexcept {
    return is_set(signal) ? table_[static_cast<std::size_t>(signal)] : signal;
}

}  // namespace init
