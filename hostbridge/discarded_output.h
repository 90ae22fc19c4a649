// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>

#include "hostbridge/uv/pipe.h"

namespace hostbridge {

/// Reads what nobody wants any more: the output of what a program left running, which then meets neither a broken pipe
/// nor a full one. Until the pipe ends, or we do; or there are too many: then the oldest is closed.
class DiscardedOutput {
  public:
    /// `scratch` is borrowed; all readers of the loop may share it.
    DiscardedOutput(std::span<char> scratch, std::size_t most_pipes) : scratch_(scratch), most_pipes_(most_pipes) {}

    /// Not to be called from inside a callback of `pipe`.
    void take(std::unique_ptr<uv::Pipe> pipe);

    [[nodiscard]] std::size_t size() const { return pipes_.size(); }

  private:
    std::span<char> scratch_;
    std::size_t most_pipes_;
    std::list<std::unique_ptr<uv::Pipe>> pipes_;  ///< The oldest first.
};

}  // namespace hostbridge
