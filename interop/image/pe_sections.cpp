// SPDX-License-Identifier: MIT
#include "interop/image/pe_sections.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "interop/image/dos_header.h"

namespace interop {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t file_header_size = 24;  // With the signature.
constexpr std::uint64_t section_header_size = 40;
constexpr std::uint64_t directory_size = 8;
constexpr std::uint32_t page_size = 4096;

}  // namespace

PeLayout::PeLayout(ImageReader& file, std::uint64_t header, bool is_pe32_plus)
    : file_(file),
      is_pe32_plus_(is_pe32_plus),
      optional_header_(header + file_header_size),
      optional_header_end_(optional_header_ + file.u16(header + 20)),
      count_of_directories_(optional_header_ + (is_pe32_plus ? 108 : 92)),
      section_alignment_(file.u32(optional_header_ + 32)),
      size_of_headers_(file.u32(optional_header_ + 60)),
      section_count_(file.u16(header + 6)),
      exports_(read_directory(Directory::exports)),
      size_of_exports_(exports_ == 0 ? 0 : read_directory_size(Directory::exports)),
      imports_(read_directory(Directory::imports)),
      load_configuration_(read_directory(Directory::load_configuration)),
      delay_imports_(read_directory(Directory::delay_imports)),
      dotnet_(read_directory(Directory::dotnet)) {
    read_sections();
}

std::optional<PeLayout> PeLayout::find_in(ImageReader& file) {
    const std::uint64_t header = read_dos_header(file).new_header;
    if (!file.matches(0, "MZ") || header == 0 || !file.matches(header, "PE\0\0"sv)) return std::nullopt;
    const std::uint16_t magic = file.u16(header + file_header_size);
    if (magic != pe32_magic && magic != pe32_plus_magic) return std::nullopt;
    return PeLayout(file, header, magic == pe32_plus_magic);
}

std::uint32_t PeLayout::read_directory(Directory directory) const {
    const auto index = static_cast<unsigned>(directory);
    const std::uint64_t entry = count_of_directories_ + 4 + index * directory_size;
    if (index >= file_.u32(count_of_directories_)) return 0;
    if (entry + directory_size > optional_header_end_ || !file_.has(entry, directory_size)) return 0;
    return file_.u32(entry);
}

/// Of one that has an address.
std::uint32_t PeLayout::read_directory_size(Directory directory) const {
    return file_.u32(count_of_directories_ + 4 + static_cast<unsigned>(directory) * directory_size + 4);
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

std::uint32_t PeLayout::address_of(Directory directory) const noexcept {
    switch (directory) {
        case Directory::exports: return exports_;
        case Directory::imports: return imports_;
        case Directory::load_configuration: return load_configuration_;
        case Directory::delay_imports: return delay_imports_;
        case Directory::dotnet: return dotnet_;
    }
    return 0;
}

std::optional<std::uint64_t> PeLayout::find(Directory directory, std::uint64_t size) const noexcept {
    const std::uint32_t address = address_of(directory);
    return address == 0 ? std::nullopt : offset_of(address, size);
}

std::uint64_t PeLayout::image_base() const {
    return is_pe32_plus_ ? file_.u64(optional_header_ + 24) : file_.u32(optional_header_ + 28);
}

}  // namespace interop
