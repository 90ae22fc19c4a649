// SPDX-License-Identifier: MIT
#include "hostbridge/windows_error_win.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;

TEST(WindowsError, BecomesACodeOfTheProtocol) {
    const std::pair<unsigned long, v1::LaunchErrorCode> expected[] = {
        {2, v1::LAUNCH_ERROR_NOT_FOUND},
        {3, v1::LAUNCH_ERROR_NOT_FOUND},
        {193, v1::LAUNCH_ERROR_BAD_FORMAT},
        {11, v1::LAUNCH_ERROR_BAD_FORMAT},
        {216, v1::LAUNCH_ERROR_WRONG_MACHINE},
        {5, v1::LAUNCH_ERROR_ACCESS_DENIED},
        {32, v1::LAUNCH_ERROR_ACCESS_DENIED},
        {225, v1::LAUNCH_ERROR_ACCESS_DENIED},
        {740, v1::LAUNCH_ERROR_NEEDS_ELEVATION},
        {267, v1::LAUNCH_ERROR_WORKING_DIRECTORY},
        {206, v1::LAUNCH_ERROR_ARGUMENT_LIST_TOO_LONG},
        {126, v1::LAUNCH_ERROR_MISSING_LIBRARY},
        {8, v1::LAUNCH_ERROR_HOST_FAILURE},
        {1455, v1::LAUNCH_ERROR_HOST_FAILURE},
    };
    for (const auto& [code, launch_code] : expected) {
        const LaunchFailure failure = launch_failure(code);
        EXPECT_EQ(failure.code, launch_code) << code;
        EXPECT_EQ(failure.host_code, code);
        EXPECT_FALSE(failure.text.empty());
        EXPECT_EQ(failure.text.find('\n'), std::string::npos);
    }
}

TEST(WindowsError, HasAText) {
    EXPECT_FALSE(windows_error_text(5).empty());
    EXPECT_NE(windows_error_text(5).back(), '.');
    EXPECT_EQ(windows_error_text(123456789), "Windows error 123456789");
    EXPECT_EQ(windows_error(2, "open x").message(), "open x: " + windows_error_text(2));
    EXPECT_TRUE(is_windows_error(windows_error(2, "open x"), 2));
    EXPECT_FALSE(is_windows_error(windows_error(2, "open x"), 3));
    EXPECT_FALSE(is_windows_error(proto::errno_error(2, "open x"), 2));
}

}  // namespace
}  // namespace hostbridge
