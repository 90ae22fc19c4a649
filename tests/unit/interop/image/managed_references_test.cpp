// SPDX-License-Identifier: MIT
#include "interop/image/managed_references.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "sample_images.h"

namespace interop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::managed_image;
using testing::metadata_offset;
using testing::metadata_size;
using testing::metadata_strings;
using testing::metadata_tables;
using testing::pe_section_offset;
using testing::SampleFile;

ManagedReferences references_of(SampleFile& file) {
    return find_managed_references(file.counting_reader(), file.size());
}
ManagedReferences references_of(SampleFile&& file) { return references_of(file); }

void expect_none(SampleFile file, const char* why) {
    const ManagedReferences references = references_of(file);
    EXPECT_THAT(references.assemblies, IsEmpty()) << why;
    EXPECT_THAT(references.modules, IsEmpty()) << why;
}

TEST(ManagedReferences, AreTheAssembliesAndModulesOfTheMetadata) {
    for (const auto& fields : {testing::PeFields{.machine = 0x14C, .plus = false}, testing::PeFields{}}) {
        const auto references = references_of(managed_image({"mscorlib", "Lib.One"}, {"native", "other.dll"}, fields));
        EXPECT_THAT(references.assemblies, ElementsAre("mscorlib", "Lib.One"));
        EXPECT_THAT(references.modules, ElementsAre("native", "other.dll"));
    }
}

SampleFile read_corpus(const char* name) {
    std::ifstream file(MZINIT_TESTS_DIRECTORY "/fuzz/corpus/" + std::string(name), std::ios::binary);
    return SampleFile().text(0, std::string{std::istreambuf_iterator<char>(file), {}});
}

TEST(ManagedReferences, OfWhatARealCompilerMadeAreFound) {
    EXPECT_THAT(references_of(read_corpus("identify/mono_program")).assemblies, ElementsAre("mscorlib"));
    const auto references = references_of(read_corpus("image_references/mono_library"));
    EXPECT_THAT(references.assemblies, ElementsAre("mscorlib"));
    EXPECT_THAT(references.modules, ElementsAre("native", "other.dll"));
}

// The tables before AssemblyRef, each with one row, lie where the widths of their columns put it.
TEST(ManagedReferences, LieBehindTheRowsOfAllTablesBefore) {
    // The bytes of a row of each table with narrow indices, ECMA-335 II.22.
    constexpr unsigned narrow[] = {10, 6, 14, 2, 6, 2, 14, 2, 6, 4, 6, 6, 6, 4, 6,  8, 6, 2,
                                   4,  2, 6,  4, 2, 6, 6,  6, 2, 2, 8, 6, 8, 4, 22, 4, 12};
    static_assert(std::size(narrow) == 0x23);
    for (unsigned table = 0; table < std::size(narrow); ++table) {
        SampleFile file = managed_image({});
        file.u64(metadata_tables + 8, 1ULL << table | 1ULL << 0x23)
            .u32(metadata_tables + 24, 1)
            .u32(metadata_tables + 28, 1);
        file.u16(metadata_tables + 32 + narrow[table] + 14, 1).text(metadata_strings + 1, "found");
        EXPECT_THAT(references_of(file).assemblies, ElementsAre("found")) << table;
    }
}

TEST(ManagedReferences, AreFoundWhereIndicesAreWide) {
    // Heaps: strings 1, GUIDs 2, blobs 4. A Module has one string and three GUIDs, an AssemblyRef a blob, its name and two more.
    for (unsigned heaps = 0; heaps < 8; ++heaps) {
        SampleFile file = managed_image({});
        const unsigned module_size = 2 + ((heaps & 1) != 0 ? 4 : 2) + ((heaps & 2) != 0 ? 12 : 6);
        file.u8(metadata_tables + 6, heaps).u64(metadata_tables + 8, 1 | 1ULL << 0x23);
        file.u32(metadata_tables + 24, 1).u32(metadata_tables + 28, 1);
        file.u16(metadata_tables + 32 + module_size + 12 + ((heaps & 4) != 0 ? 4 : 2), 1)
            .text(metadata_strings + 1, "wide");
        EXPECT_THAT(references_of(file).assemblies, ElementsAre("wide")) << heaps;
    }
    // An InterfaceImpl points to a TypeDef and, with two bits for which, to one of three kinds: wide from 16,384 rows on.
    for (const unsigned rows : {16383u, 16384u}) {
        SampleFile file = managed_image({});
        const std::size_t size = 1 << 20;
        file.u32(pe_section_offset + 0x10 + 12, size).u32(metadata_offset + 36, size - 0x200);
        file.resize(pe_section_offset + 0x400 + size);
        file.u32(testing::pe_optional_header + 240 + 16, 0x400 + size);
        file.u64(metadata_tables + 8, 2 | 1ULL << 9 | 1ULL << 0x23);
        file.u32(metadata_tables + 24, rows).u32(metadata_tables + 28, 1).u32(metadata_tables + 32, 1);
        // A TypeRef is 6 bytes: what it is in is one of four kinds, none of which has many rows but TypeRef itself.
        const unsigned type_ref_size = rows < 16384 ? 6 : 8;
        const unsigned interface_size = rows < 16384 ? 4 : 6;
        const std::size_t row = metadata_tables + 36 + std::size_t{rows} * type_ref_size + interface_size;
        // The strings are at the end of it all.
        file.u32(metadata_offset + 44, size - 0x100)
            .u32(metadata_offset + 48, 0x100)
            .text(metadata_offset + size - 0x100 + 1, "far");
        EXPECT_THAT(references_of(file.u16(row + 14, 1)).assemblies, ElementsAre("far")) << rows;
    }
}

TEST(ManagedReferences, AreReadFromMetadataThatIsNotCompressed) {
    SampleFile file = managed_image({"a"});
    EXPECT_THAT(references_of(SampleFile(file).text(metadata_offset + 40, "#-")).assemblies, ElementsAre("a"));
    // With bit 6 of the heaps' sizes there is one number more before the rows.
    SampleFile edited = managed_image({});
    edited.u8(metadata_tables + 6, 0x40).u64(metadata_tables + 8, 1ULL << 0x23).u32(metadata_tables + 24, 1);
    edited.u16(metadata_tables + 32 + 14, 1).text(metadata_strings + 1, "edited");
    EXPECT_THAT(references_of(edited).assemblies, ElementsAre("edited"));
}

TEST(ManagedReferences, AreBareNamesInsideOfTheHeap) {
    EXPECT_THAT(references_of(managed_image({"a/b", "", "c:d", "ok"}, {"..\\x", "e\n"})).assemblies, ElementsAre("ok"));
    SampleFile outside = managed_image({"a", "b"});
    constexpr std::size_t first_row = metadata_tables + 36 + 10;
    outside.u16(first_row + 14, 0x1C0);
    EXPECT_THAT(references_of(outside).assemblies, ElementsAre("b"));
    SampleFile endless = managed_image({"a", "b"});
    endless.u16(first_row + 14, 8).text(metadata_strings + 8, std::string(longest_managed_reference + 1, 'x'));
    EXPECT_THAT(references_of(endless).assemblies, ElementsAre("b"));
}

TEST(ManagedReferences, AreNoneWithoutGoodMetadata) {
    expect_none(SampleFile(), "nothing");
    expect_none(testing::pe_program(), "native");
    expect_none(testing::dotnet_program(1), "no metadata");
    expect_none(managed_image({"a"}).u32(metadata_offset, 0), "no signature");
    expect_none(managed_image({"a"}).u32(metadata_offset + 12, 0x100), "version too long");
    expect_none(managed_image({"a"}).u16(metadata_offset + 30, 0), "no streams");
    expect_none(managed_image({"a"}).u32(metadata_offset + 36, metadata_size), "stream behind its end");
    expect_none(managed_image({"a"}).text(metadata_offset + 40, "#x"), "no tables");
    expect_none(managed_image({"a"}).text(metadata_offset + 52, "#strings"), "no strings");
    expect_none(managed_image({"a"}).u32(pe_section_offset + 0x10 + 12, 0x1000), "longer than the section");
}

TEST(ManagedReferences, OfAnEndlessTableAreFewAndCostFewReads) {
    SampleFile file = managed_image({"a"});
    file.u32(metadata_tables + 32, 0xFFFFFFFF);
    EXPECT_LE(references_of(file).assemblies.size(), 0x100 / 20U);
    for (unsigned table = 0; table < 45; ++table) file.u32(metadata_tables + 24 + 4 * table, 0xFFFFFFFF);
    file.u64(metadata_tables + 8, 0xFFFFFFFFFFFFFFFF);
    EXPECT_THAT(references_of(file).assemblies, IsEmpty());

    SampleFile large = managed_image({});
    constexpr std::size_t size = 1 << 20;
    constexpr unsigned rows = 2 * most_managed_references;
    large.resize(pe_section_offset + 0x400 + size).u32(testing::pe_optional_header + 240 + 16, 0x400 + size);
    large.u32(pe_section_offset + 0x10 + 12, size).u32(metadata_offset + 36, size / 2 - 0x40);
    large.u32(metadata_offset + 44, size / 2).u32(metadata_offset + 48, size / 2);
    large.u8(metadata_tables + 6, 1).u64(metadata_tables + 8, 1ULL << 0x23).u32(metadata_tables + 24, rows);
    for (unsigned i = 0; i < rows; ++i) {
        const std::size_t index = 1 + std::size_t{i} * 7919 % (size / 2 - 16);
        large.u32(metadata_tables + 28 + std::size_t{24} * i + 14, index).text(metadata_offset + size / 2 + index, "a");
    }
    EXPECT_EQ(references_of(large).assemblies.size(), most_managed_references);
    EXPECT_LE(large.reads, 2 * most_managed_references);
    EXPECT_EQ(large.reads_outside, 0U);
}

void expect_sound(SampleFile& file) {
    const ManagedReferences references = references_of(file);
    for (const auto* names : {&references.assemblies, &references.modules}) {
        ASSERT_LE(names->size(), most_managed_references);
        for (const std::string& name : *names) {
            ASSERT_FALSE(name.empty());
            ASSERT_LE(name.size(), longest_managed_reference);
            ASSERT_EQ(name.find_first_of(std::string_view("\\/:\0\n", 5)), std::string::npos);
        }
    }
    ASSERT_EQ(file.reads_outside, 0U);
    ASSERT_LE(file.reads, 4 * most_managed_references);
}

TEST(ManagedReferences, OfAFileThatIsCutOffAnywhereAreThoseOfTheWholeOne) {
    const SampleFile whole = managed_image({"a", "b"}, {"c.dll"});
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        SCOPED_TRACE(size);
        SampleFile cut = whole;
        ASSERT_NO_FATAL_FAILURE(expect_sound(cut.resize(size)));
        const auto assemblies = references_of(cut).assemblies;
        ASSERT_TRUE(assemblies.empty() || assemblies == std::vector<std::string>({"a", "b"}));
    }
}

TEST(ManagedReferences, WithAnyBitFlippedAreSound) {
    SampleFile flipped = managed_image({"a", "b"}, {"c.dll"});
    for (std::size_t bit = 0; bit < flipped.size() * 8; ++bit) {
        SCOPED_TRACE(bit);
        ASSERT_NO_FATAL_FAILURE(expect_sound(flipped.flip_bit(bit)));
        flipped.flip_bit(bit);
    }
}

TEST(ManagedReferences, WithRandomFieldsAreSound) {
    std::mt19937 random(20240229);
    const SampleFile whole = managed_image({"a", "b"}, {"c.dll"});
    for (int round = 0; round < 20000; ++round) {
        SampleFile file = whole;
        for (unsigned change = 0; change < 1 + random() % 8; ++change) {
            const std::size_t offset = pe_section_offset + random() % 0x100;
            random() % 2 != 0 ? file.u32(offset, random()) : file.u8(offset, random() & 0xFF);
        }
        SCOPED_TRACE(round);
        ASSERT_NO_FATAL_FAILURE(expect_sound(file));
    }
}

}  // namespace
}  // namespace interop
