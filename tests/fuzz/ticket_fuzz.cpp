// SPDX-License-Identifier: MIT
// Any text as a key id: no ticket, or one that is written in exactly that way.

#include <string>

#include "proto/wire/ticket.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Input input(bytes, size);
    const std::string_view id = input.rest();
    const auto ticket = proto::parse_ticket(id);
    if (!ticket) return 0;
    CHECK(id.size() <= proto::limits::max_key_id_length && !ticket->key_name.empty());
    const auto formatted = proto::format_ticket(*ticket);
    CHECK(formatted && *formatted == id);
    for (const auto shift : {-1, 0, 1}) {
        (void)proto::objection_to_age(ticket->issued, ticket->issued + shift * proto::limits::ticket_lifetime * 2);
    }
    return 0;
}
