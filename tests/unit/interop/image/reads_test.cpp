// SPDX-License-Identifier: MIT
// How much is read to say what a file is: users pay for it at every launch, and hostile files must not make it more.
#include <gtest/gtest.h>

#include "interop/image/identify.h"
#include "sample_images.h"

namespace interop {
namespace {

using testing::dos_program;
using testing::new_style_program;
using testing::pe_optional_header;
using testing::SampleFile;

constexpr std::size_t first_read = 4096;
constexpr unsigned most_reads = 8;

TEST(ImageReads, OrdinaryProgramTakesOneReadOfFourKibibytes) {
    SampleFile files[] = {testing::pe_program(), testing::pe_program({.machine = 0x14C, .plus = false}),
                          testing::pe_program({.characteristics = 0x2022}), testing::pe_program({.subsystem = 10})};
    for (SampleFile& file : files) {
        EXPECT_EQ(file.resize(1 << 20).identify().kind, ImageKind::pe);
        EXPECT_EQ(file.reads, 1U);
        EXPECT_EQ(file.bytes_read, first_read);
    }
}

TEST(ImageReads, LookalikesDosAndSegmentedProgramsTakeOneRead) {
    SampleFile files[] = {dos_program(),
                          dos_program().text(0x40, "go32stub"),
                          dos_program().u32(0x3C, 0xFFFFFFFF),
                          new_style_program("NE").u8(0x80 + 0x36, 2),
                          new_style_program("LE").u16(0x8A, 1).text(0x60, "DOS/4G"),
                          new_style_program("LX").u16(0x8A, 1),
                          new_style_program("W3"),
                          testing::pe_program().text(0, "MZqFpD='"),
                          testing::pe_program().text(0x38, "ARM\x64"),
                          SampleFile().text(0,
                                            "\x7f"
                                            "ELF")};
    for (SampleFile& file : files) {
        (void)file.resize(1 << 20).identify();
        EXPECT_EQ(file.reads, 1U) << describe(file.identify());
        EXPECT_EQ(file.bytes_read, first_read);
    }
}

TEST(ImageReads, SmallFileIsReadOnce) {
    SampleFile file = testing::tiny_program(4);
    (void)file.identify();
    EXPECT_EQ(file.reads, 1U);
    EXPECT_EQ(file.bytes_read, file.size());
}

/// Puts the section, and with it what directories point to, behind the first 4 KiB.
SampleFile with_far_section(SampleFile file) {
    constexpr std::size_t section = pe_optional_header + 240;
    return file.u32(section + 20, 0x9000).resize(1 << 20);
}

TEST(ImageReads, DotnetTakesOneMoreForItsHeader) {
    SampleFile file = with_far_section(testing::dotnet_program(1));
    file.u32(0x9010 + 16, 1);
    EXPECT_EQ(file.identify().managed, Managed::il);
    EXPECT_EQ(file.reads, 2U);
    EXPECT_LE(file.bytes_read, 2 * first_read);
}

TEST(ImageReads, LoadConfigurationTakesOneMore) {
    SampleFile file = with_far_section(testing::hybrid_program(0x8664));
    file.u32(0x9000, 0x140).u64(0x9000 + 0xC8, 1);
    EXPECT_EQ(file.identify().detail, "ARM64EC");
    EXPECT_EQ(file.reads, 2U);
}

TEST(ImageReads, HeadersBehindTheFirstPageAreReadTogether) {
    SampleFile far(1 << 20);
    constexpr std::size_t header = 0x5000;
    far.text(0, "MZ").u32(0x3C, header).text(header, std::string_view("PE\0\0", 4)).u16(header + 4, 0x8664);
    far.u16(header + 6, 10).u16(header + 20, 240).u16(header + 22, 2).u16(header + 24, 0x20B);
    EXPECT_EQ(far.identify().kind, ImageKind::pe);
    EXPECT_EQ(far.reads, 2U);
}

/// Everything as far apart as headers can say, and each across the windows that the reader keeps.
SampleFile scattered_program(std::size_t header) {
    SampleFile file(1 << 20);
    const std::size_t optional_header = header + 24;
    file.text(0, "MZ").u32(0x3C, header).text(header, std::string_view("PE\0\0", 4)).u16(header + 4, 0x8664);
    file.u16(header + 6, 0xFFFF).u16(header + 20, 0xFFF1).u16(header + 22, 2).u16(optional_header, 0x20B);
    file.u32(optional_header + 32, 0x1000).u32(optional_header + 108, 16);
    file.u32(optional_header + 112 + 8 * 10, 0x1000).u32(optional_header + 112 + 8 * 14, 0x2000);
    std::size_t section = optional_header + 0xFFF1;
    file.resize((1 << 20) + 0xFFFF * 40);
    for (unsigned i = 0; i < 94; ++i, section += 40) file.u32(section + 12, 0x10000000).u32(section + 16, 1);
    file.u32(section + 12, 0x1000).u32(section + 16, 0x1000).u32(section + 20, 0x30000);
    file.u32(section + 52, 0x2000).u32(section + 56, 0x1000).u32(section + 60, 0x40000);
    file.u32(0x30000, 0x140).u64(0x300C8, 1);
    return file.u32(0x40010, 1);
}

TEST(ImageReads, NoHeaderCausesMoreThanEight) {
    for (std::size_t header = 4096 - 512; header < 4096 + 512; header += 7) {
        SampleFile file = scattered_program(header);
        const ImageDescription image = file.identify();
        ASSERT_EQ(image.detail, "ARM64EC") << header;
        ASSERT_EQ(image.managed, Managed::il) << header;
        ASSERT_LE(file.reads, most_reads) << header;
        ASSERT_EQ(file.reads_outside, 0U) << header;
    }
}

TEST(ImageReads, NobodyAsksAgainForWhatCannotBeRead) {
    // The head can be read, everything else is on a bad disk.
    SampleFile file = scattered_program(4096 + 8);
    for (const std::uint32_t header : {0x0FF0U, 0x1008U, 0x8000U}) {
        file.u32(0x3C, header);
        unsigned reads = 0;
        const ImageDescription image = identify_image(
            [&](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
                ++reads;
                if (offset != 0) return 0;
                std::ranges::fill(buffer, std::byte{0});
                buffer[0] = std::byte{'M'};
                buffer[1] = std::byte{'Z'};
                for (unsigned i = 0; i < 4; ++i) buffer[0x3C + i] = static_cast<std::byte>(header >> (8 * i));
                return buffer.size();
            },
            file.size());
        EXPECT_EQ(image.kind, ImageKind::damaged);
        EXPECT_LE(reads, 2U) << header;
    }
}

TEST(ImageReads, FileThatShrinksWhileItIsReadIsDamaged) {
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

}  // namespace
}  // namespace interop
