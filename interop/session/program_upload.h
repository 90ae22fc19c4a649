// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interop/session/program_parts.h"
#include "proto/base/result.h"
#include "proto/wire/client_protocol.h"
#include "proto/wire/sha256.h"
#include "upload.pb.h"

namespace interop {

/// Sends the files of a program to an agent that does not see it: first what they are, then those that it lacks. Every call does
/// a short piece of work, so that whoever waits for signals and for the agent meanwhile is not held up.
class ProgramUpload {
  public:
    /// `parts` as of find_program_parts(); `protocol` is borrowed, and has been sent ManifestRequest.
    ProgramUpload(std::vector<ProgramPart> parts, proto::ClientProtocol& protocol);

    /// Reads the next piece of the files. True once it has read them all and the manifest waits to be sent; until then it
    /// is to be called again. Error: a file cannot be read.
    proto::Result<bool> describe();

    /// What the agent has answered to the manifest.
    void want(std::vector<std::uint32_t> indices);

    /// Gives the next piece of what is wanted to the protocol, no more than it has credit for; after the last byte the end.
    /// False if there was nothing to do: no credit, or all is sent. A file that is not any more what the
    /// manifest says ends the upload early, and the agent will have to say so.
    bool send();

    /// How far it has come, in bytes, in what it does now.
    struct Progress {
        std::uint64_t done = 0;
        std::uint64_t total = 0;
    };
    [[nodiscard]] Progress progress() const { return progress_; }

  private:
    void describe_part();
    bool give_up();

    std::vector<ProgramPart> parts_;
    proto::ClientProtocol& protocol_;
    mzinit::v1::Manifest manifest_;
    std::vector<std::uint32_t> wanted_;
    std::string buffer_;
    std::size_t current_ = 0;   // of parts_ while they are described, of wanted_ later
    std::uint64_t offset_ = 0;  // in it
    proto::Sha256 digest_;
    Progress progress_;
    bool ended_ = true;  // nothing is wanted yet, or all is sent
};

}  // namespace interop
