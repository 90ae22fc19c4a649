// SPDX-License-Identifier: MIT
// What is different or can only be tried on POSIX; the rest is in program_store_test.cpp.
#include "hostbridge/program_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "interop/os/unique_fd.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

class PassedProgram : public testing::Test {
  protected:
    interop::UniqueFd file_with(const std::string& contents) {
        const std::string path = directory_ / "source";
        std::ofstream(path) << contents;
        return interop::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    static std::string contents_of(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    TemporaryDirectory directory_;
    ProgramStore store_{directory_ / "store", 1000};
};

TEST_F(PassedProgram, IsStoredUnderItsOwnName) {
    const auto file = file_with("program");
    const auto program = store_.store_passed(file.get(), "/guest/dir/tool.exe");
    ASSERT_TRUE(program);
    EXPECT_TRUE(program->path().ends_with("/tool.exe"));
    EXPECT_EQ(contents_of(program->path()), "program");
}

TEST_F(PassedProgram, IsNeverWrittenThroughALink) {
    const auto file = file_with("program");
    const std::string path = store_.store_passed(file.get(), "tool.exe").value().path();
    const std::string place = path.substr(0, path.rfind('/'));
    const std::string elsewhere = directory_ / "elsewhere";
    std::filesystem::rename(place, elsewhere);
    std::filesystem::create_symlink(elsewhere, place);
    const auto program = store_.store_passed(file.get(), "tool.exe");
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(program->path()), "program");
    EXPECT_FALSE(std::filesystem::is_symlink(place));
    EXPECT_TRUE(std::filesystem::exists(elsewhere + "/tool.exe"));
}

TEST_F(PassedProgram, IsReadOnlyInAPrivateDirectory) {
    const auto file = file_with("program");
    const std::string path = store_.store_passed(file.get(), "a.exe").value().path();
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0500u);
    for (const std::string& each : {directory_ / "store", path.substr(0, path.rfind('/'))}) {
        ASSERT_EQ(::stat(each.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700u);
    }
}

TEST_F(PassedProgram, IsStoredOnce) {
    const auto file = file_with("program");
    struct stat before {
    }, after{};
    ASSERT_EQ(::stat(store_.store_passed(file.get(), "a.exe").value().path().c_str(), &before), 0);
    ASSERT_EQ(::stat(store_.store_passed(file.get(), "a.exe").value().path().c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_EQ(before.st_nlink, 2u);
}

TEST_F(PassedProgram, NeverLeavesItsDirectory) {
    const auto file = file_with("program");
    for (const char* name : {"..", "/a/..", "", "/", ".", "a:b.exe"}) {
        EXPECT_TRUE(store_.store_passed(file.get(), name).value().path().ends_with("/program.exe")) << name;
    }
}

TEST_F(PassedProgram, IsNotStoredWhereOthersCanEnter) {
    ASSERT_EQ(::mkdir((directory_ / "store").c_str(), 0755), 0);
    const auto file = file_with("program");
    const auto program = store_.store_passed(file.get(), "a.exe");
    ASSERT_FALSE(program);
    EXPECT_EQ(store_failure(program.error()).host_code, static_cast<std::uint32_t>(EPERM));
}

TEST_F(PassedProgram, IsNotStoredIfItIsTooLarge) {
    const auto file = file_with(std::string(1001, 'x'));
    const auto program = store_.store_passed(file.get(), "a.exe");
    ASSERT_FALSE(program);
    EXPECT_EQ(store_failure(program.error()).code, mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
}

// The same as a full disk but for its number.
TEST_F(PassedProgram, LeavesNothingBehindIfItCannotBeWritten) {
    const auto file = file_with(std::string(900, 'x'));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto program = store_.store_passed(file.get(), "a.exe");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, old_handler);
    ASSERT_FALSE(program);
    const auto failure = store_failure(program.error());
    EXPECT_EQ(failure.code, mzinit::v1::LAUNCH_ERROR_HOST_FAILURE);
    EXPECT_EQ(failure.host_code, static_cast<std::uint32_t>(EFBIG));
    EXPECT_NE(failure.text.find("no room"), std::string::npos) << failure.text;
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "store/incoming"));
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "store/files"));
    EXPECT_TRUE(store_.store_passed(file.get(), "a.exe"));
}

}  // namespace
}  // namespace hostbridge
