// SPDX-License-Identifier: MIT
#include "hostbridge/file_hold.h"

#include <gtest/gtest.h>

#include "hostbridge/program_store_layout.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/uv/file.h"
#include "hostbridge/windows_text_win.h"

namespace hostbridge {
namespace {

class FileHoldTest : public testing::Test {
  protected:
    FileHoldTest() {
        EXPECT_TRUE(uv::make_directory(directory_, 0700));
        EXPECT_TRUE(uv::create_file(path_, 0600));
        EXPECT_TRUE(uv::link_or_copy(path_, link_));
    }

    ~FileHoldTest() override { remove_from_store(directory_); }

    std::string directory_ = testing::TempDir() + random_name().value();
    std::string path_ = directory_ + "/file";
    std::string link_ = directory_ + "/link";
};

TEST_F(FileHoldTest, KeepsEverybodyFromRemovingAnyNameOfAFile) {
    {
        const auto held = hold_file(path_);
        ASSERT_TRUE(held) << held.error().message();
        EXPECT_FALSE(uv::remove_file(path_));
        EXPECT_FALSE(uv::remove_file(link_));
    }
    EXPECT_TRUE(uv::remove_file(link_));
}

TEST_F(FileHoldTest, KeepsNobodyFromRemovingAFileThatIsOnlyOpen) {
    const auto opened = open_file(path_);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_TRUE(uv::remove_file(link_));
    EXPECT_TRUE(uv::remove_file(path_));
}

TEST_F(FileHoldTest, SaysOfAFileThatIsBeingRemovedThatItIsInUse) {
    const UniqueHandle remover(CreateFileW(to_wide(link_).value().c_str(), DELETE,
                                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                           OPEN_EXISTING, 0, nullptr));
    ASSERT_TRUE(remover);
    const auto held = hold_file(path_);
    ASSERT_FALSE(held);
    EXPECT_TRUE(is_in_use(held.error())) << held.error().message();
    EXPECT_TRUE(open_file(path_));
}

}  // namespace
}  // namespace hostbridge
