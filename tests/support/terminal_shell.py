# SPDX-License-Identifier: MIT
"""A person at a terminal, with a shell that has job control."""

import fcntl
import itertools
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from bridges import HANG_GUARD


class Shell:
    """bash with job control on a pseudo-terminal of its own."""

    PROMPT = "<prompt>"

    def __init__(self, environment, rows=30, columns=100):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        environment = dict(environment, PS1=self.PROMPT, TERM="xterm-test", HISTFILE="")
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile", "--noediting", "-i"], stdin=slave, stdout=slave, stderr=slave,
                                        env=environment, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.seen = ""
        self.numbers = itertools.count(1)
        self.wait_for(re.escape(self.PROMPT))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, pattern):
        """Waits until the terminal shows it, after what was waited for before; returns the match."""
        deadline = time.monotonic() + HANG_GUARD
        while True:
            match = re.search(pattern, self.seen, re.DOTALL)
            if match:
                self.seen = self.seen[match.end():]
                return match
            readable, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise AssertionError(f"waited in vain for {pattern!r}; the terminal shows:\n{self.seen}")
            try:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"the terminal was closed before {pattern!r}: {self.seen}") from None

    def run(self, command):
        """What a command wrote, and its status."""
        number = next(self.numbers)
        # The marks are not in what is typed, which the terminal echoes.
        self.type(f"echo '<'{number}'<'; {command}; echo '>'{number}'>'$?'>'\n")
        match = self.wait_for(rf"<{number}<\r\n(.*?)>{number}>(\d+)>\r\n{self.PROMPT}")
        return match[1].replace("\r\n", "\n"), int(match[2])

    def modes(self):
        return termios.tcgetattr(self.master)

    def is_raw(self):
        return not self.modes()[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def foreground(self):
        """The process group that has the terminal."""
        return struct.unpack("i", fcntl.ioctl(self.master, termios.TIOCGPGRP, b"\0" * 4))[0]

    def close(self):
        if self.master >= 0:
            os.close(self.master)
        self.master = -1
        try:
            self.process.wait(HANG_GUARD)  # It hangs up on its jobs.
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
