// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "interop/image/identify.h"

namespace {

using interop::ImageDescription;
using interop::ImageKind;

constexpr unsigned most_reads = 8;

void require(bool holds) {
    if (!holds) std::abort();
}

/// Identifies the bytes; every read has to be inside of them, and there are few, whatever they say.
ImageDescription identify(const std::uint8_t* bytes, std::size_t size) {
    unsigned reads = 0;
    const auto read_at = [&](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
        require(++reads <= most_reads && !buffer.empty() && buffer.size() <= 4096);
        require(offset <= size && buffer.size() <= size - offset);
        std::memcpy(buffer.data(), bytes + offset, buffer.size());
        return buffer.size();
    };
    return interop::identify_image(read_at, size);
}

bool same(const ImageDescription& a, const ImageDescription& b) {
    return a.kind == b.kind && a.machine == b.machine && a.subsystem == b.subsystem && a.managed == b.managed &&
           a.is_dll == b.is_dll && a.bits == b.bits && a.detail == b.detail;
}

// Only PE images have what is their own, and every kind that could be started has a width.
void check_fields(const ImageDescription& image) {
    require(image.bits == 0 || image.bits == 16 || image.bits == 32 || image.bits == 64);
    switch (image.kind) {
        case ImageKind::pe: require(image.bits >= 32); return;
        case ImageKind::dos:
        case ImageKind::ne:
        case ImageKind::le:
        case ImageKind::vxd:
        case ImageKind::linux_kernel: require(image.bits != 0); break;
        case ImageKind::not_mz:
        case ImageKind::ape: require(image.bits == 0 && image.detail.empty()); break;
        case ImageKind::damaged: require(image.bits == 0 && !image.detail.empty() && !image.is_dll); break;
        case ImageKind::efi_zboot: break;
    }
    require(image.managed == interop::Managed::none);
}

}  // namespace

/// Any bytes are a file: what is said about it is one sentence, always the same, and a file that is cut off or cannot be
/// read any further is no reason to fail either.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const ImageDescription image = identify(bytes, size);
    check_fields(image);
    require(same(image, identify(bytes, size)));
    const std::string sentence = interop::describe(image);
    require(!sentence.empty() && sentence.size() < 200);
    require(std::ranges::all_of(sentence, [](char c) { return c >= ' ' && c <= '~'; }));
    const bool is_mz = size >= 2 && bytes[0] == 'M' && bytes[1] == 'Z';
    require((image.kind == ImageKind::not_mz) == (!is_mz && image.kind != ImageKind::ape));

    // It was longer when its size was asked: what cannot be read is not asked for without end.
    unsigned reads = 0;
    const auto shrunk = [&](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
        const std::size_t left = offset < size ? size - static_cast<std::size_t>(offset) : 0;
        const std::size_t count = std::min(left, buffer.size());
        require(++reads <= most_reads);
        if (count != 0) std::memcpy(buffer.data(), bytes + offset, count);
        return count;
    };
    check_fields(interop::identify_image(shrunk, size + 100000));
    return 0;
}
