// SPDX-License-Identifier: MIT
#include "proto/wire/authentication.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

const std::string digits(64, 'a');

// Computed with Python's hmac module from the formula of PROTOCOL.md.
TEST(Proof, IsTheHmacOfThePage) {
    EXPECT_EQ(to_hex(compute_proof(test_key(), Role::client, "client greeting", "agent greeting")),
              "62788ccbf4bae22549ca4768d9aeceb597c55e06fa4ae94c5f20919dfedd7647");
    EXPECT_EQ(to_hex(compute_proof(test_key(), Role::agent, "client greeting", "agent greeting")),
              "ab4a49a0a338588a3f3207363715cdd05a619090b10e97a84066ee670a6897ab");
}

TEST(Proof, DependsOnEverything) {
    const Digest proof = compute_proof(test_key(), Role::client, "a", "b");
    EXPECT_NE(proof, compute_proof(test_key(), Role::agent, "a", "b"));
    EXPECT_NE(proof, compute_proof(test_key(1), Role::client, "a", "b"));
    EXPECT_NE(proof, compute_proof(test_key(0, "other"), Role::client, "a", "b"));
    EXPECT_NE(proof, compute_proof(test_key(), Role::client, "c", "b"));
    EXPECT_NE(proof, compute_proof(test_key(), Role::client, "a", "c"));
    EXPECT_NE(proof, compute_proof(test_key(), Role::client, "b", "a"));
    EXPECT_NE(proof, compute_proof(test_key(), Role::client, "ab", "")) << "fields must not run into each other";
}

TEST(ConstantTimeComparison, KnowsEqualFromDifferent) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("xbc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
    EXPECT_FALSE(equal_in_constant_time(std::string_view("\xff", 1), std::string_view("\x7f", 1)));
}

TEST(KeyFile, HoldsAKeyALine) {
    const auto keys =
        parse_key_file("# comment\n\n  default " + digits + "\r\nother\t\t00" + digits.substr(2) + "  \n");
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2u);
    EXPECT_EQ((*keys)[0].id, "default");
    EXPECT_EQ((*keys)[0].secret[31], 0xaa);
    EXPECT_EQ((*keys)[1].id, "other");
    EXPECT_EQ((*keys)[1].secret[0], 0);
}

TEST(KeyFile, MayBeEmptyOrLackTheLastLineEnd) {
    EXPECT_EQ(parse_key_file("")->size(), 0u);
    EXPECT_EQ(parse_key_file("#")->size(), 0u);
    EXPECT_EQ(parse_key_file("k " + digits)->size(), 1u);
}

TEST(KeyFile, ReadsDigitsOfEitherCase) {
    const auto keys = parse_key_file("k " + std::string(32, 'F') + std::string(32, 'f'));
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->at(0).secret,
              (decltype(Key::secret){255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}));
}

TEST(KeyFile, RefusesWhatIsNotAKey) {
    for (const std::string& text :
         {std::string("default"), "default " + digits.substr(1), "default " + digits + "a", digits,
          "default g" + digits.substr(1), "two names " + digits, std::string(256, 'n') + " " + digits,
          "caf\xe9 " + digits, "default " + digits.substr(2) + "\xc3\xa9", "default " + digits.substr(1) + '\0'}) {
        EXPECT_FALSE(parse_key_file(text)) << text;
    }
    EXPECT_TRUE(parse_key_file(std::string(255, 'n') + " " + digits));
}

TEST(KeyFile, NamesTheLineAndNeverTheSecret) {
    const auto keys = parse_key_file("# one\ngood " + digits + "\nbad " + digits + "0\n");
    ASSERT_FALSE(keys);
    EXPECT_NE(keys.error().message().find("line 3"), std::string::npos);
    EXPECT_EQ(keys.error().message().find("aaaa"), std::string::npos);
}

TEST(Key, IsWipedWhenItDies) {
    alignas(Key) unsigned char memory[sizeof(Key)];
    Key* key = new (memory) Key(test_key(1));
    const auto* secret = reinterpret_cast<const volatile unsigned char*>(key->secret.data());
    ASSERT_EQ(secret[5], 6);
    key->~Key();
    for (std::size_t i = 0; i < limits::key_length; ++i) {
        EXPECT_EQ(secret[i], 0) << i;
    }
}

}  // namespace
}  // namespace proto
