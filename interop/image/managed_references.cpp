// SPDX-License-Identifier: MIT
#include "interop/image/managed_references.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "interop/image/bare_name.h"
#include "interop/image/image_reader.h"
#include "interop/image/pe_sections.h"

namespace interop {
namespace {

// Numbers of tables (II.22), as far as something refers to them.
enum Table : unsigned {
    module_table = 0x00,
    type_ref = 0x01,
    type_def = 0x02,
    field = 0x04,
    method_def = 0x06,
    param = 0x08,
    interface_impl = 0x09,
    member_ref = 0x0A,
    decl_security = 0x0E,
    stand_alone_sig = 0x11,
    event = 0x14,
    property = 0x17,
    module_ref = 0x1A,
    type_spec = 0x1B,
    assembly = 0x20,
    assembly_ref = 0x23,
    file_table = 0x26,
    exported_type = 0x27,
    manifest_resource = 0x28,
    generic_param = 0x2A,
    method_spec = 0x2B,
    generic_param_constraint = 0x2C,
    most_tables = 64,
};

/// A column is a number, or an index, whose width depends on how much there is to point to.
struct Column {
    unsigned bytes = 0;        ///< Of a number.
    unsigned heap = 0;         ///< The bit of HeapSizes that makes an index into that heap wide.
    unsigned tag_bits = 0;     ///< Of an index into one of several tables.
    std::uint64_t tables = 0;  ///< The bits of the tables that are pointed to.
};

constexpr std::uint64_t bit(Table table) { return std::uint64_t{1} << table; }

template <typename... Tables>
constexpr Column one_of(unsigned tag_bits, Tables... tables) {
    return {.tag_bits = tag_bits, .tables = (bit(tables) | ...)};
}
constexpr Column row_of(Table table) { return {.tables = bit(table)}; }

constexpr Column u16{.bytes = 2};
constexpr Column u32{.bytes = 4};
constexpr Column string{.heap = 1};
constexpr Column guid{.heap = 2};
constexpr Column blob{.heap = 4};

// Coded indices, II.24.2.6.
constexpr Column type_def_or_ref = one_of(2, type_def, type_ref, type_spec);
constexpr Column has_constant = one_of(2, field, param, property);
constexpr Column has_custom_attribute =
    one_of(5, method_def, field, type_ref, type_def, param, interface_impl, member_ref, module_table, decl_security,
           property, event, stand_alone_sig, module_ref, type_spec, assembly, assembly_ref, file_table, exported_type,
           manifest_resource, generic_param, generic_param_constraint, method_spec);
constexpr Column has_field_marshal = one_of(1, field, param);
constexpr Column has_decl_security = one_of(2, type_def, method_def, assembly);
constexpr Column member_ref_parent = one_of(3, type_def, type_ref, module_ref, method_def, type_spec);
constexpr Column has_semantics = one_of(1, event, property);
constexpr Column method_def_or_ref = one_of(1, method_def, member_ref);
constexpr Column member_forwarded = one_of(1, field, method_def);
constexpr Column custom_attribute_type = one_of(3, method_def, member_ref);
constexpr Column resolution_scope = one_of(2, module_table, module_ref, assembly_ref, type_ref);

// The tables up to AssemblyRef, which lie in front of it in this order. Those called Ptr are in no document but Mono's and
// .NET's sources: they are left over from editing, in metadata that is not compressed.
constexpr std::array<std::array<Column, 9>, assembly_ref + 1> schema{{
    {u16, string, guid, guid, guid},                                            // 00 Module
    {resolution_scope, string, string},                                         // 01 TypeRef
    {u32, string, string, type_def_or_ref, row_of(field), row_of(method_def)},  // 02 TypeDef
    {row_of(field)},                                                            // 03 FieldPtr
    {u16, string, blob},                                                        // 04 Field
    {row_of(method_def)},                                                       // 05 MethodPtr
    {u32, u16, u16, string, blob, row_of(param)},                               // 06 MethodDef
    {row_of(param)},                                                            // 07 ParamPtr
    {u16, u16, string},                                                         // 08 Param
    {row_of(type_def), type_def_or_ref},                                        // 09 InterfaceImpl
    {member_ref_parent, string, blob},                                          // 0A MemberRef
    {u16, has_constant, blob},                                                  // 0B Constant
    {has_custom_attribute, custom_attribute_type, blob},                        // 0C CustomAttribute
    {has_field_marshal, blob},                                                  // 0D FieldMarshal
    {u16, has_decl_security, blob},                                             // 0E DeclSecurity
    {u16, u32, row_of(type_def)},                                               // 0F ClassLayout
    {u32, row_of(field)},                                                       // 10 FieldLayout
    {blob},                                                                     // 11 StandAloneSig
    {row_of(type_def), row_of(event)},                                          // 12 EventMap
    {row_of(event)},                                                            // 13 EventPtr
    {u16, string, type_def_or_ref},                                             // 14 Event
    {row_of(type_def), row_of(property)},                                       // 15 PropertyMap
    {row_of(property)},                                                         // 16 PropertyPtr
    {u16, string, blob},                                                        // 17 Property
    {u16, row_of(method_def), has_semantics},                                   // 18 MethodSemantics
    {row_of(type_def), method_def_or_ref, method_def_or_ref},                   // 19 MethodImpl
    {string},                                                                   // 1A ModuleRef
    {blob},                                                                     // 1B TypeSpec
    {u16, member_forwarded, string, row_of(module_ref)},                        // 1C ImplMap
    {u32, row_of(field)},                                                       // 1D FieldRVA
    {u32, u32},                                                                 // 1E EncLog
    {u32},                                                                      // 1F EncMap
    {u32, u16, u16, u16, u16, u32, blob, string, string},                       // 20 Assembly
    {u32},                                                                      // 21 AssemblyProcessor
    {u32, u32, u32},                                                            // 22 AssemblyOS
    {u16, u16, u16, u16, u32, blob, string, string, blob},                      // 23 AssemblyRef
}};
constexpr unsigned assembly_ref_name = 6;  // columns
constexpr unsigned module_ref_name = 0;

/// A part of the file.
struct Range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// The streams of the metadata that are needed here.
struct Streams {
    Range tables;
    Range strings;
};

class TableReader {
  public:
    TableReader(ImageReader& file, const Streams& streams) : file_(file), streams_(streams) {
        constexpr std::uint64_t header_size = 24;
        constexpr unsigned extra_word = 0x40;  // of HeapSizes, in no document either
        heap_sizes_ = file.u16(streams.tables.offset + 6) & 0xFF;
        const std::uint64_t present = file.u64(streams.tables.offset + 8);
        std::uint64_t at = streams.tables.offset + header_size;
        for (unsigned table = 0; table < most_tables; ++table) {
            if ((present >> table & 1) == 0) continue;
            rows_[table] = file.u32(at);
            at += 4;
        }
        first_table_ = at + ((heap_sizes_ & extra_word) != 0 ? 4 : 0);
    }

    /// The names in a column of the first rows of a table.
    std::vector<std::string> names(Table table, unsigned column) {
        std::vector<std::uint32_t> indices;
        const std::uint64_t begin = offset_of(table);
        const std::uint64_t row_size = size_of_row(table, schema[table].size());
        const std::uint64_t within = size_of_row(table, column);
        const unsigned rows = std::min<std::uint32_t>(rows_[table], most_managed_references);
        for (unsigned row = 0; row < rows; ++row) {
            const std::uint64_t at = begin + row * row_size + within;
            if (at + width_of(string) > streams_.tables.offset + streams_.tables.size) break;
            indices.push_back(width_of(string) == 2 ? file_.u16(at) : file_.u32(at));
        }
        // All strings after all rows: they lie apart, and going to and fro costs reads.
        std::vector<std::string> names;
        for (const std::uint32_t index : indices) take_name(index, names);
        return names;
    }

  private:
    [[nodiscard]] unsigned width_of(const Column& column) const {
        if (column.heap != 0) return (heap_sizes_ & column.heap) != 0 ? 4 : 2;
        if (column.tables == 0) return column.bytes;
        std::uint32_t most_rows = 0;
        for (unsigned table = 0; table < most_tables; ++table) {
            if ((column.tables >> table & 1) != 0) most_rows = std::max(most_rows, rows_[table]);
        }
        return most_rows < 1u << (16 - column.tag_bits) ? 2 : 4;
    }

    /// That of the first columns.
    [[nodiscard]] std::uint64_t size_of_row(unsigned table, std::size_t columns) const {
        std::uint64_t size = 0;
        for (std::size_t i = 0; i < columns; ++i) size += width_of(schema[table][i]);
        return size;
    }

    [[nodiscard]] std::uint64_t offset_of(unsigned table) const {
        std::uint64_t offset = first_table_;
        for (unsigned before = 0; before < table; ++before) {
            offset += rows_[before] * size_of_row(before, schema[before].size());
        }
        return offset;
    }

    void take_name(std::uint32_t index, std::vector<std::string>& names) {
        if (index >= streams_.strings.size) return;
        auto name = file_.string(streams_.strings.offset + index, longest_managed_reference);
        if (name && is_bare_name(*name)) names.push_back(*std::move(name));
    }

    ImageReader& file_;
    const Streams& streams_;
    unsigned heap_sizes_ = 0;
    std::array<std::uint32_t, most_tables> rows_{};
    std::uint64_t first_table_ = 0;
};

/// II.25.3.3: the metadata that the CLI header names.
std::optional<Range> find_metadata(ImageReader& file) {
    constexpr std::uint64_t cli_header_size = 72;
    const auto layout = PeLayout::find_in(file);
    if (!layout) return std::nullopt;
    const auto header = layout->find(PeLayout::Directory::dotnet, cli_header_size);
    if (!header) return std::nullopt;
    const std::uint32_t size = file.u32(*header + 12);
    const auto offset = layout->offset_of(file.u32(*header + 8), size);
    if (!offset) return std::nullopt;
    return Range{*offset, size};
}

/// II.24.2.1 and II.24.2.2: the metadata's root, and the headers of its streams.
std::optional<Streams> find_streams(ImageReader& file, const Range& metadata) {
    constexpr std::uint32_t signature = 0x424A5342;
    constexpr std::uint32_t longest_version = 255;
    constexpr unsigned most_streams = 16;
    constexpr std::size_t longest_stream_name = 31;
    if (file.u32(metadata.offset) != signature) return std::nullopt;
    const std::uint32_t version_length = file.u32(metadata.offset + 12);
    if (version_length > longest_version) return std::nullopt;
    std::uint64_t at = metadata.offset + 16 + (version_length + 3) / 4 * 4 + 2;
    const unsigned count = std::min<unsigned>(file.u16(at), most_streams);
    at += 2;
    Streams streams;
    for (unsigned i = 0; i < count; ++i) {
        const std::uint32_t offset = file.u32(at);
        const std::uint32_t size = file.u32(at + 4);
        const auto name = file.string(at + 8, longest_stream_name);
        if (!name || offset > metadata.size || size > metadata.size - offset) return std::nullopt;
        const Range range{metadata.offset + offset, size};
        if (*name == "#~" || *name == "#-") streams.tables = range;
        if (*name == "#Strings") streams.strings = range;
        at += 8 + (name->size() + 4) / 4 * 4;
    }
    return streams;
}

}  // namespace

ManagedReferences find_managed_references(const ReadAt& read_at, std::uint64_t file_size) {
    ImageReader file(read_at, file_size);
    const auto metadata = find_metadata(file);
    const auto streams = metadata ? find_streams(file, *metadata) : std::nullopt;
    if (!streams) return {};
    TableReader tables(file, *streams);
    // Where they lie in the file: the first one first.
    auto modules = tables.names(module_ref, module_ref_name);
    return {.assemblies = tables.names(assembly_ref, assembly_ref_name), .modules = std::move(modules)};
}

}  // namespace interop
