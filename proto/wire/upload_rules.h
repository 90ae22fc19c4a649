// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "upload.pb.h"

/// What holds for the messages of an upload: PROTOCOL.md, section 5.
namespace proto {

/// Whether a Manifest keeps to its limits. What its names are good for is the agent's to say.
bool is_valid_manifest(const mzinit::v1::Manifest& manifest);

/// Whether a FilesWanted names files of a manifest of `file_count` files: at least one, each once, in ascending order.
bool is_valid_wish(const mzinit::v1::FilesWanted& wish, std::uint32_t file_count);

/// How many bytes the files of `wish` have, which is valid, as is the manifest.
std::uint64_t wanted_size(const mzinit::v1::Manifest& manifest, const mzinit::v1::FilesWanted& wish);

}  // namespace proto
