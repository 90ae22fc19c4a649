// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_batch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "interop/text/command_line.h"

namespace interop {
namespace {

const std::vector<WineDrive> drives{{'C', "/home/u/.wine/drive_c"}, {'Z', "/"}, {'D', "/srv/data"}};

std::string path_or_problem(const std::string& path, const std::vector<WineDrive>& of = drives) {
    const auto translated = wine_path(path, of);
    return translated ? *translated : translated.error().message();
}

std::string command_for(const std::vector<std::string>& arguments, bool reads_utf8 = true) {
    const auto batch = prepare_wine_batch("/d/x.bat", arguments, drives, reads_utf8);
    return batch ? batch->command : batch.error().message();
}

TEST(WinePath, IsByTheDriveThatLeadsClosest) {
    EXPECT_EQ(path_or_problem("/tmp/a b.bat"), "Z:\\tmp\\a b.bat");
    EXPECT_EQ(path_or_problem("/srv/data/x.bat"), "D:\\x.bat");
    EXPECT_EQ(path_or_problem("/srv/database/x.bat"), "Z:\\srv\\database\\x.bat");
    EXPECT_EQ(path_or_problem("/home/u/.wine/drive_c/windows/x.bat"), "C:\\windows\\x.bat");
}

TEST(WinePath, EndsInNoDevice) {
    EXPECT_EQ(path_or_problem("/home/u/aux/x.bat"), "Z:\\home\\u\\aux\\x.bat");
    for (const char* path : {"/tmp/con.bat", "/tmp/NUL.cmd", "/tmp/com1.bat"})
        EXPECT_NE(path_or_problem(path).find("is no name for Windows"), std::string::npos) << path;
}

TEST(WinePath, IsNoneWhereNoDriveLeads) {
    EXPECT_NE(path_or_problem("/tmp/x.bat", {{'D', "/srv"}}).find("no drive"), std::string::npos);
    EXPECT_NE(path_or_problem("/tmp/x.bat", {}).find("no drive"), std::string::npos);
    EXPECT_NE(path_or_problem("", drives).find("no drive"), std::string::npos);
}

TEST(WinePath, IsNoneForNamesThatMeanSomethingElseOnWindows) {
    for (const char* name : {"a\\b", "a:b", "a*", "a?", "a\"b", "<a", "a>", "a|b", "a.", "a ", "..", "a\nb", "a\x01"}) {
        for (const std::string& path : {std::string("/") + name + "/x.bat", std::string("/d/") + name}) {
            EXPECT_FALSE(wine_path(path, drives)) << path;
        }
    }
}

TEST(WineBatch, IsExpandedByCmdAndNotQuotedByWine) {
    const auto batch = prepare_wine_batch("/d/x.bat", {"a&b", "c"}, drives, false);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->words, (std::vector<std::string>{"/e:ON", "/v:OFF", "/d", "/c", "%MZINIT_BATCH_COMMAND%"}));
    EXPECT_EQ(batch->variable, "MZINIT_BATCH_COMMAND");
    EXPECT_EQ(batch->command, "\"Z:\\d\\x.bat\" \"a&b\" c");
}

TEST(WineBatch, NamesTheArgumentThatCannotBePassed) {
    for (const char* hostile : {"\"&whoami&\"", "%OS%", "a\nb", "a\rb", "\x1a", "\xff"}) {
        const auto batch = prepare_wine_batch("/d/x.bat", {"fine", hostile}, drives, true);
        ASSERT_FALSE(batch) << hostile;
        EXPECT_EQ(batch.error().doing, "argument 2");
    }
    EXPECT_FALSE(prepare_wine_batch("/d/%OS%.bat", {}, drives, true));
}

TEST(WineBatch, IsInAsciiWhereWineWouldReadTheBytesWrongly) {
    // C2 A2 and C2 A6, of which Wine makes B" and B& in the C locale.
    for (const char* hostile : {"\xC2\xA2", "x\xC2\xA6whoami", "\xC3\xBC"}) {
        EXPECT_NE(command_for({hostile}).find(hostile), std::string::npos);
        const auto batch = prepare_wine_batch("/d/x.bat", {hostile}, drives, false);
        ASSERT_FALSE(batch) << hostile;
        EXPECT_EQ(batch.error().code, make_error_code(CommandLineFault::garbled_by_locale));
        EXPECT_EQ(batch.error().doing, "argument 1");
    }
    EXPECT_TRUE(prepare_wine_batch("/\xC3\xBC/x.bat", {}, drives, true));
    EXPECT_FALSE(prepare_wine_batch("/\xC3\xBC/x.bat", {}, drives, false));
}

TEST(WineBatch, FitsIntoWhatCmdCanHold) {
    EXPECT_TRUE(prepare_wine_batch("/d/x.bat", {std::string(8100, 'a')}, drives, true));
    const auto batch = prepare_wine_batch("/d/x.bat", {std::string(8192, 'a')}, drives, true);
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, make_error_code(CommandLineFault::too_long));
    EXPECT_TRUE(prepare_wine_batch("/" + std::string(250, 'd') + "/x.bat", {}, drives, true));
    EXPECT_FALSE(prepare_wine_batch("/" + std::string(254, 'd') + "/x.bat", {}, drives, true));
}

TEST(WineDrives, AreThoseOfThePrefixAndOfANewOneTheRoot) {
    char place[] = "/tmp/wine-drives-XXXXXX";
    ASSERT_NE(mkdtemp(place), nullptr);
    const std::string prefix = place;
    const auto fresh = find_wine_drives(prefix);
    ASSERT_EQ(fresh.size(), 1);
    EXPECT_EQ(fresh[0].letter, 'Z');
    EXPECT_EQ(fresh[0].directory, "/");
    const std::string devices = prefix + "/dosdevices";
    ASSERT_EQ(mkdir(devices.c_str(), 0700), 0);
    const std::map<std::string, std::string> links{{"c:", "../drive_c"},    {"d:", "/srv/data/"}, {"d::", "/dev/null"},
                                                   {"e:", "/srv/../etc"},   {"f:", "../../x"},    {"g:", "other"},
                                                   {"h:", "/nowhere/at//"}, {"z:", "/"}};
    for (const auto& [name, target] : links) ASSERT_EQ(symlink(target.c_str(), (devices + "/" + name).c_str()), 0);
    std::string found;
    for (const WineDrive& drive : find_wine_drives(prefix)) found += drive.letter + drive.directory + " ";
    EXPECT_EQ(found, "C" + prefix + "/drive_c D/srv/data H/nowhere/at Z/ ");
    for (const auto& [name, target] : links) unlink((devices + "/" + name).c_str());
    // Another directory in its place would be that of another prefix.
    ASSERT_EQ(rmdir(devices.c_str()), 0);
    ASSERT_EQ(symlink("/tmp", devices.c_str()), 0);
    EXPECT_TRUE(find_wine_drives(prefix).empty());
    unlink(devices.c_str());
    rmdir(prefix.c_str());
}

VariableLookup variables(std::map<std::string, std::string> of) {
    return [of](std::string_view name) {
        const auto found = of.find(std::string(name));
        return found == of.end() ? std::nullopt : std::optional(found->second);
    };
}

TEST(Utf8Locale, IsOneThatIsNamedAndInstalled) {
    const bool has_c_utf8 = access("/usr/lib/locale/C.utf8/LC_CTYPE", R_OK) == 0;
    for (const char* name : {"C.UTF-8", "C.utf8", "C.utf-8"}) {
        EXPECT_EQ(has_utf8_locale(variables({{"LC_ALL", name}})), has_c_utf8) << name;
        EXPECT_EQ(has_utf8_locale(variables({{"LC_ALL", ""}, {"LC_CTYPE", name}, {"LANG", "C"}})), has_c_utf8);
        EXPECT_EQ(has_utf8_locale(variables({{"LANG", name}})), has_c_utf8);
    }
    for (const char* name : {"C", "POSIX", "", "C.ISO-8859-1", "xx_XX.UTF-8", "../C.utf8/.UTF-8", "UTF-8"}) {
        EXPECT_FALSE(has_utf8_locale(variables({{"LC_ALL", name}}))) << name;
    }
    EXPECT_FALSE(has_utf8_locale(variables({})));
    EXPECT_FALSE(has_utf8_locale(variables({{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}})));
    EXPECT_FALSE(has_utf8_locale(variables({{"LANG", "C.UTF-8"}, {"LOCPATH", "/elsewhere"}})));
}

ReadAt reader_of(const std::string& bytes) {
    return [&bytes](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
        if (offset >= bytes.size()) return 0;
        const std::size_t size = std::min(buffer.size(), bytes.size() - static_cast<std::size_t>(offset));
        std::memcpy(buffer.data(), bytes.data() + offset, size);
        return size;
    };
}

std::string words(std::initializer_list<std::uint32_t> values) {
    std::string bytes;
    for (const std::uint32_t value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return bytes;
}

TEST(LocaleArchive, NamesTheLocalesThatAreNotDeleted) {
    std::string archive = words({0xde020109, 1, 20, 2, 3});
    archive += words({7, 56, 1000, 0, 0, 0, 9, 67, 0});  // the second is empty, the third was deleted
    archive += std::string("de_DE.utf8\0fr_FR.utf8\0", 22);
    const ReadAt reader = reader_of(archive);
    EXPECT_TRUE(locale_archive_has(reader, "de_DE.utf8"));
    EXPECT_FALSE(locale_archive_has(reader, "fr_FR.utf8"));
    EXPECT_FALSE(locale_archive_has(reader, "de_DE"));
    EXPECT_FALSE(locale_archive_has(reader, "E.utf8"));
    archive[0] = 0;
    EXPECT_FALSE(locale_archive_has(reader, "de_DE.utf8"));
    archive = words({0xde020109, 1, 20, 2, 0xffffffff});
    EXPECT_FALSE(locale_archive_has(reader, "de_DE.utf8"));
    archive.clear();
    EXPECT_FALSE(locale_archive_has(reader, "de_DE.utf8"));
}

}  // namespace
}  // namespace interop
