# SPDX-License-Identifier: MIT
"""Launches whose mzinit gets a signal at a random moment: SIGINT, SIGTERM, SIGKILL, or SIGSTOP and SIGCONT. Each must end as it should,
and at the end nothing of them may be left: no process, no descriptor, thread or handle of the agent, no file.

MZINIT_RANDOM_KILLS says how many launches there are (1000 for a thorough run), MZINIT_RANDOM_SEED which; both have their defaults."""

import collections
import contextlib
import fcntl
import os
import pty
import random
import selectors
import signal
import subprocess
import sys
import termios
import time
import unittest

import bridges
import fake_programs
import limited_tests
from bridges import SAMPLES, wait_until

SEED = int(os.environ.get("MZINIT_RANDOM_SEED") or random.SystemRandom().randrange(1 << 32))
HANDLE_COUNT = os.path.join(os.path.dirname(SAMPLES), "tests", "handle_count.exe")
INPUT = random.Random(1).randbytes(200_000)
PIPED_INPUT = INPUT[:40_000]  # What a pipe holds.
# Between two signals to the same client; SIGCONT comes so long after SIGSTOP.
LONGEST_PAUSE = 0.1


def launches(default):
    return int(os.environ.get("MZINIT_RANDOM_KILLS") or default)


ACTIONS = ("INT", "TERM", "KILL", "STOP")
# `ignores`: SIGTERM ends the program only after its grace period, and SIGINT alone does not.
Kind = collections.namedtuple("Kind", "name command ends_by_itself ignores actions", defaults=(ACTIONS,))
Way = collections.namedtuple("Way", "name environment")


class Launch:
    """One mzinit, what happens to it, and what came of it."""

    def __init__(self, dice, number, kinds, ways, longest_delay):
        self.number = number
        self.kind, self.way = dice.choice(kinds), dice.choice(ways)
        self.action = dice.choice(self.kind.actions)
        self.streams = dice.choice(("file", "pipe", "terminal"))
        self.ends_by_itself = self.kind.ends_by_itself and not (self.kind.name == "filter" and self.streams == "terminal")
        self.plan = self.signals(dice, dice.random() * longest_delay)
        self.schedule = list(self.plan)
        self.process = self.output_fd = self.modes = None
        self.output = bytearray()
        self.sent = []

    def signals(self, dice, at):
        """(seconds after the start, signal), such that the program does not run on."""
        pause = dice.random() * LONGEST_PAUSE
        if self.action == "STOP":
            last = [] if self.ends_by_itself else [(at + 2 * pause, signal.SIGKILL if self.kind.ignores else signal.SIGTERM)]
            return [(at, signal.SIGSTOP), (at + pause, signal.SIGCONT), *last]
        if self.action == "INT" and self.kind.ignores:
            return [(at, signal.SIGINT), (at + pause, signal.SIGINT)]
        return [(at, getattr(signal, "SIG" + self.action))]

    def __str__(self):
        plan = " ".join(f"{number.name}@{at * 1000:.0f}ms" for at, number in self.plan)
        return f"launch {self.number} of seed {SEED}: {self.kind.name}, {self.way.name}, {self.streams}, {plan}"

    @property
    def expected_output(self):
        return {"file": INPUT, "pipe": PIPED_INPUT}.get(self.streams)

    def start(self, program, environment, input_file):
        command = [bridges.MZINIT, "run", program, *self.kind.command]
        options = {"env": {**environment, **self.way.environment}, "start_new_session": True}
        if self.streams == "terminal":
            self.output_fd, slave = pty.openpty()
            self.modes = termios.tcgetattr(slave)
            self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
            os.close(slave)
        else:
            if self.streams == "file":
                stdin = os.open(input_file, os.O_RDONLY)
            else:
                stdin, writer = os.pipe()
                os.write(writer, PIPED_INPUT)
                os.close(writer)
            self.output_fd, stdout = os.pipe()
            self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.STDOUT, **options)
            os.close(stdin)
            os.close(stdout)
        os.set_blocking(self.output_fd, False)
        self.began = time.monotonic()

    def read(self):
        """False at the end."""
        try:
            data = os.read(self.output_fd, 1 << 16)
        except BlockingIOError:
            return True
        except OSError:  # Of a terminal that nobody has open any more.
            return False
        if len(self.output) < 2 * len(INPUT):
            self.output += data
        return bool(data)

    def send_due(self, now):
        while self.schedule and self.began + self.schedule[0][0] <= now and self.process.poll() is None:
            number = self.schedule.pop(0)[1]
            self.process.send_signal(number)
            self.sent.append(number)
            if not self.schedule and self.kind.ignores and number == signal.SIGINT:
                # Two that come at once are one to the kernel, and a person would type it again.
                self.schedule.append((now - self.began + LONGEST_PAUSE, number))

    def fault(self, expected_code):
        """What is wrong with how it ended, or None."""
        code = self.process.returncode
        if code < 0:
            return None if -code in self.sent and -code not in (signal.SIGSTOP, signal.SIGCONT) else f"died of {-code}"
        if not self.ends_by_itself or code != expected_code:
            return f"exit {code}, with {bytes(self.output[-300:])!r}"
        if self.kind.name == "filter" and self.expected_output is not None and self.output != self.expected_output:
            return f"{len(self.output)} bytes of output, not {len(self.expected_output)}"
        return None

    def terminal_fault(self):
        if self.modes is None or signal.SIGKILL in self.sent:
            return None
        with contextlib.suppress(termios.error):
            if termios.tcgetattr(self.output_fd) != self.modes:
                return "the terminal is not as it was"
        return None


class RandomKills(unittest.TestCase):
    at_once = 4
    longest_delay = 0.06

    @classmethod
    def setUpClass(cls):
        if cls is RandomKills:
            raise unittest.SkipTest("for subclasses")
        print(f"seed {SEED}", file=sys.stderr)
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        os.mkdir(os.path.join(cls.directory, "tmp"))
        cls.enterClassContext(cls.changed_environment())
        cls.input_file = os.path.join(cls.directory, "input")
        with open(cls.input_file, "wb") as file:
            file.write(INPUT)
        cls.bridge = cls.enterClassContext(cls.start_agent())
        configuration = os.path.join(cls.directory, "client.conf")
        with open(configuration, "w", encoding="ascii") as file:
            file.write(f"[route]\npe = host\n[host]\nkey = {cls.directory}/key\n")
        cls.environment = dict(os.environ, MZINIT_CONF=configuration)

    @classmethod
    @contextlib.contextmanager
    def changed_environment(cls):
        """Inherited by all that is started, so that it can be found again."""
        before = dict(os.environ)
        os.environ.update(MZINIT_TEST_MARK=cls.directory, TMPDIR=os.path.join(cls.directory, "tmp"))
        for name in ("XDG_RUNTIME_DIR", "MZINIT_RELAY", "MZINIT_HOST"):
            os.environ.pop(name, None)
        yield
        os.environ.clear()
        os.environ.update(before)

    def check(self, launch):
        fault = launch.fault(self.expected_codes.get(launch.kind.name, 0)) or launch.terminal_fault()
        if fault:
            self.faults.append(f"{launch}: {fault}; {[number.name for number in launch.sent]} was sent")

    def run_launches(self, dice, count):
        waiting = (Launch(dice, number, self.kinds(), self.ways(), self.longest_delay) for number in range(count))
        running = {}
        self.faults = []
        with selectors.DefaultSelector() as selector:
            while True:
                while len(running) < self.at_once and (launch := next(waiting, None)):
                    launch.start(self.program_of(launch.kind), self.environment, self.input_file)
                    running[launch] = True
                    selector.register(launch.output_fd, selectors.EVENT_READ, launch)
                if not running:
                    break
                for key, _ in selector.select(0.002):
                    if not key.data.read():
                        selector.unregister(key.fd)
                        running[key.data] = False
                now = time.monotonic()
                for launch, is_open in list(running.items()):
                    launch.send_due(now)
                    if now - launch.began > bridges.HANG_GUARD:
                        self.fail(f"{launch} hangs, {[number.name for number in launch.sent]} was sent: {bridges.what_hangs(launch.process)}")
                    if launch.process.poll() is None:
                        continue
                    if is_open:
                        # What still holds the output is not the client's: a program that it left, which must end.
                        continue
                    self.check(launch)
                    os.close(launch.output_fd)
                    del running[launch]
        if self.faults:
            self.fail("\n".join(self.faults))

    def files(self):
        found = set()
        for place in self.places():
            for directory, names, files in os.walk(place):
                found.update(os.path.join(directory, name) for name in names + files)
        return found

    def places(self):
        return [self.directory]

    def left_processes(self):
        """Of all that has our mark in its environment, but for the agent, and what serves all programs."""
        mark = f"MZINIT_TEST_MARK={self.directory}".encode()
        left = []
        for pid in bridges.process_ids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0") and pid != self.bridge.process.pid and not self.is_service(pid):
                    left.append(bridges.describe_process(pid))
        return left

    @staticmethod
    def is_service(_pid):
        return False

    def agent_state(self):
        """What grows if something leaks."""
        own = f"/proc/{self.bridge.process.pid}"
        return {"descriptors": len(os.listdir(f"{own}/fd")), "threads": len(os.listdir(f"{own}/task"))}

    def test_nothing_is_left_of_launches_whose_clients_get_signals_at_random_moments(self):
        count = launches(self.usual_count)
        dice = random.Random(SEED)
        # Until everything that is made once has been made.
        self.run_launches(random.Random(SEED + 1), self.warm_up)
        wait_until(lambda: not self.left_processes(), "the first programs are gone")
        files, before = self.files(), self.agent_state()
        self.run_launches(dice, count)
        wait_until(lambda: not self.left_processes(), f"the programs are gone: {self.left_processes()}")
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.is_as_before(before, self.agent_state()), "the agent is as before", timeout=30)
        after = self.agent_state()
        print(f"{count} launches; the agent before {before}, after {after}", file=sys.stderr)
        self.assertTrue(self.is_as_before(before, after), f"seed {SEED}: {before} became {after}")
        self.assertEqual(self.files() - files, set())
        self.bridge.assert_alive()

    def is_as_before(self, before, after):
        return all(after[name] <= before[name] for name in before)


class LinuxAgent(RandomKills):
    usual_count = 100
    warm_up = 10
    expected_codes = {"short": 7}

    @classmethod
    def start_agent(cls):
        cls.program = fake_programs.write_pe64(os.path.join(cls.directory, "program.exe"))
        # No shell as the runner: one that gets a SIGINT just before it executes something may lose it.
        return bridges.start_native_bridge(cls.directory, "--grace", "1", "--runner", "pe64=/usr/bin/env MZINIT_PROGRAM=%p")

    def program_of(self, _kind):
        return self.program

    def kinds(self):
        # The last one's descendants are in another session, and ignore what it ignores.
        stubborn = "trap '' INT TERM HUP; setsid sleep 1000 & while :; do sleep 1000; done"
        return [Kind("filter", ["cat"], True, False), Kind("producer", ["yes"], False, False),
                Kind("short", ["sh", "-c", "exit 7"], True, False), Kind("sleeper", ["sleep", "1000"], False, False),
                Kind("stubborn", ["sh", "-c", stubborn], False, True)]

    def ways(self):
        endpoints = {endpoint.partition(":")[0]: endpoint for endpoint in self.bridge.endpoints}
        return [Way("unix", {"MZINIT_HOST": endpoints["unix"]}), Way("tcp", {"MZINIT_HOST": endpoints["tcp"]}),
                Way("relayed", {"MZINIT_HOST": endpoints["unix"], "MZINIT_RELAY": "1"})]


@unittest.skipUnless(os.path.exists(bridges.WINDOWS_AGENT) and os.path.exists(HANDLE_COUNT),
                     "hostbridge.exe or handle_count.exe has not been built")
class WindowsAgent(RandomKills):
    """The agent for Windows, under Wine."""

    usual_count = 40
    warm_up = 6
    at_once = 3
    longest_delay = 1.0
    expected_codes = {"short": 7}

    @classmethod
    def start_agent(cls):
        return bridges.start_windows_bridge(cls.directory, ("--grace", "1"))

    def program_of(self, kind):
        return os.path.join(SAMPLES, {"filter": "cat.exe", "short": "exit.exe", "sleeper": "sleep.exe", "stubborn": "console.exe",
                                      "tree": "tree.exe"}[kind.name])

    def kinds(self):
        beats = os.path.join(self.directory, "beats")
        os.makedirs(beats, exist_ok=True)
        # Of the last one Ctrl-C would leave the children, which are on other consoles or detached.
        return [Kind("filter", [], True, False), Kind("short", ["7"], True, False),
                Kind("sleeper", ["100000000"], False, False),
                Kind("stubborn", ["--ignore", "--lines", "1000000"], False, True),
                Kind("tree", ["Z:" + beats.replace("/", "\\"), "1000"], False, True, ("TERM", "KILL", "STOP"))]

    def ways(self):
        return [Way("tcp", {"MZINIT_HOST": self.bridge.endpoints[0]})]

    def places(self):
        return [os.path.join(bridges.WINE_PREFIX, "drive_c", "users"), os.path.join(self.directory, "tmp")]

    @staticmethod
    def is_service(pid):
        """Wine's own; a console's host belongs to a program."""
        name = bridges.name_of_process(pid)
        return not name.endswith(".exe") or name in ("explorer.exe", "services.exe", "winedevice.exe", "plugplay.exe", "svchost.exe",
                                                     "rpcss.exe", "tabtip.exe", "start.exe", "cmd.exe")

    def agent_state(self):
        def count():
            counted = bridges.run(["setarch", "-R", "wine", HANDLE_COUNT, "hostbridge.exe"], env=bridges.wine_environment(),
                                  capture_output=True)
            return counted.stdout if counted.returncode == 0 else None

        # A copy of the agent that sends Ctrl-C for it may be there for a moment.
        counted = wait_until(count, "there is one agent, whose handles can be counted")
        return dict(super().agent_state(), handles=int(counted))

    def is_as_before(self, before, after):
        # Wine's own pool of threads grows and shrinks: a thread has four descriptors. A leak would be one for each session.
        return all(after[name] <= before[name] + {"threads": 4}.get(name, 16) for name in before)


if __name__ == "__main__":
    # Two seconds for each launch, where there are many.
    limited_tests.LimitedResult.limit = max(limited_tests.LIMIT_SECONDS, 2 * launches(0))
    limited_tests.LimitedResult.hard_limit = 2 * limited_tests.LimitedResult.limit
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
