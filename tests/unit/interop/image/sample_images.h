// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "interop/image/identify.h"

namespace interop::testing {

/// The bytes of a small file, written field by field.
class SampleFile {
  public:
    explicit SampleFile(std::size_t size = 0) : bytes_(size) {}

    SampleFile& u8(std::size_t offset, unsigned value) { return put(offset, value, 1); }
    SampleFile& u16(std::size_t offset, unsigned value) { return put(offset, value, 2); }
    SampleFile& u32(std::size_t offset, std::uint64_t value) { return put(offset, value, 4); }
    SampleFile& u64(std::size_t offset, std::uint64_t value) { return put(offset, value, 8); }
    SampleFile& text(std::size_t offset, std::string_view value) {
        grow(offset + value.size());
        std::memcpy(bytes_.data() + offset, value.data(), value.size());
        return *this;
    }
    SampleFile& resize(std::size_t size) {
        bytes_.resize(size);
        return *this;
    }
    SampleFile& flip_bit(std::size_t bit) {
        bytes_[bit / 8] ^= std::byte{1} << (bit % 8);
        return *this;
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

    /// Identifies the bytes and counts what was read; a read outside the file is counted as a fault.
    [[nodiscard]] ImageDescription identify() { return identify_image(counting_reader(), bytes_.size()); }

    /// Reads the bytes, from now on counted.
    [[nodiscard]] ReadAt counting_reader() {
        bytes_read = 0;
        reads = 0;
        return [this](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
            if (offset > bytes_.size() || buffer.size() > bytes_.size() - offset) {
                ++reads_outside;
                return 0;
            }
            bytes_read += buffer.size();
            ++reads;
            std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), buffer.size(), buffer.begin());
            return buffer.size();
        };
    }

    [[nodiscard]] std::string bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

    std::size_t bytes_read = 0;  // Since the last identify() or counting_reader(), as is the next.
    unsigned reads = 0;
    unsigned reads_outside = 0;

  private:
    void grow(std::size_t size) {
        if (bytes_.size() < size) bytes_.resize(size);
    }
    SampleFile& put(std::size_t offset, std::uint64_t value, std::size_t width) {
        grow(offset + width);
        for (std::size_t i = 0; i < width; ++i) bytes_[offset + i] = static_cast<std::byte>(value >> (8 * i));
        return *this;
    }

    std::vector<std::byte> bytes_;
};

/// A DOS program of two pages whose header has 64 bytes, as every new-style program starts with.
inline SampleFile dos_program() {
    return SampleFile(1024).text(0, "MZ").u16(0x02, 0).u16(0x04, 2).u16(0x08, 4).u16(0x14, 0x10).u16(0x16, 0);
}

/// The shape of the smallest programs that Windows runs: the PE header at `header`, the end of it left out. At 0x0C
/// and below, it shares bytes with the DOS header that both can live with.
inline SampleFile tiny_program(std::size_t header) {
    const std::size_t optional_header = header + 24;
    SampleFile tiny(252);
    tiny.text(0, "MZ").text(header, std::string_view("PE\0\0", 4)).u16(header + 4, 0x14C);
    tiny.u16(header + 20, 0x70).u16(header + 22, 0x102);
    tiny.u16(optional_header, 0x10B).u32(optional_header + 32, 4).u32(optional_header + 60, 0xFC);
    tiny.u16(optional_header + 68, 2);
    return tiny.u32(0x3C, header);
}

/// A new-style program with `signature` at 0x80 and room behind it.
inline SampleFile new_style_program(std::string_view signature) {
    return dos_program().u32(0x3C, 0x80).text(0x80, signature);
}

struct PeFields {
    unsigned machine = 0x8664;
    bool plus = true;
    unsigned subsystem = 3;
    unsigned characteristics = 0x0022;
    unsigned optional_header_size = 240;
};

constexpr std::size_t pe_header = 0x80;
constexpr std::size_t pe_optional_header = pe_header + 24;
constexpr std::size_t pe_section_offset = 0x400;
constexpr std::uint32_t pe_section_address = 0x1000;

/// A PE image with one section of 0x400 bytes at pe_section_offset, mapped at pe_section_address.
inline SampleFile pe_program(const PeFields& fields = {}) {
    SampleFile file = new_style_program(std::string_view("PE\0\0", 4));
    file.u16(pe_header + 4, fields.machine).u16(pe_header + 6, 1);
    file.u16(pe_header + 20, fields.optional_header_size).u16(pe_header + 22, fields.characteristics);
    file.u16(pe_optional_header, fields.plus ? 0x20B : 0x10B);
    file.u32(pe_optional_header + 32, 0x1000).u32(pe_optional_header + 36, 0x200).u32(pe_optional_header + 60, 0x400);
    file.u16(pe_optional_header + 68, fields.subsystem);
    file.u32(pe_optional_header + (fields.plus ? 108 : 92), 16);
    const std::size_t section = pe_optional_header + fields.optional_header_size;
    file.text(section, ".text").u32(section + 8, 0x400).u32(section + 12, pe_section_address);
    file.u32(section + 16, 0x400).u32(section + 20, pe_section_offset);
    return file.resize(pe_section_offset + 0x400);
}

/// Points data directory `index` at `address`.
inline SampleFile& set_directory(SampleFile& file, bool plus, unsigned index, std::uint32_t address) {
    return file.u32(pe_optional_header + (plus ? 112 : 96) + 8 * index, address);
}

/// Fills entry `index` of an import table at `table`, an address: `name` stands at another one.
inline SampleFile& add_import(SampleFile& file, std::uint32_t table, unsigned index, std::uint32_t name,
                              std::string_view text) {
    const std::size_t entry = table - pe_section_address + pe_section_offset + std::size_t{20} * index;
    file.u32(entry + 12, name).u32(entry + 16, pe_section_address);
    return file.text(name - pe_section_address + pe_section_offset, std::string(text) + '\0');
}

/// The same for a delay-import table, whose addresses are relative if the attributes say so.
inline SampleFile& add_delay_import(SampleFile& file, std::uint32_t table, unsigned index, std::uint32_t name,
                                    std::string_view text, std::uint32_t base = 0) {
    const std::size_t entry = table - pe_section_address + pe_section_offset + std::size_t{32} * index;
    file.u32(entry, base == 0 ? 1 : 0).u32(entry + 4, base + name);
    return file.text(name - pe_section_address + pe_section_offset, std::string(text) + '\0');
}

/// A program that imports `dlls`, at most ten, by names of at most 31 bytes.
inline SampleFile importing_program(const std::vector<std::string>& dlls, const PeFields& fields = {}) {
    SampleFile file = pe_program(fields);
    set_directory(file, fields.plus, 1, pe_section_address);
    for (unsigned i = 0; i < dlls.size(); ++i) {
        add_import(file, pe_section_address, i, pe_section_address + 0x100 + 32 * i, dlls[i]);
    }
    return file;
}

/// An image with exports that are forwarded, and one that is not.
inline SampleFile forwarding_dll(const std::vector<std::string>& forwarders, const PeFields& fields = {}) {
    SampleFile file = pe_program(fields);
    const auto count = static_cast<std::uint32_t>(forwarders.size());
    set_directory(file, fields.plus, 0, pe_section_address);
    file.u32(pe_optional_header + (fields.plus ? 112 : 96) + 4, 0x200);
    file.u32(pe_section_offset + 20, count + 1).u32(pe_section_offset + 28, pe_section_address + 0x200);
    std::uint32_t text = 0x40;
    for (std::uint32_t i = 0; i < count; ++i) {
        file.u32(pe_section_offset + 0x200 + 4 * i, pe_section_address + text);
        file.text(pe_section_offset + text, forwarders[i] + '\0');
        text += static_cast<std::uint32_t>(forwarders[i].size()) + 1;
    }
    // Its code begins where the directory ends.
    return file.u32(pe_section_offset + 0x200 + 4 * count, pe_section_address + 0x200);
}

/// A 64-bit program whose load configuration has a pointer to the metadata of hybrid ARM images.
inline SampleFile hybrid_program(unsigned machine) {
    SampleFile file = pe_program({.machine = machine});
    set_directory(file, true, 10, pe_section_address);
    return file.u32(pe_section_offset, 0x140).u64(pe_section_offset + 0xC8, 0x140001000);
}

/// A .NET program whose runtime flags are `flags`.
inline SampleFile dotnet_program(std::uint32_t flags, const PeFields& fields = {.machine = 0x14C, .plus = false}) {
    SampleFile file = pe_program(fields);
    set_directory(file, fields.plus, 14, pe_section_address + 0x10);
    return file.u32(pe_section_offset + 0x10 + 16, flags);
}

/// Where managed_image() has its metadata and the streams in it; offsets in the file.
constexpr std::size_t metadata_offset = pe_section_offset + 0x60;
constexpr std::size_t metadata_tables = metadata_offset + 0x40;
constexpr std::size_t metadata_strings = metadata_offset + 0x140;
constexpr std::size_t metadata_size = 0x300;

/// A .NET image that refers to these assemblies and modules, at most ten together: its metadata has the tables Module, ModuleRef
/// and AssemblyRef.
inline SampleFile managed_image(const std::vector<std::string>& assemblies,
                                const std::vector<std::string>& modules = {},
                                const PeFields& fields = {.machine = 0x14C, .plus = false}) {
    SampleFile file = dotnet_program(1, fields);
    file.u32(pe_section_offset + 0x10 + 8, pe_section_address + 0x60).u32(pe_section_offset + 0x10 + 12, metadata_size);
    file.u32(metadata_offset, 0x424A5342).u16(metadata_offset + 4, 1).u16(metadata_offset + 6, 1);
    file.u32(metadata_offset + 12, 12).text(metadata_offset + 16, "v4.0.30319").u16(metadata_offset + 30, 2);
    file.u32(metadata_offset + 32, 0x40).u32(metadata_offset + 36, 0x100).text(metadata_offset + 40, "#~");
    file.u32(metadata_offset + 44, 0x140).u32(metadata_offset + 48, 0x1C0).text(metadata_offset + 52, "#Strings");
    file.u8(metadata_tables + 4, 2).u64(metadata_tables + 8, 1 | 1ULL << 0x1A | 1ULL << 0x23);
    file.u32(metadata_tables + 24, 1)
        .u32(metadata_tables + 28, modules.size())
        .u32(metadata_tables + 32, assemblies.size());
    std::size_t row = metadata_tables + 36 + 10;
    std::size_t string = metadata_strings + 1;
    const auto add_name = [&](std::size_t at, const std::string& name) {
        file.u16(at, static_cast<unsigned>(string - metadata_strings)).text(string, name + '\0');
        string += name.size() + 1;
    };
    for (const std::string& module : modules) {
        add_name(row, module);
        row += 2;
    }
    for (const std::string& assembly : assemblies) {
        add_name(row + 14, assembly);
        row += 20;
    }
    return file;
}

}  // namespace interop::testing
