// SPDX-License-Identifier: MIT
#include "hostbridge/execution_alias.h"

#include <gtest/gtest.h>

#include <vector>

namespace hostbridge {
namespace {

void append(std::vector<std::byte>& bytes, std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
}

/// What FSCTL_GET_REPARSE_POINT returns for an alias with these texts, each ended by NUL.
std::vector<std::byte> reparse_data(std::u16string_view texts, std::uint32_t tag = 0x8000001B) {
    std::vector<std::byte> bytes;
    append(bytes, tag, 4);
    append(bytes, static_cast<std::uint32_t>(4 + 2 * texts.size()), 2);
    append(bytes, 0, 2);
    append(bytes, 3, 4);
    for (const char16_t unit : texts) append(bytes, unit, 2);
    return bytes;
}

using namespace std::string_view_literals;
constexpr auto texts = u"Vendor.App_8wekyb\0Vendor.App_8wekyb!App\0C:\\Program Files\\WindowsApps\\app.exe\0000\0"sv;

TEST(ExecutionAliasTest, ReadsTheProgram) {
    EXPECT_EQ(execution_alias_target(reparse_data(texts)), u"C:\\Program Files\\WindowsApps\\app.exe");
}

TEST(ExecutionAliasTest, OtherReparsePointsAreNone) {
    constexpr std::uint32_t symbolic_link = 0xA000000C;
    EXPECT_EQ(execution_alias_target(reparse_data(texts, symbolic_link)), std::nullopt);
    EXPECT_EQ(execution_alias_target({}), std::nullopt);
    EXPECT_EQ(execution_alias_target(reparse_data(u"package\0entry\0\0"sv)), std::nullopt);
}

TEST(ExecutionAliasTest, DamagedOnesAreNone) {
    const auto whole = reparse_data(texts);
    // Cut off at any place: what the length promises is not there.
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(execution_alias_target(std::span(whole).first(size)), std::nullopt) << size;
    }
    EXPECT_EQ(execution_alias_target(reparse_data(u"package\0entry\0never ended"sv)), std::nullopt);
}

}  // namespace
}  // namespace hostbridge
