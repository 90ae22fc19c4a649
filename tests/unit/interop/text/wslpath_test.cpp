// SPDX-License-Identifier: MIT
#include "interop/text/wslpath.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <random>

#include "interop/text/mount_table.h"
#include "interop/text/utf16.h"

namespace interop {
namespace {

using Mode = PathQuestion::Mode;

/// A guest with the drives of WSL, whose name is D, and that is in one of its directories.
struct Guest {
    std::string directory = "/mnt/c/Users";
    /// What exists, and where realpath(3) leads from there.
    std::map<std::string, std::string> files;
    PathTables tables{PathMap(PathFlavour::windows), nullptr, "D"};
    int problem = ENOENT;  ///< Of paths that do not exist.

    Guest() {
        EXPECT_TRUE(tables.known.add({"/mnt/c", "C:\\"}));
        EXPECT_TRUE(tables.known.add({"/mnt/c/work", "D:\\w"}));
    }

    /// The result, or "! REASON".
    std::string ask(const PathQuestion& question) const {
        const GuestFiles lookups{[this] { return directory.empty() ? std::nullopt : std::optional(directory); },
                                 [this](const std::string& path) -> proto::Result<std::string> {
                                     const auto file = files.find(path);
                                     if (file == files.end()) return proto::errno_error(problem, "resolve");
                                     return file->second;
                                 }};
        const auto result = translate_path(question, tables, lookups);
        return result ? *result : "! " + result.error().message();
    }
    std::string u(std::string path) const { return ask({.mode = Mode::to_guest, .path = std::move(path)}); }
    std::string w(std::string path) const { return ask({.mode = Mode::to_host, .path = std::move(path)}); }
    std::string m(std::string path) const { return ask({.mode = Mode::to_mixed, .path = std::move(path)}); }
    std::string absolute(Mode mode, std::string path) const {
        return ask({.mode = mode, .absolute = true, .path = std::move(path)});
    }
    std::string idempotent(Mode mode, std::string path) const {
        return ask({.mode = mode, .idempotent = true, .path = std::move(path)});
    }
};

struct Row {
    const char* given;
    const char* result;
};

constexpr const char* no_guest_path = "! the guest has no path for it";

TEST(Wslpath, TranslatesTowardsTheGuest) {
    const Row rows[] = {
        {"C:\\", "/mnt/c/"},
        {"C:\\Foo", "/mnt/c/Foo"},
        {"C:\\Foo\\", "/mnt/c/Foo/"},
        {"C:\\Foo\\bar", "/mnt/c/Foo/bar"},
        {"C:/Foo/bar", "/mnt/c/Foo/bar"},
        {"c:\\Foo\\\\bar\\.\\x", "/mnt/c/Foo/bar/x"},
        {"C:\\Foo\\..\\bar", "/mnt/c/bar"},
        {"C:\\Program Files (x86)\\Common Files", "/mnt/c/Program Files (x86)/Common Files"},
        {"D:\\W\\x", "/mnt/c/work/x"},
        {"\\\\?\\C:\\Users\\", "/mnt/c/Users/"},
        {"//?/C:/Users", "/mnt/c/Users"},
        {"\\\\wsl.localhost\\D", "/"},
        {"\\\\wsl.localhost\\D\\", "/"},
        {"\\\\wsl.localhost\\D\\root", "/root"},
        {"\\\\WSL.LocalHost\\d\\root", "/root"},
        {"\\\\wsl$\\D\\proc\\stat", "/proc/stat"},
        {"\\\\WSL$\\D\\proc\\stat", "/proc/stat"},
        {"//wsl$/D/proc/stat", "/proc/stat"},
        {"C:\\x\xEF\x81\x9C\xEF\x80\xBAy", "/mnt/c/x\\:y"},
        {"C:\\\xEF\xBC\x9A\xEF\xBC\x9F", "/mnt/c/\xEF\xBC\x9A\xEF\xBC\x9F"},  // full-width ":" and "?"
        {"C:\\\xEF\x81\x81", "/mnt/c/\xEF\x81\x81"},                          // U+F041: 'A' needs no escape
    };
    for (const Row& row : rows) EXPECT_EQ(Guest().u(row.given), row.result) << row.given;
}

TEST(Wslpath, FailsTowardsTheGuest) {
    for (const char* path : {"\\\\wsl.localhost\\D-other\\foo", "\\\\wsl$\\D-other\\foo", "\\\\wsl.localhost\\",
                             "\\\\wsl.localhost", "\\\\wsl$", "C:foo", "E:\\foo", "D:\\other",
                             "\\\\?\\UNC\\wsl.localhost\\D\\x", "\\\\?\\Volume{1}\\x", "\\\\.\\C:\\x", "\\\\.\\pipe\\x",
                             "C:\\..", "C:\\a\\..\\..\\b", "\\\\wsl.localhost\\D\\..\\x", "\\\\server\\share\\x"}) {
        EXPECT_EQ(Guest().u(path), no_guest_path) << path;
    }
    EXPECT_EQ(Guest().u("C:\\\xFF"), "! it is not UTF-8");
    EXPECT_EQ(Guest().u(""), "! no path");
}

TEST(Wslpath, KeepsRelativePathsOfWindowsRelative) {
    const Row rows[] = {{"foo", "foo"},        {"foo\\", "foo/"}, {"foo\\bar", "foo/bar"}, {".", "."},
                        {".\\", "."},          {"a\\..", "."},    {"a\\..\\b", "b"},       {"..\\x", "/mnt/c/x"},
                        {"..", "/mnt/c"},      {"C:", "C:"},      {"\\x", "/mnt/c/x"},     {"/x", "/mnt/c/x"},
                        {"\\Users\\me", "me"}, {"\\", "/mnt/c/"}, {"..\\Users\\me", "me"}};
    for (const Row& row : rows) EXPECT_EQ(Guest().u(row.given), row.result) << row.given;
    EXPECT_EQ(Guest().u("..\\..\\x"), no_guest_path);
}

TEST(Wslpath, MakesRelativePathsOfWindowsAbsoluteIfAsked) {
    const Row rows[] = {
        {"foo", "/mnt/c/Users/foo"}, {".", "/mnt/c/Users"}, {"foo\\", "/mnt/c/Users/foo/"}, {"\\x", "/mnt/c/x"}};
    for (const Row& row : rows) EXPECT_EQ(Guest().absolute(Mode::to_guest, row.given), row.result) << row.given;
}

TEST(Wslpath, ResolvesRelativePathsOfWindowsFromEveryDirectory) {
    Guest guest;
    guest.directory = "/root";
    EXPECT_EQ(guest.u("foo\\bar"), "foo/bar");
    EXPECT_EQ(guest.absolute(Mode::to_guest, "foo"), "/root/foo");
    EXPECT_EQ(guest.u("..\\etc"), "/etc");
    EXPECT_EQ(guest.u("\\x"), "! the working directory is on no drive");
    guest.directory = "/";
    EXPECT_EQ(guest.u("foo"), "foo");
    guest.directory = "/mnt/c";
    EXPECT_EQ(guest.u("foo"), "foo");
    guest.directory = "";
    EXPECT_EQ(guest.u("foo"), "! the working directory has no path");
    EXPECT_EQ(guest.u("C:\\x"), "/mnt/c/x");
}

TEST(Wslpath, TranslatesTowardsWindows) {
    const Row rows[] = {
        {"/mnt/c", "C:\\"},
        {"/mnt/c/", "C:\\"},
        {"/mnt/c/Users", "C:\\Users"},
        {"/mnt/c/Users/", "C:\\Users\\"},
        {"/mnt/c/DOESNOTEXIST/", "C:\\DOESNOTEXIST\\"},
        {"/mnt/c/Program Files (x86)/Common Files", "C:\\Program Files (x86)\\Common Files"},
        {"/mnt/c/work/x", "D:\\w\\x"},
        {"/mnt/c/workshop", "C:\\workshop"},
        {"/mnt/c/a/../b//c/./d", "C:\\b\\c\\d"},
        {"/", "\\\\wsl.localhost\\D\\"},
        {"/root", "\\\\wsl.localhost\\D\\root"},
        {"/proc/1/", "\\\\wsl.localhost\\D\\proc\\1\\"},
        {"/mnt/cd", "\\\\wsl.localhost\\D\\mnt\\cd"},
        {"/mnt/c/x\\:y", "C:\\x\xEF\x81\x9C\xEF\x80\xBAy"},
        {"/tmp/a*b",
         "\\\\wsl.localhost\\D\\tmp\\a\xEF\x80\xAA"
         "b"},
    };
    for (const Row& row : rows) EXPECT_EQ(Guest().w(row.given), row.result) << row.given;
    EXPECT_EQ(Guest().w("/mnt/c/\xFF"), "! it is not UTF-8");
    EXPECT_EQ(Guest().w(""), "! no path");
}

TEST(Wslpath, ResolvesWhatExistsFirst) {
    Guest guest;
    guest.files = {{"/home/link", "/mnt/c/Users/me"},
                   {"here", "/mnt/c/Users/here"},
                   {"here/", "/mnt/c/Users/here"},
                   {"/mnt/c/", "/mnt/c"},
                   {"/", "/"},
                   {"out", "/etc"}};
    EXPECT_EQ(guest.w("/home/link"), "C:\\Users\\me");
    EXPECT_EQ(guest.w("here"), "C:\\Users\\here");  // a relative path comes back absolute
    EXPECT_EQ(guest.w("here/"), "C:\\Users\\here\\");
    EXPECT_EQ(guest.w("/mnt/c/"), "C:\\");
    EXPECT_EQ(guest.w("/"), "\\\\wsl.localhost\\D\\");
    EXPECT_EQ(guest.w("out"), "\\\\wsl.localhost\\D\\etc");
}

TEST(Wslpath, KeepsRelativePathsThatDoNotExistRelative) {
    const Row rows[] = {
        {"gone", "gone"}, {"gone/", "gone\\"}, {"a/b", "a\\b"}, {"../x", "C:\\x"}, {"../work/x", "D:\\w\\x"}};
    for (const Row& row : rows) EXPECT_EQ(Guest().w(row.given), row.result) << row.given;
    EXPECT_EQ(Guest().absolute(Mode::to_host, "a/b"), "C:\\Users\\a\\b");
    Guest guest;
    guest.directory = "/mnt/c";
    EXPECT_EQ(guest.w("a/b"), "a\\b");
    guest.directory = "/root";
    EXPECT_EQ(guest.w("a/b"), "a\\b");
    EXPECT_EQ(guest.absolute(Mode::to_host, "a/b"), "\\\\wsl.localhost\\D\\root\\a\\b");
    guest.directory = "";
    EXPECT_EQ(guest.w("a"), "! the working directory has no path");
}

TEST(Wslpath, FailsOnWhatCannotBeResolved) {
    Guest guest;
    guest.problem = EACCES;
    EXPECT_EQ(guest.w("/mnt/c/x"), "! Permission denied");
    guest.problem = ENOTDIR;
    EXPECT_EQ(guest.w("file/"), "! Not a directory");
    EXPECT_EQ(guest.u("C:\\x"), "/mnt/c/x");  // towards the guest nothing is looked at
}

TEST(Wslpath, WritesSlashesInTheMixedForm) {
    const Row rows[] = {
        {"/mnt/c", "C:/"}, {"/mnt/c/Users/", "C:/Users/"}, {"/root", "//wsl.localhost/D/root"}, {"a/b", "a/b"}};
    for (const Row& row : rows) EXPECT_EQ(Guest().m(row.given), row.result) << row.given;
}

TEST(Wslpath, IsIdempotentOnlyIfAsked) {
    const Guest guest;
    for (const char* path : {"/mnt/c/a/../b", "/", "/etc/"}) EXPECT_EQ(guest.idempotent(Mode::to_guest, path), path);
    EXPECT_EQ(guest.idempotent(Mode::to_guest, "C:\\x"), "/mnt/c/x");
    EXPECT_EQ(guest.idempotent(Mode::to_guest, "//wsl$/D/x"), "/x");
    EXPECT_EQ(guest.idempotent(Mode::to_guest, "a\\b"), "a/b");
    for (const char* path : {"C:\\a\\..\\b", "c:\\", "\\\\server\\share\\x", "\\\\?\\C:\\x"}) {
        EXPECT_EQ(guest.idempotent(Mode::to_host, path), path);
    }
    EXPECT_EQ(guest.idempotent(Mode::to_host, "C:/a/b"), "C:\\a\\b");
    EXPECT_EQ(guest.idempotent(Mode::to_mixed, "C:/a/b"), "C:/a/b");
    EXPECT_EQ(guest.idempotent(Mode::to_mixed, "C:\\a"), "C:/a");
    EXPECT_EQ(guest.idempotent(Mode::to_host, "/mnt/c/x"), "C:\\x");
    EXPECT_EQ(guest.idempotent(Mode::to_host, "C:x"), "C\xEF\x80\xBAx");  // a name in the guest
    EXPECT_EQ(guest.w("C:\\x"), "C\xEF\x80\xBA\xEF\x81\x9Cx");
}

TEST(Wslpath, AsksTheAgentOnlyForWhatIsNotKnown) {
    int asked = 0;
    Guest guest;
    guest.tables.ask_agent = [&asked] {
        ++asked;
        PathMap map(PathFlavour::windows);
        EXPECT_TRUE(map.add({"/srv", "E:\\srv"}));
        return std::optional(map);
    };
    EXPECT_EQ(guest.w("/mnt/c/x"), "C:\\x");
    EXPECT_EQ(guest.u("C:\\x"), "/mnt/c/x");
    EXPECT_EQ(guest.u("x"), "x");
    EXPECT_EQ(asked, 0);
    EXPECT_EQ(guest.w("/srv/x"), "E:\\srv\\x");
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(guest.u("E:\\SRV\\x"), "/srv/x");
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(guest.w("/root"), "\\\\wsl.localhost\\D\\root");
    guest.directory = "/root";
    asked = 0;
    EXPECT_EQ(guest.w("gone"), "gone");  // two paths, one question
    EXPECT_EQ(asked, 1);
}

TEST(Wslpath, SpeaksAsTheAgentsSystem) {
    Guest guest;
    guest.tables.known = PathMap(PathFlavour::windows);
    guest.tables.ask_agent = [] {
        PathMap map(PathFlavour::posix);
        EXPECT_TRUE(map.add({"/srv", "/export"}));
        return std::optional(map);
    };
    EXPECT_EQ(guest.w("/srv/a\\b"), "/export/a\\b");
    EXPECT_EQ(guest.m("/srv/a\\b"), "/export/a\\b");
    EXPECT_EQ(guest.u("/export/x"), "/srv/x");
    EXPECT_EQ(guest.u("C:\\x"), no_guest_path);
    guest.tables.ask_agent = [] { return std::optional<PathMap>(); };
    EXPECT_EQ(guest.w("/srv/x"), "\\\\wsl.localhost\\D\\srv\\x");
}

TEST(Wslpath, DoesWithoutANameOfThisSystem) {
    Guest guest;
    guest.tables.share_name = "";
    EXPECT_EQ(guest.w("/root"), "! the host has no path for it");
    EXPECT_EQ(guest.u("\\\\wsl.localhost\\D\\root"), no_guest_path);
    guest.directory = "/root";
    EXPECT_EQ(guest.u("x"), "! the host has no path for /root");
}

TEST(Wslpath, TranslatesForAHostThatIsNotWindows) {
    Guest guest;
    guest.tables = {PathMap(PathFlavour::posix), nullptr, ""};
    ASSERT_TRUE(guest.tables.known.add({"/data", "/srv/data"}));
    guest.directory = "/data/in";
    EXPECT_EQ(guest.w("/data/a\\b"), "/srv/data/a\\b");
    EXPECT_EQ(guest.m("/data/x"), "/srv/data/x");
    EXPECT_EQ(guest.w("x/y"), "x/y");
    EXPECT_EQ(guest.u("/srv/data/x/"), "/data/x/");
    EXPECT_EQ(guest.u("x"), "x");
    EXPECT_EQ(guest.absolute(Mode::to_guest, "../x"), "/data/x");
    EXPECT_EQ(guest.u("/etc"), no_guest_path);
    EXPECT_EQ(guest.w("/data/\xFF"), "/srv/data/\xFF");
}

TEST(Wslpath, AHostThatIsNotWindowsHasNoShares) {
    Guest guest;
    guest.tables.known = PathMap(PathFlavour::posix);
    ASSERT_TRUE(guest.tables.known.add({"/data", "/srv/data"}));
    EXPECT_EQ(guest.w("/data/x"), "/srv/data/x");
    EXPECT_EQ(guest.w("/etc/x"), "! the host has no path for it");
    // Nothing is configured, and the agent says what it is.
    guest.tables.known = PathMap(PathFlavour::windows);
    guest.tables.ask_agent = [] { return PathMap(PathFlavour::posix); };
    EXPECT_EQ(guest.w("/etc/x"), "! the host has no path for it");
    EXPECT_EQ(guest.u("\\\\wsl.localhost\\D\\root"), no_guest_path);
    guest.tables.ask_agent = [] { return std::optional<PathMap>(); };
    EXPECT_EQ(guest.w("/etc/x"), "\\\\wsl.localhost\\D\\etc\\x");
}

TEST(ShareName, IsAName) {
    for (const char* name : {"D", "Ubuntu-24.04", "my host", "\xC3\xBC"}) EXPECT_TRUE(is_share_name(name)) << name;
    for (const char* name : {"", ".", "..", "a\\b", "a/b", "a:b", "a*", "\xFF", "a\nb"})
        EXPECT_FALSE(is_share_name(name)) << name;
}

/// Names that Linux allows and that can be told from an escaped one: any UTF-8 but "/" and NUL, and U+F001 to U+F07F.
class NameGenerator {
  public:
    std::string next() {
        constexpr const char* notable[] = {"CON",
                                           "nul.txt",
                                           "COM1",
                                           "a.",
                                           "a ",
                                           " ",
                                           "...",
                                           ". .",
                                           "~",
                                           "a~1",
                                           "-",
                                           "\"*:<>?\\|",
                                           "C:",
                                           "a:b",
                                           "\xEF\xBC\x9A",
                                           "\xEF\xBC\x9F\xEF\xBC\x8A",
                                           "\xEF\xBF\xBD",
                                           "\xF0\x9F\x98\x80",
                                           "e\xCC\x81",
                                           "\xC4\xB1",
                                           "\xC3\x9F",
                                           "\x7F"};
        if (chance(3)) return notable[below(std::size(notable))];
        std::string name;
        for (std::size_t length = 1 + below(12); length > 0; --length) append(name, code_point());
        return name == "." || name == ".." ? next() : name;
    }
    bool chance(unsigned one_in) { return below(one_in) == 0; }

  private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    char32_t code_point() {
        if (chance(2)) {
            const char32_t byte = 1 + below(0x7F);
            return byte == '/' ? U'_' : byte;
        }
        if (chance(3)) return 0xF000 + below(0x1000);  // around the escapes
        const char32_t any = 0x80 + below(0x110000 - 0x80);
        return any >= 0xD800 && any < 0xE000 ? U'\u00E4' : any;
    }

    static bool is_escape(char32_t code) {
        const char32_t byte = code - 0xF000;
        return code > 0xF000 && byte < 0x80 &&
               (byte < 0x20 || std::string_view("\"*:<>?\\|").find(static_cast<char>(byte)) != std::string_view::npos);
    }

    static void append(std::string& name, char32_t code) {
        if (is_escape(code)) code = U'e';
        std::u16string units;
        if (code < 0x10000) {
            units += static_cast<char16_t>(code);
        } else {
            units += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
            units += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
        }
        name += utf16_to_utf8(units);
    }

    std::mt19937 random_{20};  // The same names on every machine.
};

TEST(Wslpath, BringsEveryNameBack) {
    const Guest guest;
    NameGenerator names;
    for (int round = 0; round < 20000; ++round) {
        std::string path = names.chance(2) ? "/mnt/c" : names.chance(2) ? "/mnt/c/work" : "/home";
        do path += "/" + names.next();
        while (!names.chance(3));
        if (names.chance(4)) path += '/';
        const std::string host = guest.w(path);
        ASSERT_EQ(host.substr(host.starts_with("\\\\") ? 0 : 2).find_first_of("\"*:<>?/|\n"), std::string::npos)
            << path << " " << host;
        ASSERT_EQ(guest.u(host), path) << host;
        ASSERT_EQ(guest.u(guest.m(path)), path) << host;
    }
}

}  // namespace
}  // namespace interop
