// SPDX-License-Identifier: MIT
#include "hostbridge/execution_alias.h"

#include <cstdint>

namespace hostbridge {
namespace {

constexpr std::uint32_t app_exec_link_tag = 0x8000001B;
constexpr std::size_t header_size = 8;  // u32 tag, u16 length of what follows, u16 reserved
constexpr std::size_t texts_begin = header_size + 4;
constexpr int index_of_program = 2;

std::uint32_t little_endian(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint32_t>(bytes[offset + i]) << 8 * i;
    return value;
}

}  // namespace

std::optional<std::u16string> execution_alias_target(std::span<const std::byte> reparse_data) {
    if (reparse_data.size() < texts_begin || little_endian(reparse_data, 0, 4) != app_exec_link_tag)
        return std::nullopt;
    const std::size_t length = little_endian(reparse_data, 4, 2);
    if (length > reparse_data.size() - header_size) return std::nullopt;
    const auto data = reparse_data.first(header_size + length);
    std::u16string text;
    int index = 0;
    for (std::size_t offset = texts_begin; offset + 2 <= data.size(); offset += 2) {
        const auto unit = static_cast<char16_t>(little_endian(data, offset, 2));
        if (unit != 0) {
            text += unit;
        } else if (index++ == index_of_program) {
            return text.empty() ? std::nullopt : std::optional(text);
        } else {
            text.clear();
        }
    }
    return std::nullopt;
}

}  // namespace hostbridge
