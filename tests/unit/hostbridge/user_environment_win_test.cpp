// SPDX-License-Identifier: MIT
#include "hostbridge/user_environment_win.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

using namespace std::string_view_literals;
constexpr auto block = u"=C:=C:\\dir\0Path=C:\\Windows;\u00FC\0PATHEXT=.EXE\0EMPTY=\0\0"sv;

TEST(UserEnvironmentTest, AVariableIsFoundWhateverItsCase) {
    EXPECT_EQ(variable_in(block, u"PATH"), "C:\\Windows;\u00FC");
    EXPECT_EQ(variable_in(block, u"PathExt"), ".EXE");
    EXPECT_EQ(variable_in(block, u"EMPTY"), "");
    EXPECT_EQ(variable_in(block, u"PAT"), "");
    EXPECT_EQ(variable_in(block, u"C:"), "");
    EXPECT_EQ(variable_in({}, u"PATH"), "");
}

TEST(UserEnvironmentTest, TheUserHasAPath) { EXPECT_NE(variable_in(user_environment_block(), u"PATH"), ""); }

}  // namespace
}  // namespace hostbridge
