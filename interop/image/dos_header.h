// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "interop/image/image_reader.h"

namespace interop {

/// The fields of the DOS header that say what the rest of the file is.
struct DosHeader {
    static constexpr std::uint64_t size = 28;            ///< Of the part that every DOS program has.
    static constexpr std::uint64_t new_style_size = 64;  ///< With the offset of a new-style header.

    std::uint16_t bytes_in_last_page;  ///< 0: all 512.
    std::uint16_t pages;               ///< Of 512 bytes, the header's included.
    std::uint16_t header_paragraphs;   ///< Of 16 bytes.
    std::uint16_t initial_ip;
    std::uint16_t initial_cs;  ///< Relative to the loaded image; may be "negative".
    std::uint32_t new_header;  ///< e_lfanew; 0 in a file too short to have it.

    [[nodiscard]] std::uint64_t header_size() const noexcept { return std::uint64_t{header_paragraphs} * 16; }
};

DosHeader read_dos_header(ImageReader& file);

/// Empty if DOS could load the file; otherwise why not, as words for ImageDescription::detail.
std::string find_fault(const DosHeader& header, std::uint64_t file_size);

}  // namespace interop
