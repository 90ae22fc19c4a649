// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "interop/route/runner_wine.h"
#include "interop/text/command_line.h"

namespace interop {
namespace {

TEST(WineCommandLine, TakesWhatWindowsWouldTake) {
    EXPECT_TRUE(check_wine_command_line("/srv/a.exe", {"", "a b", "ü"}));
}

TEST(WineCommandLine, IsRefusedWhereWineWouldFailWithoutAWord) {
    const auto checked = check_wine_command_line("/srv/a.exe", std::vector<std::string>(20000, "x"));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, make_error_code(CommandLineFault::too_long));
}

TEST(WineCommandLine, RefusesBytesThatAreNotUtf8) {
    EXPECT_FALSE(check_wine_command_line("/srv/a.exe", {"ok", "\xff"}));
}

}  // namespace
}  // namespace interop
