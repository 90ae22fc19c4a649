// SPDX-License-Identifier: MIT
#include "interop/text/text_decoder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "interop/text/code_page.h"
#include "interop/text/utf8.h"

namespace interop {
namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr char32_t byte_order_mark = 0xFEFF;

unsigned char byte_at(std::string_view bytes, std::size_t index) { return static_cast<unsigned char>(bytes[index]); }

/// The little-endian unit at the front.
char32_t unit_of(std::string_view bytes) {
    return static_cast<char32_t>(byte_at(bytes, 0)) | static_cast<char32_t>(byte_at(bytes, 1)) << 8;
}

bool is_high_surrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(char32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

std::optional<unsigned> parse_code_page(std::string_view text) {
    if (text.starts_with("cp")) text.remove_prefix(2);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (upper_half_of_code_page(number).empty()) return std::nullopt;
    return number;
}

std::optional<TextEncoding> parse_text_encoding(std::string_view text, unsigned code_page) {
    if (text == "auto") return TextEncoding{TextEncoding::Kind::automatic, code_page};
    if (text == "utf-8") return TextEncoding{TextEncoding::Kind::utf8, 0};
    if (text == "utf-16") return TextEncoding{TextEncoding::Kind::utf16, 0};
    if (const auto number = parse_code_page(text)) return TextEncoding{TextEncoding::Kind::code_page, *number};
    return std::nullopt;
}

TextDecoder::TextDecoder(TextEncoding encoding)
    : encoding_(encoding), upper_half_(upper_half_of_code_page(encoding.code_page)) {
    switch (encoding.kind) {
        case TextEncoding::Kind::automatic: reading_ = Reading::undecided; break;
        case TextEncoding::Kind::utf8: reading_ = Reading::utf8; break;
        case TextEncoding::Kind::utf16: reading_ = Reading::utf16; break;
        case TextEncoding::Kind::code_page: reading_ = Reading::code_page; break;
    }
}

std::string TextDecoder::decode(std::string_view bytes) { return read(bytes, More::may_come); }

std::string TextDecoder::finish() {
    std::string text = read({}, More::none);
    if (std::exchange(has_cr_, false)) text += '\r';
    return text;
}

std::string TextDecoder::read(std::string_view bytes, More more) {
    std::string joined;
    if (!kept_.empty()) {
        joined = std::exchange(kept_, {}).append(bytes);
        bytes = joined;
    }
    text_.reserve(bytes.size());
    while (!bytes.empty() && take(bytes, more)) {
    }
    kept_ = bytes;
    return std::exchange(text_, {});
}

bool TextDecoder::take(std::string_view& rest, More more) {
    if (take_ascii(rest)) return true;
    switch (reading_) {
        case Reading::undecided: return decide(rest, more);
        case Reading::utf8_or_code_page:
        case Reading::utf8: return take_utf8(rest, more);
        case Reading::utf16: return take_utf16(rest, more);
        case Reading::code_page: break;
    }
    const unsigned char byte = byte_at(rest, 0);
    put(byte < 0x80 ? byte : static_cast<char32_t>(upper_half_[byte - 0x80u]));
    rest.remove_prefix(1);
    return true;
}

bool TextDecoder::decide(std::string_view rest, More more) {
    if (rest.size() < 2 && more == More::may_come) return false;
    const bool is_utf16 =
        rest.size() >= 2 && (unit_of(rest) == byte_order_mark || (rest[0] != '\0' && rest[1] == '\0'));
    reading_ = is_utf16 ? Reading::utf16 : Reading::utf8_or_code_page;
    return true;
}

bool TextDecoder::take_ascii(std::string_view& rest) {
    if (reading_ == Reading::undecided || reading_ == Reading::utf16) return false;
    const auto end =
        std::ranges::find_if(rest, [](char byte) { return static_cast<signed char>(byte) < 0 || byte == '\r'; });
    const auto length = static_cast<std::size_t>(end - rest.begin());
    if (length == 0) return false;
    put(byte_at(rest, 0));
    text_.append(rest.substr(1, length - 1));
    rest.remove_prefix(length);
    return true;
}

bool TextDecoder::take_utf8(std::string_view& rest, More more) {
    const Utf8Start start = start_of_utf8(rest);
    if (start.kind == Utf8Start::Kind::whole) {
        put(start.point);
        rest.remove_prefix(start.length);
        return true;
    }
    if (start.kind == Utf8Start::Kind::cut && more == More::may_come) return false;
    if (reading_ == Reading::utf8_or_code_page) {
        reading_ = Reading::code_page;
        return true;
    }
    put(replacement);
    rest.remove_prefix(1);
    return true;
}

bool TextDecoder::take_utf16(std::string_view& rest, More more) {
    if (rest.size() < 2) {
        if (more == More::may_come) return false;
        put(replacement);
        rest = {};
        return true;
    }
    char32_t point = unit_of(rest);
    std::size_t length = 2;
    if (is_high_surrogate(point)) {
        if (rest.size() < 4 && more == More::may_come) return false;
        const char32_t next = rest.size() < 4 ? 0 : unit_of(rest.substr(2));
        if (is_low_surrogate(next)) {
            point = 0x10000 + ((point - 0xD800) << 10) + (next - 0xDC00);
            length = 4;
        }
    }
    const bool is_alone = length == 2 && (is_high_surrogate(point) || is_low_surrogate(point));
    put(is_alone ? replacement : point);
    rest.remove_prefix(length);
    return true;
}

void TextDecoder::put(char32_t point) {
    if (std::exchange(is_beginning_, false) && point == byte_order_mark) return;
    if (std::exchange(has_cr_, false) && point != U'\n') text_ += '\r';
    if (point == U'\r') {
        has_cr_ = true;
    } else {
        append_utf8(text_, point);
    }
}

}  // namespace interop
