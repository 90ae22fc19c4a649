// SPDX-License-Identifier: MIT
#include "interop/image/identify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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
}

TEST(Identify, KernelsAreNamedByArchitecture) {
    const auto kernel = [](SampleFile file) { return describe(file.identify()); };
    SampleFile x86 = testing::pe_program({.subsystem = 10});
    x86.u16(0x1FE, 0xAA55).text(0x202, "HdrS").u16(0x206, 0x20F);
    EXPECT_EQ(kernel(x86), "a Linux kernel (x86)");
    EXPECT_EQ(kernel(x86.u16(0x236, 1)), "a Linux kernel (x86-64)");
    EXPECT_EQ(kernel(testing::pe_program().text(0x38, "ARM\x64")), "a Linux kernel (ARM64)");
    EXPECT_EQ(kernel(testing::pe_program().text(0x38, "RSC\x05")), "a Linux kernel (RISC-V)");
    EXPECT_EQ(testing::pe_program().text(4, "zimg").identify().kind, ImageKind::efi_zboot);
}

TEST(Identify, KernelMarkAloneDoesNotMakeKernel) {
    EXPECT_EQ(testing::pe_program().text(0x202, "HdrS").identify().kind, ImageKind::pe);
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
    EXPECT_EQ(fault_of(new_style_program("NE").resize(0x80 + 0x3F)), "it ends within its NE header");
}

TEST(Identify, LinearExecutablesAreOs2UnlessExtenderOrDriver) {
    EXPECT_EQ(describe(new_style_program("LX").u16(0x8A, 1).identify()), "an OS/2 program (LX)");
    EXPECT_EQ(describe(new_style_program("LE").u16(0x8A, 1).u32(0x90, 0x8000).identify()), "an OS/2 library (LE)");
    EXPECT_EQ(new_style_program("LE").u16(0x8A, 4).identify().kind, ImageKind::vxd);
    EXPECT_EQ(new_style_program("W3").identify().kind, ImageKind::vxd);
    EXPECT_EQ(new_style_program("W4").identify().kind, ImageKind::vxd);
    EXPECT_EQ(fault_of(new_style_program("LE").resize(0x100)), "it ends within its LE header");
}

TEST(Identify, DosExtendersAreFoundByTheirMarks) {
    const auto extended = [](SampleFile file) {
        const ImageDescription image = file.identify();
        return image.kind == ImageKind::dos ? image.detail : "(" + describe(image) + ")";
    };
    const auto watcom = [] { return new_style_program("LE").u16(0x8A, 1); };
    EXPECT_EQ(extended(watcom().text(0x240, "DOS/4G")), "DOS/4GW");
    EXPECT_EQ(extended(watcom().text(0x240, "WATCOM C/C++32")), "DOS/4GW");
    EXPECT_EQ(extended(watcom().text(0x240, "STUB/32A for DOS/4G programs")), "DOS/32A");
    EXPECT_EQ(extended(watcom().text(0x240, "PMODE/W v1.33")), "PMODE/W");
    EXPECT_EQ(extended(watcom().text(0x240, "CauseWay DOS Extender")), "CauseWay");
    EXPECT_EQ(extended(dos_program().text(0x40, "go32stub, v 2.0")), "DJGPP");
    EXPECT_EQ(extended(dos_program().text(0x40, "$WdX")), "WDOSX");
    EXPECT_EQ(extended(dos_program().text(0x40, "32STUB")), "Borland 32STUB");
    EXPECT_EQ(extended(dos_program().text(0x40, "emx")), "emx");
    EXPECT_EQ(extended(new_style_program("P3")), "Phar Lap 386");
    EXPECT_EQ(extended(new_style_program("BW")), "DOS/4GW");
    EXPECT_EQ(describe(new_style_program("BW").identify()), "a DOS program (with the DOS/4GW extender)");
}

TEST(Identify, ReadsOnlyFirstPageOfOrdinaryPrograms) {
    SampleFile large = testing::pe_program().resize(1 << 20);
    EXPECT_EQ(large.identify().kind, ImageKind::pe);
    EXPECT_EQ(large.bytes_read, 4096U);
}

TEST(Identify, FileThatShrinksWhileItIsReadIsDamaged) {
    const ReadAt shorter = [](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
        if (offset != 0) return 0;
        buffer[0] = std::byte{'M'};
        buffer[1] = std::byte{'Z'};
        return 2;
    };
    EXPECT_EQ(identify_image(shorter, 1 << 20).kind, ImageKind::damaged);
    EXPECT_EQ(identify_image([](std::uint64_t, std::span<std::byte>) { return std::size_t{0}; }, 100).kind,
              ImageKind::not_mz);
}

class HostileImages : public ::testing::Test {
  protected:
    static std::vector<SampleFile> seeds() {
        return {dos_program(),
                testing::pe_program(),
                testing::dotnet_program(1),
                testing::pe_program({.machine = 0x14C, .plus = false, .optional_header_size = 224}),
                new_style_program("NE"),
                new_style_program("LE").u16(0x8A, 1).text(0x240, "DOS/4G")};
    }
};

TEST_F(HostileImages, TruncationAtAnyLengthStaysInsideTheFile) {
    for (const SampleFile& seed : seeds()) {
        for (std::size_t size = 0; size <= seed.size(); ++size) {
            SampleFile cut = seed;
            const ImageDescription image = cut.resize(size).identify();
            EXPECT_EQ(cut.reads_outside, 0U) << size;
            EXPECT_FALSE(describe(image).empty());
            EXPECT_FALSE(image.kind == ImageKind::damaged && image.detail.empty()) << size;
        }
    }
}

TEST_F(HostileImages, AnyFlippedBitStaysInsideTheFile) {
    for (const SampleFile& seed : seeds()) {
        for (std::size_t bit = 0; bit < std::min<std::size_t>(seed.size(), 0x300) * 8; ++bit) {
            SampleFile flipped = seed;
            const ImageDescription image = flipped.flip_bit(bit).identify();
            EXPECT_EQ(flipped.reads_outside, 0U) << bit;
            EXPECT_FALSE(describe(image).empty());
        }
    }
}

TEST_F(HostileImages, RandomHeadersStayInsideTheFile) {
    std::mt19937 random(20240229);
    for (int round = 0; round < 20000; ++round) {
        SampleFile file = seeds()[random() % 6];
        for (unsigned change = 0; change < 1 + random() % 8; ++change) {
            const std::size_t offset = random() % 0x1C0;
            random() % 2 != 0 ? file.u32(offset, random()) : file.u8(offset, random() & 0xFF);
        }
        (void)file.text(0, "MZ").identify();
        ASSERT_EQ(file.reads_outside, 0U) << round;
        ASSERT_LT(file.bytes_read, 65536U * 64) << round;
    }
}

}  // namespace
}  // namespace interop
