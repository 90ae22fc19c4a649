// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

namespace interop {

/// A directory of our own for the moment in which an emulator starts, that only we can use. It is removed with
/// all that is in it at the latest when this process is gone, by whatever it ended: the directory is made by a process that
/// has nothing of ours but the end of a socket, and waits for that. An emulator that it was shared with keeps it too.
class DosboxDirectory {
  public:
    /// Makes it in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first that can be written to.
    static proto::Result<DosboxDirectory> make();

    DosboxDirectory(DosboxDirectory&& other) noexcept;
    DosboxDirectory& operator=(DosboxDirectory&&) = delete;
    ~DosboxDirectory() { remove(); }

    [[nodiscard]] const std::string& path() const { return path_; }

    proto::Result<void> add_file(const std::string& name, std::string_view content);
    proto::Result<void> add_link(const std::string& name, const std::string& target);

    /// What an emulator must have open as long as it may need the directory: one that does not find its configuration makes
    /// a new one at its user's home, and when we are killed it lives a moment longer than we do.
    [[nodiscard]] int descriptor_to_share() const { return guard_socket_.get(); }

    /// Also if it is still shared. Idempotent.
    void remove();

  private:
    DosboxDirectory() = default;

    proto::Result<void> start_guard();

    std::string path_;
    UniqueFd held_;          // says that the directory is in use
    UniqueFd guard_socket_;  // its end tells the guard
    pid_t guard_ = -1;
};

/// Removes such directories of this user that nobody uses any more: whoever kills all of a program's processes, as the agent
/// does when its client is lost, kills the one that would have removed its directory too.
void remove_abandoned_dosbox_directories();

}  // namespace interop
