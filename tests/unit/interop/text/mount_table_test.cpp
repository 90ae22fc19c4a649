// SPDX-License-Identifier: MIT
#include "interop/text/mount_table.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

using Optional = std::optional<std::string>;

// As WSL 2 has it (9p), WSL 1 (drvfs), and WSL 2 with virtiofs.
constexpr const char* root = "1 0 8:16 / / rw,relatime - ext4 /dev/sdb rw,discard\n";
constexpr const char* drive_c =
    "20 1 0:50 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;"
    "symlinkroot=/mnt/,mmap,access=client,msize=65536,trans=fd,rfd=8,wfd=8\n";

PathMap mounted(const std::string& mountinfo) { return add_mounts(PathMap(PathFlavour::windows), mountinfo); }

PathMap configured(PathFlavour flavour, std::initializer_list<const char*> lines) {
    PathMap map(flavour);
    for (const char* line : lines) EXPECT_TRUE(map.add(PathMap::parse(line, flavour).value())) << line;
    return map;
}

/// The host's name for /mnt/x where that is the mount `line`.
Optional source_of(const std::string& line) {
    return mounted(root + ("21 1 0:60 " + line) + "\n").guest_to_host("/mnt/x/a");
}

TEST(MountTable, ReadsAllFieldsOfALine) {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 propagate_from:2 - ext3 /dev/\\134root rw,a=\\054\n");
    ASSERT_EQ(mounts.size(), 1u);
    EXPECT_EQ(mounts[0].id, 36u);
    EXPECT_EQ(mounts[0].parent, 35u);
    EXPECT_EQ(mounts[0].device, "98:0");
    EXPECT_EQ(mounts[0].root, "/mnt1");
    EXPECT_EQ(mounts[0].point, "/mnt 2");
    EXPECT_EQ(mounts[0].type, "ext3");
    EXPECT_EQ(mounts[0].source, "/dev/\\root");
    EXPECT_EQ(mounts[0].super_options, "rw,a=\\054");
}

TEST(MountTable, LeavesOutLinesThatAreNone) {
    for (const char* line :
         {"", "\n", "x", "1 2 3:4 / /", "1 2 3:4 / / rw shared:1", "1 2 3:4 / / rw -", "a 2 3:4 / / rw - t s o",
          "1 b 3:4 / / rw - t s o", "1 2 3:4 / mnt rw - t s o", "1 2 3:4 ns:[7] /x rw - nsfs s o\n\n"}) {
        EXPECT_TRUE(parse_mountinfo(line).empty()) << line;
    }
    EXPECT_EQ(parse_mountinfo("x\n1 2 3:4 / / rw - t s o\ny").size(), 1u);
    EXPECT_EQ(parse_mountinfo("1 2 3:4 / / rw - t s").size(), 1u);
}

TEST(MountTable, UndoesOctalEscapesOnly) {
    const auto mounts = parse_mountinfo("1 2 3:4 / /a\\011b\\012c\\134d\\e\\08\\777\\04 rw - t s o");
    ASSERT_EQ(mounts.size(), 1u);
    EXPECT_EQ(mounts[0].point, "/a\tb\nc\\d\\e\\08\\777\\04");
}

TEST(MountTable, KnowsWindowsDirectoriesOfEveryKind) {
    struct Case {
        const char* line;
        Optional host;
    };
    const Case cases[] = {
        {"/ /mnt/x rw - 9p C:\\134 rw,aname=drvfs;path=C:\\;uid=0", "C:\\a"},
        {"/ /mnt/x rw - 9p drvfsa rw,aname=drvfs;path=C:\\134;uid=0", "C:\\a"},
        {"/ /mnt/x rw - 9p drvfs rw,aname=drvfs;path\\075D:,mmap", "D:\\a"},
        {"/ /mnt/x rw - 9p d rw,aname=drvfs;uid=0;path=E:\\some\\040dir", "E:\\some dir\\a"},
        {"/ /mnt/x rw - 9p d rw,aname=drvfs;path=E:/dir/", "E:\\dir\\a"},
        {"/ /mnt/x rw - 9p d rw,aname=drvfs;path=UNC\\server\\share;uid=0", "\\\\server\\share\\a"},
        {"/Users/me /mnt/x rw - 9p C:\\134 rw,aname=drvfs;path=C:\\;uid=0", "C:\\Users\\me\\a"},
        {"/a\\134b:c /mnt/x rw - 9p C: rw,aname=drvfs;path=C:",
         "C:\\a\xEF\x81\x9C"
         "b\xEF\x80\xBA"
         "c\\a"},
        {"/ /mnt/x rw - 9p tools rw,aname=drivers", std::nullopt},
        {"/ /mnt/x rw - 9p tools rw,aname=drvfs", std::nullopt},
        {"/ /mnt/x rw - 9p tools rw,x=aname=drvfs;path=C:", std::nullopt},
        {"/ /mnt/x rw - 9p tools rw,aname=drvfs;path=relative", std::nullopt},
        {"/ /mnt/x rw - drvfs C:\\134 rw,case=off", "C:\\a"},
        {"/ /mnt/x rw - drvfs C: rw", "C:\\a"},
        {"/ /mnt/x rw - drvfs //server/share rw", "\\\\server\\share\\a"},
        {"/part /mnt/x rw - drvfs D:/dir rw", "D:\\dir\\part\\a"},
        {"/ /mnt/x rw - virtiofs drvfsC0 rw", "C:\\a"},
        {"/ /mnt/x rw - virtiofs drvfsaf{0000} rw", "f:\\a"},
        {"/ /mnt/x rw - virtiofs drvfsa rw", "a:\\a"},
        {"/Users /mnt/x rw - virtiofs drvfsC rw", "C:\\Users\\a"},
        {"/ /mnt/x rw - virtiofs drvfs rw", std::nullopt},
        {"/ /mnt/x rw - virtiofs mount0 rw", std::nullopt},
        {"/ /mnt/x rw - ext4 C:\\134 rw,aname=drvfs;path=C:", std::nullopt},
    };
    for (const Case& one : cases) EXPECT_EQ(source_of(one.line), one.host) << one.line;
}

TEST(MountTable, MountPointsMayHaveBlanks) {
    const PathMap map = mounted(std::string(root) + "2 1 0:5 / /my\\040drive rw - drvfs C: rw\n");
    EXPECT_EQ(map.guest_to_host("/my drive/x"), "C:\\x");
    EXPECT_EQ(map.host_to_guest("c:\\x"), "/my drive/x");
}

TEST(MountTable, DoesNotTranslateWhatIsMountedBelow) {
    const PathMap map = mounted(std::string(root) + drive_c + "30 20 0:9 / /mnt/c/tmp rw - tmpfs tmpfs rw\n" +
                                "31 30 0:10 / /mnt/c/tmp/d rw - drvfs D: rw\n");
    EXPECT_EQ(map.guest_to_host("/mnt/c/tmp/x"), std::nullopt);
    EXPECT_EQ(map.guest_to_host("/mnt/c/tmp"), std::nullopt);
    EXPECT_EQ(map.guest_to_host("/mnt/c/tmpx"), "C:\\tmpx");
    EXPECT_EQ(map.guest_to_host("/mnt/c/tmp/d/x"), "D:\\x");
    // The other way round, too: the guest sees that directory of Windows nowhere.
    EXPECT_EQ(map.host_to_guest("C:\\tmp\\x"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("C:\\x"), "/mnt/c/x");
}

TEST(MountTable, LetsALaterMountHideAnEarlierOne) {
    // Over the same directory, and over one above it.
    const std::string same = std::string(root) + drive_c + "30 20 0:9 / /mnt/c rw - drvfs D: rw\n";
    EXPECT_EQ(mounted(same).guest_to_host("/mnt/c/x"), "D:\\x");
    EXPECT_EQ(mounted(same).host_to_guest("C:\\x"), std::nullopt);
    const std::string above = std::string(root) + drive_c + "30 1 0:9 / /mnt rw - tmpfs tmpfs rw\n";
    EXPECT_EQ(mounted(above).guest_to_host("/mnt/c/x"), std::nullopt);
    EXPECT_EQ(mounted(above).host_to_guest("C:\\x"), std::nullopt);
    // A mount on the one that is above is seen.
    EXPECT_EQ(mounted(above + "31 30 0:11 / /mnt/c rw - drvfs E: rw\n").guest_to_host("/mnt/c/x"), "E:\\x");
}

TEST(MountTable, FollowsTheTreeAndNotTheOrderOfLines) {
    // mount --move leaves the line of /mnt after that of what is below it.
    const std::string moved =
        std::string(root) + "20 30 0:50 / /mnt/c rw - drvfs C: rw\n" + "30 1 0:9 / /mnt rw - tmpfs t rw\n";
    EXPECT_EQ(mounted(moved).guest_to_host("/mnt/c/x"), "C:\\x");
}

TEST(MountTable, UnderstandsTablesWithoutTheirRoot) {
    // In a chroot(2) that is no mount point, and where rootfs is its own parent.
    EXPECT_EQ(mounted("20 7 0:50 / /mnt/c rw - drvfs C: rw\n").guest_to_host("/mnt/c/x"), "C:\\x");
    EXPECT_EQ(mounted("1 1 0:2 / / rw - rootfs rootfs rw\n2 1 8:1 / / rw - ext4 /dev/sda rw\n"
                      "20 2 0:50 / /mnt/c rw - drvfs C: rw\n")
                  .guest_to_host("/mnt/c/x"),
              "C:\\x");
    EXPECT_EQ(mounted("1 0 0:50 / / rw - drvfs C: rw\n").guest_to_host("/x"), "C:\\x");
}

TEST(MountTable, EndsOnATableThatGoesRoundInCircles) {
    EXPECT_TRUE(mounted("1 2 0:1 / / rw - drvfs C: rw\n2 1 0:2 / / rw - drvfs D: rw\n").empty());
}

TEST(MountTable, LeavesTheConfigurationTheLastWord) {
    const PathMap map = add_mounts(configured(PathFlavour::windows, {"/=Z:\\", "/mnt/c=X:\\c"}),
                                   std::string(root) + drive_c + "30 1 0:10 / /mnt/d rw - drvfs D: rw\n");
    EXPECT_EQ(map.guest_to_host("/mnt/c/x"), "X:\\c\\x");
    EXPECT_EQ(map.guest_to_host("/mnt/d/x"), "D:\\x");
    EXPECT_EQ(map.guest_to_host("/etc"), "Z:\\etc");
}

TEST(MountTable, LetsAWiderConfigurationTranslateWhatCoversAMount) {
    const PathMap map = add_mounts(configured(PathFlavour::windows, {"/=Z:\\"}),
                                   std::string(root) + drive_c + "30 20 0:9 / /mnt/c/tmp rw - tmpfs tmpfs rw\n");
    EXPECT_EQ(map.guest_to_host("/mnt/c/tmp/x"), "Z:\\mnt\\c\\tmp\\x");
    EXPECT_EQ(map.host_to_guest("Z:\\mnt\\c\\tmp\\x"), "/mnt/c/tmp/x");
    EXPECT_EQ(map.host_to_guest("Z:\\mnt\\c\\x"), std::nullopt);
}

TEST(MountTable, FollowsBindMountsOfConfiguredDirectories) {
    const std::string bound = std::string(root) + "30 1 8:16 /srv/data/part /home/me/part rw - ext4 /dev/sdb rw\n";
    EXPECT_EQ(
        add_mounts(configured(PathFlavour::windows, {"/srv/data=D:\\data"}), bound).guest_to_host("/home/me/part/x"),
        "D:\\data\\part\\x");
    EXPECT_EQ(add_mounts(configured(PathFlavour::posix, {"/srv/data=/export"}), bound).guest_to_host("/home/me/part/x"),
              "/export/part/x");
    EXPECT_EQ(add_mounts(configured(PathFlavour::windows, {"/=Z:\\"}), bound).guest_to_host("/home/me/part/x"),
              "Z:\\home\\me\\part\\x");
    EXPECT_EQ(add_mounts(configured(PathFlavour::windows, {"/home/me=H:\\"}), bound).guest_to_host("/home/me/part/x"),
              "H:\\part\\x");
    EXPECT_EQ(mounted(bound).guest_to_host("/home/me/part/x"), std::nullopt);
}

TEST(MountTable, FollowsABindMountOnlyToWhereItsFilesAreSeen) {
    // The directory that it comes from is covered: what is configured there is something else.
    const std::string covered = std::string(root) + "29 1 0:9 / /srv rw - tmpfs tmpfs rw\n" +
                                "30 1 8:16 /srv/data /data rw - ext4 /dev/sdb rw\n";
    EXPECT_EQ(add_mounts(configured(PathFlavour::windows, {"/srv=D:\\"}), covered).guest_to_host("/data/x"),
              std::nullopt);
    // Another file system with such a directory is not that one.
    const std::string other = std::string(root) + "30 1 8:17 /srv/data /data rw - ext4 /dev/sdc rw\n";
    EXPECT_EQ(add_mounts(configured(PathFlavour::windows, {"/srv=D:\\"}), other).guest_to_host("/data/x"),
              std::nullopt);
}

TEST(MountTable, FollowsABindMountToAPlaceThatIsConfigured) {
    const std::string several = std::string(root) + "30 1 8:16 /srv /a rw - ext4 /dev/sdb rw\n" +
                                "31 1 8:16 /srv /b rw - ext4 /dev/sdb rw\n" +
                                "32 1 8:16 /srv/x /c rw - ext4 /dev/sdb rw\n";
    const PathMap map = add_mounts(configured(PathFlavour::windows, {"/b/x=X:\\", "/b=B:\\", "/srv=S:\\"}), several);
    EXPECT_EQ(map.guest_to_host("/c/f"), "X:\\f");
    // Another mount of the same directory comes before one of a directory above it.
    EXPECT_EQ(map.guest_to_host("/a/f"), "B:\\f");
}

TEST(MountTable, IsReadInTimeThatGrowsAsTheTableDoes) {
    // One file system at very many places, some hidden below others: what looked at each pair would not come to an end.
    constexpr int count = 30'000;
    std::string table = root;
    for (int number = 2; number <= count; ++number) {
        const std::string id = std::to_string(number);
        table += id + " 1 8:16 /srv/data /mnt/" + id + " rw - ext4 /dev/sdb rw\n";
    }
    for (int number = count + 1; number < 2 * count; ++number) {
        table += std::to_string(number) + " " + std::to_string(number - 1) + " 8:16 /srv/data /mnt/" +
                 std::to_string(count) + " rw - ext4 /dev/sdb rw\n";
    }
    for (const char* line : {"/srv=D:\\", "/mnt=M:\\", "/mnt/7=M:\\7"}) {
        const PathMap map = add_mounts(configured(PathFlavour::windows, {line}), table);
        EXPECT_NE(map.guest_to_host("/mnt/7/x"), std::nullopt) << line;
    }
}

TEST(MountTable, TakesMountsOfOneLetterBelowTheRootOfDrivesForThose) {
    const std::string table =
        std::string(root) +
        "21 1 0:60 / /win/d rw - fuse.sshfs host:/d rw\n22 1 0:61 /sub /win/E rw - cifs //h/e rw\n"
        "23 1 0:62 / /win/xy rw - tmpfs t rw\n24 1 0:63 / /win rw - tmpfs t rw\n25 1 0:64 / /mnt/f rw - tmpfs t rw\n";
    // What is mounted on /win itself later would hide the drives, so it is there in another table.
    const std::string drives = table.substr(0, table.find("24 1"));
    const auto map = add_mounts(PathMap(PathFlavour::windows), drives, "/win/");
    EXPECT_EQ(map.guest_to_host("/win/d/a b"), "D:\\a b");
    EXPECT_EQ(map.guest_to_host("/win/E/x"), "E:\\x");
    EXPECT_EQ(map.host_to_guest("d:/y"), "/win/d/y");
    EXPECT_EQ(map.guest_to_host("/win/xy/x"), std::nullopt);
    EXPECT_EQ(add_mounts(PathMap(PathFlavour::windows), drives).prefixes().size(), 0u);
    const auto of_mnt = add_mounts(PathMap(PathFlavour::windows), table, "/mnt/");
    ASSERT_EQ(of_mnt.prefixes().size(), 1u);
    EXPECT_EQ(of_mnt.guest_to_host("/mnt/f/x"), "F:\\x");
}

TEST(MountTable, NameOfTheDriveThatAMountHasCountsMoreThanItsPlace) {
    const auto map = add_mounts(PathMap(PathFlavour::windows),
                                root + std::string("21 1 0:60 / /mnt/x rw - drvfs Y:\\134 rw\n"), "/mnt/");
    EXPECT_EQ(map.guest_to_host("/mnt/x/a"), "Y:\\a");
}

TEST(MountTable, IgnoresWindowsMountsWhereTheHostIsNotWindows) {
    const PathMap map = add_mounts(configured(PathFlavour::posix, {"/srv=/export"}), std::string(root) + drive_c);
    EXPECT_EQ(map.flavour(), PathFlavour::posix);
    EXPECT_EQ(map.guest_to_host("/mnt/c/x"), std::nullopt);
    EXPECT_EQ(map.guest_to_host("/srv/x"), "/export/x");
}

}  // namespace
}  // namespace interop
