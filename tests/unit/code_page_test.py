# SPDX-License-Identifier: MIT
"""Compares the tables of interop/text/code_page.cpp with Python's codecs; `code_page_test.py --write` makes the file."""

import os
import re
import sys
import unittest

PATH = os.path.join(os.environ.get("MZINIT_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", "..")),
                    "interop", "text", "code_page.cpp")
PAGES = (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 866, 869, 874,
         1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)
TEXT = """// SPDX-License-Identifier: MIT
// Made by tests/unit/code_page_test.py --write, from Python's codecs.
#include "interop/text/code_page.h"

namespace interop {{

// clang-format off
std::u16string_view upper_half_of_code_page(unsigned number) {{
    switch (number) {{
{cases}
        default: return {{}};
    }}
}}
// clang-format on

}}  // namespace interop
"""


def meaning(page, byte):
    try:
        return bytes([byte]).decode(f"cp{page}")
    except UnicodeDecodeError:
        return chr(byte) if byte < 0xA0 else "\ufffd"


def upper_half(page):
    return "".join(meaning(page, byte) for byte in range(0x80, 0x100))


def literal(text):
    # Letters that are written from the right, and marks that hang on a letter, would make the line unreadable.
    return "".join(c if c.isprintable() and ord(c) < 0x530 and not 0x300 <= ord(c) < 0x370 else f"\\u{ord(c):04X}" for c in text)


def read_literal(text):
    return re.sub(r"\\u([0-9A-F]{4})", lambda match: chr(int(match[1], 16)), text)


class CodePages(unittest.TestCase):
    def test_the_tables_are_those_of_python(self):
        with open(PATH, encoding="utf-8") as source:
            tables = {int(page): read_literal(text) for page, text in re.findall(r'case (\d+): return u"(.*)";', source.read())}
        self.assertEqual(tables.keys(), set(PAGES))
        for page, text in tables.items():
            with self.subTest(page):
                self.assertEqual(text, upper_half(page))

    def test_ascii_is_ascii_in_all_of_them(self):
        for page in PAGES:
            with self.subTest(page):
                self.assertEqual(bytes(range(0x80)).decode(f"cp{page}"), bytes(range(0x80)).decode("ascii"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with open(PATH, "w", encoding="utf-8") as output:
            output.write(TEXT.format(cases="\n".join(f'        case {page}: return u"{literal(upper_half(page))}";' for page in PAGES)))
    else:
        unittest.main()
