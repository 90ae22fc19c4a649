// SPDX-License-Identifier: MIT
#include "interop/image/image_reader.h"

#include <algorithm>
#include <span>

namespace interop {

ImageReader::ImageReader(const ReadAt& read_at, std::uint64_t file_size) : read_at_(read_at), file_size_(file_size) {
    load(head_, 0);
    // A file that is shorter than it was said to be (it is being written, or the read failed) ends here.
    if (head_.size < window_size) file_size_ = std::min<std::uint64_t>(file_size_, head_.size);
}

bool ImageReader::has(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= file_size_ && size <= file_size_ - offset;
}

void ImageReader::load(Window& window, std::uint64_t offset) {
    const std::uint64_t left = offset < file_size_ ? file_size_ - offset : 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, window_size));
    window.offset = offset;
    window.size = wanted == 0 ? 0 : std::min(read_at_(offset, std::span(window.bytes).first(wanted)), wanted);
}

std::uint8_t ImageReader::u8(std::uint64_t offset) {
    if (!has(offset, 1)) return 0;
    if (offset < head_.size) return static_cast<std::uint8_t>(head_.bytes[static_cast<std::size_t>(offset)]);
    const auto inside = [offset](const Window& window) {
        return offset >= window.offset && offset - window.offset < window.size;
    };
    if (!inside(elsewhere_)) load(elsewhere_, offset);
    if (!inside(elsewhere_)) return 0;
    return static_cast<std::uint8_t>(elsewhere_.bytes[static_cast<std::size_t>(offset - elsewhere_.offset)]);
}

std::uint16_t ImageReader::u16(std::uint64_t offset) {
    const unsigned low = u8(offset);
    return static_cast<std::uint16_t>(low | (unsigned{u8(offset + 1)} << 8));
}

std::uint32_t ImageReader::u32(std::uint64_t offset) {
    const std::uint32_t low = u16(offset);
    return low | (std::uint32_t{u16(offset + 2)} << 16);
}

std::uint64_t ImageReader::u64(std::uint64_t offset) {
    const std::uint64_t low = u32(offset);
    return low | (std::uint64_t{u32(offset + 4)} << 32);
}

bool ImageReader::matches(std::uint64_t offset, std::string_view text) {
    if (!has(offset, text.size())) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (u8(offset + i) != static_cast<std::uint8_t>(text[i])) return false;
    }
    return true;
}

std::string_view ImageReader::head() const noexcept {
    return {reinterpret_cast<const char*>(head_.bytes.data()), head_.size};
}

}  // namespace interop
