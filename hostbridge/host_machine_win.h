// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "hostbridge/process_launcher.h"

namespace hostbridge {

/// Which programs this Windows can run; asked once, because it does not change.
class HostMachine {
  public:
    static HostMachine detect();

    /// For tests: a machine with these properties.
    HostMachine(interop::Machine native, bool runs_32_bit) : native_(native), runs_32_bit_(runs_32_bit) {}

    /// Why `image` can never be started here. Nothing for what may run, and for files without "MZ":
    /// whether Windows takes one for a batch file is told by the name that it has here.
    [[nodiscard]] std::optional<LaunchFailure> refusal(const interop::ImageDescription& image) const;

  private:
    [[nodiscard]] std::optional<LaunchFailure> pe_refusal(const interop::ImageDescription& image) const;

    interop::Machine native_;
    bool runs_32_bit_;
};

}  // namespace hostbridge
