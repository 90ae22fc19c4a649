// SPDX-License-Identifier: MIT
#include "proto/wire/detach_rules.h"

#include <algorithm>

namespace proto {
namespace {

bool is_stream(int descriptor) {
    return descriptor == mzinit::v1::DESCRIPTOR_STDIN || descriptor == mzinit::v1::DESCRIPTOR_STDOUT ||
           descriptor == mzinit::v1::DESCRIPTOR_STDERR;
}

}  // namespace

bool is_detach_request(const mzinit::v1::Launch& launch) {
    if (!launch.detach()) return true;
    return launch.terminal_streams() == 0 &&
           std::none_of(launch.descriptors().begin(), launch.descriptors().end(), is_stream);
}

bool is_answer_to_detach_request(const mzinit::v1::LaunchReply& reply, bool detach) {
    if (!reply.detached()) return true;
    return detach && reply.relayed_streams() == 0 && reply.terminal() == mzinit::v1::TERMINAL_KIND_NONE;
}

}  // namespace proto
