// SPDX-License-Identifier: MIT
#include "proto/wire/sha256.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* of_a_million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, AgreesWithTheStandard) {
    EXPECT_EQ(to_hex(sha256("")), of_nothing);
    EXPECT_EQ(to_hex(sha256("abc")), of_abc);
    EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))), of_a_million);
}

TEST(Sha256, TakesPieces) {
    Sha256 digest;
    EXPECT_EQ(to_hex(Sha256().finish()), of_nothing);
    const std::string piece(997, 'a');
    std::size_t left = 1'000'000;
    while (left > 0) {
        const std::size_t size = std::min(left, piece.size());
        digest.add(std::string_view(piece).substr(0, size));
        left -= size;
    }
    Sha256 moved = std::move(digest);
    EXPECT_EQ(to_hex(moved.finish()), of_a_million);
}

}  // namespace
}  // namespace proto
