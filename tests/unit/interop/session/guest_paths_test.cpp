// SPDX-License-Identifier: MIT
#include "interop/session/guest_paths.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

mzinit::v1::Info info_of(const char* system, const char* search_path,
                         std::initializer_list<std::pair<const char*, const char*>> paths) {
    mzinit::v1::Info info;
    info.set_system(system);
    info.set_search_path(search_path);
    for (const auto& [guest, host] : paths) {
        info.add_paths()->set_guest(guest);
        info.mutable_paths(info.paths_size() - 1)->set_host(host);
    }
    return info;
}

TEST(GuestPaths, TakesWhatTheAgentOffers) {
    const PathMap windows =
        agent_path_map(info_of("windows", "", {{"/srv", "D:\\srv"}, {"relative", "E:\\"}, {"/x", "/x"}}));
    EXPECT_EQ(windows.flavour(), PathFlavour::windows);
    ASSERT_EQ(windows.prefixes().size(), 1u);
    EXPECT_EQ(windows.guest_to_host("/srv/x"), "D:\\srv\\x");
    const PathMap linux = agent_path_map(info_of("linux", "", {{"/srv", "/export"}}));
    EXPECT_EQ(linux.flavour(), PathFlavour::posix);
    EXPECT_EQ(linux.host_to_guest("/export/x"), "/srv/x");
}

TEST(GuestPaths, NamesTheHostsDirectoriesAsTheGuestSeesThem) {
    PathMap known(PathFlavour::windows);
    ASSERT_TRUE(known.add({"/mnt/c", "C:\\"}));
    const auto info = info_of(
        "windows", "C:\\Windows\\system32;c:\\windows\\;E:\\none;;relative;D:\\tools;C:\\Windows\\system32;C:\\",
        {{"/tools", "D:\\tools"}});
    EXPECT_EQ(guest_search_path(known, info), "/mnt/c/Windows/system32:/mnt/c/windows:/tools:/mnt/c");
}

TEST(GuestPaths, LeavesOutWhatCannotStandInAPath) {
    PathMap known(PathFlavour::windows);
    ASSERT_TRUE(known.add({"/mnt/c", "C:\\"}));
    EXPECT_EQ(guest_search_path(known, info_of("windows",
                                               "C:\\a\xEF\x80\xBA"
                                               "b;C:\\c",
                                               {})),
              "/mnt/c/c");
    EXPECT_EQ(guest_search_path(known, info_of("windows", "", {})), "");
}

TEST(GuestPaths, ReadsTheListOfAHostThatIsNotWindows) {
    const auto info = info_of("linux", "/usr/bin:/opt/bin", {{"/host", "/"}});
    EXPECT_EQ(guest_search_path(PathMap(PathFlavour::windows), info), "/host/usr/bin:/host/opt/bin");
}

}  // namespace
}  // namespace interop
