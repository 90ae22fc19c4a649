// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_addresses.h"

#include <sys/personality.h>

namespace interop {
namespace {

constexpr unsigned long only_ask = 0xFFFFFFFF;

}  // namespace

WineAddresses::WineAddresses() noexcept : before_(::personality(only_ask)) { use_wine_addresses(); }

WineAddresses::~WineAddresses() {
    if (before_ != -1) ::personality(static_cast<unsigned long>(before_));
}

void use_wine_addresses() noexcept {
    const int now = ::personality(only_ask);
    if (now != -1) ::personality(static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE);
}

}  // namespace interop
