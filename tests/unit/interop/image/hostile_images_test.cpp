// SPDX-License-Identifier: MIT
// Cut off, flipped and random: whatever the bytes are, there is one sentence about them, nothing outside the file is
// read, and a program whose headers are cut is not said to run.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "interop/image/identify.h"
#include "sample_images.h"

namespace interop {
namespace {

using testing::dos_program;
using testing::new_style_program;
using testing::SampleFile;

bool could_run(const ImageDescription& image) {
    return image.kind == ImageKind::pe || image.kind == ImageKind::dos || image.kind == ImageKind::ne ||
           image.kind == ImageKind::le;
}

void expect_sound(SampleFile& file) {
    const ImageDescription image = file.identify();
    const std::string sentence = describe(image);
    ASSERT_FALSE(sentence.empty());
    ASSERT_TRUE(std::ranges::all_of(sentence, [](char c) { return c >= ' ' && c <= '~'; })) << sentence;
    ASSERT_LT(sentence.size(), 200U);
    ASSERT_FALSE(image.kind == ImageKind::damaged && image.detail.empty());
    ASSERT_TRUE(image.bits == 0 || image.bits == 16 || image.bits == 32 || image.bits == 64) << image.bits;
    ASSERT_EQ(image.kind == ImageKind::not_mz || image.kind == ImageKind::damaged || image.kind == ImageKind::ape ||
                  image.kind == ImageKind::efi_zboot,
              image.bits == 0)
        << sentence;
    ASSERT_EQ(file.reads_outside, 0U);
    ASSERT_LE(file.reads, 8U);
    ASSERT_EQ(describe(file.identify()), sentence);
}

struct Seed {
    const char* name;
    SampleFile file;
    std::size_t headers_end;  ///< Shorter than this, it cannot run.
};

std::vector<Seed> seeds() {
    return {{"dos", dos_program(), 513},  // Its last page may be cut short.
            {"pe32+", testing::pe_program(), 0x800},
            {"pe32", testing::pe_program({.machine = 0x14C, .plus = false, .optional_header_size = 224}), 0x800},
            {".net", testing::dotnet_program(1), 0x800},
            {"arm64ec", testing::hybrid_program(0x8664), 0x800},
            {"tiny", testing::tiny_program(4), 4 + 24 + 0x70},
            {"ne", new_style_program("NE").u16(0x80 + 0x1C, 2).u16(0x80 + 0x22, 0x40).u8(0x80 + 0x36, 2), 0xD0},
            {"le", new_style_program("LE").u16(0x8A, 1).u32(0xC0, 0xC4).u32(0xC4, 2).text(0x60, "DOS/4G"), 0x174},
            {"lx", new_style_program("LX").u16(0x8A, 1).u32(0xC0, 0xC4).u32(0xC4, 2), 0x174}};
}

TEST(HostileImages, ProgramCutWithinItsHeadersIsNeverSaidToRun) {
    for (const Seed& seed : seeds()) {
        ASSERT_TRUE(could_run(SampleFile(seed.file).identify())) << seed.name;
        for (std::size_t size = 0; size <= std::min<std::size_t>(1024, seed.file.size()); ++size) {
            SCOPED_TRACE(seed.name + std::string(" cut to ") + std::to_string(size));
            SampleFile cut = seed.file;
            cut.resize(size);
            ASSERT_NO_FATAL_FAILURE(expect_sound(cut));
            ASSERT_EQ(could_run(cut.identify()), size >= seed.headers_end) << describe(cut.identify());
        }
    }
}

TEST(HostileImages, AnyFlippedBitStaysInsideTheFile) {
    for (const Seed& seed : seeds()) {
        for (std::size_t bit = 0; bit < std::min<std::size_t>(seed.file.size(), 1024) * 8; ++bit) {
            SCOPED_TRACE(seed.name + std::string(" with bit ") + std::to_string(bit));
            SampleFile flipped = seed.file;
            flipped.flip_bit(bit);
            ASSERT_NO_FATAL_FAILURE(expect_sound(flipped));
            if (bit < 16) {
                ASSERT_EQ(flipped.identify().kind, ImageKind::not_mz);
            }
        }
    }
}

TEST(HostileImages, RandomHeadersStayInsideTheFile) {
    const std::vector<Seed> all = seeds();
    std::mt19937 random(20240229);
    for (int round = 0; round < 20000; ++round) {
        SampleFile file = all[random() % all.size()].file;
        for (unsigned change = 0; change < 1 + random() % 8; ++change) {
            const std::size_t offset = random() % 0x1C0;
            random() % 2 != 0 ? file.u32(offset, random()) : file.u8(offset, random() & 0xFF);
        }
        SCOPED_TRACE(round);
        ASSERT_NO_FATAL_FAILURE(expect_sound(file.text(0, "MZ")));
    }
}

}  // namespace
}  // namespace interop
