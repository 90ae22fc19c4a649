// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "interop/image/identify.h"
#include "sample_images.h"

namespace interop {
namespace {

using testing::dotnet_program;
using testing::pe_header;
using testing::pe_optional_header;
using testing::pe_program;
using testing::pe_section_address;
using testing::pe_section_offset;
using testing::SampleFile;

std::string described(SampleFile file) { return describe(file.identify()); }

std::string fault_of(SampleFile file) {
    const ImageDescription image = file.identify();
    return image.kind == ImageKind::damaged ? image.detail : "(not damaged: " + describe(image) + ")";
}

TEST(IdentifyPe, ConsoleAndGuiProgramsOfBothWidths) {
    EXPECT_EQ(described(pe_program()), "a 64-bit Windows console program (PE32+, x86-64)");
    EXPECT_EQ(described(pe_program({.subsystem = 2})), "a 64-bit Windows GUI program (PE32+, x86-64)");
    const ImageDescription narrow = pe_program({.machine = 0x14C, .plus = false}).identify();
    EXPECT_EQ(narrow.kind, ImageKind::pe);
    EXPECT_EQ(narrow.machine, Machine::i386);
    EXPECT_EQ(narrow.bits, 32U);
    EXPECT_EQ(describe(narrow), "a 32-bit Windows console program (PE32, x86)");
}

TEST(IdentifyPe, LibrariesDriversAndFirmwareAreNamed) {
    const ImageDescription dll = pe_program({.characteristics = 0x2022}).identify();
    EXPECT_TRUE(dll.is_dll);
    EXPECT_EQ(describe(dll), "a 64-bit Windows DLL (PE32+, x86-64)");
    EXPECT_EQ(described(pe_program({.subsystem = 1})), "a 64-bit Windows driver or native program (PE32+, x86-64)");
    EXPECT_EQ(described(pe_program({.machine = 0xAA64, .subsystem = 10})), "a 64-bit EFI program (PE32+, ARM64)");
    EXPECT_EQ(described(pe_program({.machine = 0xEBC, .subsystem = 11})),
              "a 64-bit EFI program (PE32+, EFI byte code)");
    EXPECT_EQ(pe_program({.subsystem = 77}).identify().subsystem, Subsystem::unknown);
}

TEST(IdentifyPe, UnknownMachineIsLeftToTheHost) {
    const ImageDescription image = pe_program({.machine = 0x1234}).identify();
    EXPECT_EQ(image.kind, ImageKind::pe);
    EXPECT_EQ(image.machine, Machine::unknown);
}

TEST(IdentifyPe, HeaderMayOverlapDosHeaderAndEndEarly) {
    // The shape of the smallest programs that Windows runs: the PE header at 4, its end left out.
    SampleFile tiny(252);
    tiny.text(0, "MZ").text(4, std::string_view("PE\0\0", 4)).u16(8, 0x14C).u16(10, 1).u16(24, 0x70).u16(26, 0x102);
    tiny.u16(28, 0x10B).u32(0x3C, 4).u32(28 + 60, 0xFC).u16(28 + 68, 2).u32(28 + 36, 4);
    EXPECT_EQ(described(tiny), "a 32-bit Windows GUI program (PE32, x86)");
}

TEST(IdentifyPe, ContradictingHeadersAreDamaged) {
    EXPECT_EQ(fault_of(pe_program({.machine = 0x14C})), "its PE32+ header names a 32-bit machine");
    EXPECT_EQ(fault_of(pe_program({.plus = false})), "its PE32 header names a 64-bit machine");
    EXPECT_EQ(fault_of(pe_program().u16(pe_optional_header, 0x107)), "it is a ROM image");
    EXPECT_EQ(fault_of(pe_program().u16(pe_optional_header, 0)), "its PE header is of no known format");
    EXPECT_EQ(fault_of(pe_program({.characteristics = 0x20})), "its PE header says that linking it failed");
}

TEST(IdentifyPe, TruncatedProgramIsDamagedWhereverItIsCut) {
    const std::size_t whole = pe_program().size();
    for (std::size_t size = pe_header + 4; size < whole; ++size) {
        ASSERT_EQ(pe_program().resize(size).identify().kind, ImageKind::damaged) << size;
    }
    EXPECT_EQ(fault_of(pe_program().resize(pe_header + 20)), "it ends within its PE header");
    EXPECT_EQ(fault_of(pe_program().resize(pe_optional_header + 100)), "it ends within its PE section table");
    EXPECT_EQ(fault_of(pe_program().resize(whole - 1)), "it ends before the contents that its PE header promises");
}

TEST(IdentifyPe, PaddingAfterLastSectionMayBeMissing) {
    SampleFile file = pe_program();
    file.u32(pe_optional_header + 240 + 8, 0x3F0);
    EXPECT_EQ(file.resize(pe_section_offset + 0x3F0).identify().kind, ImageKind::pe);
    EXPECT_EQ(file.resize(pe_section_offset + 0x3EF).identify().kind, ImageKind::damaged);
}

TEST(IdentifyPe, SectionTableBehindFirstPageIsRead) {
    SampleFile file = pe_program();
    constexpr std::size_t far = 0x5FF0;  // So that fields straddle the reader's windows too.
    SampleFile moved(0x7000);
    moved.text(0, "MZ").u32(0x3C, far).text(far, std::string_view("PE\0\0", 4)).u16(far + 4, 0x8664);
    moved.u16(far + 6, 1).u16(far + 20, 240).u16(far + 22, 0x22).u16(far + 24, 0x20B).u16(far + 24 + 68, 3);
    EXPECT_EQ(described(moved), "a 64-bit Windows console program (PE32+, x86-64)");
    EXPECT_EQ(moved.reads_outside, 0U);
}

TEST(IdentifyPe, DotnetIsManagedOrMixed) {
    const ImageDescription any = dotnet_program(1).identify();
    EXPECT_EQ(any.managed, Managed::il);
    EXPECT_EQ(describe(any), "a .NET Windows console program (PE32, any CPU)");
    EXPECT_EQ(described(dotnet_program(3)), "a 32-bit .NET Windows console program (PE32, x86)");
    EXPECT_EQ(described(dotnet_program(0x20003)), "a .NET Windows console program (PE32, any CPU, 32-bit preferred)");
    const ImageDescription mixed = dotnet_program(0).identify();
    EXPECT_EQ(mixed.managed, Managed::mixed);
    EXPECT_EQ(describe(mixed), "a 32-bit mixed-mode .NET Windows console program (PE32, x86)");
    EXPECT_EQ(described(dotnet_program(1, {})), "a 64-bit .NET Windows console program (PE32+, x86-64)");
}

TEST(IdentifyPe, DirectoryCountsOnlyIfHeaderHasIt) {
    EXPECT_EQ(dotnet_program(1).u32(pe_optional_header + 92, 14).identify().managed, Managed::none);
    EXPECT_EQ(dotnet_program(1).u16(pe_header + 20, 96 + 8 * 14).u16(pe_header + 6, 0).identify().managed,
              Managed::none);
    SampleFile outside = dotnet_program(1);
    EXPECT_EQ(testing::set_directory(outside, false, 14, 0x99999999).identify().managed, Managed::none);
    EXPECT_EQ(testing::set_directory(outside, false, 14, pe_section_address + 0x3F0).identify().managed, Managed::none);
}

TEST(IdentifyPe, PrecompiledForAnotherSystemKeepsItsMachine) {
    const ImageDescription image = dotnet_program(0, {.machine = 0xFD1D}).identify();
    EXPECT_EQ(image.machine, Machine::amd64);
    EXPECT_EQ(image.detail, "precompiled for Linux");
    EXPECT_EQ(pe_program({.machine = 0xD11D}).identify().machine, Machine::arm64);
}

TEST(IdentifyPe, HybridArmImagesAreForArm) {
    const auto hybrid = [](unsigned machine) {
        SampleFile file = pe_program({.machine = machine});
        testing::set_directory(file, true, 10, pe_section_address);
        return file.u32(pe_section_offset, 0x140).u64(pe_section_offset + 0xC8, 0x140001000).identify();
    };
    EXPECT_EQ(describe(hybrid(0x8664)), "a 64-bit Windows console program (PE32+, ARM64, ARM64EC)");
    EXPECT_EQ(describe(hybrid(0xAA64)), "a 64-bit Windows console program (PE32+, ARM64, ARM64X)");
}

TEST(IdentifyPe, LoadConfigurationOfOldProgramsIsNotHybrid) {
    SampleFile file = pe_program();
    testing::set_directory(file, true, 10, pe_section_address);
    file.u32(pe_section_offset, 0xC8).u64(pe_section_offset + 0xC8, 1);
    EXPECT_EQ(file.identify().machine, Machine::amd64);
}

}  // namespace
}  // namespace interop
