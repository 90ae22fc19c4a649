// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "interop/image/image_reader.h"

namespace interop {

/// Of the optional header: what says which of its two forms it has.
inline constexpr std::uint16_t pe32_magic = 0x10B;
inline constexpr std::uint16_t pe32_plus_magic = 0x20B;

/// The section table and data directories of a PE image: what is needed to find things by their address. Reads both
/// once, when it is made.
class PeLayout {
  public:
    /// The values are the indices in the file.
    enum class Directory { exports = 0, imports = 1, load_configuration = 10, delay_imports = 13, dotnet = 14 };

    /// That of the PE image that the file is; nothing if it is none. Borrows `file`.
    static std::optional<PeLayout> find_in(ImageReader& file);

    /// `header` is the offset of the signature. Borrows `file`.
    PeLayout(ImageReader& file, std::uint64_t header, bool is_pe32_plus);

    /// Whether the file has the whole section table, and all that it says sections have in the file.
    [[nodiscard]] bool has_section_table() const noexcept;
    [[nodiscard]] bool has_section_contents() const noexcept;

    /// The address of a data directory, relative to the image's base; 0: there is none.
    [[nodiscard]] std::uint32_t address_of(Directory directory) const noexcept;

    /// How many bytes from address_of(Directory::exports) on are the directory's: what is exported there is a forwarder.
    [[nodiscard]] std::uint32_t size_of_exports() const noexcept { return size_of_exports_; }

    /// The file offset of a data directory that exists and has `size` bytes in the file.
    [[nodiscard]] std::optional<std::uint64_t> find(Directory directory, std::uint64_t size) const noexcept;

    /// The file offset of `size` bytes that are mapped at such an address; nothing if the file does
    /// not have all of them.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint32_t address, std::uint64_t size) const noexcept;

    /// Where the image wants to be mapped.
    [[nodiscard]] std::uint64_t image_base() const;

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

    [[nodiscard]] std::uint32_t read_directory(Directory directory) const;
    [[nodiscard]] std::uint32_t read_directory_size(Directory directory) const;
    void read_sections();

    ImageReader& file_;
    bool is_pe32_plus_;
    std::uint64_t optional_header_;
    std::uint64_t optional_header_end_;
    std::uint64_t count_of_directories_;
    std::uint32_t section_alignment_;
    std::uint32_t size_of_headers_;
    unsigned section_count_;
    std::uint32_t exports_;  // Addresses of the directories.
    std::uint32_t size_of_exports_;
    std::uint32_t imports_;
    std::uint32_t load_configuration_;
    std::uint32_t delay_imports_;
    std::uint32_t dotnet_;
    unsigned sections_read_ = 0;
    std::array<Section, most_sections> sections_;  // Only the first sections_read_ are there.
};

}  // namespace interop
