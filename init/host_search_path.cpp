// SPDX-License-Identifier: MIT
#include "init/host_search_path.h"

#include <cstdlib>

#include "init/bounded_question.h"
#include "init/messages.h"
#include "interop/session/guest_paths.h"
#include "interop/session/host_info.h"
#include "interop/text/printable.h"

namespace init {
namespace {

/// Where interop::find_program() looks without PATH.
constexpr const char* default_search_path = "/bin:/usr/bin";

constexpr std::chrono::seconds patience{1};

}  // namespace

std::string with_host_directories(const char* search_path, const std::string& directories) {
    return (search_path == nullptr ? default_search_path : search_path) + (":" + directories);
}

void append_host_search_path() {
    const auto configuration = interop::load_configuration();
    // What is wrong with it is said where it matters: a launch, or the init of a machine.
    if (!configuration || !configuration->append_windows_path) return;
    const auto directories = ask_within(patience, [&]() -> proto::Result<std::string> {
        const auto host = interop::ask_host(*configuration);
        if (!host) return host.error();
        return interop::guest_search_path(interop::guest_path_map(*configuration), host->info);
    });
    if (!directories) {
        warn_user(interop::printable_line("the host's PATH is not appended to ours: " + directories.error().message()));
        return;
    }
    if (!directories->empty()) ::setenv("PATH", with_host_directories(std::getenv("PATH"), *directories).c_str(), 1);
}

}  // namespace init
