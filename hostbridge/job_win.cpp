// SPDX-License-Identifier: MIT
#include "hostbridge/job_win.h"

#include <algorithm>

#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

/// Process functions that only ntdll has, under these names since Windows XP.
using ProcessFunction = LONG(WINAPI*)(HANDLE process);

ProcessFunction ntdll_function(const char* name) {
    const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    return reinterpret_cast<ProcessFunction>(reinterpret_cast<void*>(GetProcAddress(ntdll, name)));
}

bool set_limits(HANDLE job, OnJobClose on_close) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    if (on_close == OnJobClose::kill) limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    return SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) != 0;
}

/// A job that forks faster than we look cannot keep us here.
constexpr int max_suspend_rounds = 100;

}  // namespace

proto::Result<Job> Job::make(OnJobClose on_close) {
    UniqueHandle handle(CreateJobObjectW(nullptr, nullptr));
    if (!handle) return windows_error(GetLastError(), "make a job");
    if (!set_limits(handle.get(), on_close)) return windows_error(GetLastError(), "set the limits of a job");
    return Job(std::move(handle));
}

void Job::set_on_close(OnJobClose on_close) { set_limits(handle_.get(), on_close); }

void Job::terminate(std::uint32_t exit_code) { TerminateJobObject(handle_.get(), exit_code); }

std::vector<DWORD> Job::process_ids() const {
    std::vector<DWORD> ids;
    for (DWORD capacity = 64; capacity <= 65536; capacity *= 2) {
        // The structure ends with an array of one id.
        std::vector<ULONG_PTR> memory(capacity + sizeof(JOBOBJECT_BASIC_PROCESS_ID_LIST) / sizeof(ULONG_PTR));
        auto* list = reinterpret_cast<JOBOBJECT_BASIC_PROCESS_ID_LIST*>(memory.data());
        const auto size = static_cast<DWORD>(memory.size() * sizeof(ULONG_PTR));
        if (QueryInformationJobObject(handle_.get(), JobObjectBasicProcessIdList, list, size, nullptr) == 0) {
            if (GetLastError() == ERROR_MORE_DATA) continue;
            break;
        }
        for (DWORD index = 0; index < list->NumberOfProcessIdsInList; ++index) {
            ids.push_back(static_cast<DWORD>(list->ProcessIdList[index]));
        }
        break;
    }
    return ids;
}

bool Job::suspend_new_ones() {
    static const ProcessFunction nt_suspend_process = ntdll_function("NtSuspendProcess");
    if (nt_suspend_process == nullptr) return false;
    bool found_new = false;
    for (const DWORD id : process_ids()) {
        const auto is_known = [id](const Suspended& suspended) { return suspended.id == id; };
        if (std::any_of(suspended_.begin(), suspended_.end(), is_known)) continue;
        UniqueHandle process(OpenProcess(PROCESS_SUSPEND_RESUME | PROCESS_QUERY_INFORMATION, FALSE, id));
        if (!process) continue;
        BOOL is_ours = FALSE;
        if (IsProcessInJob(process.get(), handle_.get(), &is_ours) == 0 || is_ours == FALSE) continue;
        if (nt_suspend_process(process.get()) < 0) continue;
        suspended_.push_back({id, std::move(process)});
        found_new = true;
    }
    return found_new;
}

void Job::suspend() {
    // What was not stopped yet may start more meanwhile.
    for (int round = 0; round < max_suspend_rounds && suspend_new_ones(); ++round) {
    }
}

void Job::resume() {
    static const ProcessFunction nt_resume_process = ntdll_function("NtResumeProcess");
    if (nt_resume_process == nullptr) return;
    for (const Suspended& suspended : suspended_) nt_resume_process(suspended.process.get());
    suspended_.clear();
}

}  // namespace hostbridge
