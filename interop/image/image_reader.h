// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "interop/image/identify.h"

namespace interop {

/// Little-endian fields of a file, by offset. Bytes that the file does not have read as zero, so that no header
/// can lead outside it; `has` tells the difference. Keeps the first 4 KiB and one more window of that size: whoever
/// asks in ascending order causes one read for each place.
class ImageReader {
  public:
    static constexpr std::size_t window_size = 4096;

    /// Borrows `read_at` for its own lifetime.
    ImageReader(const ReadAt& read_at, std::uint64_t file_size);

    [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }

    /// Whether the file has `size` bytes at `offset`.
    [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t size) const noexcept {
        return offset <= file_size_ && size <= file_size_ - offset;
    }

    [[nodiscard]] std::uint16_t u16(std::uint64_t offset) { return number<std::uint16_t>(offset); }
    [[nodiscard]] std::uint32_t u32(std::uint64_t offset) { return number<std::uint32_t>(offset); }
    [[nodiscard]] std::uint64_t u64(std::uint64_t offset) { return number<std::uint64_t>(offset); }

    /// Whether the bytes at `offset` are `text`, which is shorter than a sector.
    [[nodiscard]] bool matches(std::uint64_t offset, std::string_view text) {
        return view(offset, text.size()) == text;
    }

    /// The bytes at `offset` up to a NUL, which is not part of them; nothing if there is none among the first `longest` + 1,
    /// at most a sector, that the file has.
    [[nodiscard]] std::optional<std::string> string(std::uint64_t offset, std::size_t longest);

    /// The first 4 KiB, or what the file has of them.
    [[nodiscard]] std::string_view head() const noexcept { return view_of(head_); }

  private:
    struct Window {
        std::uint64_t offset = 0;
        std::size_t size = 0;
        std::array<char, window_size> bytes;  // Not cleared: only what was read is looked at.
    };

    static std::string_view view_of(const Window& window) noexcept { return {window.bytes.data(), window.size}; }

    /// The `size` bytes at `offset`, or those of them that the file has; valid until the next call.
    [[nodiscard]] std::string_view view(std::uint64_t offset, std::size_t size) {
        if (offset < head_.size && size <= head_.size - offset) return {head_.bytes.data() + offset, size};
        return view_elsewhere(offset, size);
    }

    template <typename Number>
    [[nodiscard]] Number number(std::uint64_t offset) {
        static_assert(std::endian::native == std::endian::little, "fields are copied as they are");
        Number value = 0;
        if (offset < head_.size && sizeof value <= head_.size - offset) {
            std::memcpy(&value, head_.bytes.data() + offset, sizeof value);
            return value;
        }
        const std::string_view bytes = view_elsewhere(offset, sizeof value);
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }

    std::string_view view_elsewhere(std::uint64_t offset, std::size_t size);
    void load(Window& window, std::uint64_t offset);

    const ReadAt& read_at_;
    std::uint64_t file_size_;
    Window head_;
    Window elsewhere_;
};

}  // namespace interop
