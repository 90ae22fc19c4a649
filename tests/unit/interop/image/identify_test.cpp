// SPDX-License-Identifier: MIT
#include "interop/image/identify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_images.h"

namespace interop {
namespace {

using testing::dos_program;
using ::testing::HasSubstr;
using testing::new_style_program;
using testing::SampleFile;

std::string fault_of(SampleFile file) {
    const ImageDescription image = file.identify();
    return image.kind == ImageKind::damaged ? image.detail : "(not damaged: " + describe(image) + ")";
}

TEST(Identify, EmptyAndForeignFilesAreNotMz) {
    EXPECT_EQ(SampleFile().identify().kind, ImageKind::not_mz);
    EXPECT_EQ(SampleFile().text(0, "M").identify().kind, ImageKind::not_mz);
    EXPECT_EQ(SampleFile()
                  .text(0,
                        "\x7F"
                        "ELF")
                  .identify()
                  .kind,
              ImageKind::not_mz);
    EXPECT_EQ(SampleFile(64).text(0, "ZM").identify().kind, ImageKind::not_mz);
}

TEST(Identify, PlausibleHeaderIsDosProgram) {
    const ImageDescription image = dos_program().identify();
    EXPECT_EQ(image.kind, ImageKind::dos);
    EXPECT_EQ(image.bits, 16U);
    EXPECT_EQ(describe(image), "a DOS program");
}

TEST(Identify, DosProgramNeedsNoRoomForNewStyleHeader) {
    SampleFile tiny(40);
    tiny.text(0, "MZ").u16(0x02, 40).u16(0x04, 1).u16(0x08, 2);
    EXPECT_EQ(tiny.identify().kind, ImageKind::dos);
}

TEST(Identify, DosProgramMayHaveAnythingWhereNewHeaderIsNamed) {
    for (const std::uint32_t offset : {0x3FFU, 0x1000U, 0x7FFFFFFFU, 0xFFFFFFFFU, 0x10U}) {
        EXPECT_EQ(dos_program().u32(0x3C, offset).identify().kind, ImageKind::dos) << offset;
    }
}

TEST(Identify, LastPageSaidToBeFullMayBeCutShort) {
    EXPECT_EQ(dos_program().resize(700).identify().kind, ImageKind::dos);
    EXPECT_EQ(dos_program().u16(0x02, 0x1FF).resize(700).identify().kind, ImageKind::damaged);
}

TEST(Identify, NegativeCodeSegmentReachesStartOfProgram) {
    EXPECT_EQ(dos_program().u16(0x14, 0x100).u16(0x16, 0xFFF0).identify().kind, ImageKind::dos);
}

TEST(Identify, ImplausibleDosHeaderIsDamagedWithReason) {
    EXPECT_EQ(fault_of(SampleFile().text(0, "MZ").resize(10)), "it ends within its DOS header");
    EXPECT_EQ(fault_of(dos_program().u16(0x04, 0)), "the length in its DOS header makes no sense");
    EXPECT_EQ(fault_of(dos_program().u16(0x02, 513)), "the length in its DOS header makes no sense");
    EXPECT_EQ(fault_of(dos_program().u16(0x04, 9)), "its DOS header promises 4097 bytes, it has 1024");
    EXPECT_EQ(fault_of(dos_program().u16(0x08, 1)), "its DOS header says that it is shorter than a DOS header");
    EXPECT_EQ(fault_of(dos_program().u16(0x08, 64)), "its DOS header says that it is longer than the file");
    EXPECT_EQ(fault_of(dos_program().u16(0x14, 0x3C0)), "its entry point lies outside the file");
}

TEST(Identify, TextThatStartsWithMzIsCalledText) {
    EXPECT_EQ(fault_of(SampleFile().text(0, "MZ is how Mark Zbikowski signed his work.\n")), "it is text");
    std::string long_text = "MZ\n";
    while (long_text.size() < 10000) long_text += "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich.\n";
    EXPECT_EQ(fault_of(SampleFile().text(0, long_text)), "it is text");
}

TEST(Identify, ApeIsNativeThoughItIsAlsoPe) {
    EXPECT_EQ(testing::pe_program().text(0, "MZqFpD='\n").identify().kind, ImageKind::ape);
    EXPECT_EQ(SampleFile().text(0, "jartsr='\n").identify().kind, ImageKind::ape);
    EXPECT_EQ(SampleFile().text(0, "APEDBG='\n").identify().kind, ImageKind::ape);
    EXPECT_EQ(SampleFile().text(0, "jartsr=1\n").identify().kind, ImageKind::not_mz);
}

TEST(Identify, KernelsAreNamedByArchitecture) {
    const auto kernel = [](SampleFile file) { return describe(file.identify()); };
    SampleFile x86 = testing::pe_program({.subsystem = 10});
    x86.u16(0x1FE, 0xAA55).text(0x202, "HdrS").u16(0x206, 0x20F);
    EXPECT_EQ(kernel(x86), "a Linux kernel image (x86)");
    EXPECT_EQ(kernel(x86.u16(0x236, 1)), "a Linux kernel image (x86-64)");
    EXPECT_EQ(kernel(x86.u16(0x206, 0x20B)), "a Linux kernel image (x86)");  // No xloadflags yet.
    EXPECT_EQ(kernel(testing::pe_program().text(0x38, "ARM\x64")), "a Linux kernel image (ARM64)");
    EXPECT_EQ(kernel(testing::pe_program().text(0x38, "RSC\x05")), "a Linux kernel image (RISC-V)");
    EXPECT_EQ(kernel(testing::pe_program({.machine = 0x6264}).text(0x38, "\xCD\x23\x82\x81")),
              "a Linux kernel image (LoongArch)");
}

TEST(Identify, CompressedKernelIsNamedByItsPeHeader) {
    EXPECT_EQ(describe(testing::pe_program({.machine = 0xAA64}).text(4, "zimg").identify()),
              "a compressed EFI kernel image (zboot, ARM64)");
    EXPECT_EQ(describe(dos_program().text(4, "zimg").identify()), "a compressed EFI kernel image (zboot)");
}

TEST(Identify, KernelMarkAloneDoesNotMakeKernel) {
    EXPECT_EQ(testing::pe_program().text(0x202, "HdrS").identify().kind, ImageKind::pe);
    EXPECT_EQ(dos_program().text(0x38, "\xCD\x23\x82\x81").identify().kind, ImageKind::dos);
}

TEST(Identify, NeIsNamedByTarget) {
    const auto ne = [](unsigned target, unsigned flags = 0) {
        return new_style_program("NE").u16(0x80 + 0x0C, flags).u8(0x80 + 0x36, target).identify();
    };
    EXPECT_EQ(ne(2).kind, ImageKind::ne);
    EXPECT_EQ(describe(ne(2)), "a 16-bit program for Windows (NE)");
    EXPECT_EQ(describe(ne(2, 0x8000)), "a 16-bit library for Windows (NE)");
    EXPECT_EQ(describe(ne(1)), "a 16-bit program for OS/2 (NE)");
    EXPECT_EQ(ne(0x81).kind, ImageKind::dos);
    EXPECT_EQ(ne(0x82).kind, ImageKind::dos);
    EXPECT_EQ(describe(ne(3)), "a 16-bit program for European MS-DOS 4 (NE)");
    EXPECT_EQ(describe(ne(4)), "a 16-bit program for Windows/386 (NE)");
    EXPECT_EQ(describe(ne(9)), "a 16-bit program for an unknown system (NE)");
    EXPECT_EQ(fault_of(new_style_program("NE").resize(0x80 + 0x3F)), "it ends within its NE header");
    EXPECT_EQ(fault_of(new_style_program("NE").u16(0x80 + 0x1C, 200).u16(0x80 + 0x22, 0x40)),
              "it ends within its NE segment table");
}

TEST(Identify, LinearExecutablesAreOs2UnlessExtenderOrDriver) {
    EXPECT_EQ(describe(new_style_program("LX").u16(0x8A, 1).identify()), "an OS/2 program (LX)");
    EXPECT_EQ(describe(new_style_program("LE").u16(0x8A, 1).u32(0x90, 0x8000).identify()), "an OS/2 library (LE)");
    EXPECT_EQ(new_style_program("LE").u16(0x8A, 4).identify().kind, ImageKind::vxd);
    EXPECT_EQ(new_style_program("W3").identify().kind, ImageKind::vxd);
    EXPECT_EQ(new_style_program("W4").identify().kind, ImageKind::vxd);
    EXPECT_EQ(describe(new_style_program("LE").u16(0x8A, 2).identify()), "a linear program (LE, for Windows)");
    EXPECT_EQ(describe(new_style_program("LE").u16(0x8A, 3).identify()),
              "a linear program (LE, for European MS-DOS 4)");
    EXPECT_EQ(fault_of(new_style_program("LE").resize(0x100)), "it ends within its LE header");
    EXPECT_EQ(fault_of(new_style_program("LX").u32(0x80 + 0x40, 0xC4).u32(0x80 + 0x44, 0xFFFFFFFF)),
              "it ends within its LX object table");
}

class DosExtenders : public ::testing::Test {
  protected:
    static std::string extender_of(SampleFile file) {
        const ImageDescription image = file.identify();
        return image.kind == ImageKind::dos ? image.detail : "(" + describe(image) + ")";
    }

    /// A program in LE format for OS/2, behind a stub of 0x240 bytes with `mark` in it.
    static SampleFile linear_program(std::string_view mark) {
        return dos_program().text(0x1C0, mark).u32(0x3C, 0x240).text(0x240, "LE").u16(0x24A, 1);
    }
};

TEST_F(DosExtenders, AreFoundByNamesInTheirStubs) {
    EXPECT_EQ(extender_of(linear_program("DOS/4G")), "DOS/4GW");
    EXPECT_EQ(extender_of(linear_program("WATCOM C/C++32")), "DOS/4GW");
    EXPECT_EQ(extender_of(linear_program("STUB/32A for DOS/4G programs")), "DOS/32A");
    EXPECT_EQ(extender_of(linear_program("STUB/32C")), "DOS/32A");
    EXPECT_EQ(extender_of(linear_program("DOS/32A")), "DOS/32A");
    EXPECT_EQ(extender_of(linear_program("PMODE/W v1.33")), "PMODE/W");
    EXPECT_EQ(extender_of(linear_program("CauseWay DOS Extender")), "CauseWay");
    EXPECT_EQ(extender_of(dos_program().text(0x200, "DOS/4G")), "DOS/4GW");
}

TEST_F(DosExtenders, AreFoundRightBehindTheHeader) {
    EXPECT_EQ(extender_of(dos_program().text(0x40, "go32stub, v 2.0")), "DJGPP");
    EXPECT_EQ(extender_of(dos_program().text(0x40, "$WdX")), "WDOSX");
    EXPECT_EQ(extender_of(dos_program().text(0x40, "32STUB")), "Borland 32STUB");
    EXPECT_EQ(extender_of(dos_program().text(0x40, "emx")), "emx");
    EXPECT_EQ(extender_of(dos_program().u16(0x08, 0x20).text(0x200, "go32stub")), "DJGPP");
    EXPECT_EQ(extender_of(dos_program().text(0x44, "go32stub")), "");
}

TEST_F(DosExtenders, AreFoundByFormatsOfTheirOwn) {
    EXPECT_EQ(extender_of(new_style_program("P2")), "Phar Lap 286");
    EXPECT_EQ(extender_of(new_style_program("P3")), "Phar Lap 386");
    EXPECT_EQ(extender_of(new_style_program("MP")), "Phar Lap 386");
    EXPECT_EQ(extender_of(new_style_program("DL")), "DOS/16M");
    EXPECT_EQ(extender_of(new_style_program("BW")), "DOS/4GW");
}

TEST_F(DosExtenders, SayHowWideTheirProgramsAre) {
    EXPECT_EQ(linear_program("DOS/4G").identify().bits, 32U);
    EXPECT_EQ(dos_program().text(0x40, "go32stub").identify().bits, 32U);
    EXPECT_EQ(new_style_program("P2").identify().bits, 16U);
}

TEST_F(DosExtenders, TextOfTheProgramIsNoMark) {
    // An OS/2 program that Watcom's compiler made, and that says that it is not for DOS.
    SampleFile os2 = linear_program("").text(0x380, "WATCOM C/C++32 Run-Time system; needs no DOS/4GW");
    EXPECT_EQ(describe(os2.identify()), "an OS/2 program (LE)");
    EXPECT_EQ(extender_of(dos_program().text(0x200, "WATCOM C/C++16 Run-Time system")), "");
}

}  // namespace
}  // namespace interop
