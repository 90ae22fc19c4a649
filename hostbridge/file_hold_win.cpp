// SPDX-License-Identifier: MIT
#include "hostbridge/file_hold.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "hostbridge/file_owner_win.h"
#include "hostbridge/final_path_win.h"
#include "hostbridge/user_environment_win.h"
#include "hostbridge/uv/error.h"
#include "hostbridge/windows_error_win.h"
#include "hostbridge/windows_text_win.h"
#include "interop/text/windows_file_name.h"

namespace hostbridge {
namespace {

constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

class HandleHold final : public FileHold {
  public:
    explicit HandleHold(UniqueHandle handle) : handle_(std::move(handle)) {}

  private:
    UniqueHandle handle_;
};

class LockHold final : public FileHold {
  public:
    explicit LockHold(UniqueHandle handle) : handle_(std::move(handle)) {}
    LockHold(const LockHold&) = delete;
    LockHold& operator=(const LockHold&) = delete;
    // Closing gives it back, too, but not at once.
    ~LockHold() override {
        OVERLAPPED whole{};
        UnlockFileEx(handle_.get(), 0, MAXDWORD, MAXDWORD, &whole);
    }

  private:
    UniqueHandle handle_;
};

class WindowsFile final : public ReadableFile {
  public:
    explicit WindowsFile(UniqueHandle handle) : handle_(std::move(handle)) {}

    proto::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
        std::size_t filled = 0;
        while (filled < buffer.size()) {
            OVERLAPPED place{};
            place.Offset = static_cast<DWORD>((offset + filled) & MAXDWORD);
            place.OffsetHigh = static_cast<DWORD>((offset + filled) >> 32);
            DWORD size = 0;
            if (ReadFile(handle_.get(), buffer.data() + filled, static_cast<DWORD>(buffer.size() - filled), &size,
                         &place) == 0) {
                if (GetLastError() == ERROR_HANDLE_EOF) break;
                return windows_error(GetLastError(), "read a file");
            }
            if (size == 0) break;
            filled += size;
        }
        return filled;
    }

  private:
    UniqueHandle handle_;
};

proto::Result<UniqueHandle> open(const std::string& path, DWORD access, DWORD share, DWORD creation, DWORD flags) {
    const auto wide = to_wide(path);
    if (!wide) return proto::errno_error(EILSEQ, "open " + path);
    UniqueHandle handle(CreateFileW(wide->c_str(), access, share, nullptr, creation, flags, nullptr));
    if (!handle) return windows_error(GetLastError(), "open " + path);
    return handle;
}

proto::Result<std::unique_ptr<ReadableFile>> open_to_read(const std::string& path, DWORD share) {
    auto handle = open(path, GENERIC_READ, share, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
    if (!handle) return handle.error();
    if (GetFileType(handle->get()) != FILE_TYPE_DISK) return windows_error(ERROR_ACCESS_DENIED, "open " + path);
    return std::unique_ptr<ReadableFile>(std::make_unique<WindowsFile>(std::move(*handle)));
}

// A link of Windows itself is what it is, and lstat() shows it.
std::optional<std::string> path_of_what_is_at(const std::string& path) {
    const auto handle = open(path, FILE_READ_ATTRIBUTES, share_all, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    return handle ? final_path_of_handle(handle->get()) : std::nullopt;
}

}  // namespace

const bool held_files_are_protected = true;
const int finished_file_mode = 0700;  // read-only ones could not be removed

proto::Result<std::unique_ptr<ReadableFile>> open_file(const std::string& path) {
    return open_to_read(path, share_all);
}

proto::Result<std::unique_ptr<ReadableFile>> hold_file(const std::string& path) {
    return open_to_read(path, FILE_SHARE_READ);
}

proto::Result<std::unique_ptr<FileHold>> hold_directory(const std::string& path) {
    auto handle =
        open(path, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    if (!handle) return handle.error();
    return std::unique_ptr<FileHold>(std::make_unique<HandleHold>(std::move(*handle)));
}

bool is_held(const std::string& path) {
    const auto handle = open(path, DELETE, share_all, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    return !handle && is_windows_error(handle.error(), ERROR_SHARING_VIOLATION);
}

bool is_in_its_place(const std::string& path) {
    const std::size_t name = path.find_last_of("/\\") + 1;
    auto expected = path_of_what_is_at(path.substr(0, name));
    const auto found = path_of_what_is_at(path);
    if (!expected || !found) return true;
    if (!expected->ends_with('\\')) *expected += '\\';  // as the root of a drive does
    return interop::windows_comparison_form(*found) == interop::windows_comparison_form(*expected + path.substr(name));
}

proto::Result<std::unique_ptr<FileHold>> lock_file(const std::string& path) {
    auto handle = open(path, GENERIC_READ | GENERIC_WRITE, share_all, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL);
    if (!handle) return handle.error();
    OVERLAPPED whole{};
    if (LockFileEx(handle->get(), LOCKFILE_EXCLUSIVE_LOCK, 0, MAXDWORD, MAXDWORD, &whole) == 0) {
        return windows_error(GetLastError(), "lock " + path);
    }
    return std::unique_ptr<FileHold>(std::make_unique<LockHold>(std::move(*handle)));
}

proto::Result<void> make_private_directory(const std::string& path) {
    const auto wide = to_wide(path);
    if (!wide) return proto::errno_error(EILSEQ, "make " + path);
    if (auto made = create_private_directory(wide->c_str()); !made)
        return proto::Error{made.error().code, "make " + path};
    const auto handle =
        open(path, READ_CONTROL, share_all, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    if (!handle) return handle.error();
    FILE_ATTRIBUTE_TAG_INFO attributes{};
    if (GetFileInformationByHandleEx(handle->get(), FileAttributeTagInfo, &attributes, sizeof attributes) != 0 &&
        (attributes.FileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) !=
            FILE_ATTRIBUTE_DIRECTORY) {
        return windows_error(ERROR_DIRECTORY, "use " + path);
    }
    const auto reason = why_not_private(handle->get());
    if (!reason) return reason.error();
    if (*reason) return windows_error(ERROR_ACCESS_DENIED, "use " + path + " (" + std::string(**reason) + ")");
    return {};
}

bool is_usable_path(const std::string& path) {
    const auto wide = to_wide(path);
    return wide && wide->size() < MAX_PATH;
}

// A directory with an open file in it is ERROR_ACCESS_DENIED, too.
bool is_in_use(const proto::Error& error) {
    return uv::means(error, UV_EPERM) || uv::means(error, UV_EACCES) || uv::means(error, UV_EBUSY) ||
           is_windows_error(error, ERROR_SHARING_VIOLATION);
}

std::string cache_directory() { return variable_in(user_environment_block(), u"LOCALAPPDATA"); }

}  // namespace hostbridge
