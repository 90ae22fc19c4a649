# SPDX-License-Identifier: MIT
"""A terminal session of the independent peer, for tests of both agents."""

import re

from peer_messages import SIGNAL_NUMBERS


class Terminal:
    """A session of a client that has a terminal: types and looks at what appears."""

    def __init__(self, client):
        self.client = client
        self.seen = b""

    def type(self, text):
        self.client.stdin.send_some(text)
        self.client.connection.flush()

    def take(self):
        self.seen += self.client.output[1].take()
        return self.seen

    def wait_for(self, text, after=0):
        """Waits until `text` has appeared and returns all that has."""
        if not self.client.wait_until(lambda: text in self.take()[after:]):
            raise AssertionError(f"{text} did not appear: {self.take()}")
        return self.seen

    def numbers(self, count):
        """The first `count` lines that hold nothing but a number."""
        def lines():
            return [int(number) for number in re.findall(rb"(?:^|(?<=[\r\n]))(\d+)\r\n", self.take())]
        if not self.client.wait_until(lambda: len(lines()) >= count):
            raise AssertionError(f"not {count} numbers: {self.seen}")
        return lines()[:count]

    def signal(self, name):
        self.client.connection.send_control("Signal", signal=SIGNAL_NUMBERS[name])

    def resize(self, rows, columns):
        self.client.connection.send_control("Resize", rows=rows, columns=columns)

    def finish(self):
        """All that appears until the end, and how the program ended; nothing is typed any more."""
        result = self.client.communicate(end_stdin=False)
        return result._replace(stdout=self.seen + result.stdout)
