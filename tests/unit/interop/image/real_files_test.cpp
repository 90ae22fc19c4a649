// SPDX-License-Identifier: MIT
// The fuzz target's corpus: programs that real linkers, compilers and packers made, cut off and with flipped bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "interop/image/identify.h"
#include "sample_images.h"

namespace interop {
namespace {

using testing::SampleFile;

std::map<std::string, SampleFile> corpus() {
    std::map<std::string, SampleFile> files;
    for (const auto& entry : std::filesystem::directory_iterator(MZINIT_TESTS_DIRECTORY "/fuzz/corpus/identify")) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        files[entry.path().filename().string()] = SampleFile().text(0, bytes);
    }
    return files;
}

void expect_sound(SampleFile& file) {
    const ImageDescription image = file.identify();
    const std::string sentence = describe(image);
    ASSERT_FALSE(sentence.empty());
    ASSERT_TRUE(std::ranges::all_of(sentence, [](char c) { return c >= ' ' && c <= '~'; })) << sentence;
    ASSERT_FALSE(image.kind == ImageKind::damaged && image.detail.empty());
    ASSERT_EQ(file.reads_outside, 0U);
    ASSERT_LE(file.reads, 8U);
}

TEST(RealFiles, AreWhatTheyWereMadeAs) {
    std::map<std::string, SampleFile> files = corpus();
    const auto sentence = [&files](const char* name) { return describe(files.at(name).identify()); };
    EXPECT_EQ(sentence("linked_x86_64"), "a 64-bit Windows console program (PE32+, x86-64)");
    EXPECT_EQ(sentence("packed_x86_64"), "a 64-bit Windows console program (PE32+, x86-64)");
    EXPECT_EQ(sentence("linked_i686"), "a 32-bit Windows GUI program (PE32, x86)");
    EXPECT_EQ(sentence("packed_i686"), "a 32-bit Windows GUI program (PE32, x86)");
    EXPECT_EQ(sentence("linked_dll"), "a 64-bit Windows DLL (PE32+, x86-64)");
    EXPECT_EQ(sentence("linked_efi"), "a 64-bit EFI program (PE32+, x86-64)");
    EXPECT_EQ(sentence("mono_program"), "a .NET Windows console program (PE32, any CPU, 32-bit preferred)");
    EXPECT_EQ(sentence("packed_dos"), "a DOS program");
}

TEST(RealFiles, CutAtAnyLengthAreNeverProgramsThatRun) {
    for (const auto& [name, whole] : corpus()) {
        for (std::size_t size = 0; size <= std::min<std::size_t>(whole.size(), 1024); ++size) {
            SCOPED_TRACE(name + " cut to " + std::to_string(size));
            SampleFile cut = whole;
            ASSERT_NO_FATAL_FAILURE(expect_sound(cut.resize(size)));
            if (!name.starts_with("linked") && !name.starts_with("packed_") && name != "mono_program") continue;
            if (size == whole.size()) continue;
            const ImageKind kind = cut.identify().kind;
            ASSERT_TRUE(kind == ImageKind::damaged || (size < 2 && kind == ImageKind::not_mz))
                << describe(cut.identify());
        }
    }
}

TEST(RealFiles, WithAnyBitOfTheirHeadersFlippedAreSound) {
    for (const auto& [name, whole] : corpus()) {
        SampleFile flipped = whole;
        for (std::size_t bit = 0; bit < std::min<std::size_t>(whole.size(), 1024) * 8; ++bit) {
            SCOPED_TRACE(name + " with bit " + std::to_string(bit));
            ASSERT_NO_FATAL_FAILURE(expect_sound(flipped.flip_bit(bit)));
            flipped.flip_bit(bit);
        }
    }
}

TEST(RealFiles, WithSeveralBitsFlippedAnywhereAreSound) {
    std::mt19937 random(20240229);
    for (const auto& [name, whole] : corpus()) {
        for (unsigned round = 0; round < 1000; ++round) {
            SCOPED_TRACE(name + " round " + std::to_string(round));
            SampleFile flipped = whole;
            for (unsigned count = 1 + random() % 4; count != 0; --count)
                flipped.flip_bit(random() % (whole.size() * 8));
            ASSERT_NO_FATAL_FAILURE(expect_sound(flipped));
        }
    }
}

}  // namespace
}  // namespace interop
