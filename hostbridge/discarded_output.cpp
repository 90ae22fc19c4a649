// SPDX-License-Identifier: MIT
#include "hostbridge/discarded_output.h"

#include <iterator>

namespace hostbridge {

void DiscardedOutput::take(std::unique_ptr<uv::Pipe> pipe) {
    if (pipes_.size() >= most_pipes_) pipes_.pop_front();
    pipes_.push_back(std::move(pipe));
    const auto place = std::prev(pipes_.end());
    (*place)->set_reader([this] { return scratch_; },
                         [this, place](const proto::Result<std::size_t>& size) {
                             if (!size || *size == 0) pipes_.erase(place);
                         });
    if (!(*place)->read_start()) pipes_.erase(place);
}

}  // namespace hostbridge
