// SPDX-License-Identifier: MIT
#include "hostbridge/wine_workarounds_win.h"

#include <process.h>

#include <array>

#include "hostbridge/console_control_win.h"
#include "hostbridge/windows_error_win.h"

namespace hostbridge::wine {
namespace {

constexpr char control_c = 3;

/// What the thread of type_to_console() needs.
struct Typing {
    UniqueHandle typed;
    UniqueHandle console;
    UniqueHandle process;
    DWORD id;
    UniqueHandle written;  ///< An event.
    std::shared_ptr<std::atomic<bool>> interrupted;

    [[nodiscard]] bool write(std::string_view bytes) const {
        while (!bytes.empty()) {
            OVERLAPPED overlapped{};
            overlapped.hEvent = written.get();
            const auto size = static_cast<DWORD>(bytes.size());
            if (WriteFile(console.get(), bytes.data(), size, nullptr, &overlapped) == 0 &&
                GetLastError() != ERROR_IO_PENDING) {
                return false;
            }
            DWORD count = 0;
            if (GetOverlappedResult(console.get(), &overlapped, &count, TRUE) == 0) return false;
            bytes.remove_prefix(count);
        }
        return true;
    }

    [[nodiscard]] bool type(std::string_view bytes) const {
        for (std::size_t next = 0; (next = bytes.find(control_c)) != std::string_view::npos;) {
            if (!type_text(bytes.substr(0, next))) return false;
            bytes.remove_prefix(next + 1);
            // Before, because the program may have ended when we know that it was sent.
            interrupted->store(true);
            if (send_console_event_now(id, ConsoleEvent::typed_ctrl_c) != EventOutcome::sent) interrupted->store(false);
        }
        return type_text(bytes);
    }

    [[nodiscard]] bool type_text(std::string_view bytes) const {
        // Whoever types on has not ended the program.
        if (!bytes.empty()) interrupted->store(false);
        return write(bytes);
    }
};

unsigned __stdcall copy_typed(void* argument) {
    const std::unique_ptr<const Typing> typing(static_cast<const Typing*>(argument));
    std::array<char, 4096> buffer{};
    DWORD size = 0;
    while (ReadFile(typing->typed.get(), buffer.data(), static_cast<DWORD>(buffer.size()), &size, nullptr) != 0) {
        if (!typing->type({buffer.data(), size})) break;
    }
    return 0;
}

}  // namespace

bool is_present() {
    static const bool present = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
    return present;
}

bool control_c_exits_with_zero() { return is_present(); }

std::string_view advice_for_32_bit_programs() {
    if (!is_present()) return {};
    return "; on Debian: dpkg --add-architecture i386, apt-get update, apt-get install wine32";
}

std::unique_lock<std::mutex> lock_inheritance() {
    static std::mutex mutex;
    return is_present() ? std::unique_lock(mutex) : std::unique_lock<std::mutex>();
}

bool pseudo_console_ends_of_flags() { return is_present(); }

bool pseudo_console_gives_no_standard_handles() { return is_present(); }

bool pseudo_console_takes_no_control_c() { return is_present(); }

proto::Result<std::shared_ptr<const std::atomic<bool>>> type_to_console(UniqueHandle typed, UniqueHandle console,
                                                                        UniqueHandle process, DWORD id) {
    const auto interrupted = std::make_shared<std::atomic<bool>>(false);
    UniqueHandle written(CreateEventW(nullptr, TRUE, FALSE, nullptr));
    if (!written) return windows_error(GetLastError(), "make an event");
    auto typing = std::make_unique<Typing>(Typing{.typed = std::move(typed),
                                                  .console = std::move(console),
                                                  .process = std::move(process),
                                                  .id = id,
                                                  .written = std::move(written),
                                                  .interrupted = interrupted});
    // Not by std::thread: see pipe_peek_win.cpp.
    const UniqueHandle thread(
        reinterpret_cast<HANDLE>(_beginthreadex(nullptr, 0, copy_typed, typing.get(), 0, nullptr)));
    if (!thread) return windows_error(GetLastError(), "start a thread");
    (void)typing.release();  // The thread's now.
    return std::shared_ptr<const std::atomic<bool>>(interrupted);
}

}  // namespace hostbridge::wine
