# SPDX-License-Identifier: MIT
"""unittest.main() for tests that wait for other programs. None has a time it must make; but one that takes many times longer
than any ever did waits for something that does not come. It fails with where it stood and what ran then, and the next begins."""

import faulthandler
import os
import signal
import unittest

LIMIT_SECONDS = 300 if not os.environ.get("MZINIT_EMULATED") else 1800
# For what the exception does not reach: the set-up of a class, or code that holds the interpreter.
HARD_LIMIT_SECONDS = 2 * LIMIT_SECONDS
# When so many have hung, so will the others.
MOST_HANGS = 3


# What else is to be said then: functions without arguments that return a text. Who starts something that has a log adds one.
witnesses = []


class TookTooLong(Exception):
    """Of the test itself, so that no `except AssertionError` or OSError on its way is meant."""


def processes():
    """A line for every process we can see: what it is, and what it waits for in the kernel."""
    for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        try:
            with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline", "rb") as cmdline:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
                command = cmdline.read().replace(b"\0", b" ").decode(errors="replace").strip()
            with open(f"/proc/{pid}/wchan") as wchan:
                waits_for = wchan.read()
        except OSError:
            continue
        if command:  # Threads of the kernel have none.
            yield f"{pid} (of {parent}) {state} {waits_for} {command[:160]}"


def took_too_long(limit):
    """The exception for a test that has reached its limit now."""
    lines = [f"not done after {limit} s, while there were these processes:", *processes(), *(witness() for witness in witnesses)]
    return TookTooLong("\n".join(lines))


class LimitedResult(unittest.TextTestResult):
    limit = LIMIT_SECONDS
    hard_limit = HARD_LIMIT_SECONDS
    hangs = 0

    def startTestRun(self):
        super().startTestRun()
        signal.signal(signal.SIGALRM, self.raise_too_long)
        faulthandler.dump_traceback_later(self.hard_limit, exit=True)

    def stopTestRun(self):
        faulthandler.cancel_dump_traceback_later()
        super().stopTestRun()

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(self.hard_limit, exit=True)
        signal.setitimer(signal.ITIMER_REAL, self.limit)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.dump_traceback_later(self.hard_limit, exit=True)
        super().stopTest(test)

    def raise_too_long(self, *_):
        self.hangs += 1
        if self.hangs == MOST_HANGS:
            self.stop()
        raise took_too_long(self.limit)


class LimitedRunner(unittest.TextTestRunner):
    resultclass = LimitedResult


def main():
    unittest.main(module="__main__", testRunner=LimitedRunner)
