// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "interop/text/text_decoder.h"
#include "interop/text/utf16.h"
#include "tests/fuzz/fuzz_input.h"

// What comes out is UTF-8, and the same wherever the text is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Kind = interop::TextEncoding::Kind;
    fuzz::Input input(data, size);
    const interop::TextEncoding encodings[] = {
        {Kind::automatic, 437}, {Kind::automatic, 1253}, {Kind::utf8}, {Kind::utf16}, {Kind::code_page, 850}};
    const interop::TextEncoding encoding = encodings[input.byte() % std::size(encodings)];
    const std::size_t piece = 1u + input.byte() % 16u;
    const std::string_view text = input.rest();

    interop::TextDecoder whole(encoding);
    std::string expected = whole.decode(text);
    expected += whole.finish();
    interop::TextDecoder decoder(encoding);
    std::string in_pieces;
    for (std::size_t begin = 0; begin < text.size(); begin += piece)
        in_pieces += decoder.decode(text.substr(begin, piece));
    in_pieces += decoder.finish();
    if (in_pieces != expected || !interop::utf8_to_utf16(expected)) std::abort();
    return 0;
}
