// SPDX-License-Identifier: MIT
#include "interop/image/imports.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "sample_images.h"

namespace interop {
namespace {

using testing::add_delay_import;
using testing::add_import;
using ::testing::ElementsAre;
using testing::forwarding_dll;
using testing::importing_program;
using ::testing::IsEmpty;
using testing::pe_optional_header;
using testing::pe_program;
using testing::pe_section_address;
using testing::pe_section_offset;
using testing::PeFields;
using testing::SampleFile;
using testing::set_directory;

constexpr PeFields pe32{.machine = 0x14C, .plus = false, .optional_header_size = 224};

std::vector<std::string> imports_of(SampleFile& file) {
    return find_imported_dlls(file.counting_reader(), file.size());
}
std::vector<std::string> imports_of(SampleFile&& file) { return imports_of(file); }

TEST(Imports, AreThoseOfTheImportTableInItsOrder) {
    EXPECT_THAT(imports_of(importing_program({"b.dll", "KERNEL32.dll", "a.dll"})),
                ElementsAre("b.dll", "KERNEL32.dll", "a.dll"));
    EXPECT_THAT(imports_of(importing_program({"b.dll", "winspool.drv"}, pe32)), ElementsAre("b.dll", "winspool.drv"));
}

TEST(Imports, OfDllsAreFoundAsWell) {
    EXPECT_THAT(imports_of(importing_program({"b.dll"}, {.characteristics = 0x2022})), ElementsAre("b.dll"));
}

TEST(Imports, ThatAreDelayedComeBehindTheOthers) {
    for (const PeFields& fields : {PeFields{}, pe32}) {
        SampleFile file = importing_program({"now.dll"}, fields);
        set_directory(file, fields.plus, 13, pe_section_address + 0x200);
        add_delay_import(file, pe_section_address + 0x200, 0, pe_section_address + 0x300, "later.dll");
        add_delay_import(file, pe_section_address + 0x200, 1, pe_section_address + 0x320, "last.dll");
        EXPECT_THAT(imports_of(file), ElementsAre("now.dll", "later.dll", "last.dll"));
    }
}

TEST(Imports, ThatAreDelayedMayHaveAddressesThatAreNotRelativeToTheBase) {
    constexpr std::uint32_t base = 0x400000;
    SampleFile file = pe_program(pe32);
    set_directory(file, false, 13, pe_section_address).u32(pe_optional_header + 28, base);
    add_delay_import(file, pe_section_address, 0, pe_section_address + 0x300, "old.dll", base);
    add_delay_import(file, pe_section_address, 1, pe_section_address + 0x320, "new.dll");
    EXPECT_THAT(imports_of(file), ElementsAre("old.dll", "new.dll"));
    // Below the base nothing is mapped, and a base above 4 GiB leaves no such address.
    EXPECT_THAT(imports_of(file.u32(pe_optional_header + 28, 0x7F000000)), IsEmpty());
    SampleFile wide = pe_program();
    set_directory(wide, true, 13, pe_section_address).u64(pe_optional_header + 24, 0x140000000);
    add_delay_import(wide, pe_section_address, 0, pe_section_address + 0x300, "old.dll", 0x40000000);
    EXPECT_THAT(imports_of(wide), IsEmpty());
}

TEST(Imports, EndWhereTheLoaderStops) {
    SampleFile file = importing_program({"a.dll", "b.dll", "c.dll"});
    constexpr std::size_t second = pe_section_offset + 20;
    EXPECT_THAT(imports_of(SampleFile(file).u32(second + 12, 0)), ElementsAre("a.dll"));  // no name
    EXPECT_THAT(imports_of(SampleFile(file).u32(second + 16, 0)), ElementsAre("a.dll"));  // no addresses to fill in
}

TEST(Imports, WithoutAnExtensionAreDlls) {
    EXPECT_THAT(imports_of(importing_program({"engine", "a.b", "x."})), ElementsAre("engine.dll", "a.b", "x."));
}

TEST(Imports, WhoseNamesAreNotBareAreLeftOut) {
    EXPECT_THAT(imports_of(importing_program({"..\\a.dll", "b/c.dll", "C:d.dll", "e\n.dll", "\x7F.dll", "", "ok.dll"})),
                ElementsAre("ok.dll"));
}

TEST(Imports, MayHaveNamesOfAnyEncoding) {
    EXPECT_THAT(imports_of(importing_program({"\xE4.dll", "\u00E4.dll"})), ElementsAre("\xE4.dll", "\u00E4.dll"));
}

TEST(Imports, WithNamesThatAreTooLongOrLieOutsideAreLeftOut) {
    const std::string longest = std::string(longest_import_name - 4, 'n') + ".dll";
    SampleFile file = importing_program({"a.dll", "b.dll"});
    add_import(file, pe_section_address, 0, pe_section_address + 0x200, longest);
    EXPECT_THAT(imports_of(file), ElementsAre(longest, "b.dll"));
    add_import(file, pe_section_address, 0, pe_section_address + 0x200, "n" + longest);
    EXPECT_THAT(imports_of(file), ElementsAre("b.dll"));
    for (const std::uint32_t nowhere : {pe_section_address + 0x400, 0xFFFFFFFFu, 0xFFFu}) {
        EXPECT_THAT(imports_of(SampleFile(file).u32(pe_section_offset + 12, nowhere)), ElementsAre("b.dll")) << nowhere;
    }
    // Nor does one that the end of the file cuts off.
    SampleFile cut = importing_program({"a.dll"});
    cut.u32(pe_section_offset + 12, pe_section_address + 0x3FC).text(pe_section_offset + 0x3FC, "cut.");
    EXPECT_THAT(imports_of(cut), IsEmpty());
}

TEST(Imports, OfWhatIsNoPeImageAreNone) {
    EXPECT_THAT(imports_of(SampleFile()), IsEmpty());
    EXPECT_THAT(imports_of(testing::dos_program()), IsEmpty());
    EXPECT_THAT(imports_of(testing::new_style_program("NE")), IsEmpty());
    EXPECT_THAT(imports_of(importing_program({"a.dll"}).text(0, "ZM")), IsEmpty());
    EXPECT_THAT(imports_of(importing_program({"a.dll"}).u16(pe_optional_header, 0x107)), IsEmpty());
    EXPECT_THAT(imports_of(pe_program()), IsEmpty());
}

TEST(Imports, AreNotReadFromADirectoryThatTheHeaderDoesNotCount) {
    EXPECT_THAT(imports_of(importing_program({"a.dll"}).u32(pe_optional_header + 108, 1)), IsEmpty());
    EXPECT_THAT(imports_of(importing_program({"a.dll"}).u32(pe_optional_header + 108, 2)), ElementsAre("a.dll"));
}

TEST(Imports, OfAnEndlessTableAreFewAndCostFewReads) {
    // All that the section holds are entries, each with a name elsewhere, and each of them far from the one before.
    constexpr std::uint32_t size = 1 << 20;
    SampleFile file = pe_program();
    set_directory(file, true, 1, pe_section_address);
    constexpr std::size_t section = pe_optional_header + 240;
    file.u32(section + 8, size).u32(section + 16, size).resize(pe_section_offset + size);
    for (unsigned i = 0; i < 2 * most_imported_dlls; ++i) {
        add_import(file, pe_section_address, i, pe_section_address + size / 2 + i * 7919 % (size / 2 - 16), "a.dll");
    }
    EXPECT_EQ(imports_of(file).size(), most_imported_dlls);
    EXPECT_LE(file.reads, 2 * most_imported_dlls);
    EXPECT_EQ(file.reads_outside, 0U);
}

std::vector<std::string> forwarded_of(SampleFile file) {
    return find_forwarded_dlls(file.counting_reader(), file.size());
}

TEST(Forwarders, AreTheDllsInFrontOfTheLastDotEachOnce) {
    for (const PeFields& fields : {PeFields{}, pe32}) {
        EXPECT_THAT(forwarded_of(forwarding_dll({"other.foo", "other.bar", "api-l1.2.#7", "third.dll.foo"}, fields)),
                    ElementsAre("other.dll", "api-l1.2", "third.dll"));
    }
    EXPECT_THAT(imports_of(forwarding_dll({"other.foo"})), IsEmpty());
}

TEST(Forwarders, ThatNameNoFileBesideTheImageAreLeftOut) {
    EXPECT_THAT(forwarded_of(forwarding_dll({"..\\a.x", "b/c.x", "C:d.x", "nothing", ".x", "", "ok.x"})),
                ElementsAre("ok.dll"));
    EXPECT_THAT(forwarded_of(forwarding_dll({std::string(longest_import_name + 1, 'n') + ".x"})), IsEmpty());
}

TEST(Forwarders, OfWhatExportsNothingAreNone) {
    EXPECT_THAT(forwarded_of(SampleFile()), IsEmpty());
    EXPECT_THAT(forwarded_of(pe_program()), IsEmpty());
    EXPECT_THAT(forwarded_of(forwarding_dll({})), IsEmpty());
    EXPECT_THAT(forwarded_of(forwarding_dll({"a.x"}).u32(pe_optional_header + 108, 0)), IsEmpty());
    EXPECT_THAT(forwarded_of(forwarding_dll({"a.x"}).u32(pe_section_offset + 28, 0xFFFFFFFE)), IsEmpty());
}

TEST(Forwarders, OfAnEndlessTableAreFewAndCostFewReads) {
    // All that the section holds are entries, each with a forwarder of its own, and each of them far from the one before.
    constexpr std::uint32_t size = 4 << 20;
    SampleFile file = forwarding_dll({});
    constexpr std::size_t section = pe_optional_header + 240;
    file.u32(section + 8, size).u32(section + 16, size).resize(pe_section_offset + size);
    file.u32(pe_optional_header + 112 + 4, size).u32(pe_section_offset + 20, 0xFFFFFFFF);
    for (std::uint32_t i = 0; i < 2 * most_exports; ++i) {
        const std::uint32_t text = size / 2 + i * 79 % (size / 32) * 16;
        file.u32(pe_section_offset + 0x200 + std::size_t{4} * i, pe_section_address + text);
        file.text(pe_section_offset + text, std::to_string(text) + ".x");
    }
    EXPECT_EQ(find_forwarded_dlls(file.counting_reader(), file.size()).size(), most_imported_dlls);
    EXPECT_LE(file.reads, 2 * most_exports);
    EXPECT_EQ(file.reads_outside, 0U);
}

std::vector<SampleFile> importing_seeds() {
    std::vector<SampleFile> files;
    for (const PeFields& fields : {PeFields{}, pe32}) {
        SampleFile file = importing_program({"a.dll", "b", "c\\d"}, fields);
        set_directory(file, fields.plus, 13, pe_section_address + 0x200);
        add_delay_import(file, pe_section_address + 0x200, 0, pe_section_address + 0x300, "later.dll");
        files.push_back(file);
    }
    return files;
}

std::vector<SampleFile> seeds() {
    std::vector<SampleFile> files = importing_seeds();
    for (const PeFields& fields : {PeFields{}, pe32}) {
        files.push_back(forwarding_dll({"other.foo", "..\\x.y", "third.dll.#1"}, fields));
    }
    return files;
}

void expect_sound(SampleFile& file) {
    for (const std::string& name : find_forwarded_dlls(file.counting_reader(), file.size())) {
        ASSERT_LE(name.size(), longest_import_name + 4);
        ASSERT_EQ(name.find_first_of(std::string_view("\\/:\0\n", 5)), std::string::npos);
    }
    for (const std::string& name : imports_of(file)) {
        ASSERT_FALSE(name.empty());
        ASSERT_LE(name.size(), longest_import_name + 4);
        ASSERT_EQ(name.find_first_of(std::string_view("\\/:\0\n", 5)), std::string::npos);
    }
    ASSERT_EQ(file.reads_outside, 0U);
    ASSERT_LE(file.reads, 4 * most_imported_dlls);
}

TEST(Imports, OfAFileThatIsCutOffAnywhereAreTheFirstOnes) {
    for (const SampleFile& whole : importing_seeds()) {
        const std::vector<std::string> all = imports_of(SampleFile(whole));
        ASSERT_THAT(all, ElementsAre("a.dll", "b.dll", "later.dll"));
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            SCOPED_TRACE(size);
            SampleFile cut = whole;
            ASSERT_NO_FATAL_FAILURE(expect_sound(cut.resize(size)));
            for (const std::string& name : imports_of(cut)) {
                ASSERT_NE(std::ranges::find(all, name), all.end()) << name;
            }
        }
    }
}

TEST(Imports, WithAnyBitFlippedAreSound) {
    for (const SampleFile& whole : seeds()) {
        SampleFile flipped = whole;
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            SCOPED_TRACE(bit);
            ASSERT_NO_FATAL_FAILURE(expect_sound(flipped.flip_bit(bit)));
            flipped.flip_bit(bit);
        }
    }
}

TEST(Imports, WithRandomFieldsAreSound) {
    std::mt19937 random(20240229);
    const std::vector<SampleFile> all = seeds();
    for (int round = 0; round < 20000; ++round) {
        SampleFile file = all[random() % all.size()];
        for (unsigned change = 0; change < 1 + random() % 8; ++change) {
            const std::size_t offset = 0x80 + random() % (file.size() - 0x90);
            random() % 2 != 0 ? file.u32(offset, random()) : file.u32(offset, random() % 0x2000);
        }
        SCOPED_TRACE(round);
        ASSERT_NO_FATAL_FAILURE(expect_sound(file));
    }
}

TEST(Imports, AreNoneWhereNothingBehindTheHeadCanBeRead) {
    SampleFile file = importing_program({"a.dll"}).resize(1 << 20);
    file.u32(pe_optional_header + 240 + 20, 0x8000);
    unsigned reads = 0;
    const ReadAt inner = file.counting_reader();
    const auto names = find_imported_dlls(
        [&](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
            ++reads;
            return offset == 0 ? inner(offset, buffer) : 0;
        },
        file.size());
    EXPECT_THAT(names, IsEmpty());
    EXPECT_LE(reads, 2U);
}

}  // namespace
}  // namespace interop
