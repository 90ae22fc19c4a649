// SPDX-License-Identifier: MIT
#include "hostbridge/console_users_win.h"

#include <array>
#include <chrono>
#include <string_view>

#include "hostbridge/child_process_win.h"
#include "hostbridge/uv/work.h"

namespace hostbridge {
namespace {

constexpr std::string_view role = "--count-console-processes";
constexpr DWORD time_limit_ms = 5000;
constexpr std::chrono::milliseconds check_interval{1000};

// Exit codes of the copy that no accident has.
constexpr int alone = 20;
constexpr int not_alone = 21;

bool has_users(PseudoConsole& console) {
    ChildCommand command;
    command.application = own_program();
    command.command_line = L"hostbridge " + std::wstring(role.begin(), role.end());
    command.console = ChildConsole::pseudo;
    command.pseudo_console = console.get();
    ChildProcess copy;
    if (create_child(command, copy) != ERROR_SUCCESS) return false;
    DWORD code = alone;
    if (WaitForSingleObject(copy.process.get(), time_limit_ms) != WAIT_OBJECT_0) {
        TerminateProcess(copy.process.get(), alone);
    } else {
        GetExitCodeProcess(copy.process.get(), &code);
    }
    return code == not_alone;
}

}  // namespace

void ask_for_console_users(uv_loop_t* loop, std::shared_ptr<PseudoConsole> console, std::function<void(bool)> done) {
    const auto answer = std::make_shared<bool>(false);
    uv::queue_work(
        loop, [answer, console = std::move(console)] { *answer = has_users(*console); },
        [answer, done = std::move(done)] { done(*answer); });
}

std::optional<int> run_console_count(const std::vector<std::string>& arguments) {
    if (arguments.size() != 2 || arguments[1] != role) return std::nullopt;
    std::array<DWORD, 2> ids{};
    return GetConsoleProcessList(ids.data(), static_cast<DWORD>(ids.size())) > 1 ? not_alone : alone;
}

void LeftConsoles::keep(Left left) {
    left_.push_back(std::move(left));
    if (!timer_.active()) timer_.start(check_interval, check_interval);
}

void LeftConsoles::close_unused() {
    left_.remove_if([](const Left& left) { return left.job.process_ids().empty(); });
    if (left_.empty()) timer_.stop();
}

}  // namespace hostbridge
