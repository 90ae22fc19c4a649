// SPDX-License-Identifier: MIT
#include "hostbridge/key_file.h"

#include <gtest/gtest.h>

#include "hostbridge/host_system.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/windows_text_win.h"

#include <aclapi.h>

namespace hostbridge {
namespace {

/// A directory under the temporary one, gone at the end with the files that were named to it.
class KeyFileTest : public testing::Test {
  protected:
    KeyFileTest() {
        std::wstring base(MAX_PATH, L'\0');
        base.resize(GetTempPathW(MAX_PATH, base.data()));
        directory_ = to_utf8(base) + "mzinit-key-test-" + std::to_string(GetCurrentProcessId());
        CreateDirectoryW(to_wide(directory_)->c_str(), nullptr);
    }
    ~KeyFileTest() override {
        for (const std::string& path : paths_) DeleteFileW(to_wide(path)->c_str());
        RemoveDirectoryW(to_wide(directory_)->c_str());
    }

    std::string path(const std::string& name) {
        paths_.push_back(directory_ + "\\" + name);
        return paths_.back();
    }

    /// Gives everybody the right to read the file.
    static void open_to_everybody(const std::string& path) {
        EXPLICIT_ACCESSW access{};
        access.grfAccessPermissions = GENERIC_READ;
        access.grfAccessMode = GRANT_ACCESS;
        access.grfInheritance = NO_INHERITANCE;
        access.Trustee.TrusteeForm = TRUSTEE_IS_NAME;
        wchar_t everyone[] = L"Everyone";
        access.Trustee.ptstrName = everyone;
        std::wstring wide = *to_wide(path);
        ACL* old_list = nullptr;
        ACL* new_list = nullptr;
        void* descriptor = nullptr;
        ASSERT_EQ(GetNamedSecurityInfoW(wide.data(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr,
                                        &old_list, nullptr, &descriptor),
                  DWORD{ERROR_SUCCESS});
        ASSERT_EQ(SetEntriesInAclW(1, &access, old_list, &new_list), DWORD{ERROR_SUCCESS});
        ASSERT_EQ(SetNamedSecurityInfoW(wide.data(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr,
                                        new_list, nullptr),
                  DWORD{ERROR_SUCCESS});
        LocalFree(new_list);
        LocalFree(descriptor);
    }

  private:
    std::string directory_;
    std::vector<std::string> paths_;
};

TEST_F(KeyFileTest, IsReadBackAfterItWasCreated) {
    const std::string file = path("key \xC3\xBC");
    ASSERT_TRUE(create_key_file(file));
    const auto keys = read_key_file(file);
    ASSERT_TRUE(keys) << keys.error().message();
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_EQ(keys->front().id, "default");
}

TEST_F(KeyFileTest, IsNeverOverwritten) {
    const std::string file = path("key");
    ASSERT_TRUE(create_key_file(file));
    EXPECT_FALSE(create_key_file(file));
}

TEST_F(KeyFileTest, IsRefusedIfOthersMayReadIt) {
    const std::string file = path("key");
    ASSERT_TRUE(create_key_file(file));
    open_to_everybody(file);
    const auto keys = read_key_file(file);
    ASSERT_FALSE(keys);
    EXPECT_NE(keys.error().message().find("others may read or change it"), std::string::npos) << keys.error().message();
}

TEST_F(KeyFileTest, IsRefusedIfItIsMissingOrADevice) {
    EXPECT_FALSE(read_key_file(path("missing")));
    EXPECT_FALSE(read_key_file("NUL"));
}

TEST_F(KeyFileTest, ReadyFileAppearsWholeAndIsReplaced) {
    const std::string file = path("ready");
    ASSERT_TRUE(write_file_atomically(file, "first, and longer\n"));
    ASSERT_TRUE(write_file_atomically(file, "second\n"));
    const UniqueHandle handle(
        CreateFileW(to_wide(file)->c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr));
    char text[64];
    DWORD size = 0;
    ASSERT_TRUE(ReadFile(handle.get(), text, sizeof text, &size, nullptr));
    EXPECT_EQ(std::string(text, size), "second\n");
}

}  // namespace
}  // namespace hostbridge
