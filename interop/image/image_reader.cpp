// SPDX-License-Identifier: MIT
#include "interop/image/image_reader.h"

#include <algorithm>
#include <span>

namespace interop {

ImageReader::ImageReader(const ReadAt& read_at, std::uint64_t file_size) : read_at_(read_at), file_size_(file_size) {
    load(head_, 0);
}

std::optional<std::string> ImageReader::string(std::uint64_t offset, std::size_t longest) {
    const std::string_view bytes = view(offset, longest + 1);
    const std::size_t length = bytes.find('\0');
    if (length == std::string_view::npos) return std::nullopt;
    return std::string(bytes.substr(0, length));
}

void ImageReader::load(Window& window, std::uint64_t offset) {
    const std::uint64_t left = offset < file_size_ ? file_size_ - offset : 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, window_size));
    const auto buffer = std::as_writable_bytes(std::span(window.bytes)).first(wanted);
    window.offset = offset;
    window.size = wanted == 0 ? 0 : std::min(read_at_(offset, buffer), wanted);
    // A file that is shorter than it was said to be (it is being written, or the read failed) ends here: nobody asks
    // again for what could not be read.
    if (window.size < wanted) file_size_ = offset + window.size;
}

std::string_view ImageReader::view_elsewhere(std::uint64_t offset, std::size_t size) {
    constexpr std::uint64_t sector = 512;
    const auto available = [&] {
        return offset < file_size_ ? static_cast<std::size_t>(std::min<std::uint64_t>(size, file_size_ - offset)) : 0;
    };
    const auto is_in = [&](const Window& window) {
        return offset >= window.offset && offset - window.offset <= window.size &&
               available() <= window.size - (offset - window.offset);
    };
    if (available() == 0) return {};
    if (is_in(head_)) return view_of(head_).substr(static_cast<std::size_t>(offset), available());
    // From the start of a sector, so that a step back does not mean another read.
    if (!is_in(elsewhere_)) load(elsewhere_, offset / sector * sector);
    if (!is_in(elsewhere_)) return {};
    return view_of(elsewhere_).substr(static_cast<std::size_t>(offset - elsewhere_.offset), available());
}

}  // namespace interop
