// SPDX-License-Identifier: MIT
#include "hostbridge/program_cache_posix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "interop/os/unique_fd.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

class ProgramCacheTest : public testing::Test {
  protected:
    interop::UniqueFd file_with(const std::string& contents) {
        const std::string path = directory_ / ("source" + std::to_string(++files_));
        std::ofstream(path) << contents;
        return interop::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    static std::string contents_of(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    TemporaryDirectory directory_;
    int files_ = 0;
};

TEST_F(ProgramCacheTest, StoresACopyUnderTheProgramsOwnName) {
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    const auto path = cache.store(file.get(), "/guest/dir/tool.exe");
    ASSERT_TRUE(path);
    EXPECT_TRUE(path->ends_with("/tool.exe"));
    EXPECT_EQ(contents_of(*path), "program");
}

TEST_F(ProgramCacheTest, KeepsItsDirectoriesPrivate) {
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    const auto path = cache.store(file.get(), "a.exe");
    ASSERT_TRUE(path);
    for (const std::string& each : {directory_ / "cache", path->substr(0, path->rfind('/'))}) {
        struct stat status {};
        ASSERT_EQ(::stat(each.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700u);
    }
}

TEST_F(ProgramCacheTest, RefusesADirectoryThatOthersCanEnter) {
    ASSERT_EQ(::mkdir((directory_ / "cache").c_str(), 0755), 0);
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    EXPECT_FALSE(cache.store(file.get(), "a.exe"));
}

TEST_F(ProgramCacheTest, UsesTheSameCopyAgain) {
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    const auto first = cache.store(file.get(), "a.exe");
    struct stat before {};
    ASSERT_EQ(::stat(first->c_str(), &before), 0);
    const auto second = cache.store(file.get(), "a.exe");
    struct stat after {};
    ASSERT_EQ(::stat(second->c_str(), &after), 0);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(ProgramCacheTest, ReplacesACopyThatWasTamperedWith) {
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    const auto path = cache.store(file.get(), "a.exe");
    ASSERT_EQ(::chmod(path->c_str(), 0700), 0);
    std::ofstream(*path) << "evil";
    EXPECT_EQ(contents_of(cache.store(file.get(), "a.exe").value()), "program");
}

TEST_F(ProgramCacheTest, NeverLeavesItsDirectory) {
    DirectoryProgramCache cache(directory_ / "cache", 1000);
    const auto file = file_with("program");
    for (const char* name : {"..", "/a/..", "", "/", "."}) {
        EXPECT_TRUE(cache.store(file.get(), name)->ends_with("/program.exe")) << name;
    }
}

TEST_F(ProgramCacheTest, MakesRoomByRemovingWhatWasUsedLongestAgo) {
    DirectoryProgramCache cache(directory_ / "cache", 250);
    const auto old_file = file_with(std::string(100, 'a'));
    const auto new_file = file_with(std::string(100, 'b'));
    const auto third_file = file_with(std::string(100, 'c'));
    const auto old_path = cache.store(old_file.get(), "a.exe").value();
    const auto new_path = cache.store(new_file.get(), "b.exe").value();
    const timespec past[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, old_path.substr(0, old_path.rfind('/')).c_str(), past, 0), 0);
    const auto third_path = cache.store(third_file.get(), "c.exe").value();
    EXPECT_FALSE(std::filesystem::exists(old_path));
    EXPECT_TRUE(std::filesystem::exists(new_path));
    EXPECT_TRUE(std::filesystem::exists(third_path));
}

TEST_F(ProgramCacheTest, StoresForManyAtTheSameTime) {
    constexpr std::size_t size = 1 << 20;
    DirectoryProgramCache cache(directory_ / "cache", 16 * size);
    const std::array<std::string, 2> programs{std::string(size, 'a'), std::string(size, 'b')};
    const std::array<interop::UniqueFd, 2> files{file_with(programs[0]), file_with(programs[1])};
    std::array<std::string, 8> paths;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        threads.emplace_back([&, i] { paths[i] = cache.store(files[i % 2].get(), "a.exe").value_or(""); });
    }
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < paths.size(); ++i) EXPECT_EQ(contents_of(paths[i]), programs[i % 2]) << i;
    // What was reserved for them has been given back.
    const auto large_file = file_with(std::string(16 * size, 'c'));
    EXPECT_TRUE(cache.store(large_file.get(), "c.exe"));
}

TEST_F(ProgramCacheTest, RefusesAProgramThatIsLargerThanTheCache) {
    DirectoryProgramCache cache(directory_ / "cache", 10);
    const auto file = file_with("more than ten bytes");
    EXPECT_FALSE(cache.store(file.get(), "a.exe"));
}

}  // namespace
}  // namespace hostbridge
