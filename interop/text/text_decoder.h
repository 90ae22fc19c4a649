// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace interop {

/// The encoding of the text that a program writes.
struct TextEncoding {
    enum class Kind {
        automatic,  ///< TextDecoder looks; what is no Unicode is in the code page.
        utf8,
        utf16,  ///< Little-endian, with or without a byte order mark.
        code_page,
    };

    Kind kind = Kind::automatic;
    unsigned code_page = 0;  ///< For automatic and code_page: one that upper_half_of_code_page() knows.

    bool operator==(const TextEncoding&) const = default;
};

/// "850" or "cp850", if that code page is known.
std::optional<unsigned> parse_code_page(std::string_view text);

/// "auto", with the code page given, "utf-8", "utf-16" or a code page.
std::optional<TextEncoding> parse_text_encoding(std::string_view text, unsigned code_page);

/// Turns the text that a program of Windows writes, in pieces cut anywhere, into UTF-8 with LF for CR LF. What is no
/// character becomes U+FFFD, byte order marks go, a CR alone stays. Where the pieces are cut makes no difference.
///
/// Without a given encoding a text is UTF-16 if it begins with the byte order mark FF FE, or with a byte other than NUL
/// and a NUL, as every character below U+0100 does; else it is UTF-8 as far as that is well-formed, and from the first
/// bytes that are not on to its end in the code page.
class TextDecoder {
  public:
    explicit TextDecoder(TextEncoding encoding);

    /// All of `bytes` and of what was kept before, but for at most three bytes and a CR that what follows decides about.
    std::string decode(std::string_view bytes);

    /// What was kept, at the end of the text.
    std::string finish();

  private:
    enum class Reading { undecided, utf8_or_code_page, utf8, utf16, code_page };
    enum class More { may_come, none };

    std::string read(std::string_view bytes, More more);
    /// False if it needs more bytes than there are; else their characters are in `text_`, and they are gone from `rest`.
    bool take(std::string_view& rest, More more);
    bool decide(std::string_view rest, More more);
    /// The ASCII but CR at the front, all at once, where that is how it is written.
    bool take_ascii(std::string_view& rest);
    bool take_utf8(std::string_view& rest, More more);
    bool take_utf16(std::string_view& rest, More more);
    void put(char32_t point);

    TextEncoding encoding_;
    Reading reading_;
    std::u16string_view upper_half_;  ///< Of the code page.
    std::string kept_;                ///< Bytes of a character that is not all there.
    std::string text_;                ///< The characters of this piece.
    bool is_beginning_ = true;        ///< A byte order mark may come.
    bool has_cr_ = false;             ///< Not in the text yet: an LF may follow.
};

}  // namespace interop
