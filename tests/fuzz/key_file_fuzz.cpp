// SPDX-License-Identifier: MIT
// Any text as a key file: refused without showing it, or keys whose names can be sent.

#include <string>

#include "proto/wire/authentication.h"
#include "proto/wire/utf8_text.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Input input(bytes, size);
    const auto keys = proto::parse_key_file(input.rest());
    if (!keys) {
        CHECK(keys.error().message().size() < 200);
        return 0;
    }
    for (const auto& key : *keys) {
        CHECK(!key.id.empty() && key.id.size() <= proto::limits::max_key_id_length);
        CHECK(proto::to_utf8_text(key.id) == key.id);
    }
    return 0;
}
