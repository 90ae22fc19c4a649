// SPDX-License-Identifier: MIT
#include "hostbridge/path_lists.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

using interop::EnvironmentOverlay;

TEST(PathLists, BecomeVariablesBehindTheOthers) {
    EXPECT_EQ(with_path_lists({{"A", "1"}}, {{"B", {"C:\\x", "rel"}}, {"C", {"D:\\"}}}),
              (EnvironmentOverlay{{"A", "1"}, {"B", "C:\\x;rel"}, {"C", "D:\\"}}));
}

TEST(PathLists, LoseWhatHasNoNameAndAreNotThereIfNothingIsLeft) {
    const auto short_ones = [](const std::string& path) {
        return path.size() < 3 ? std::optional("<" + path + ">") : std::nullopt;
    };
    EXPECT_EQ(with_path_lists({}, {{"A", {"long", "a", "b", "long"}}, {"B", {"long"}}, {"C", {}}}, short_ones),
              (EnvironmentOverlay{{"A", "<a>;<b>"}}));
    // An empty one would delete the host's own.
    EXPECT_EQ(with_path_lists({}, {{"A", {""}}}), EnvironmentOverlay{});
}

}  // namespace
}  // namespace hostbridge
