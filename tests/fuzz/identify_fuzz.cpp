// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "interop/image/identify.h"

/// Any bytes are a file: nothing may be read outside of it, and there is always a sentence about it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto read_at = [&](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
        if (offset > size || buffer.size() > size - offset) std::abort();
        std::memcpy(buffer.data(), bytes + offset, buffer.size());
        return buffer.size();
    };
    const interop::ImageDescription image = interop::identify_image(read_at, size);
    if (interop::describe(image).empty()) std::abort();
    if (image.kind == interop::ImageKind::damaged && image.detail.empty()) std::abort();
    return 0;
}
