// SPDX-License-Identifier: MIT
#include "interop/text/path_map.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

PathMap map_of(PathFlavour flavour, std::initializer_list<const char*> lines) {
    PathMap map(flavour);
    for (const char* line : lines) {
        const auto prefix = PathMap::parse(line, flavour);
        EXPECT_TRUE(prefix) << line;
        EXPECT_TRUE(map.add(*prefix)) << line;
    }
    return map;
}

PathMap drives() {
    return map_of(PathFlavour::windows, {"/=\\\\wsl.localhost\\D", "/mnt/c=C:\\", "/mnt/c/work=D:\\w"});
}

using Optional = std::optional<std::string>;

TEST(PathMap, ParsesGuestAndHost) {
    EXPECT_EQ(PathMap::parse("/mnt/c=C:\\", PathFlavour::windows)->guest, "/mnt/c");
    EXPECT_EQ(PathMap::parse("/mnt//c/=c:/Users/", PathFlavour::windows)->host, "c:\\Users");
    EXPECT_EQ(PathMap::parse("/x=C:", PathFlavour::windows)->host, "C:\\");
    EXPECT_EQ(PathMap::parse("/x=/srv/a=b/", PathFlavour::posix)->host, "/srv/a=b");
    EXPECT_EQ(PathMap::parse("/=/", PathFlavour::posix)->host, "/");
    EXPECT_EQ(PathMap::parse("/x=\\\\server\\share", PathFlavour::windows)->host, "\\\\server\\share");
    EXPECT_EQ(PathMap::parse("/x=\\\\?\\C:\\a", PathFlavour::windows)->host, "C:\\a");
}

TEST(PathMap, RefusesWhatIsNotTwoAbsolutePaths) {
    for (const char* text : {"", "/x", "x=C:\\", "/x=", "/x=foo", "/x=C:foo", "/x=\\foo", "/x=\\\\server",
                             "/x=\\\\.\\C:\\", "/x=\\\\?\\UNC\\s\\h", "/x=\\\\?\\Volume{1}\\", "=C:\\"}) {
        EXPECT_FALSE(PathMap::parse(text, PathFlavour::windows)) << text;
    }
    EXPECT_FALSE(PathMap::parse("/x=srv", PathFlavour::posix));
    EXPECT_EQ(PathMap::parse("/x=foo", PathFlavour::windows).error().doing,
              "map /x=foo (the host's path is not absolute)");
}

TEST(PathMap, ServesAWholeRoot) {
    const PathMap map = map_of(PathFlavour::windows, {"/=Z:\\"});
    EXPECT_EQ(map.guest_to_host("/"), "Z:\\");
    EXPECT_EQ(map.guest_to_host("/tmp/x.exe"), "Z:\\tmp\\x.exe");
    EXPECT_EQ(map.host_to_guest("z:\\tmp\\"), "/tmp/");
    EXPECT_EQ(map.host_to_guest("Z:\\"), "/");
}

TEST(PathMap, TranslatesAsWslpathDoesTowardsWindows) {
    const PathMap map = drives();
    EXPECT_EQ(map.guest_to_host("/mnt/c"), "C:\\");
    EXPECT_EQ(map.guest_to_host("/mnt/c/"), "C:\\");
    EXPECT_EQ(map.guest_to_host("/mnt/c/Users"), "C:\\Users");
    EXPECT_EQ(map.guest_to_host("/mnt/c/Users/"), "C:\\Users\\");
    EXPECT_EQ(map.guest_to_host("/mnt/c/DOESNOTEXIST/"), "C:\\DOESNOTEXIST\\");
    EXPECT_EQ(map.guest_to_host("/"), "\\\\wsl.localhost\\D\\");
    EXPECT_EQ(map.guest_to_host("/root"), "\\\\wsl.localhost\\D\\root");
    EXPECT_EQ(map.guest_to_host("/proc/1/"), "\\\\wsl.localhost\\D\\proc\\1\\");
}

TEST(PathMap, TranslatesAsWslpathDoesTowardsTheGuest) {
    const PathMap map = drives();
    EXPECT_EQ(map.host_to_guest("C:\\"), "/mnt/c/");
    EXPECT_EQ(map.host_to_guest("C:\\Foo"), "/mnt/c/Foo");
    EXPECT_EQ(map.host_to_guest("C:\\Foo\\"), "/mnt/c/Foo/");
    EXPECT_EQ(map.host_to_guest("C:/Foo/bar"), "/mnt/c/Foo/bar");
    EXPECT_EQ(map.host_to_guest("C:\\Program Files (x86)\\Common Files"), "/mnt/c/Program Files (x86)/Common Files");
    EXPECT_EQ(map.host_to_guest("\\\\wsl.localhost\\D"), "/");
    EXPECT_EQ(map.host_to_guest("\\\\WSL.LOCALHOST\\d\\root"), "/root");
    EXPECT_EQ(map.host_to_guest("\\\\?\\C:\\Users\\"), "/mnt/c/Users/");
    EXPECT_EQ(map.host_to_guest("\\\\wsl.localhost\\D-other\\foo"), std::nullopt);
}

TEST(PathMap, KnowsWhichHostPathsAreNotAbsolute) {
    const PathMap map = drives();
    for (const char* path : {"C:", "C:foo", "foo", "\\x", "", "\\\\.\\C:\\x", "\\\\?\\UNC\\wsl.localhost\\D\\x",
                             "\\\\?\\GLOBALROOT\\x", "C:\\..\\x", "\\\\wsl.localhost\\D\\..\\E\\x"}) {
        EXPECT_EQ(map.host_to_guest(path), std::nullopt) << path;
    }
}

TEST(PathMap, PrefersTheLongestPrefixAndCutsAtSeparators) {
    const PathMap map = drives();
    EXPECT_EQ(map.guest_to_host("/mnt/c/work/a"), "D:\\w\\a");
    EXPECT_EQ(map.guest_to_host("/mnt/c/workshop"), "C:\\workshop");
    EXPECT_EQ(map.guest_to_host("/mnt/cd"), "\\\\wsl.localhost\\D\\mnt\\cd");
    EXPECT_EQ(map.host_to_guest("D:\\W\\A"), "/mnt/c/work/A");
    EXPECT_EQ(map.host_to_guest("D:\\way"), std::nullopt);
}

TEST(PathMap, ComparesTheGuestWithCaseAndWindowsWithout) {
    const PathMap map = map_of(PathFlavour::windows, {"/mnt/c=C:\\\xC3\x9C"
                                                      "ber"});
    EXPECT_EQ(map.guest_to_host("/MNT/c/x"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("c:\\\xC3\xBC"
                                "BER\\Name"),
              "/mnt/c/Name");
}

TEST(PathMap, NeverLeavesAPrefixByDotDot) {
    const PathMap map = map_of(PathFlavour::windows, {"/data=D:\\share"});
    EXPECT_EQ(map.guest_to_host("/data/../etc/passwd"), std::nullopt);
    EXPECT_EQ(map.guest_to_host("/data/a/../../data/./b//c"), "D:\\share\\b\\c");
    EXPECT_EQ(map.host_to_guest("D:\\share\\..\\other"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("D:\\other\\..\\share\\x"), "/data/x");
}

TEST(PathMap, MovesForbiddenBytesToThePrivateArea) {
    const PathMap map = drives();
    EXPECT_EQ(map.guest_to_host("/mnt/c/x\\:y"), "C:\\x\xEF\x81\x9C\xEF\x80\xBAy");
    EXPECT_EQ(map.host_to_guest("C:\\x\xEF\x81\x9C\xEF\x80\xBAy"), "/mnt/c/x\\:y");
    std::string forbidden = "\"*:<>?\\|";
    for (char byte = 1; byte < 0x20; ++byte) forbidden += byte;
    for (const char byte : forbidden) {
        const std::string name{'/', 'm', 'n', 't', '/', 'c', '/', 'n', byte};
        const Optional host = map.guest_to_host(name);
        ASSERT_TRUE(host);
        EXPECT_EQ(host->find(byte, 3), std::string::npos) << int(byte);
        EXPECT_EQ(map.host_to_guest(*host), name);
    }
}

TEST(PathMap, MapsBackOnlyBytesThatNeedIt) {
    const PathMap map = drives();
    // U+F041 ('A'), U+F000, U+F02F ('/'), U+F080, and U+FF1A (full-width colon) are characters of names.
    for (const char* name : {"\xEF\x81\x81", "\xEF\x80\x80", "\xEF\x80\xAF", "\xEF\x82\x80", "\xEF\xBC\x9A"}) {
        EXPECT_EQ(map.host_to_guest(std::string("C:\\") + name), std::string("/mnt/c/") + name);
    }
}

TEST(PathMap, DoesNotOfferAGuestPathThatIsAnotherFile) {
    const PathMap map = map_of(PathFlavour::windows, {"/=Z:\\", "/mnt/c=C:\\"});
    EXPECT_EQ(map.host_to_guest("Z:\\mnt\\c\\x"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("Z:\\mnt\\d"), "/mnt/d");
}

TEST(PathMap, UsesAnotherPlaceOfAHiddenDirectory) {
    const PathMap map = map_of(PathFlavour::windows, {"/=Z:\\", "/mnt/c=C:\\", "/real=Z:\\mnt"});
    EXPECT_EQ(map.host_to_guest("Z:\\mnt\\c\\x"), "/real/c/x");
}

TEST(PathMap, LetsALaterLineReplaceTheSameGuestDirectory) {
    const PathMap map = map_of(PathFlavour::windows, {"/mnt/c=C:\\", "/mnt/c/=D:\\"});
    EXPECT_EQ(map.guest_to_host("/mnt/c/x"), "D:\\x");
    EXPECT_EQ(map.host_to_guest("C:\\x"), std::nullopt);
    EXPECT_EQ(map.prefixes().size(), 1u);
}

TEST(PathMap, RefusesGuestPathsThatAreRelativeOrHaveNoWindowsName) {
    const PathMap map = drives();
    EXPECT_EQ(map.guest_to_host("mnt/c"), std::nullopt);
    EXPECT_EQ(map.guest_to_host(""), std::nullopt);
    EXPECT_EQ(map.guest_to_host("/mnt/c/\xFF"), std::nullopt);
    EXPECT_EQ(map.guest_to_host(std::string_view("/mnt/c/a\0b", 10)), std::nullopt);
}

TEST(PathMap, TranslatesBelowAGuestDirectoryWhoseNameIsNoText) {
    const PathMap map = map_of(PathFlavour::windows, {"/m\xFF=C:\\"});
    EXPECT_EQ(map.guest_to_host("/m\xFF/x"), "C:\\x");
    EXPECT_EQ(map.guest_to_host("/m\xFF/\xFF"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("C:\\x"), "/m\xFF/x");
}

TEST(PathMap, ChangesOnlyThePrefixOnAPosixHost) {
    const PathMap map = map_of(PathFlavour::posix, {"/=/srv/guest", "/home=/home"});
    EXPECT_EQ(map.guest_to_host("/opt/a:b\\c\xFF"), "/srv/guest/opt/a:b\\c\xFF");
    EXPECT_EQ(map.guest_to_host("/home/x/"), "/home/x/");
    EXPECT_EQ(map.guest_to_host("/"), "/srv/guest/");
    EXPECT_EQ(map.host_to_guest("/srv/guest"), "/");
    EXPECT_EQ(map.host_to_guest("/SRV/guest"), std::nullopt);
    EXPECT_EQ(map.host_to_guest("/srv/guest/home/x"), std::nullopt);
}

TEST(PathMap, MapsARootOntoItself) {
    const PathMap map = map_of(PathFlavour::posix, {"/=/"});
    EXPECT_EQ(map.guest_to_host("/usr//bin/../x"), "/usr/x");
    EXPECT_EQ(map.guest_to_host("/"), "/");
    EXPECT_EQ(map.host_to_guest("/.."), "/");
}

TEST(PathMap, RewritesRelativePathsWithoutTheTable) {
    const PathMap windows(PathFlavour::windows);
    EXPECT_EQ(windows.relative_to_host("foo/bar/"), "foo\\bar\\");
    EXPECT_EQ(windows.relative_to_host("../a:b"),
              "..\\a\xEF\x80\xBA"
              "b");
    EXPECT_EQ(PathMap(PathFlavour::posix).relative_to_host("foo/a:b"), "foo/a:b");
}

TEST(PathMap, KnowsWhichNamesWindowsWouldChange) {
    EXPECT_TRUE(has_exact_names("C:\\a.b\\ c\\..\\.d", PathFlavour::windows));
    EXPECT_TRUE(has_exact_names("C:\\", PathFlavour::windows));
    for (const char* path : {"C:\\a.", "C:\\a \\b", "C:/a./b", "\\\\server\\share\\a.", "a", ""})
        EXPECT_FALSE(has_exact_names(path, PathFlavour::windows)) << path;
    EXPECT_TRUE(has_exact_names("/a./b ", PathFlavour::posix));
    EXPECT_FALSE(has_exact_names("", PathFlavour::posix));
}

TEST(PlainHostPath, IsAbsoluteAndOnADrive) {
    for (const char* path :
         {"C:\\x.exe", "c:/a/b", "Z:\\", "C:\\a\\..\\.\\b. .", "C:\\a .\\\\b\\", "C:\\\u00E4\\\U0001F600",
          "C:\\null\\com\\comx.exe", "C:\\PROGRA~1\\x.exe", "C:\\.config\\x", "C:\\a%b&c^d\\x"})
        EXPECT_TRUE(is_plain_host_path(path, PathFlavour::windows)) << path;
    for (const char* path : {"\\\\server\\share\\x.exe",
                             "//server/share/x.exe",
                             "\\\\?\\C:\\x.exe",
                             "\\\\.\\pipe\\x",
                             "\\??\\C:\\x",
                             "C:x.exe",
                             "C:",
                             "x.exe",
                             "\\x.exe",
                             "/x",
                             "",
                             "C:\\x.txt:stream",
                             "C:\\x.exe::$DATA",
                             "C:\\x.exe:",
                             "C:\\d:\\x.exe",
                             "C:\\d::$INDEX_ALLOCATION\\x.exe",
                             "C:\\..\\x",
                             "C:\\nul",
                             "C:\\x\\NUL.exe",
                             "C:\\x\\nul .exe",
                             "C:\\nul. .",
                             "C:\\aux\\x.exe",
                             "C:\\x\\com1.exe",
                             "C:\\x\\lpt\u00B2",
                             "C:\\conin$",
                             "C:\\x?.exe",
                             "C:\\*",
                             "C:\\x<.exe",
                             "C:\\x\".exe",
                             "C:\\a|b",
                             "C:\\a\tb",
                             "C:\\...",
                             "C:\\x\\. .\\y",
                             "C:\\\xFF.exe",
                             "\\\\?\\UNC\\s\\x",
                             "\\\\?\\GLOBALROOT\\Device\\x",
                             "\\Device\\HarddiskVolume1\\x",
                             "\\\\?\\Volume{0}\\x",
                             "//?/C:/x",
                             "//./C:/x"}) {
        EXPECT_FALSE(is_plain_host_path(path, PathFlavour::windows)) << path;
    }
    EXPECT_TRUE(names_files_only("\\\\server\\share\\x.exe", PathFlavour::windows));
    EXPECT_FALSE(names_files_only("\\\\server\\share\\nul.exe", PathFlavour::windows));
    EXPECT_TRUE(is_plain_host_path("/usr/bin/nul:?", PathFlavour::posix));
    EXPECT_TRUE(is_plain_host_path("/usr/bin/x", PathFlavour::posix));
    EXPECT_FALSE(is_plain_host_path("usr/bin/x", PathFlavour::posix));
}

}  // namespace
}  // namespace interop
