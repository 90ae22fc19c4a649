#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""show_failures.py BUILD: what failed in the last runs of ctest below BUILD, again, without what passed, and bounded: whoever
sees only the end of a long output finds it there. First a line for every failed test of every preset, then the essence of each."""

import glob
import os
import re
import sys

MOST_LINES = 25  # of one failure
MOST_FAILURES = 20  # with their essence; all are named
MOST_NAMES = 200
MOST_COLUMNS = 300

RULE = re.compile(r"={60,}$")
THIN_RULE = re.compile(r"-{60,}$")


def cut(line, columns=MOST_COLUMNS):
    return line if len(line) <= columns else line[:columns - 3] + "..."


def bounded(lines, most=MOST_LINES):
    """The beginning, which says what was wrong, and the end, where logs have what happened last."""
    lines = [cut(line) for line in lines]
    if len(lines) <= most:
        return lines
    head = most // 2
    tail = most - head - 1
    return [*lines[:head], f"[{len(lines) - head - tail} lines left out]", *lines[-tail:]]


def tests_of(log):
    """(name, output lines, whether it failed) for every test in a LastTest.log."""
    for block in re.split(r"^(?=\d+/\d+ Testing: )", log, flags=re.MULTILINE)[1:]:
        name = block.partition(": ")[2].partition("\n")[0]
        # Tests print what they like, also such lines: only ctest's own come after the last end of output.
        output, _, verdict = block.rpartition("<end of output>")
        yield name, output.partition("\nOutput:\n")[2].splitlines()[1:], bool(re.search(r"^Test Failed\.$", verdict, re.MULTILINE))


class Failure:
    """One test case that failed: its name, why in a few words, and lines worth reading."""

    def __init__(self, name, reason, lines):
        self.name = name
        self.reason = reason
        self.lines = lines


def essence_of_traceback(lines):
    """(the error's line, where it was in our tests, and the error's message) of the last exception."""
    begins = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if not begins:
        return (lines[0] if lines else ""), lines
    after = lines[begins[-1] + 1:]
    # Frames are indented, and so may lines of the message be.
    end = next((number for number, line in enumerate(after) if line and not line.startswith(" ")), len(after))
    frames = [number for number in range(end) if after[number].startswith('  File "')]
    # Of our own frames the test itself, and what it called that raised.
    ours = [number for number in frames if "/tests/" in after[number]] or frames
    place = [line for number in sorted({*ours[:1], *ours[-1:]}) for line in after[number:number + 2]]
    message = after[end:]
    while message and not message[-1].strip():
        message.pop()
    return (message[0] if message else ""), place + message


def python_failures(lines):
    """What unittest reports at its end: a title between two rules, and a traceback."""
    number = 0
    while number < len(lines):
        title = re.match(r"(?:FAIL|ERROR): (.*)", lines[number])
        if title and number and RULE.match(lines[number - 1]):
            end = number + 1
            while end < len(lines) and not RULE.match(lines[end]):
                if THIN_RULE.match(lines[end]) and lines[end + 1:end + 2] and re.match(r"Ran \d+ test", lines[end + 1]):
                    break
                end += 1
            # "test_x (__main__.Class.test_x) (size=5)"; setUpClass has "setUpClass (__main__.Class)".
            name = re.sub(r"^(\w+) \((?:__main__\.)?([\w.]+)\)",
                          lambda m: m[2] if m[2].endswith(m[1]) else f"{m[2]}.{m[1]}", title[1])
            yield Failure(cut(name, 160), *essence_of_traceback(lines[number + 1:end]))
            number = end
        else:
            number += 1


def googletest_failures(lines):
    """From "FILE:LINE: Failure" to the next line of GoogleTest's own; a crash has no such line, only its [ RUN ]."""
    running, found = None, []
    for line in lines:
        event = re.match(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] ([\w/]+\.[\w/]+)", line)
        if event and event[1] == "RUN":
            running, found = event[2], []
        elif event and running:
            if event[1] == "FAILED":
                yield googletest_failure(running, found)
            running = None
        elif running:
            found.append(line)
    if running:
        yield googletest_failure(running, found or ["it did not end"])


def googletest_failure(name, lines):
    first = next((number for number, line in enumerate(lines) if line.endswith(": Failure")), 0)
    essence = lines[first:]
    return Failure(name, " ".join(essence[:2]) if essence else "", essence)


SANITIZER = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Undefined\w*)Sanitizer|runtime error: ")


def sanitizer_failures(lines):
    for number, line in enumerate(lines):
        if SANITIZER.search(line):
            yield Failure("sanitizer", line.strip(), lines[number:number + MOST_LINES])
            return  # what follows is most often the same


def failures_of(lines):
    found = [*python_failures(lines), *googletest_failures(lines), *sanitizer_failures(lines)]
    # Nothing that is known: a script, a fuzzer, or a test that was ended from outside. The end says most.
    return found or [Failure("", next((line for line in reversed(lines) if line.strip()), "no output"), lines[-MOST_LINES:])]


def report(build):
    failures = []
    for path in sorted(glob.glob(os.path.join(build, "*", "Testing", "Temporary", "LastTest.log"))):
        preset = os.path.relpath(path, build).partition(os.sep)[0]
        with open(path, errors="replace") as file:
            tests = list(tests_of(file.read()))
        for test, lines, failed in tests:
            if failed:
                failures += [(f"{preset}: {test} {failure.name}".rstrip(), failure) for failure in failures_of(lines)]
    for where, failure in failures[:MOST_NAMES]:
        yield cut(f"failed in {where}: {failure.reason}")
    if len(failures) > MOST_NAMES:
        yield f"[{len(failures) - MOST_NAMES} more failed]"
    # What a line above has said completely needs no second one.
    with_essence = [(where, failure) for where, failure in failures if not says_one_line(failure)]
    for where, failure in with_essence[:MOST_FAILURES]:
        yield ""
        yield f"--- {where}"
        yield from bounded(failure.lines)
    if len(with_essence) > MOST_FAILURES:
        yield f"[{len(with_essence) - MOST_FAILURES} more failed, see {build}/*/Testing/Temporary/LastTest.log]"


def says_one_line(failure):
    return "the agent has died" in failure.reason and failure.lines[-1] == failure.reason


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.partition(":")[0] + "\n")
    for line in report(sys.argv[1]):
        # A log may have bytes that a terminal would obey.
        print(re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", "?", line))
