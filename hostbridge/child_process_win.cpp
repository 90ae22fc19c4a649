// SPDX-License-Identifier: MIT
#include "hostbridge/child_process_win.h"

#include <vector>

#include "hostbridge/windows_text_win.h"

// Since Windows 10; not in all headers of mingw-w64.
#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif

namespace hostbridge {
namespace {

/// The variable-sized attribute list of STARTUPINFOEX. What is put in must outlive it.
class ProcessAttributes {
  public:
    explicit ProcessAttributes(DWORD count) {
        SIZE_T size = 0;
        InitializeProcThreadAttributeList(nullptr, count, 0, &size);  // fails, and says the size
        memory_.resize(size);
        initialized_ = InitializeProcThreadAttributeList(get(), count, 0, &size) != 0;
    }
    ProcessAttributes(const ProcessAttributes&) = delete;
    ProcessAttributes& operator=(const ProcessAttributes&) = delete;
    ~ProcessAttributes() {
        if (initialized_) DeleteProcThreadAttributeList(get());
    }

    [[nodiscard]] bool set(DWORD_PTR attribute, void* value, SIZE_T size) {
        return initialized_ && UpdateProcThreadAttribute(get(), 0, attribute, value, size, nullptr, nullptr) != 0;
    }

    LPPROC_THREAD_ATTRIBUTE_LIST get() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data()); }

  private:
    std::vector<std::byte> memory_;
    bool initialized_ = false;
};

}  // namespace

DWORD create_child(const ChildCommand& command, ChildProcess& child) {
    std::array<HANDLE, 3> inherited = command.streams;
    HANDLE job = command.job;
    ProcessAttributes attributes(2);
    // The list keeps away what other threads are making inheritable at this moment; the job leaves no instant in
    // which the child could start something outside it.
    if (!attributes.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited.data(), sizeof inherited) ||
        !attributes.set(PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job)) {
        return GetLastError();
    }
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = command.streams[0];
    startup.StartupInfo.hStdOutput = command.streams[1];
    startup.StartupInfo.hStdError = command.streams[2];
    startup.lpAttributeList = attributes.get();

    std::wstring command_line = command.command_line;  // CreateProcessW may write into it
    std::wstring environment = to_wide(command.environment);
    const DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT |
                        (command.console == ChildConsole::hidden ? CREATE_NO_WINDOW : 0);
    PROCESS_INFORMATION information{};
    if (CreateProcessW(command.application.c_str(), command_line.data(), nullptr, nullptr, TRUE, flags,
                       environment.data(), command.working_directory.c_str(), &startup.StartupInfo,
                       &information) == 0) {
        return GetLastError();
    }
    CloseHandle(information.hThread);
    child.process.reset(information.hProcess);
    child.id = information.dwProcessId;
    return ERROR_SUCCESS;
}

}  // namespace hostbridge
