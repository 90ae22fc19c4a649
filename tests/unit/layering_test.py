# SPDX-License-Identifier: MIT
"""Who may include whom, and what every source must and must not contain. Reads the tree, needs no build."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("proto", "interop", "init", "hostbridge")
CODE = {".h", ".cpp", ".c"}
SOURCES = CODE | {".py", ".sh", ".cmake", ".proto"}

# Room or part of a room -> what its #include "..." may begin with. Generated messages have no directory.
MAY_INCLUDE = {
    "proto/base": ("proto/base",),
    "proto": ("proto",),
    "interop/image": ("interop/image", "proto/base"),
    "interop/text": ("interop/text", "proto/base"),
    "interop/os": ("interop/os", "proto/base"),
    "interop": ("interop", "proto"),
    "init": ("init", "interop", "proto"),
    "hostbridge": ("hostbridge", "proto", "interop/image", "interop/text", "interop/route/runner", "interop/route/exit_code.h",
                   "interop/os/unique_fd.h"),
}

# A room without sockets, threads, event loops and operating systems.
OS_HEADERS = re.compile(
    r"(sys|linux|arpa|net|netinet|asm)/.*|unistd\.h|fcntl\.h|poll\.h|signal\.h|pthread\.h|errno\.h|dirent\.h|"
    r"(windows|winsock2?|ws2tcpip)\.h|thread|mutex|condition_variable|future|filesystem|uv\.h|asio.*"
)
PURE = ("proto", "interop/image", "interop/text")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
SYSTEM_CONDITION = re.compile(r"\b(_WIN32|_WIN64|__linux__|__MINGW32__|WIN32_LEAN_AND_MEAN)\b")


def sources(*suffixes):
    for room in (*ROOMS, "tests", "samples"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_file() and path.suffix in suffixes and "corpus" not in path.parts:
                yield path.relative_to(ROOT)


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def includes_of(path):
    return [(kind, name) for kind, name in INCLUDE.findall(text_of(path))]


def part_of(path):
    """The longest key of MAY_INCLUDE that `path` lies in, None outside the rooms."""
    keys = [key for key in MAY_INCLUDE if path.as_posix().startswith(key + "/")]
    return max(keys, key=len) if keys else None


class Layering(unittest.TestCase):
    def assert_none(self, offences, rule):
        self.assertFalse(offences, rule + ":\n  " + "\n  ".join(offences))

    def test_the_rooms_are_there(self):
        for room in ROOMS:
            self.assertTrue((ROOT / room).is_dir(), f"{room}/ is missing: this test would pass without reading anything")
        self.assertTrue(list(sources(".cpp")))

    def test_rooms_include_only_what_they_may(self):
        offences = []
        for path in sources(*CODE):
            part = part_of(path)
            if part is None:
                continue
            for kind, name in includes_of(path):
                if kind == '"' and "/" in name and not name.startswith(MAY_INCLUDE[part]):
                    offences.append(f"{path} includes {name}")
        self.assert_none(offences, "an #include against the order of the rooms (proto <- interop <- init, hostbridge)")

    def test_init_and_hostbridge_never_meet(self):
        offences = [
            f"{path} includes {name}"
            for path in sources(*CODE)
            for _, name in includes_of(path)
            if (path.parts[0], name.split("/")[0]) in {("init", "hostbridge"), ("hostbridge", "init")}
        ]
        self.assert_none(offences, "init and hostbridge meet only in proto")

    def test_asio_is_used_only_by_the_guest(self):
        offences = [
            f"{path} includes {name}"
            for path in sources(*CODE)
            for _, name in includes_of(path)
            if re.match(r"asio[./]", name) and path.parts[0] not in ("init", "interop") and not in_tests_of(path, "init", "interop")
        ]
        self.assert_none(offences, "Asio outside init/ and interop/")

    def test_libuv_is_used_only_by_the_agent(self):
        offences = [
            f"{path} includes {name}"
            for path in sources(*CODE)
            for _, name in includes_of(path)
            if re.match(r"uv(\.h$|/)", name) and path.parts[0] != "hostbridge" and not in_tests_of(path, "hostbridge")
        ]
        self.assert_none(offences, "libuv outside hostbridge/")

    def test_pure_parts_include_no_operating_system(self):
        offences = [
            f"{path} includes <{name}>"
            for path in sources(*CODE)
            if path.as_posix().startswith(tuple(part + "/" for part in PURE)) and not re.search(r"_(posix|win)\.", path.name)
            for kind, name in includes_of(path)
            if kind == "<" and OS_HEADERS.fullmatch(name)
        ]
        self.assert_none(offences, "sockets, threads or system headers in code that must be pure")

    def test_systems_are_told_apart_only_by_file_name(self):
        offences = [
            f"{path}: {match.group(0)}"
            for path in sources(*CODE)
            if path.parts[0] in ROOMS and not re.search(r"_win\.(h|cpp)$", path.name)
            for match in [SYSTEM_CONDITION.search(text_of(path))]
            if match
        ]
        self.assert_none(offences, "conditions on the system outside *_win.*")


class Sources(unittest.TestCase):
    def every_source(self):
        yield from sources(*SOURCES)
        for path in sorted(ROOT.rglob("CMakeLists.txt")):
            if "build" not in path.relative_to(ROOT).parts:
                yield path.relative_to(ROOT)

    def test_every_source_names_its_licence_first(self):
        offences = []
        for path in self.every_source():
            first_lines = text_of(path).split("\n")[:2]
            if not any("SPDX-License-Identifier: MIT" in line for line in first_lines):
                offences.append(str(path))
        self.assertFalse(offences, "no SPDX line at the top of: " + ", ".join(offences))

    def test_nothing_is_left_to_do_in_comments(self):
        marker = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
        offences = []
        for path in self.every_source():
            for number, line in enumerate(text_of(path).split("\n"), 1):
                # Templates of mkdtemp(3) and mktemp(1) are not notes.
                if marker.search(line.replace("XXXXXX", "")):
                    offences.append(f"{path}:{number}: {line.strip()}")
        self.assertFalse(offences, "\n".join(offences))

    def test_headers_guard_with_pragma_once(self):
        offences = [str(path) for path in sources(".h") if path.parts[0] != "samples" and "#pragma once" not in text_of(path)]
        self.assertFalse(offences, ", ".join(offences))

    def test_no_file_has_tabs_or_trailing_spaces(self):
        offences = []
        for path in sources(*CODE, ".py"):
            for number, line in enumerate(text_of(path).split("\n"), 1):
                if "\t" in line or line != line.rstrip():
                    offences.append(f"{path}:{number}")
        self.assertFalse(offences, ", ".join(offences))


def in_tests_of(path, *rooms):
    """Tests of a room, and the measuring programs, may use what the room uses."""
    return path.parts[0] == "tests" and (path.parts[1] == "bench" or (len(path.parts) > 2 and path.parts[2] in rooms))


if __name__ == "__main__":
    unittest.main()
