# SPDX-License-Identifier: MIT
"""Terminal sessions on the real Linux agent, driven by the independent peer of tests/support: what a program sees of its
terminal, what is made of what is typed, stopping and going on, and what ends when. The programs are native commands behind
a fake runner."""

import hashlib
import os
import re
import signal
import sys
import unittest

import bridges
import fake_programs
import mzinit_peer as peer
import peer_messages as messages
from bridges import wait_until
from fake_programs import is_alive
from peer_messages import SIGNAL_NUMBERS

TERMINAL_ALL, TERMINAL_INPUT_OUTPUT = 7, 3
SIZE = {"rows": 31, "columns": 97, "name": "xterm-256color"}


def start_agent(directory, *more):
    key_file = bridges.make_key(directory)
    runner = fake_programs.write_runner(directory)
    ready = os.path.join(directory, "ready")
    command = [bridges.HOSTBRIDGE, "--ready-file", ready, "--listen", f"unix:{directory}/agent.sock",
               "--listen", "tcp:127.0.0.1:0", "--key-file", key_file, "--map", "/=/", "--runner", f"pe64={runner} %p", *more]
    environment = dict(os.environ, TERM="of-the-agent")
    return bridges.Bridge(command, environment, ready, os.path.join(directory, "agent.log"), key_file)


def read_key(directory):
    with open(os.path.join(directory, "key"), encoding="ascii") as file:
        name, digits = next(line.split() for line in file if line.strip() and not line.startswith("#"))
        return name, bytes.fromhex(digits)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def kill_quietly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


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


class TerminalTest(unittest.TestCase):
    transport = "unix"
    agent_options = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(start_agent(cls.directory, *cls.agent_options))
        cls.key_id, cls.key = read_key(cls.directory)
        cls.endpoints = {endpoint.partition(":")[0]: endpoint for endpoint in cls.bridge.endpoints}
        cls.program = fake_programs.write_pe64(os.path.join(cls.directory, "program.exe"))

    def tearDown(self):
        self.assertIsNone(self.bridge.process.poll(), f"the agent died: {self.bridge.log()[-2000:]}")

    def launch(self, *command, **more):
        client = peer.Client(self.endpoints[self.transport], key=self.key, key_id=self.key_id).begin()
        self.addCleanup(client.close)
        argv = [b"program.exe", *(os.fsencode(word) for word in command)]
        answer = client.launch(self.program, argv, **more)
        self.assertEqual(answer.name, "LaunchReply", answer)
        return client, answer

    def start(self, *command, streams=TERMINAL_ALL, size=None, **more):
        client, answer = self.launch(*command, terminal_streams=streams, terminal=SIZE if size is None else size, **more)
        self.assertEqual(answer.terminal, messages.TERMINAL_POSIX)
        return Terminal(client)

    def shell(self, script, **more):
        return self.start("sh", "-c", script, **more)

    def python(self, script, **more):
        return self.start(sys.executable, "-c", script, **more)


class WhatItSees:
    def test_the_streams_are_its_controlling_terminal_of_that_size_and_name(self):
        result = self.shell("test -t 0 && test -t 1 && test -t 2 && test \"$(tty)\" = \"$(tty <&2)\" && echo all; "
                            "stty size < /dev/tty; echo $TERM").finish()
        self.assertEqual(result, peer.Result(b"all\r\n31 97\r\nxterm-256color\r\n", b"", 0, None, 0))

    def test_it_is_in_the_foreground_and_leads_its_group(self):
        script = ("import os; print(os.tcgetpgrp(0) == os.getpgrp() == os.getpid(), os.getsid(0) == os.getppid(), "
                  "os.getsid(0) != os.getpid())")
        self.assertEqual(self.python(script).finish().stdout, b"True True True\r\n")

    def test_no_more_descriptors_than_the_streams_are_open(self):
        script = "import os; print(sorted(os.listdir('/proc/self/fd')))"
        self.assertEqual(self.python(script).finish().stdout, b"['0', '1', '2', '3']\r\n")

    def test_an_unknown_size_and_name_are_left_unknown(self):
        result = self.shell("stty size; echo $TERM", size={}).finish()
        self.assertEqual(result.stdout, b"0 0\r\nof-the-agent\r\n")

    def test_the_programs_own_environment_wins(self):
        result = self.shell("echo $TERM", environment=[{"name": b"TERM", "value": b"vt52"}]).finish()
        self.assertEqual(result.stdout, b"vt52\r\n")

    def test_no_terminal_is_given_without_being_asked_for(self):
        client, answer = self.launch("sh", "-c", "test -t 0 || test -t 1 || tty; exec 2>&1; : </dev/tty")
        self.assertEqual((answer.terminal, answer.relayed_streams), (0, 7))
        self.assertRegex(client.communicate().stdout, b"not a tty\n.*/dev/tty")

    def test_standard_error_of_its_own_is_kept_apart(self):
        terminal = self.shell("test -t 0 && test -t 1 && ! test -t 2 && echo out; echo err >&2", streams=TERMINAL_INPUT_OUTPUT)
        self.assertEqual(terminal.client.relayed, {0, 1, 2})
        result = terminal.finish()
        self.assertEqual((result.stdout, result.stderr), (b"out\r\n", b"err\n"))

    def test_a_resize_is_seen(self):
        terminal = self.shell("trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.01; done")
        terminal.wait_for(b"ready")
        terminal.resize(50, 132)
        result = terminal.finish()
        self.assertEqual((result.stdout, result.code), (b"ready\r\n50 132\r\n", 4))

    def test_a_resize_before_the_program_runs_is_not_lost(self):
        client = peer.Client(self.endpoints[self.transport], key=self.key, key_id=self.key_id).begin()
        self.addCleanup(client.close)
        client.send_launch(self.program, [b"program.exe", b"sh", b"-c", b"read go; stty size"], terminal_streams=TERMINAL_ALL, terminal=SIZE)
        client.connection.send_control("Resize", rows=11, columns=22)
        self.assertEqual(client.read_launch_answer().name, "LaunchReply")
        terminal = Terminal(client)
        terminal.type(b"\n")
        self.assertIn(b"11 22\r\n", terminal.finish().stdout)

    def test_impossible_sizes_do_no_harm(self):
        terminal = self.shell("read go; stty size; read go; stty size")
        terminal.resize(0, 0)
        terminal.type(b"\n")
        terminal.wait_for(b"0 0\r\n")
        for _ in range(5000):
            terminal.resize(7, 8)
        terminal.resize(65536, (1 << 32) - 1)
        terminal.type(b"\n")
        self.assertTrue(terminal.finish().stdout.endswith(b"65535 65535\r\n"))

    def test_a_resize_without_a_terminal_means_nothing(self):
        client, _ = self.launch("sh", "-c", "read go; echo $go")
        for size in ((0, 0), (65536, 65536), (24, 80)):
            client.connection.send_control("Resize", rows=size[0], columns=size[1])
        self.assertEqual(client.communicate(b"on\n").stdout, b"on\n")


class Typing:
    def test_lines_are_edited_and_echoed(self):
        terminal = self.shell("read line; echo \"<$line>\"; read line; echo \"<$line>\"")
        terminal.type(b"ax\x7fb\r")
        terminal.wait_for(b"<ab>")
        # A character of several bytes is erased as one.
        terminal.type("ä€".encode() + b"\x7f\r")
        result = terminal.finish()
        self.assertEqual(result.stdout, b"ax\b \bb\r\n<ab>\r\n" + "ä€".encode() + b"\b \b\r\n<\xc3\xa4>\r\n")
        self.assertEqual((result.code, result.stdin_consumed), (0, 5 + 7))

    def test_the_end_of_a_file_can_be_typed(self):
        terminal = self.start("cat")
        terminal.type(b"text\n\x04")
        self.assertEqual(terminal.finish(), peer.Result(b"text\r\ntext\r\n", b"", 0, None, 6))

    def test_every_byte_passes_a_raw_terminal_in_both_directions(self):
        terminal = self.shell("stty raw -echo; echo ready; head -c 512 | tee /dev/null")
        terminal.wait_for(b"ready")
        every = bytes(range(256))
        terminal.type(every + every[::-1])
        self.assertEqual(terminal.finish().stdout, b"ready\n" + every + every[::-1])

    def test_a_large_output_and_a_large_input_cross_complete(self):
        terminal = self.shell("stty raw -echo; echo ready; head -c 3000000 | md5sum; head -c 3000000 /dev/zero")
        terminal.wait_for(b"ready")
        result = terminal.client.communicate(b"x" * 3_000_000, end_stdin=False)
        self.assertEqual(result.stdout, hashlib.md5(b"x" * 3_000_000).hexdigest().encode() + b"  -\n" + bytes(3_000_000))
        self.assertEqual(result.stdin_consumed, 3_000_000)

    def test_a_full_screen_editor_works(self):
        path = os.path.join(self.directory, f"edited.{self.transport}")
        terminal = self.start("busybox", "vi", path)
        terminal.wait_for(b"\x1b[31;1H")  # the last of the 31 lines
        terminal.type(b"ihello\x1b")
        terminal.wait_for(b"hello")
        terminal.type(b":wq\r")
        self.assertEqual(terminal.finish().code, 0)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"hello\n")

    def test_a_shell_with_job_control_works(self):
        terminal = self.start("bash", "--norc", "-i", environment=[{"name": b"PS1", "value": b"$ "}])
        terminal.wait_for(b"$ ")
        terminal.type(b"sh -c 'echo st\"\"arted; exec sleep 1000'\r")
        terminal.wait_for(b"started")
        terminal.type(b"\x1a")
        terminal.wait_for(b"Stopped")
        self.assertEqual(terminal.client.stops, [])  # a job, not the program
        terminal.type(b"jobs -p\r")
        pid = terminal.numbers(1)[0]
        self.assertEqual(state_of(pid), "T")
        terminal.type(b"kill %1; fg\r")
        terminal.wait_for(b"Terminated")
        terminal.type(b"exit 5\r")
        self.assertEqual(terminal.finish().code, 5)

    def test_an_interrupt_ends_a_program_that_does_not_mind(self):
        for character, name in ((b"\x03", "INT"), (b"\x1c", "QUIT")):
            terminal = self.shell("echo ready; exec sleep 1000")
            terminal.wait_for(b"ready")
            terminal.type(character)
            result = terminal.finish()
            self.assertEqual((result.code, result.signal), (None, SIGNAL_NUMBERS[name]))
            self.assertRegex(result.stdout, rb"ready\r\n\^[C\\]$")

    def test_an_interrupt_reaches_a_handler(self):
        terminal = self.shell("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.01; done")
        terminal.wait_for(b"ready")
        terminal.type(b"\x03")
        result = terminal.finish()
        self.assertEqual((result.stdout, result.code), (b"ready\r\n^Ccaught\r\n", 9))

    def test_a_raw_terminal_makes_no_signals(self):
        terminal = self.shell("stty raw -echo; echo ready; head -c 3 | od -An -tx1")
        terminal.wait_for(b"ready")
        terminal.type(b"\x03\x1c\x1a")
        self.assertIn(b"03 1c 1a", terminal.finish().stdout)


class Stopping:
    def assert_stopped(self, pids):
        wait_until(lambda: all(state_of(pid) == "T" for pid in pids), "all are stopped")

    def assert_running(self, pids):
        wait_until(lambda: all(state_of(pid) != "T" for pid in pids), "all go on")

    # The program, a child in its group, and one that has left group and session.
    TREE = "sleep 1000 & echo $!; setsid sh -c 'echo $$; exec sleep 1000' & echo $$; "

    def test_a_typed_stop_is_told_when_everything_has_stopped(self):
        terminal = self.shell(self.TREE + "wait")
        pids = terminal.numbers(3)
        self.assert_running(pids)
        for count in (1, 2, 3):
            terminal.type(b"\x1a")
            self.assertTrue(terminal.client.wait_until(lambda: len(terminal.client.stops) == count))
            self.assertEqual([state_of(pid) for pid in pids], ["T"] * 3)
            terminal.signal("CONT")
            self.assert_running(pids)
        self.assertEqual(terminal.client.stops, [SIGNAL_NUMBERS["TSTP"]] * 3)
        terminal.type(b"\x03")
        terminal.client.wait_until(lambda: False)
        kill_quietly(pids[1])

    def test_a_program_that_stops_itself_is_told(self):
        terminal = self.shell("echo ready; kill -STOP $$; echo again; kill -TSTP $$; echo end; exit 3")
        for count in (1, 2):
            self.assertTrue(terminal.client.wait_until(lambda: len(terminal.client.stops) == count))
            terminal.signal("CONT")
        result = terminal.finish()
        self.assertEqual((result.stdout, result.code), (b"ready\r\nagain\r\nend\r\n", 3))

    def test_a_program_can_prepare_for_being_stopped(self):
        script = ("import os, signal, time\n"
                  "def stop(*_):\n"
                  "    time.sleep(0.03); print('restored', flush=True)\n"
                  "    signal.signal(signal.SIGTSTP, signal.SIG_DFL); os.kill(0, signal.SIGTSTP)\n"
                  "    signal.signal(signal.SIGTSTP, stop); print('drawn', flush=True)\n"
                  "signal.signal(signal.SIGTSTP, stop)\n"
                  "print('ready', flush=True); print('<' + input() + '>')\n")
        terminal = self.python(script)
        terminal.wait_for(b"ready")
        terminal.type(b"\x1a")
        self.assertTrue(terminal.client.wait_until(lambda: terminal.client.stops))
        self.assertIn(b"restored", terminal.take())
        self.assertNotIn(b"drawn", terminal.take())
        terminal.signal("CONT")
        terminal.wait_for(b"drawn")
        terminal.type(b"on\r")
        self.assertTrue(terminal.finish().stdout.endswith(b"<on>\r\n"))

    def test_an_editor_stops_and_goes_on(self):
        terminal = self.start("vim", "-u", "NONE", "-N", "-n", "-i", "NONE")
        terminal.wait_for(b"\x1b[?1049h")
        terminal.type(b"ihello\x1b")
        terminal.wait_for(b"hello")
        terminal.type(b"\x1a")
        self.assertTrue(terminal.client.wait_until(lambda: terminal.client.stops))
        terminal.wait_for(b"\x1b[?1049l")
        at = len(terminal.take())
        terminal.signal("CONT")
        terminal.wait_for(b"hello", after=at)
        terminal.type(b":q!\r")
        self.assertEqual(terminal.finish().code, 0)
        self.assertEqual(len(terminal.client.stops), 1)

    def test_a_client_that_stops_is_told_nothing_of_it(self):
        terminal = self.shell(self.TREE + "wait")
        pids = terminal.numbers(3)
        for _ in range(3):
            terminal.signal("TSTP")
            self.assert_stopped(pids)
            terminal.signal("CONT")
            self.assert_running(pids)
        terminal.signal("TERM")
        terminal.client.communicate(end_stdin=False)
        self.assertEqual(terminal.client.stops, [])
        kill_quietly(pids[1])

    def test_what_ignores_the_request_is_stopped_all_the_same(self):
        for start in (self.shell, lambda script: Terminal(self.launch("sh", "-c", script)[0])):
            terminal = start("trap '' TSTP; sleep 1000 & echo $!; echo $$; wait")
            terminal.client.wait_until(lambda t=terminal: t.take().count(b"\n") == 2)
            pids = [int(line) for line in terminal.seen.split()]
            terminal.signal("TSTP")
            self.assert_stopped(pids)
            terminal.signal("CONT")
            self.assert_running(pids)
            terminal.client.close()

    def test_a_job_that_was_stopped_before_stays_so(self):
        terminal = self.start("bash", "--norc", "-i", environment=[{"name": b"PS1", "value": b"$ "}])
        terminal.wait_for(b"$ ")
        terminal.type(b"sleep 1000 & echo; kill -STOP $!; jobs -p; echo $$\r")
        job, shell = terminal.numbers(2)
        self.assert_stopped([job])
        terminal.signal("TSTP")
        self.assert_stopped([shell])
        terminal.signal("CONT")
        self.assert_running([shell])
        terminal.type(b"echo $((6 * 7))\r")
        terminal.wait_for(b"42\r\n")
        self.assertEqual(state_of(job), "T")

    def test_a_suspended_tree_is_gone_with_its_client(self):
        terminal = self.shell(self.TREE + "wait")
        pids = terminal.numbers(3)
        terminal.type(b"\x1a")
        self.assertTrue(terminal.client.wait_until(lambda: terminal.client.stops))
        terminal.client.close()
        wait_until(lambda: not any(map(is_alive, pids)), "the tree is gone")


class OverUnix(WhatItSees, Typing, Stopping, TerminalTest):
    def test_standard_error_can_be_passed(self):
        path = os.path.join(self.directory, "errors")
        with open(path, "wb") as file:
            terminal = self.shell("test -t 1 && echo out; echo err >&2", streams=TERMINAL_INPUT_OUTPUT,
                                  passed={messages.STDERR: file.fileno()})
            self.assertEqual(terminal.client.relayed, {0, 1})
            self.assertEqual(terminal.finish().stdout, b"out\r\n")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"err\n")

    def test_a_stream_is_passed_or_a_terminal(self):
        with open("/dev/null", "rb") as file:
            for streams, kind in ((TERMINAL_ALL, messages.STDERR), (TERMINAL_INPUT_OUTPUT, messages.STDIN)):
                client = peer.Client(self.endpoints["unix"]).begin()
                self.addCleanup(client.close)
                client.send_launch(self.program, [b"program.exe", b"true"], {kind: file.fileno()},
                                   terminal_streams=streams, terminal=SIZE)
                self.assertEqual(client.connection.wait_for_end(), [])


class OverTcp(WhatItSees, Typing, Stopping, TerminalTest):
    transport = "tcp"


if __name__ == "__main__":
    unittest.main()
