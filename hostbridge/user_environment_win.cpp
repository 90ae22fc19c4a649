// SPDX-License-Identifier: MIT
#include "hostbridge/user_environment_win.h"

#include "hostbridge/unique_handle_win.h"

#include <userenv.h>

#include <cstddef>

#include "hostbridge/windows_text_win.h"

namespace hostbridge {
namespace {

std::u16string copy_block(const wchar_t* block) {
    std::size_t length = 0;
    while (block[length] != 0) length += wcslen(block + length) + 1;
    return to_units({block, length + 1});
}

std::u16string own_environment_block() {
    wchar_t* block = GetEnvironmentStringsW();
    if (block == nullptr) return {};
    std::u16string copy = copy_block(block);
    FreeEnvironmentStringsW(block);
    return copy;
}

}  // namespace

std::u16string user_environment_block() {
    HANDLE raw_token = nullptr;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &raw_token) == 0)
        return own_environment_block();
    const UniqueHandle token(raw_token);
    void* block = nullptr;
    if (CreateEnvironmentBlock(&block, token.get(), FALSE) == 0 || block == nullptr) return own_environment_block();
    std::u16string copy = copy_block(static_cast<const wchar_t*>(block));
    DestroyEnvironmentBlock(block);
    return copy;
}

}  // namespace hostbridge
