// SPDX-License-Identifier: MIT
#include "interop/route/embedded_configuration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace interop {
namespace {

/// This test, which has the section as mzinit does.
std::string own_program() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(EmbeddedConfiguration, IsNotThereAsBuilt) { EXPECT_FALSE(embedded_configuration().has_value()); }

TEST(EmbeddedConfiguration, IsWrittenIntoItsSectionOnly) {
    const std::string before = own_program();
    std::string after = before;
    const std::string text(1000, '#');
    ASSERT_TRUE(embed_configuration(after, text).has_value());
    ASSERT_EQ(after.size(), before.size());
    const auto first = std::mismatch(before.begin(), before.end(), after.begin()).first - before.begin();
    const auto last = before.rend() - std::mismatch(before.rbegin(), before.rend(), after.rbegin()).first;
    const std::ptrdiff_t of_text = last - static_cast<std::ptrdiff_t>(text.size());
    EXPECT_TRUE(after.substr(static_cast<std::size_t>(of_text), text.size()) == text);
    EXPECT_LE(of_text - first, 8) << "only length and checksum are before it";
}

TEST(EmbeddedConfiguration, ReplacesAnotherOne) {
    std::string once = own_program();
    ASSERT_TRUE(embed_configuration(once, "short").has_value());
    std::string twice = own_program();
    ASSERT_TRUE(embed_configuration(twice, "a longer one").has_value());
    ASSERT_TRUE(embed_configuration(twice, "short").has_value());
    EXPECT_TRUE(once == twice);
}

TEST(EmbeddedConfiguration, FitsUpToItsSize) {
    std::string program = own_program();
    EXPECT_TRUE(embed_configuration(program, std::string(largest_embedded_configuration, 'x')).has_value());
    const auto too_large = embed_configuration(program, std::string(largest_embedded_configuration + 1, 'x'));
    ASSERT_FALSE(too_large.has_value());
    EXPECT_EQ(too_large.error().message(), "the configuration has 16361 bytes, and at most 16360 can be embedded");
}

TEST(EmbeddedConfiguration, NeedsProgramWithExactlyOnePlace) {
    std::string none = "no program";
    EXPECT_FALSE(embed_configuration(none, "x").has_value());
    std::string two = own_program() + own_program();
    EXPECT_FALSE(embed_configuration(two, "x").has_value());
}

}  // namespace
}  // namespace interop
