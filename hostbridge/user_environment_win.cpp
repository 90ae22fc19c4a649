// SPDX-License-Identifier: MIT
#include "hostbridge/user_environment_win.h"

#include "hostbridge/unique_handle_win.h"

#include <userenv.h>

#include <algorithm>
#include <cstddef>

#include "hostbridge/windows_text_win.h"
#include "interop/text/utf16.h"

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

std::string variable_in(std::u16string_view block, std::u16string_view name) {
    while (!block.empty() && block[0] != u'\0') {
        const std::u16string_view entry = block.substr(0, block.find(u'\0'));
        block.remove_prefix(std::min(block.size(), entry.size() + 1));
        const bool has_name = entry.size() > name.size() && entry[name.size()] == u'=' &&
                              interop::compare_ignoring_case(entry.substr(0, name.size()), name) == 0;
        if (has_name) return interop::utf16_to_utf8(entry.substr(name.size() + 1));
    }
    return {};
}

}  // namespace hostbridge
