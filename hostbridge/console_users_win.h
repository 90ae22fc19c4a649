// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hostbridge/job_win.h"
#include "hostbridge/pseudo_console_win.h"
#include "hostbridge/uv/timer.h"

namespace hostbridge {

/// Finds out whether programs are on `console`, by starting a copy of this program there that counts them. `done` is
/// called on the loop, with false also if that cannot be found out.
void ask_for_console_users(uv_loop_t* loop, std::shared_ptr<PseudoConsole> console, std::function<void(bool)> done);

/// If this process is such a copy: does its work and returns the exit code of main. Before anything else in main.
std::optional<int> run_console_count(const std::vector<std::string>& arguments);

/// Keeps the consoles of programs that have ended and left others running there, which the end of the console would end.
/// Somebody has to go on reading the output. They are closed when nothing of the job runs any more, or we end.
class LeftConsoles {
  public:
    explicit LeftConsoles(uv_loop_t* loop) : timer_(loop, [this] { close_unused(); }) {}

    struct Left {
        std::shared_ptr<PseudoConsole> console;
        UniqueHandle input;  ///< The other end of the console's input, whose end would be that of the console.
        Job job;
    };

    void keep(Left left);

  private:
    void close_unused();

    std::list<Left> left_;
    uv::Timer timer_;
};

}  // namespace hostbridge
