// SPDX-License-Identifier: MIT
#include "interop/route/runner_dos_channel.h"

#include "proto/base/check.h"

namespace interop {
namespace {

std::uint32_t number_at(std::span<const char> bytes, std::size_t offset, std::size_t size) {
    std::uint32_t number = 0;
    for (std::size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
    return number;
}

void put_number(std::string& bytes, std::uint32_t number, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> 8 * i & 0xFF);
}

/// A text that ends with NUL in a field of `size` bytes.
void put_text(std::string& bytes, const std::string& text, std::size_t size) {
    CHECK(text.size() < size);
    bytes += text;
    bytes.append(size - text.size(), '\0');
}

}  // namespace

std::optional<DosRequest> decode_dos_request(std::span<const char, dos_message_size> bytes) {
    const std::uint32_t op = number_at(bytes, 0, 1);
    DosRequest request{.op = static_cast<DosRequest::Op>(op),
                       .stream = number_at(bytes, 1, 1),
                       .count = number_at(bytes, 2, 2),
                       .value = number_at(bytes, 4, 4)};
    if (op < 1 || op > static_cast<std::uint32_t>(DosRequest::Op::seek) || request.stream > 2) return std::nullopt;
    if (request.op == DosRequest::Op::hello && request.value != dos_protocol_version) return std::nullopt;
    return request;
}

std::array<char, dos_message_size> encode_dos_reply(const DosReply& reply) {
    std::string bytes;
    put_number(bytes, reply.result, 2);
    put_number(bytes, static_cast<std::uint32_t>(reply.error), 2);
    put_number(bytes, reply.value, 4);
    std::array<char, dos_message_size> message{};
    bytes.copy(message.data(), message.size());
    return message;
}

std::string encode_dos_order(const DosOrder& order) {
    std::string bytes;
    for (const std::uint16_t information : order.information) put_number(bytes, information, 2);
    put_number(bytes, (order.takes_streams ? 1u : 0u) | (order.input_echoes ? 2u : 0u), 1);
    put_number(bytes, static_cast<std::uint32_t>(order.drive - 'A'), 1);
    put_number(bytes, order.size, 4);
    put_text(bytes, order.working_directory, 68);
    put_text(bytes, order.program, 80);
    put_text(bytes, order.pattern, 80);
    put_text(bytes, order.substitute, 16);
    put_number(bytes, static_cast<std::uint32_t>(order.tail.size()), 1);
    put_text(bytes, order.tail + "\r", 128);
    return bytes;
}

}  // namespace interop
