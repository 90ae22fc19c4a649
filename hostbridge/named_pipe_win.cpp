// SPDX-License-Identifier: MIT
#include "hostbridge/named_pipe_win.h"

#include <cstdint>
#include <string>

#include "hostbridge/random.h"
#include "hostbridge/windows_error_win.h"

namespace hostbridge {
namespace {

constexpr DWORD output_buffer_size = 64 * 1024;

proto::Result<std::wstring> random_pipe_name() {
    const auto random = random_nonce();
    if (!random) return random.error();
    std::wstring name = L"\\\\.\\pipe\\mzinit-";
    for (const std::uint8_t byte : *random) {
        name += L"0123456789abcdef"[byte >> 4];
        name += L"0123456789abcdef"[byte & 15];
    }
    return name;
}

}  // namespace

proto::Result<ChildPipe> make_child_pipe(PipeDirection direction) {
    const proto::Result<std::wstring> name = random_pipe_name();
    if (!name) return name.error();
    const bool to_child = direction == PipeDirection::to_child;
    ChildPipe pipe;
    // One instance, which our own CreateFileW takes: whoever else came first would make it fail, not listen in.
    pipe.ours.reset(CreateNamedPipeW(
        name->c_str(),
        (to_child ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
        to_child ? 0 : output_buffer_size, to_child ? 0 : output_buffer_size, 0, nullptr));
    if (!pipe.ours) return windows_error(GetLastError(), "make a pipe");
    // The C runtime of the child asks for the state of what it reads, for which it needs the right to its attributes.
    const DWORD access = to_child ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    pipe.childs.reset(CreateFileW(name->c_str(), access, 0, nullptr, OPEN_EXISTING,
                                  SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr));
    if (!pipe.childs) return windows_error(GetLastError(), "open a pipe");
    return pipe;
}

}  // namespace hostbridge
