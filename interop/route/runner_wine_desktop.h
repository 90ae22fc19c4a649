// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace interop {

/// Keeps a prefix's desktop. Wine ends the desktop, and forgets the clipboard with it, one second after the last program
/// that uses it: then what one program copied is gone before the next one pastes. A program that waits on a pipe of
/// ours, outside every session, holds it until this object or our process ends.
class WineDesktop {
  public:
    WineDesktop() = default;
    WineDesktop(WineDesktop&&) = default;
    WineDesktop& operator=(WineDesktop&&) = delete;
    ~WineDesktop();

    /// Starts that program unless it runs. The prefix's server runs already. `environment` is "NAME=value".
    proto::Result<void> hold(const std::string& wine, const std::vector<std::string>& environment);

  private:
    [[nodiscard]] bool is_held();

    pid_t holder_ = -1;
    UniqueFd lifeline_;  ///< The holder ends when this is closed.
};

}  // namespace interop
