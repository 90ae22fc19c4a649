// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_channel.h"

#include <gtest/gtest.h>

#include "interop/route/runner_dosbox_launcher.h"

namespace interop {
namespace {

std::optional<DosRequest> decode(std::array<char, dos_message_size> bytes) { return decode_dos_request(bytes); }

TEST(DosChannel, DecodesRequest) {
    const auto request = decode({7, 2, '\xFF', '\x01', 4, 3, 2, '\x81'});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->op, DosRequest::Op::write);
    EXPECT_EQ(request->stream, 2);
    EXPECT_EQ(request->count, 0x1FF);
    EXPECT_EQ(request->value, 0x81020304);
}

TEST(DosChannel, RefusesWhatNoLauncherSays) {
    EXPECT_FALSE(decode({0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(decode({10, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(decode({'\xFF', 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(decode({6, 3, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(decode({1, 0, 0, 0, 2, 0, 0, 0})) << "another version";
    EXPECT_TRUE(decode({1, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(DosChannel, EncodesReply) {
    const auto bytes = encode_dos_reply({.result = 0xFFFE, .error = DosError::write_fault, .value = 0x01020304});
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), std::string("\xFE\xFF\x1D\0\x04\x03\x02\x01", 8));
}

TEST(DosChannel, OrderIsWhereTheLauncherLooksForIt) {
    const DosOrder order{.information = {dos_console, dos_file, dos_null_device},
                         .input_echoes = true,
                         .drive = 'D',
                         .size = 0x12345678,
                         .working_directory = "\\SUB",
                         .program = "C:\\A.EXE",
                         .pattern = "C:\\*.*",
                         .substitute = "Y:\\P.EXE",
                         .tail = " x y"};
    const std::string bytes = encode_dos_order(order);
    EXPECT_EQ(bytes.substr(0, 12), std::string("\xD3\x80\x42\0\xC4\x80\x03\x03\x78\x56\x34\x12", 12));
    EXPECT_STREQ(bytes.c_str() + 12, "\\SUB");
    EXPECT_STREQ(bytes.c_str() + 80, "C:\\A.EXE");
    EXPECT_STREQ(bytes.c_str() + 160, "C:\\*.*");
    EXPECT_STREQ(bytes.c_str() + 240, "Y:\\P.EXE");
    EXPECT_STREQ(bytes.c_str() + 256, "\x04 x y\r");
}

TEST(DosChannel, OrderHoldsTheLongestOfEverything) {
    const DosOrder order{.working_directory = std::string(64, 'x'),
                         .program = std::string(79, 'x'),
                         .pattern = std::string(79, 'x'),
                         .substitute = std::string(15, 'x'),
                         .tail = std::string(126, 'x')};
    EXPECT_EQ(encode_dos_order(order).size(), encode_dos_order({}).size());
}

TEST(DosLauncher, IsAComProgramThatLeavesRoom) {
    EXPECT_GT(dosbox_launcher().size(), 512);
    EXPECT_LT(dosbox_launcher().size(), 4096);
}

}  // namespace
}  // namespace interop
