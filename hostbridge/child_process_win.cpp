// SPDX-License-Identifier: MIT
#include "hostbridge/child_process_win.h"

#include <algorithm>

#include "hostbridge/windows_text_win.h"
#include "hostbridge/wine_workarounds_win.h"

// Since Windows 10; not in all headers of mingw-w64.
#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif
#ifndef PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE
#define PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE 0x00020016
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

/// Each once: CreateProcessW refuses a list with duplicates.
std::vector<HANDLE> handles_to_inherit(const ChildCommand& command) {
    std::vector<HANDLE> handles = command.more_handles;
    handles.insert(handles.end(), command.streams.begin(), command.streams.end());
    std::sort(handles.begin(), handles.end());
    handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
    std::erase(handles, nullptr);
    return handles;
}

/// Makes handles inheritable as long as it lives.
class Inheritable {
  public:
    explicit Inheritable(const std::vector<HANDLE>& handles) : handles_(handles) {
        for (HANDLE handle : handles_) SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    }
    Inheritable(const Inheritable&) = delete;
    Inheritable& operator=(const Inheritable&) = delete;
    ~Inheritable() {
        for (HANDLE handle : handles_) SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
    }

  private:
    const std::vector<HANDLE>& handles_;
};

}  // namespace

DWORD creation_flags(ChildConsole console) {
    const DWORD always = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;
    // It would take the pseudoconsole away again.
    return console == ChildConsole::hidden ? always | CREATE_NO_WINDOW : always;
}

DWORD create_child(const ChildCommand& command, ChildProcess& child) {
    std::vector<HANDLE> inherited = handles_to_inherit(command);
    HANDLE job = command.job;
    ProcessAttributes attributes(3);
    // The list keeps away what other threads are making inheritable at this moment; the job leaves no instant in
    // which the child could start something outside it.
    if ((!inherited.empty() &&
         !attributes.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited.data(), inherited.size() * sizeof(HANDLE))) ||
        (job != nullptr && !attributes.set(PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job)) ||
        (command.console == ChildConsole::pseudo &&
         !attributes.set(PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, command.pseudo_console, sizeof command.pseudo_console))) {
        return GetLastError();
    }
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof startup;
    // Also where they are null: otherwise the child of a pseudoconsole would get our own.
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = command.streams[0];
    startup.StartupInfo.hStdOutput = command.streams[1];
    startup.StartupInfo.hStdError = command.streams[2];
    startup.lpAttributeList = attributes.get();

    std::wstring command_line = command.command_line;  // CreateProcessW may write into it
    std::wstring environment = to_wide(command.environment);
    PROCESS_INFORMATION information{};
    const auto lock = wine::lock_inheritance();
    const Inheritable inheritable(inherited);
    if (CreateProcessW(command.application.c_str(), command_line.data(), nullptr, nullptr,
                       inherited.empty() ? FALSE : TRUE, creation_flags(command.console),
                       environment.empty() ? nullptr : environment.data(),
                       command.working_directory.empty() ? nullptr : command.working_directory.c_str(),
                       &startup.StartupInfo, &information) == 0) {
        return GetLastError();
    }
    CloseHandle(information.hThread);
    child.process.reset(information.hProcess);
    child.id = information.dwProcessId;
    return ERROR_SUCCESS;
}

std::wstring own_program() {
    std::wstring path(32768, L'\0');
    path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
    return path;
}

}  // namespace hostbridge
