// SPDX-License-Identifier: MIT
#include "hostbridge/file_owner_win.h"

#include <aclapi.h>
#include <sddl.h>

#include <memory>
#include <string>
#include <vector>

#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

struct LocalFreeDeleter {
    void operator()(void* memory) const { LocalFree(memory); }
};
using LocalMemory = std::unique_ptr<void, LocalFreeDeleter>;

/// TOKEN_USER of this process, with what it points to.
proto::Result<std::vector<std::byte>> own_user() {
    HANDLE raw_token = nullptr;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw_token) == 0) {
        return windows_error(GetLastError(), "ask who we are");
    }
    const UniqueHandle token(raw_token);
    DWORD size = 0;
    GetTokenInformation(token.get(), TokenUser, nullptr, 0, &size);
    std::vector<std::byte> user(size);
    if (GetTokenInformation(token.get(), TokenUser, user.data(), size, &size) == 0) {
        return windows_error(GetLastError(), "ask who we are");
    }
    return user;
}

PSID sid_of(const std::vector<std::byte>& user) { return reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid; }

bool is_trusted(PSID sid, PSID own) {
    // The rights of "owner rights" are the owner's, who is looked at apart.
    return EqualSid(sid, own) != 0 || IsWellKnownSid(sid, WinLocalSystemSid) != 0 ||
           IsWellKnownSid(sid, WinBuiltinAdministratorsSid) != 0 || IsWellKnownSid(sid, WinCreatorOwnerRightsSid) != 0;
}

/// Whether the entry gives somebody who is not trusted a right to the file itself.
bool gives_away(const ACE_HEADER* entry, PSID own) {
    if ((entry->AceFlags & INHERIT_ONLY_ACE) != 0) return false;
    switch (entry->AceType) {
        case ACCESS_ALLOWED_ACE_TYPE:
        case ACCESS_ALLOWED_CALLBACK_ACE_TYPE: {
            const auto* allowed = reinterpret_cast<const ACCESS_ALLOWED_ACE*>(entry);
            return allowed->Mask != 0 && !is_trusted(const_cast<DWORD*>(&allowed->SidStart), own);
        }
        case ACCESS_DENIED_ACE_TYPE:
        case ACCESS_DENIED_CALLBACK_ACE_TYPE: return false;
        default: return true;  // a kind that files do not usually have
    }
}

bool gives_away(ACL* list, PSID own) {
    for (DWORD index = 0; index < list->AceCount; ++index) {
        void* entry = nullptr;
        if (GetAce(list, index, &entry) == 0 || gives_away(static_cast<const ACE_HEADER*>(entry), own)) return true;
    }
    return false;
}

/// A security descriptor that gives everything to this user and nothing to anybody else. `inheritance`: of its one entry, as
/// SDDL writes it.
proto::Result<LocalMemory> private_rights(const std::wstring& inheritance) {
    const auto user = own_user();
    if (!user) return user.error();
    wchar_t* raw_sid = nullptr;
    if (ConvertSidToStringSidW(sid_of(*user), &raw_sid) == 0) return windows_error(GetLastError(), "ask who we are");
    const LocalMemory sid(raw_sid);
    // Protected: nothing is inherited from the directory.
    const std::wstring rights = std::wstring(L"O:") + raw_sid + L"D:P(A;" + inheritance + L";FA;;;" + raw_sid + L")";
    void* raw_descriptor = nullptr;
    if (ConvertStringSecurityDescriptorToSecurityDescriptorW(rights.c_str(), SDDL_REVISION_1, &raw_descriptor,
                                                             nullptr) == 0) {
        return windows_error(GetLastError(), "make a file private");
    }
    return LocalMemory(raw_descriptor);
}

}  // namespace

proto::Result<std::optional<std::string_view>> why_not_private(HANDLE file) {
    using Answer = std::optional<std::string_view>;
    const auto user = own_user();
    if (!user) return user.error();
    PSID owner = nullptr;
    ACL* list = nullptr;
    void* raw_descriptor = nullptr;
    const DWORD error = GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                        &owner, nullptr, &list, nullptr, &raw_descriptor);
    if (error != ERROR_SUCCESS) return windows_error(error, "ask who may open a file");
    const LocalMemory descriptor(raw_descriptor);
    if (owner == nullptr || !is_trusted(owner, sid_of(*user))) return Answer("it belongs to another user");
    // No list at all means that everybody may do everything.
    if (list == nullptr || gives_away(list, sid_of(*user))) {
        return Answer("others may read or change it; remove all of its access rights but yours");
    }
    return Answer();
}

proto::Result<UniqueHandle> create_private_file(const wchar_t* path) {
    const auto rights = private_rights(L"");
    if (!rights) return rights.error();
    SECURITY_ATTRIBUTES attributes{sizeof(SECURITY_ATTRIBUTES), rights.value().get(), FALSE};
    UniqueHandle file(CreateFileW(path, GENERIC_WRITE, 0, &attributes, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) return windows_error(GetLastError(), "create a file");
    return file;
}

proto::Result<void> create_private_directory(const wchar_t* path) {
    const auto rights = private_rights(L"OICI");
    if (!rights) return rights.error();
    SECURITY_ATTRIBUTES attributes{sizeof(SECURITY_ATTRIBUTES), rights.value().get(), FALSE};
    if (CreateDirectoryW(path, &attributes) == 0 && GetLastError() != ERROR_ALREADY_EXISTS) {
        return windows_error(GetLastError(), "make a directory");
    }
    return {};
}

}  // namespace hostbridge
