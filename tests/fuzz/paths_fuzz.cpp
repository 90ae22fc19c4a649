// SPDX-License-Identifier: MIT
// A mount table, which holds names that any user may choose, and a path to translate by it: "PATH\nTABLE".

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "interop/text/mount_table.h"
#include "interop/text/wslpath.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

// What one direction gives leads back to the same file of the host's.
void check_round_trip(const interop::PathMap& map, const std::string& host) {
    const auto guest = map.host_to_guest(host);
    if (!guest) return;
    const auto again = map.guest_to_host(*guest);
    CHECK(again.has_value());
    CHECK(map.host_to_guest(*again) == guest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view table = fuzz::Input(bytes, size).rest();
    const std::string path(table.substr(0, table.find('\n')));
    table.remove_prefix(std::min(table.size(), path.size() + 1));
    interop::PathMap configured(interop::PathFlavour::windows);
    static_cast<void>(configured.add({"/srv", "D:\\data"}));
    const interop::PathMap map = interop::add_mounts(configured, table);
    if (const auto host = map.guest_to_host(path)) check_round_trip(map, *host);
    check_round_trip(map, path);
    const interop::PathTables tables{map, nullptr, "D"};
    const interop::GuestFiles files{
        [] { return std::optional<std::string>("/srv/here"); },
        [](const std::string& name) -> proto::Result<std::string> { return proto::errno_error(ENOENT, name); }};
    for (const auto mode : {interop::PathQuestion::Mode::to_guest, interop::PathQuestion::Mode::to_host}) {
        const auto first = interop::translate_path({.mode = mode, .absolute = true, .path = path}, tables, files);
        if (!first) continue;
        const auto again = interop::translate_path({.mode = mode, .absolute = true, .idempotent = true, .path = *first},
                                                   tables, files);
        CHECK(again && *again == *first);
    }
    return 0;
}
