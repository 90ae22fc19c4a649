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

TEST_F(FileHoldTest, EverythingThatIsNoHiddenLinkIsInItsPlace) {
    const std::string directory = directory_ + "\\Directory";
    ASSERT_TRUE(uv::make_directory(directory, 0700));
    ASSERT_TRUE(uv::create_file(directory + "/file in it", 0600));
    std::wstring short_path(MAX_PATH, L'\0');
    short_path.resize(GetShortPathNameW(to_wide(directory).value().c_str(), short_path.data(), MAX_PATH));
    for (const std::string& path :
         {path_, link_, directory_ + "\\file", directory_ + "/FILE", directory, directory_ + "/directory",
          directory + "/file in it", directory_ + "/directory\\File in it", to_utf8(short_path) + "/file in it",
          directory_ + "/../" + directory_.substr(directory_.find_last_of("/\\") + 1) + "/file", directory_,
          directory_ + "/not there", std::string("C:\\windows"), std::string("C:/windows")}) {
        EXPECT_TRUE(is_in_its_place(path)) << path;
    }
}

}  // namespace
}  // namespace hostbridge
