// SPDX-License-Identifier: MIT
// handle_count NAME: how many handles the only process of that name has open.
#include <windows.h>
#include <stdio.h>
#include <winternl.h>

#ifndef STATUS_INFO_LENGTH_MISMATCH
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#endif

static SYSTEM_PROCESS_INFORMATION* all_processes(void) {
    for (ULONG size = 1 << 16;; size *= 2) {
        void* memory = HeapAlloc(GetProcessHeap(), 0, size);
        if (memory == NULL) {
            return NULL;
        }
        const NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, memory, size, NULL);
        if (status == 0) {
            return memory;
        }
        HeapFree(GetProcessHeap(), 0, memory);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            return NULL;
        }
    }
}

int wmain(int argc, wchar_t** argv) {
    unsigned found = 0;
    ULONG handles = 0;
    const SYSTEM_PROCESS_INFORMATION* process = argc == 2 ? all_processes() : NULL;
    while (process != NULL) {
        const UNICODE_STRING* name = &process->ImageName;
        if (CompareStringOrdinal(name->Buffer, name->Length / (int)sizeof(wchar_t), argv[1], -1, TRUE) == CSTR_EQUAL) {
            ++found;
            handles = process->HandleCount;
        }
        const ULONG next = process->NextEntryOffset;
        process = next == 0 ? NULL : (const void*)((const char*)process + next);
    }
    if (found != 1) {
        fprintf(stderr, "handle_count: %u processes of that name\n", found);
        return 1;
    }
    printf("%lu\n", handles);
    return 0;
}
