// SPDX-License-Identifier: MIT
#include "hostbridge/key_file.h"

#include <algorithm>
#include <cerrno>

#include "hostbridge/file_owner_win.h"
#include "hostbridge/random.h"
#include "hostbridge/windows_error_win.h"
#include "hostbridge/windows_text_win.h"

namespace hostbridge {
namespace {

constexpr std::size_t longest_key_file = 64 << 10;

proto::Error refused(const std::string& path, std::string_view why) {
    return {std::make_error_code(std::errc::permission_denied), "use key file " + path + " (" + std::string(why) + ")"};
}

proto::Result<std::string> read_all(HANDLE file, const std::string& path) {
    // One byte more than is allowed, to see that there is more.
    std::string text(longest_key_file + 1, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        DWORD size = 0;
        if (ReadFile(file, text.data() + filled, static_cast<DWORD>(text.size() - filled), &size, nullptr) == 0) {
            return windows_error(GetLastError(), "read key file " + path);
        }
        if (size == 0) break;
        filled += size;
    }
    if (filled > longest_key_file) return proto::errno_error(EFBIG, "read key file " + path);
    text.resize(filled);
    return text;
}

}  // namespace

proto::Result<std::vector<proto::Key>> read_key_file(const std::string& path) {
    const auto wide = to_wide(path);
    if (!wide) return proto::errno_error(EILSEQ, "open key file " + path);
    const UniqueHandle file(CreateFileW(wide->c_str(), GENERIC_READ | READ_CONTROL, FILE_SHARE_READ, nullptr,
                                        OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) return windows_error(GetLastError(), "open key file " + path);
    if (GetFileType(file.get()) != FILE_TYPE_DISK) return refused(path, "it is not a regular file");
    const auto reason = why_not_private(file.get());
    if (!reason) return reason.error();
    if (*reason) return refused(path, **reason);
    auto text = read_all(file.get(), path);
    if (!text) return text.error();
    auto keys = proto::parse_key_file(*text);
    SecureZeroMemory(text->data(), text->size());
    if (keys && keys->empty()) return refused(path, "there is no key in it");
    return keys;
}

proto::Result<void> create_key_file(const std::string& path) {
    const auto text = new_key_file_text();
    if (!text) return text.error();
    const auto wide = to_wide(path);
    if (!wide) return proto::errno_error(EILSEQ, "create key file " + path);
    auto file = create_private_file(wide->c_str());
    if (!file) return proto::Error{file.error().code, "create key file " + path};
    DWORD written = 0;
    if (WriteFile(file->get(), text->data(), static_cast<DWORD>(text->size()), &written, nullptr) == 0 ||
        written != text->size() || FlushFileBuffers(file->get()) == 0) {
        const DWORD error = GetLastError();
        file->reset();
        DeleteFileW(wide->c_str());
        return windows_error(error, "write key file " + path);
    }
    return {};
}

}  // namespace hostbridge
