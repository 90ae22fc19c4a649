// SPDX-License-Identifier: MIT
#include "proto/wire/upload_rules.h"

#include "proto/wire/limits.h"

namespace proto {

bool is_upload_request(const mzinit::v1::Launch& launch, bool may_ask) { return may_ask || !launch.must_upload(); }

bool is_valid_manifest(const mzinit::v1::Manifest& manifest) {
    const auto count = static_cast<std::size_t>(manifest.files_size());
    if (count == 0 || count > limits::max_manifest_files) return false;
    std::uint64_t total = 0;
    for (const auto& file : manifest.files()) {
        if (file.name().empty() || file.name().size() > limits::max_file_name_length) return false;
        if (file.sha256().size() != limits::digest_length) return false;
        if (file.size() > limits::max_upload_size - total) return false;
        total += file.size();
    }
    return true;
}

bool is_valid_wish(const mzinit::v1::FilesWanted& wish, std::uint32_t file_count) {
    std::uint64_t lowest = 0;
    for (const std::uint32_t index : wish.indices()) {
        if (index < lowest || index >= file_count) return false;
        lowest = std::uint64_t{index} + 1;
    }
    return wish.indices_size() > 0;
}

std::uint64_t wanted_size(const mzinit::v1::Manifest& manifest, const mzinit::v1::FilesWanted& wish) {
    std::uint64_t total = 0;
    for (const std::uint32_t index : wish.indices()) total += manifest.files(static_cast<int>(index)).size();
    return total;
}

}  // namespace proto
