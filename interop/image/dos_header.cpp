// SPDX-License-Identifier: MIT
#include "interop/image/dos_header.h"

namespace interop {
namespace {

constexpr std::uint64_t page_size = 512;

// A last page that is said to be full may be cut short: many linkers rounded up.
std::uint64_t smallest_file_size(const DosHeader& header) {
    const std::uint64_t before_last = (std::uint64_t{header.pages} - 1) * page_size;
    return before_last + (header.bytes_in_last_page == 0 ? 1 : header.bytes_in_last_page);
}

// Relative to the loaded image. Real mode addresses wrap, and programs use it: FFF0:0100 is its first byte.
std::uint64_t entry_point(const DosHeader& header) {
    return (std::uint64_t{header.initial_cs} * 16 + header.initial_ip) & 0xFFFFF;
}

}  // namespace

DosHeader read_dos_header(ImageReader& file) {
    return {.bytes_in_last_page = file.u16(0x02),
            .pages = file.u16(0x04),
            .header_paragraphs = file.u16(0x08),
            .initial_ip = file.u16(0x14),
            .initial_cs = file.u16(0x16),
            .new_header = file.has(0, DosHeader::new_style_size) ? file.u32(0x3C) : 0};
}

std::string find_fault(const DosHeader& header, std::uint64_t file_size) {
    if (file_size < DosHeader::size) return "it ends within its DOS header";
    if (header.pages == 0 || header.bytes_in_last_page > page_size)
        return "the length in its DOS header makes no sense";
    if (smallest_file_size(header) > file_size) {
        return "its DOS header promises " + std::to_string(smallest_file_size(header)) + " bytes, it has " +
               std::to_string(file_size);
    }
    if (header.header_size() < DosHeader::size) return "its DOS header says that it is shorter than a DOS header";
    if (header.header_size() >= file_size) return "its DOS header says that it is longer than the file";
    if (entry_point(header) >= file_size - header.header_size()) return "its entry point lies outside the file";
    return {};
}

}  // namespace interop
