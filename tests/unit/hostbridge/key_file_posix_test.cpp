// SPDX-License-Identifier: MIT
#include "hostbridge/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "temporary_directory.h"

namespace hostbridge {
namespace {

TEST(KeyFile, CanBeReadAfterItWasCreated) {
    const TemporaryDirectory directory;
    const std::string path = directory / "key";
    ASSERT_TRUE(create_key_file(path));
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    const auto keys = read_key_file(path);
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_EQ(keys->front().id, "default");
}

TEST(KeyFile, HasADifferentKeyEveryTime) {
    const TemporaryDirectory directory;
    ASSERT_TRUE(create_key_file(directory / "a"));
    ASSERT_TRUE(create_key_file(directory / "b"));
    EXPECT_NE(read_key_file(directory / "a")->front().secret, read_key_file(directory / "b")->front().secret);
}

TEST(KeyFile, IsNeverOverwritten) {
    const TemporaryDirectory directory;
    ASSERT_TRUE(create_key_file(directory / "key"));
    const auto before = read_key_file(directory / "key")->front().secret;
    EXPECT_FALSE(create_key_file(directory / "key"));
    EXPECT_EQ(read_key_file(directory / "key")->front().secret, before);
}

TEST(KeyFile, IsRefusedIfOthersMayReadOrWriteIt) {
    const TemporaryDirectory directory;
    const std::string path = directory / "key";
    ASSERT_TRUE(create_key_file(path));
    for (const mode_t mode : {0640u, 0604u, 0620u}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        const auto keys = read_key_file(path);
        ASSERT_FALSE(keys);
        EXPECT_NE(keys.error().message().find("0600"), std::string::npos);
    }
    ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
    EXPECT_TRUE(read_key_file(path));
}

TEST(KeyFile, IsRefusedIfItIsAnythingButAFile) {
    const TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(read_key_file(directory / "fifo"));
    EXPECT_FALSE(read_key_file(directory.path()));
    EXPECT_FALSE(read_key_file(directory / "none"));
}

TEST(KeyFile, IsRefusedWithoutAKeyInIt) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "key") << "# nothing\n";
    ASSERT_EQ(::chmod((directory / "key").c_str(), 0600), 0);
    EXPECT_FALSE(read_key_file(directory / "key"));
}

}  // namespace
}  // namespace hostbridge
