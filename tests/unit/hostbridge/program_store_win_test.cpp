// SPDX-License-Identifier: MIT
// What only Windows can do; the rest is in program_store_test.cpp.
#include "hostbridge/program_store.h"

#include <gtest/gtest.h>

#include <optional>

#include "hostbridge/uv/file.h"
#include "hostbridge/unique_handle_win.h"
#include "hostbridge/windows_text_win.h"

#include <aclapi.h>

namespace hostbridge {
namespace {

void let_everybody_read(const std::string& path) {
    wchar_t everyone[] = L"Everyone";
    EXPLICIT_ACCESSW access{};
    access.grfAccessPermissions = GENERIC_READ;
    access.grfAccessMode = GRANT_ACCESS;
    access.grfInheritance = NO_INHERITANCE;
    access.Trustee.TrusteeForm = TRUSTEE_IS_NAME;
    access.Trustee.ptstrName = everyone;
    std::wstring wide = to_wide(path).value();
    ACL* old_list = nullptr;
    ACL* new_list = nullptr;
    void* descriptor = nullptr;
    ASSERT_EQ(GetNamedSecurityInfoW(wide.data(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr, &old_list,
                                    nullptr, &descriptor),
              DWORD{ERROR_SUCCESS});
    ASSERT_EQ(SetEntriesInAclW(1, &access, old_list, &new_list), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(SetNamedSecurityInfoW(wide.data(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr, new_list,
                                    nullptr),
              DWORD{ERROR_SUCCESS});
    LocalFree(new_list);
    LocalFree(descriptor);
}

class WindowsProgramStore : public testing::Test {
  protected:
    WindowsProgramStore() : root_(testing::TempDir() + random_name().value()), store_(root_, 1000) {}
    ~WindowsProgramStore() override { remove_from_store(root_); }

    proto::Result<StoredProgram> put() {
        auto upload = store_.begin({{"tool.exe", 7, proto::sha256("program")}, {"a.dll", 7, proto::sha256("library")}});
        if (!upload) return upload.error();
        for (const std::uint32_t index : upload->wanted()) {
            EXPECT_TRUE(upload->write(index == 0 ? "program" : "library") && upload->end_file());
        }
        return upload->finish();
    }

    std::string root_;
    ProgramStore store_;
};

TEST_F(WindowsProgramStore, KeepsEverybodyFromWritingToAProgramInUse) {
    std::optional<StoredProgram> used = put().value();
    const std::string library = used->path().substr(0, used->path().rfind('\\')) + "\\a.dll";
    uv_fs_t request{};
    EXPECT_LT(uv_fs_open(nullptr, &request, library.c_str(), UV_FS_O_WRONLY, 0, nullptr), 0);
    uv_fs_req_cleanup(&request);
    EXPECT_FALSE(uv::remove_file(library));
    EXPECT_TRUE(put());  // Others may use it.
    used.reset();
    EXPECT_TRUE(uv::remove_file(library));
}

TEST_F(WindowsProgramStore, RemovesLaterWhatAProgramInUseHasKept) {
    std::optional<StoredProgram> used = put().value();
    const std::vector<ManifestEntry> other{{"other.exe", 5, proto::sha256("other")},
                                           {"a.dll", 7, proto::sha256("library")}};
    ASSERT_TRUE(store_.begin(other));  // and given up
    used.reset();
    ASSERT_TRUE(store_.begin({{"another.exe", 7, proto::sha256("another")}}));
    EXPECT_EQ(uv::list_directory(root_ + "/incoming").value().size(), 0u);
}

TEST_F(WindowsProgramStore, RefusesADirectoryThatOthersCanUse) {
    ASSERT_TRUE(put());
    let_everybody_read(root_);
    const auto refused = put();
    ASSERT_FALSE(refused);
    EXPECT_EQ(store_failure(refused.error()).host_code, static_cast<std::uint32_t>(ERROR_ACCESS_DENIED));
}

}  // namespace
}  // namespace hostbridge
