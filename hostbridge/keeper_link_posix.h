// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

#include "hostbridge/keeper_posix.h"
#include "hostbridge/uv/poll.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {

/// The agent's side of one keeper, alive until the keeper is gone.
class KeeperLink {
  public:
    using OnReport = std::function<void(const KeeperReport&)>;

    /// Forks a keeper for `order`, whose `control` is filled in. `on_report` may be replaced later; `on_gone` is
    /// called last, once, when the keeper has been reaped, and may destroy the link.
    static proto::Result<std::unique_ptr<KeeperLink>> start(uv_loop_t* loop, KeeperOrder order, OnReport on_report,
                                                            std::function<void(KeeperLink&)> on_gone);

    void set_on_report(OnReport on_report) { on_report_ = std::move(on_report); }

    /// Passes a signal on to the program's group, SIGTSTP and SIGCONT to all descendants, as long as the program runs.
    void deliver(int signal_number);

    /// Has the program's terminal hung up. The caller has closed, or is about to close, its own descriptors of it.
    void hang_up();

    /// After the program's end: nobody reads its terminal any more.
    void release();

    /// Has the program and its descendants killed, unless the program has ended already.
    void terminate();

  private:
    KeeperLink() = default;

    void receive();
    void send(KeeperCommand command);

    interop::UniqueFd control_;
    std::unique_ptr<uv::Poll> poll_;  // destroyed before control_
    pid_t keeper_ = -1;
    OnReport on_report_;
    std::function<void(KeeperLink&)> on_gone_;
};

}  // namespace hostbridge
