// SPDX-License-Identifier: MIT
#include "interop/route/embedded_configuration.h"

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace interop {
namespace {

struct Section {
    char magic[16];
    std::uint32_t length;
    std::uint32_t checksum;
    char text[largest_embedded_configuration];
};
static_assert(sizeof(Section) == 16 * 1024);

// Pages of its own: a launch that does not need it does not touch it, and one that does reads no more than that.
[[gnu::section(".mzinit.conf"), gnu::used, gnu::aligned(4096)]] const Section own_section = {
    {'\xC3', 'm', 'z', 'i', 'n', 'i', 't', ' ', 'c', 'o', 'n', 'f', '\0', '\x93', '\x1E', '\n'}, 0, 0, {}};

/// The section as it is in memory. The compiler must not believe that it knows what is in there.
const Section& section() noexcept {
    const Section* address = &own_section;
    __asm__("" : "+r"(address));
    return *address;
}

std::uint32_t checksum_of(std::string_view text) noexcept {
    std::uint32_t sum = 2166136261U;
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
    return sum;
}

}  // namespace

std::optional<std::string_view> embedded_configuration() noexcept {
    const Section& own = section();
    if (own.length == 0 || own.length > sizeof own.text) return std::nullopt;
    const std::string_view text(own.text, own.length);
    return checksum_of(text) == own.checksum ? std::optional(text) : std::nullopt;
}

proto::Result<void> embed_configuration(std::string& program, std::string_view text) {
    if (text.size() > largest_embedded_configuration) {
        return proto::stated_error("the configuration has " + std::to_string(text.size()) + " bytes, and at most " +
                                   std::to_string(largest_embedded_configuration) + " can be embedded");
    }
    // Our own magic is in our section only, so this code must not have it a second time.
    const std::string_view magic(section().magic, sizeof section().magic);
    const std::size_t at = program.find(magic);
    if (at == std::string::npos || program.size() - at < sizeof(Section)) {
        return proto::stated_error("the program has no place for a configuration");
    }
    if (program.find(magic, at + 1) != std::string::npos) {
        return proto::stated_error("the program has more than one place for a configuration");
    }
    const auto length = static_cast<std::uint32_t>(text.size());
    const std::uint32_t checksum = checksum_of(text);
    char* const place = program.data() + at;
    std::memset(place + offsetof(Section, text), 0, sizeof(Section::text));
    std::memcpy(place + offsetof(Section, length), &length, sizeof length);
    std::memcpy(place + offsetof(Section, checksum), &checksum, sizeof checksum);
    text.copy(place + offsetof(Section, text), text.size());
    return {};
}

}  // namespace interop
