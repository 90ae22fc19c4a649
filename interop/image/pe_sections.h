// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// The section table and data directories of a PE image: what is needed to find things by their address.
class PeLayout {
  public:
    enum class Directory : unsigned { load_configuration = 10, dotnet = 14 };

    /// `header` is the offset of the signature. Borrows `file`.
    PeLayout(ImageReader& file, std::uint64_t header, bool is_pe32_plus);

    /// Whether the file has the whole section table, and all that it says sections have in the file.
    [[nodiscard]] bool has_section_table() const;
    [[nodiscard]] bool has_section_contents() const;

    /// The file offset of a data directory that exists and has `size` bytes in the file.
    [[nodiscard]] std::optional<std::uint64_t> find(Directory directory, std::uint64_t size) const;

  private:
    struct Section {
        std::uint32_t virtual_size;
        std::uint32_t address;
        std::uint32_t raw_size;
        std::uint32_t raw_offset;
    };

    [[nodiscard]] Section section(unsigned index) const;
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint32_t address, std::uint64_t size) const;

    ImageReader& file_;
    std::uint64_t optional_header_;
    std::uint64_t optional_header_end_;
    std::uint64_t count_of_directories_;
    std::uint32_t section_alignment_;
    std::uint32_t size_of_headers_;
    unsigned section_count_;
};

}  // namespace interop
