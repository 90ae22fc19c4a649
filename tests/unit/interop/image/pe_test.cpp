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
    for (const std::size_t header : {4U, 0x0CU}) {
        const ImageDescription image = testing::tiny_program(header).identify();
        EXPECT_EQ(describe(image), "a 32-bit Windows GUI program (PE32, x86)") << header;
    }
}

TEST(IdentifyPe, MissingEndOfOptionalHeaderIsZero) {
    // The subsystem too: what to do with such a program is left to the host.
    SampleFile cut = pe_program().u16(pe_header + 6, 0).u16(pe_header + 20, 40).resize(pe_optional_header + 40);
    EXPECT_EQ(described(cut), "a 64-bit Windows program for an unknown subsystem (PE32+, x86-64)");
}

TEST(IdentifyPe, OffsetOfHeaderNeedsNoAlignmentAndNeverWraps) {
    SampleFile odd(0x400);
    odd.text(0, "MZ").u32(0x3C, 0x81).text(0x81, std::string_view("PE\0\0", 4)).u16(0x85, 0x8664);
    odd.u16(0x81 + 20, 240).u16(0x81 + 22, 2).u16(0x81 + 24, 0x20B).u16(0x81 + 24 + 68, 3);
    EXPECT_EQ(described(odd), "a 64-bit Windows console program (PE32+, x86-64)");
    for (const std::uint32_t offset : {0x7FFFFFFFU, 0x80000000U, 0xFFFFFFE8U, 0xFFFFFFFCU, 0xFFFFFFFFU}) {
        SampleFile file = pe_program().u32(0x3C, offset);
        EXPECT_EQ(file.identify().kind, ImageKind::dos) << offset;  // All that is left is its stub.
        EXPECT_EQ(file.reads_outside, 0U) << offset;
    }
}

TEST(IdentifyPe, MachinesAreNamed) {
    const auto machine = [](unsigned code, bool plus) {
        return pe_program({.machine = code, .plus = plus}).identify();
    };
    struct Case {
        unsigned code;
        bool plus;
        Machine expected;
    };
    for (const Case& c : std::initializer_list<Case>{
             {0x014C, false, Machine::i386},      {0x8664, true, Machine::amd64},     {0xAA64, true, Machine::arm64},
             {0x01C4, false, Machine::arm},       {0x01C0, false, Machine::arm},      {0x01C2, false, Machine::arm},
             {0x0200, true, Machine::ia64},       {0x0EBC, true, Machine::ebc},       {0x0EBC, false, Machine::ebc},
             {0x5032, false, Machine::riscv},     {0x5064, true, Machine::riscv},     {0x5128, true, Machine::riscv},
             {0x6232, false, Machine::loongarch}, {0x6264, true, Machine::loongarch}, {0x0166, false, Machine::mips},
             {0x0466, false, Machine::mips},      {0x0184, false, Machine::alpha},    {0x0284, true, Machine::alpha},
             {0x01A6, false, Machine::sh},        {0x01F0, false, Machine::powerpc}}) {
        EXPECT_EQ(machine(c.code, c.plus).machine, c.expected) << std::hex << c.code;
        if (c.code == 0x0EBC) continue;  // The only machine of both widths.
        EXPECT_EQ(machine(c.code, !c.plus).kind, ImageKind::damaged) << std::hex << c.code;
    }
}

TEST(IdentifyPe, SubsystemsAreNamed) {
    const std::pair<unsigned, Subsystem> cases[] = {{0, Subsystem::unknown},
                                                    {1, Subsystem::native},
                                                    {2, Subsystem::windows_gui},
                                                    {3, Subsystem::windows_console},
                                                    {5, Subsystem::os2},
                                                    {7, Subsystem::posix},
                                                    {9, Subsystem::windows_ce},
                                                    {10, Subsystem::efi},
                                                    {11, Subsystem::efi},
                                                    {12, Subsystem::efi},
                                                    {13, Subsystem::efi},
                                                    {14, Subsystem::xbox},
                                                    {16, Subsystem::boot_application}};
    for (const auto& [number, subsystem] : cases) {
        EXPECT_EQ(pe_program({.subsystem = number}).identify().subsystem, subsystem) << number;
    }
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

TEST(IdentifyPe, NativeEntryPointIsNotForMono) { EXPECT_EQ(dotnet_program(0x11).identify().managed, Managed::mixed); }

TEST(IdentifyPe, PrecompiledIlIsNotCalledMixedMode) {
    SampleFile file = dotnet_program(4, {});
    file.u32(pe_section_offset + 0x10 + 64, pe_section_address);
    EXPECT_EQ(file.identify().managed, Managed::mixed);  // All the same: mono does not run it.
    EXPECT_EQ(described(file), "a 64-bit .NET Windows console program (PE32+, x86-64, precompiled)");
}

TEST(IdentifyPe, PrecompiledForAnotherSystemKeepsItsMachine) {
    const std::pair<unsigned, const char*> systems[] = {
        {0x7B79, "Linux"}, {0x4644, "macOS"}, {0xADC4, "FreeBSD"}, {0x1993, "NetBSD"}, {0x1992, "SunOS"}};
    for (const auto& [tag, system] : systems) {
        const ImageDescription image = dotnet_program(4, {.machine = 0x8664U ^ tag}).identify();
        EXPECT_EQ(image.machine, Machine::amd64);
        EXPECT_EQ(describe(image),
                  std::string("a 64-bit .NET program (PE32+, x86-64, precompiled for ") + system + ")");
        EXPECT_EQ(dotnet_program(4, {.machine = 0xAA64U ^ tag}).identify().machine, Machine::arm64);
    }
    EXPECT_EQ(described(dotnet_program(4, {.machine = 0xFD1D, .characteristics = 0x2022})),
              "a 64-bit .NET library (PE32+, x86-64, precompiled for Linux)");
}

TEST(IdentifyPe, MachineOfAnotherSystemWithoutDotnetIsUnknown) {
    const ImageDescription image = pe_program({.machine = 0xFD1D}).identify();
    EXPECT_EQ(image.kind, ImageKind::pe);
    EXPECT_EQ(image.machine, Machine::unknown);
    EXPECT_EQ(image.detail, "");
}

TEST(IdentifyPe, HybridArmImagesAreForArm) {
    EXPECT_EQ(described(testing::hybrid_program(0x8664)), "a 64-bit Windows console program (PE32+, ARM64, ARM64EC)");
    EXPECT_EQ(described(testing::hybrid_program(0xAA64)), "a 64-bit Windows console program (PE32+, ARM64, ARM64X)");
    EXPECT_EQ(described(pe_program({.machine = 0x3A64, .plus = false, .characteristics = 0x2022})),
              "a 32-bit Windows DLL (PE32, ARM64, CHPE)");
}

TEST(IdentifyPe, AddressesGoThroughTheSectionTable) {
    // The same directory address means another place once the section is mapped elsewhere, or from elsewhere.
    EXPECT_EQ(dotnet_program(1).identify().managed, Managed::il);
    SampleFile file = dotnet_program(1);
    constexpr std::size_t section = pe_optional_header + 240;
    file.u32(section + 12, 0x2000);
    EXPECT_EQ(file.identify().managed, Managed::none);
    file.u32(section + 12, pe_section_address).u32(section + 20, pe_section_offset + 0x1FF);
    EXPECT_EQ(file.u32(section + 8, 0x200).identify().managed, Managed::il);  // Rounded down to a sector.
}

TEST(IdentifyPe, SectionsBehindTheLoadersLimitAreNotLookedAt) {
    SampleFile file = pe_program();
    constexpr std::size_t table = pe_optional_header + 240;
    constexpr unsigned count = 97;
    file.u16(pe_header + 6, count).resize(table + 40 * count + pe_section_offset + 0x400);
    file.u32(table + 40 * 96 + 16, 0x7FFFFFFF).u32(table + 40 * 96 + 20, 0x7FFFFFFF);
    EXPECT_EQ(file.identify().kind, ImageKind::pe);
    file.u32(table + 40 * 95 + 16, 0x7FFFFFFF).u32(table + 40 * 95 + 20, 0x7FFFFFFF);
    EXPECT_EQ(file.identify().kind, ImageKind::damaged);
}

TEST(IdentifyPe, LoadConfigurationOfOldProgramsIsNotHybrid) {
    SampleFile file = pe_program();
    testing::set_directory(file, true, 10, pe_section_address);
    file.u32(pe_section_offset, 0xC8).u64(pe_section_offset + 0xC8, 1);
    EXPECT_EQ(file.identify().machine, Machine::amd64);
}

}  // namespace
}  // namespace interop
