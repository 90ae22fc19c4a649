// SPDX-License-Identifier: MIT
// handle_count NAME: how many handles the only process of that name has open. Counted one by one: what Wine says of a
// process is how many its table has room for.
#include <windows.h>
#include <stdio.h>
#include <winternl.h>

#ifndef STATUS_INFO_LENGTH_MISMATCH
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#endif

// SystemExtendedHandleInformation, which winternl.h does not have.
enum { extended_handle_information = 64 };

struct HandleEntry {
    void* object;
    ULONG_PTR process_id;
    ULONG_PTR handle;
    ULONG access;
    USHORT creator;
    USHORT type;
    ULONG attributes;
    ULONG reserved;
};

struct HandleList {
    ULONG_PTR count;
    ULONG_PTR reserved;
    struct HandleEntry entries[];
};

static void* query(SYSTEM_INFORMATION_CLASS what) {
    for (ULONG size = 1 << 16;; size *= 2) {
        void* memory = HeapAlloc(GetProcessHeap(), 0, size);
        if (memory == NULL) {
            return NULL;
        }
        const NTSTATUS status = NtQuerySystemInformation(what, memory, size, NULL);
        if (status == 0) {
            return memory;
        }
        HeapFree(GetProcessHeap(), 0, memory);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            return NULL;
        }
    }
}

static unsigned find_process(const wchar_t* wanted, ULONG_PTR* id) {
    unsigned found = 0;
    const SYSTEM_PROCESS_INFORMATION* process = query(SystemProcessInformation);
    while (process != NULL) {
        const UNICODE_STRING* name = &process->ImageName;
        if (CompareStringOrdinal(name->Buffer, name->Length / (int)sizeof(wchar_t), wanted, -1, TRUE) == CSTR_EQUAL) {
            ++found;
            *id = (ULONG_PTR)process->UniqueProcessId;
        }
        const ULONG next = process->NextEntryOffset;
        process = next == 0 ? NULL : (const void*)((const char*)process + next);
    }
    return found;
}

int wmain(int argc, wchar_t** argv) {
    ULONG_PTR id = 0;
    const unsigned found = argc == 2 ? find_process(argv[1], &id) : 0;
    const struct HandleList* handles = query((SYSTEM_INFORMATION_CLASS)extended_handle_information);
    if (found != 1 || handles == NULL) {
        fprintf(stderr, "handle_count: %u processes of that name\n", found);
        return 1;
    }
    unsigned count = 0;
    for (ULONG_PTR i = 0; i < handles->count; ++i) {
        count += handles->entries[i].process_id == id;
    }
    printf("%u\n", count);
    return 0;
}
