// SPDX-License-Identifier: MIT
#include "interop/image/pe_sections.h"

#include <algorithm>
#include <span>

namespace interop {
namespace {

constexpr std::uint64_t file_header_size = 24;  // With the signature.
constexpr std::uint64_t section_header_size = 40;
constexpr std::uint64_t directory_size = 8;
constexpr std::uint32_t page_size = 4096;
constexpr unsigned load_configuration_index = 10;
constexpr unsigned dotnet_index = 14;

}  // namespace

PeLayout::PeLayout(ImageReader& file, std::uint64_t header, bool is_pe32_plus)
    : file_(file),
      optional_header_(header + file_header_size),
      optional_header_end_(optional_header_ + file.u16(header + 20)),
      count_of_directories_(optional_header_ + (is_pe32_plus ? 108 : 92)),
      section_alignment_(file.u32(optional_header_ + 32)),
      size_of_headers_(file.u32(optional_header_ + 60)),
      section_count_(file.u16(header + 6)),
      load_configuration_(read_directory(load_configuration_index)),
      dotnet_(read_directory(dotnet_index)) {
    read_sections();
}

std::uint32_t PeLayout::read_directory(unsigned index) const {
    const std::uint64_t entry = count_of_directories_ + 4 + index * directory_size;
    if (index >= file_.u32(count_of_directories_)) return 0;
    if (entry + directory_size > optional_header_end_ || !file_.has(entry, directory_size)) return 0;
    return file_.u32(entry);
}

void PeLayout::read_sections() {
    if (!has_section_table()) return;
    sections_read_ = std::min(section_count_, most_sections);
    std::uint64_t at = optional_header_end_;
    for (Section& section : std::span(sections_).first(sections_read_)) {
        section = {.virtual_size = file_.u32(at + 8),
                   .address = file_.u32(at + 12),
                   .raw_size = file_.u32(at + 16),
                   .raw_offset = file_.u32(at + 20)};
        at += section_header_size;
    }
}

bool PeLayout::has_section_table() const noexcept {
    return file_.has(optional_header_end_, section_count_ * section_header_size);
}

bool PeLayout::has_section_contents() const noexcept {
    // Aligned to less than a page, the file is mapped as it is and the sections are not looked at.
    if (section_alignment_ < page_size) return true;
    return std::ranges::all_of(std::span(sections_).first(sections_read_), [this](const Section& s) {
        if (s.raw_size == 0 || s.raw_offset == 0) return true;
        // What lies behind the virtual size is padding, which some linkers leave out at the end of the file.
        return file_.has(s.raw_offset, s.virtual_size == 0 ? s.raw_size : std::min(s.raw_size, s.virtual_size));
    });
}

std::optional<std::uint64_t> PeLayout::offset_of(std::uint32_t address, std::uint64_t size) const noexcept {
    const bool is_flat = section_alignment_ < page_size || address < size_of_headers_;
    if (is_flat) return file_.has(address, size) ? std::optional<std::uint64_t>(address) : std::nullopt;
    for (const Section& s : std::span(sections_).first(sections_read_)) {
        if (address < s.address || address - s.address >= s.raw_size) continue;
        const std::uint64_t within = address - s.address;
        if (size > s.raw_size - within) return std::nullopt;
        // The loader rounds the offset down to a disk sector.
        const std::uint64_t offset = (s.raw_offset & ~std::uint64_t{0x1FF}) + within;
        return file_.has(offset, size) ? std::optional(offset) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> PeLayout::find(Directory directory, std::uint64_t size) const noexcept {
    const std::uint32_t address = directory == Directory::dotnet ? dotnet_ : load_configuration_;
    return address == 0 ? std::nullopt : offset_of(address, size);
}

}  // namespace interop
