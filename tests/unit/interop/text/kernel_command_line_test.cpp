// SPDX-License-Identifier: MIT
#include "interop/text/kernel_command_line.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

using Value = std::optional<std::string>;

Value host_in(std::string_view command_line) { return kernel_parameter(command_line, "mzinit.host"); }

TEST(KernelCommandLine, ValueIsWhatFollowsTheName) {
    EXPECT_EQ(host_in("BOOT_IMAGE=/vmlinuz mzinit.host=vsock:2:5000 quiet\n"), "vsock:2:5000");
}

TEST(KernelCommandLine, WithoutTheNameThereIsNoValue) {
    EXPECT_EQ(host_in(""), std::nullopt);
    EXPECT_EQ(host_in(" \t\n"), std::nullopt);
    EXPECT_EQ(host_in("quiet root=/dev/vda"), std::nullopt);
}

TEST(KernelCommandLine, OnlyTheWholeNameCounts) {
    for (const char* other : {"mzinit.host2=a", "xmzinit.host=a", "mzinit.hos=a", "MZINIT.HOST=a", "mzinit_host=a",
                              "mzinit.host.x=a", "x=mzinit.host=a", "mzinit.host", "mzinit.host =a"}) {
        EXPECT_EQ(host_in(other), std::nullopt) << other;
    }
}

TEST(KernelCommandLine, LastOneCounts) { EXPECT_EQ(host_in("mzinit.host=a mzinit.host=b mzinit.host2=c"), "b"); }

TEST(KernelCommandLine, EmptyValueIsAValue) {
    EXPECT_EQ(host_in("mzinit.host="), "");
    EXPECT_EQ(host_in("mzinit.host= quiet"), "");
    EXPECT_EQ(host_in("mzinit.host=a mzinit.host="), "");
    EXPECT_EQ(host_in("mzinit.host=\"\""), "");
}

TEST(KernelCommandLine, ValueMayHaveEqualsSigns) { EXPECT_EQ(host_in("mzinit.host=a=b="), "a=b="); }

TEST(KernelCommandLine, AnyWhiteSpaceSeparates) {
    for (const char* line :
         {"x\tmzinit.host=a\ty", "x\nmzinit.host=a\n", "  mzinit.host=a  ", "x\r\vmzinit.host=a\f"}) {
        EXPECT_EQ(host_in(line), "a") << line;
    }
}

// Each as next_arg() in the kernel's lib/cmdline.c reads it.
TEST(KernelCommandLine, QuotesAreReadAsTheKernelReadsThem) {
    const struct {
        const char* line;
        Value value;
    } table[] = {
        {R"(mzinit.host="a b" quiet)", "a b"},
        {R"("mzinit.host=a b" quiet)", "a b"},
        {R"(x="mzinit.host=a" quiet)", std::nullopt},
        {R"(x="y mzinit.host=a" mzinit.host=b)", "b"},
        {R"("x mzinit.host=a")", std::nullopt},
        {R"(mzinit.host="  a  ")", "  a  "},
        {R"(mzinit.host=a" b "c)", R"(a" b "c)"},  // Inner ones join, and stay.
        {R"(mzinit.host=a"b c")", R"(a"b c")"},
        {R"(mzinit.host=a")", R"(a")"},
        {R"(mzinit.host="a"b)", R"(a"b)"},
        {R"(mzinit.host='a b')", "'a"},       // These are nothing special.
        {R"(mzinit.host="a\" b")", R"(a\)"},  // There is no escape either: a second word begins after the blank.
    };
    for (const auto& [line, value] : table) EXPECT_EQ(host_in(line), value) << line;
}

TEST(KernelCommandLine, QuoteThatIsNeverClosedReachesToTheEnd) {
    EXPECT_EQ(host_in(R"(mzinit.host="a b c)"), "a b c");
    EXPECT_EQ(host_in(R"("mzinit.host=a b c)"), "a b c");
    EXPECT_EQ(host_in(R"(" mzinit.host=a)"), std::nullopt);
}

TEST(KernelCommandLine, QuotesAloneAreNoEnd) {
    EXPECT_EQ(host_in(R"("" mzinit.host=a)"), "a");
    EXPECT_EQ(host_in(R"(" " mzinit.host=a)"), "a");
    EXPECT_EQ(host_in("\""), std::nullopt);
}

TEST(KernelCommandLine, BytesAboveAsciiAreKept) { EXPECT_EQ(host_in("mzinit.host=\xC3\xA4\xFF q"), "\xC3\xA4\xFF"); }

}  // namespace
}  // namespace interop
