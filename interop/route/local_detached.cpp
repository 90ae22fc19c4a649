// SPDX-License-Identifier: MIT
#include "interop/route/local_detached.h"

#include "interop/os/detached_process.h"
#include "interop/route/exit_code.h"

namespace interop {
namespace {

constexpr std::size_t text_offset = 2;

/// From the child to us: exit code and is_missing, a byte each, and the reason.
std::string encode(const LocalFailure& failure) {
    return std::string{static_cast<char>(failure.exit_code), static_cast<char>(failure.is_missing)} + failure.reason;
}

LocalFailure decode(const std::string& bytes) {
    if (bytes.size() < text_offset) return {"its process has died", exit_code::bridge_failed};
    return {bytes.substr(text_offset), static_cast<unsigned char>(bytes[0]), bytes[1] != 0};
}

bool stays_parent(Backend backend, const Installation& installed) {
    return backend == Backend::dosbox && installed.dos_emulator &&
           installed.dos_emulator->kind == DosEmulator::Kind::dosbox;
}

}  // namespace

std::variant<pid_t, LocalFailure> start_locally_detached(Backend backend, const LocalLaunch& launch,
                                                         const Installation& installed,
                                                         const Configuration& configuration) {
    const auto child = fork_detached([&](const std::function<void()>& started) -> std::string {
        if (stays_parent(backend, installed)) started();
        const auto outcome = run_locally(backend, launch, installed, configuration);
        const auto* failure = std::get_if<LocalFailure>(&outcome);
        return failure != nullptr ? encode(*failure) : std::string();
    });
    if (!child) return LocalFailure{child.error().message(), exit_code::bridge_failed};
    if (!child->failure.empty()) return decode(child->failure);
    return child->pid;
}

}  // namespace interop
