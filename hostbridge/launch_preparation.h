// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "hostbridge/launch_policy.h"
#include "hostbridge/process_launcher.h"
#include "hostbridge/program_store.h"
#include "hostbridge/transport/connection.h"
#include "interop/text/path_map.h"
#include "launch.pb.h"

namespace hostbridge {

/// The descriptors of one Launch, each at its place.
struct LaunchDescriptors {
    uv::Descriptor program;
    uv::Descriptor working_directory;
    std::array<uv::Descriptor, 3> streams;
};

/// Sorts `passed` by the list in `launch`. A PeerFault if they do not match it, a kind comes twice, or a stream that is to
/// be a terminal is passed.
proto::Result<LaunchDescriptors> match_descriptors(const mzinit::v1::Launch& launch, PassedDescriptors passed);

/// What decides how a Launch is understood.
struct LaunchContext {
    bool same_kernel = false;               ///< The client sees our files: its paths are tried as they are.
    const interop::PathMap* map = nullptr;  ///< The agent's own --map.
    std::string fallback_directory;         ///< Empty: there is none.
    const ProgramStore* store = nullptr;    ///< For programs that we cannot see; may be null.
    std::string store_directory;            ///< Where what guests have sent is, also if `store` is null.
    bool can_ask_for_upload = false;        ///< The client would send the program; needs a store.
    const LaunchPolicy* policy = nullptr;   ///< Asked about the program once it is known; null: everything is allowed.
    Peer peer;                              ///< Who wants to launch it, for the policy.
};

/// A program that may be started.
struct PreparedLaunch {
    ProcessRequest request;
    std::optional<StoredProgram> stored;  ///< Set if that is what it names; to be kept as long as the program runs.
};

/// There is no such program here: the client has to send it.
struct UploadNeeded {};

using Preparation = std::variant<PreparedLaunch, LaunchFailure, UploadNeeded>;

/// Finds the program and the working directory that `launch` means and makes sure that they are the ones
/// (PROTOCOL.md, section 5), and that the policy allows it. `stored` is the program, if the client has sent it. It waits for the disk: run it on the work queue. The streams of `descriptors` are left to the
/// caller, and so is passed_working_directory.
Preparation prepare_launch(const mzinit::v1::Launch& launch, const LaunchDescriptors& descriptors,
                           const LaunchContext& context, std::optional<StoredProgram> stored = std::nullopt);

}  // namespace hostbridge
