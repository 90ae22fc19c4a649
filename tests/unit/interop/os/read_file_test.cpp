// SPDX-License-Identifier: MIT
#include "interop/os/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

class ReadFile : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path() const { return directory_ + "/file"; }
    void make_fifo() const { ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0); }

  private:
    std::string directory_ = "/tmp/mzreadXXXXXX";
};

TEST_F(ReadFile, GivesAllOfAFileThatIsWithinTheLimit) {
    std::ofstream(path()) << std::string(10'000, 'x');
    EXPECT_EQ(read_file(path(), 10'000).value(), std::string(10'000, 'x'));
    EXPECT_EQ(read_file(path(), 9'999).error().code.value(), EFBIG);
    EXPECT_EQ(read_file("/dev/zero", 100).error().code.value(), EFBIG);
    EXPECT_EQ(read_file(path() + "s", 1).error().code.value(), ENOENT);
    EXPECT_EQ(read_file("/tmp", 1).error().code.value(), EISDIR);
}

TEST_F(ReadFile, AFifoThatNobodyWritesToIsEmpty) {
    make_fifo();
    EXPECT_EQ(read_file(path(), 100).value(), "");
}

TEST_F(ReadFile, APipeIsReadToItsEnd) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    ASSERT_EQ(::write(writer.get(), "text", 4), 4);
    writer.reset();
    // As bash's <(command) names it.
    EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(reader.get()), 100).value(), "text");
}

TEST_F(ReadFile, AFifoWhoseWriterIsSilentIsGivenUp) {
    make_fifo();
    const UniqueFd writer(::open(path().c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::write(writer.get(), "text", 4), 4);
    EXPECT_EQ(read_file(path(), 100).error().code.value(), ETIMEDOUT);
}

}  // namespace
}  // namespace interop
