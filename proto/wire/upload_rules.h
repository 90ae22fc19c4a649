// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "launch.pb.h"
#include "upload.pb.h"

/// What holds for the messages of an upload: PROTOCOL.md, section 5.
namespace proto {

/// Whether a Launch from a client whose uploads the agent may ask for, or may not, insists on one only where that can be.
bool is_upload_request(const mzinit::v1::Launch& launch, bool may_ask);

/// Whether a Manifest keeps to its limits. What its names are good for is the agent's to say.
bool is_valid_manifest(const mzinit::v1::Manifest& manifest);

/// Whether a FilesWanted names files of a manifest of `file_count` files: at least one, each once, in ascending order.
bool is_valid_wish(const mzinit::v1::FilesWanted& wish, std::uint32_t file_count);

/// How many bytes the files of `wish` have, which is valid, as is the manifest.
std::uint64_t wanted_size(const mzinit::v1::Manifest& manifest, const mzinit::v1::FilesWanted& wish);

}  // namespace proto
