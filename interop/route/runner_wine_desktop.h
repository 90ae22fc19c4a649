// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace interop {

/// Makes a prefix's desktop, and keeps it. By itself Wine makes one, by starting explorer.exe, for the first program that
/// wants a window, and ends it one second after the last program that uses it. Then what one program copied is gone
/// before the next one pastes; and explorer.exe, a child of the program that needed it, keeps that program's standard error
/// open for as long as any other uses the desktop: whoever reads it to its end waits that long. Here explorer.exe starts
/// on /dev/null, and a program that waits on a pipe of ours holds the desktop until this object or our process ends.
class WineDesktop {
  public:
    WineDesktop() = default;
    WineDesktop(const WineDesktop&) = delete;
    WineDesktop& operator=(const WineDesktop&) = delete;
    ~WineDesktop();

    /// Returns once the desktop is there: at once if it is held already, else after up to seconds. The prefix's server
    /// runs already. `wine` is its starter, `environment` is "NAME=value". After an Error programs can run, and make the
    /// desktop themselves. Not for two threads at a time.
    proto::Result<void> hold(const std::string& wine, const std::vector<std::string>& environment);

  private:
    [[nodiscard]] bool is_held() const;
    proto::Result<UniqueFd> start_holder(const std::string& wine, const std::vector<std::string>& environment);

    pid_t holder_ = -1;
    UniqueFd lifeline_;  ///< The holder ends when this is closed.
};

}  // namespace interop
