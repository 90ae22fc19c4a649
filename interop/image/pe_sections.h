// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// The section table and data directories of a PE image: what is needed to find things by their address. Reads both
/// once, when it is made.
class PeLayout {
  public:
    enum class Directory { load_configuration, dotnet };

    /// `header` is the offset of the signature. Borrows `file`.
    PeLayout(ImageReader& file, std::uint64_t header, bool is_pe32_plus);

    /// Whether the file has the whole section table, and all that it says sections have in the file.
    [[nodiscard]] bool has_section_table() const noexcept;
    [[nodiscard]] bool has_section_contents() const noexcept;

    /// The file offset of a data directory that exists and has `size` bytes in the file.
    [[nodiscard]] std::optional<std::uint64_t> find(Directory directory, std::uint64_t size) const noexcept;

  private:
    struct Section {
        std::uint32_t virtual_size;
        std::uint32_t address;
        std::uint32_t raw_size;
        std::uint32_t raw_offset;
    };

    // "The Windows loader limits the number of sections to 96" (Microsoft "PE Format"), and Wine refuses more. Newer
    // Windows does not: those behind are not looked at, so that no header makes us read without end.
    static constexpr unsigned most_sections = 96;

    [[nodiscard]] std::uint32_t read_directory(unsigned index) const;
    void read_sections();
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint32_t address, std::uint64_t size) const noexcept;

    ImageReader& file_;
    std::uint64_t optional_header_;
    std::uint64_t optional_header_end_;
    std::uint64_t count_of_directories_;
    std::uint32_t section_alignment_;
    std::uint32_t size_of_headers_;
    unsigned section_count_;
    std::uint32_t load_configuration_;  // Addresses; 0: there is none.
    std::uint32_t dotnet_;
    unsigned sections_read_ = 0;
    std::array<Section, most_sections> sections_;  // Only the first sections_read_ are there.
};

}  // namespace interop
