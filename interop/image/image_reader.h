// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "interop/image/identify.h"

namespace interop {

/// Little-endian fields of a file, by offset. Bytes that the file does not have read as zero, so that no header
/// can lead outside it; `has` tells the difference. Keeps the first 4 KiB and one more window of that size.
class ImageReader {
  public:
    static constexpr std::size_t window_size = 4096;

    /// Borrows `read_at` for its own lifetime.
    ImageReader(const ReadAt& read_at, std::uint64_t file_size);

    [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }

    /// Whether the file has `size` bytes at `offset`.
    [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t size) const noexcept;

    [[nodiscard]] std::uint16_t u16(std::uint64_t offset);
    [[nodiscard]] std::uint32_t u32(std::uint64_t offset);
    [[nodiscard]] std::uint64_t u64(std::uint64_t offset);

    /// Whether the bytes at `offset` are `text`.
    [[nodiscard]] bool matches(std::uint64_t offset, std::string_view text);

    /// The first 4 KiB, or what the file has of them.
    [[nodiscard]] std::string_view head() const noexcept;

  private:
    struct Window {
        std::uint64_t offset = 0;
        std::size_t size = 0;
        std::array<std::byte, window_size> bytes;
    };

    std::uint8_t u8(std::uint64_t offset);
    void load(Window& window, std::uint64_t offset);

    const ReadAt& read_at_;
    std::uint64_t file_size_;
    Window head_;
    Window elsewhere_;
};

}  // namespace interop
