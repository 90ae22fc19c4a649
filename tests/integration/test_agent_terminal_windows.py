# SPDX-License-Identifier: MIT
"""Terminal sessions and signals on the real agent for Windows, under Wine and driven by the independent peer of tests/support.
What Wine's consoles cannot do is not tested: they take no other size, and know no Ctrl-Break."""

import os
import random
import re
import sys
import time
import unittest

import bridges
import limited_tests
import mzinit_peer as peer
import peer_messages as messages
from bridges import wait_until
from peer_messages import SIGNAL_NUMBERS
from terminal_session import Terminal

TERMINAL_ALL, TERMINAL_INPUT_OUTPUT = 7, 3
SIZE = {"rows": 31, "columns": 97, "name": "xterm-256color"}
CONTROL_C_EXIT = 0xC000013A
# The agent's; a program that ignores the request to end has at least this long.
GRACE = 5


def host_path(path):
    return "Z:" + path.replace("/", "\\")


def printed(output):
    """What is left of a console's output without the sequences that move the cursor or change colours. Moving over blanks
    is how Wine writes them at the end of a line."""
    with_blanks = re.sub(rb"\x1b\[(\d+)C", lambda match: b" " * int(match.group(1)), output)
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", with_blanks).replace(b"\r\n", b"\n")


def windows_processes(mark):
    """The pids of the programs with `mark` in their command lines."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read()
        except OSError:
            continue
        if mark.encode() in line and b".exe" in line and b"hostbridge" not in line:
            found.append(pid)
    return found


SAMPLES = host_path(bridges.SAMPLES)


class WindowsTest(unittest.TestCase):
    agent_options = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(bridges.start_windows_bridge(cls.directory, cls.agent_options))
        with open(os.path.join(cls.directory, "key"), encoding="ascii") as file:
            cls.key_id, digits = file.read().split()
        cls.key = bytes.fromhex(digits)

    def tearDown(self):
        self.assertIsNone(self.bridge.process.poll(), f"the agent died: {self.bridge.log()[-2000:]}")

    def launch(self, program, *arguments, **more):
        client = peer.Client(self.bridge.endpoints[0], key=self.key, key_id=self.key_id).begin()
        self.addCleanup(client.close)
        argv = [program.encode(), *(os.fsencode(argument) for argument in arguments)]
        answer = client.launch(os.path.join(bridges.SAMPLES, program), argv, working_directory=os.fsencode(self.directory), **more)
        self.assertEqual(answer.name, "LaunchReply", answer)
        return client, answer

    def start(self, program, *arguments, streams=TERMINAL_ALL):
        client, answer = self.launch(program, *arguments, terminal_streams=streams, terminal=SIZE)
        self.assertEqual(answer.terminal, messages.TERMINAL_WINDOWS)
        return Terminal(client)

    def batch_file(self, name, *commands):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"@{command}\r\n" for command in commands))
        return path

    def start_without_terminal(self, program, *arguments):
        return Terminal(self.launch(program, *arguments)[0])

    def either_way(self, program, *arguments):
        """The program with a terminal, then without."""
        yield self.start(program, *arguments)
        yield self.start_without_terminal(program, *arguments)

    def subdirectory(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    @staticmethod
    def beats(directory, count=5):
        """Reads the grandchildren's heartbeats, once all of them beat."""
        files = [os.path.join(directory, f"{n}.beat") for n in range(1, count + 1)]
        wait_until(lambda: all(os.path.exists(file) and os.path.getsize(file) for file in files), "the grandchildren start")

        def read():
            values = []
            for path in files:
                with open(path, encoding="ascii") as file:
                    values.append(file.read())
            return values

        return read

    def assert_still(self, beats):
        """That no heart beats any more, for half a second, which is ten beats."""
        last = [beats(), 0]

        def still():
            now = beats()
            last[1] = last[1] + 1 if now == last[0] else 0
            last[0] = now
            return last[1] >= 50

        wait_until(still, "the hearts stop")

    def assert_beating(self, beats):
        before = beats()
        wait_until(lambda: all(new != old for new, old in zip(beats(), before)), "all hearts beat")

    def assert_gone(self, mark):
        wait_until(lambda: not windows_processes(mark), f"the programs of {mark} are gone")


class WhatItSees(WindowsTest):
    def test_the_streams_are_a_console_of_that_size(self):
        terminal = self.start("console.exe")
        self.assertEqual(terminal.client.relayed, {0, 1})
        terminal.type(b"quit\r")
        self.assertIn(b"in console\nout console\nerr console\nsize 31 97\nready\nready, too\n", printed(terminal.finish().stdout))

    def test_an_unknown_size_is_a_usual_one(self):
        client, _ = self.launch("console.exe", terminal_streams=TERMINAL_ALL, terminal={})
        terminal = Terminal(client)
        terminal.type(b"quit\r")
        self.assertIn(b"size 25 80\n", printed(terminal.finish().stdout))

    def test_standard_error_of_its_own_is_kept_apart(self):
        terminal = self.start("console.exe", streams=TERMINAL_INPUT_OUTPUT)
        self.assertEqual(terminal.client.relayed, {0, 1, 2})
        terminal.type(b"quit\r")
        result = terminal.finish()
        self.assertIn(b"in console\nout console\nerr other\nsize 31 97\nready\nquit\n", printed(result.stdout))
        self.assertEqual((result.stderr, result.code), (b"ready, too\n", 0))

    def test_no_terminal_is_given_without_being_asked_for(self):
        client, answer = self.launch("console.exe")
        self.assertEqual((answer.terminal, answer.relayed_streams), (0, 7))
        self.assertEqual(client.communicate(b"text"), peer.Result(
            b"in other\nout other\nerr other\nready\nread text\n", b"ready, too\n", 0, None, 4))

    def test_a_gui_program_takes_no_terminal(self):
        path = os.path.join(self.directory, "gui.txt")
        client, answer = self.launch("gui.exe", host_path(path), "7", terminal_streams=TERMINAL_ALL, terminal=SIZE)
        self.assertEqual((answer.terminal, answer.relayed_streams), (0, 7))
        self.assertEqual(client.communicate().code, 7)

    def test_arguments_and_exit_code_are_as_without_a_terminal(self):
        arguments = ["", "b c", 'd"e', "f\\", "x" * 20_000]
        with self.launch("args.exe", *arguments)[0] as client:
            without = client.communicate()
        result = self.start("args.exe", *arguments).finish()
        # The console breaks lines.
        self.assertEqual(printed(result.stdout).replace(b"\n", b""), without.stdout.replace(b"\n", b""))
        self.assertEqual(self.start("exit.exe", "0x12345678").finish().code, 0x12345678)

    def test_a_resize_that_wine_refuses_is_said_once(self):
        before = len(self.bridge.log())
        terminal = self.start("console.exe")
        for rows in range(100):
            terminal.resize(rows, 65536 * rows)
        terminal.type(b"quit\r")
        self.assertEqual(terminal.finish().code, 0)
        terminal = self.start("console.exe")
        terminal.resize(10, 20)
        terminal.type(b"quit\r")
        self.assertEqual(terminal.finish().code, 0)
        self.assertEqual(self.bridge.log()[before:].count("resize a pseudoconsole"), 1)

    def test_a_resize_without_a_terminal_means_nothing(self):
        client, _ = self.launch("cat.exe")
        client.connection.send_control("Resize", rows=24, columns=80)
        self.assertEqual(client.communicate(b"on\n").stdout, b"on\n")


class Typing(WindowsTest):
    def test_lines_are_edited_and_echoed(self):
        terminal = self.start("console.exe")
        terminal.wait_for(b"ready, too")
        terminal.type(b"hex\x7fllo\r")
        terminal.wait_for(b"read hello")
        terminal.type("äö\r".encode())
        terminal.wait_for(rb"read \xc3\xa4\xc3\xb6")
        terminal.type(b"quit\r")
        result = terminal.finish()
        self.assertIn("hello\nread hello\näö\n".encode(), printed(result.stdout))
        self.assertEqual((result.code, result.stdin_consumed), (0, 8 + 5 + 5))

    def test_what_is_typed_early_is_not_lost(self):
        for _ in range(5):
            terminal = self.start("console.exe")
            terminal.type(b"first\rquit\n")
            self.assertIn(b"read first", terminal.finish().stdout)

    def test_the_last_words_are_not_lost(self):
        for _ in range(20):
            result = self.start("hello.exe", "last words").finish()
            self.assertIn(b"Hello from Windows!\nargument: last words\n", printed(result.stdout))
            self.assertEqual(result.code, 0)

    def test_a_mebibyte_arrives_complete(self):
        lines = 50_000  # of 21 bytes
        terminal = self.start("console.exe", "--lines", str(lines))
        terminal.type(b"quit\r")
        numbers = re.findall(rb"(\d{8}) of %08d\n" % lines, printed(terminal.finish().stdout))
        self.assertEqual([int(number) for number in numbers], list(range(1, lines + 1)))

    def test_a_client_that_looks_late_gets_everything(self):
        lines = 10_000
        client = peer.Client(self.bridge.endpoints[0], key=self.key, key_id=self.key_id, initial_credit=1000).begin()
        self.addCleanup(client.close)
        answer = client.launch(os.path.join(bridges.SAMPLES, "console.exe"), [b"console.exe", b"--lines", b"%d" % lines],
                               terminal_streams=TERMINAL_ALL, terminal=SIZE, working_directory=os.fsencode(self.directory))
        self.assertEqual(answer.name, "LaunchReply", answer)
        client.wait_until(lambda: client.output[1].window == 0)
        terminal = Terminal(client)
        terminal.type(b"quit\r")
        self.assertEqual(len(re.findall(rb"\d{8} of", printed(terminal.finish().stdout))), lines)

    def test_an_interrupt_ends_a_program_that_does_not_mind(self):
        terminal = self.start("console.exe")
        terminal.wait_for(b"ready, too")
        terminal.type(b"text\x03")
        self.assertEqual(terminal.finish().code, CONTROL_C_EXIT)

    def test_an_interrupt_reaches_a_handler(self):
        terminal = self.start("console.exe", "--handle", "1234")
        terminal.wait_for(b"ready, too")
        terminal.type(b"\x03")
        result = terminal.finish()
        self.assertIn(b"event 0\n", printed(result.stdout))
        self.assertEqual(result.code, 1234)

    def test_an_interrupt_that_is_ignored_ends_nothing(self):
        terminal = self.start("console.exe", "--ignore")
        terminal.wait_for(b"ready, too")
        for count in (1, 2, 3):
            terminal.type(b"\x03")
            self.assertTrue(terminal.client.wait_until(lambda n=count: terminal.take().count(b"event 0") == n))
        terminal.type(b"still here\r")
        terminal.wait_for(b"read still here")
        terminal.client.close()

    def test_a_raw_console_makes_no_interrupts(self):
        terminal = self.start("console.exe", "--raw", "--handle", "9")
        terminal.wait_for(b"ready, too")
        terminal.type(b"a\x03")
        terminal.wait_for(rb"read \x03")
        terminal.type(b"z")
        terminal.wait_for(b"read z")
        terminal.client.close()


class Signals(WindowsTest):
    def test_an_interrupt_is_the_end_of_a_program_that_does_not_mind(self):
        for terminal in self.either_way("sleep.exe", "100000"):
            terminal.wait_for(b"ready")
            terminal.signal("INT")
            self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["INT"])

    def test_an_interrupt_reaches_a_handler(self):
        for terminal in self.either_way("console.exe", "--handle", "0x1234"):
            terminal.wait_for(b"ready")
            terminal.signal("INT")
            self.assertEqual(terminal.finish().code, 0x1234)

    def test_an_interrupt_that_is_ignored_ends_nothing(self):
        for terminal in self.either_way("console.exe", "--ignore"):
            terminal.wait_for(b"ready")
            terminal.signal("INT")
            terminal.wait_for(b"event 0")
            terminal.type(b"on\r\n")
            terminal.wait_for(b"read on")
            terminal.client.close()

    def test_who_ignores_the_request_to_end_is_terminated_with_all_grandchildren(self):
        for start, name in ((self.start, "TERM"), (self.start_without_terminal, "QUIT"), (self.start_without_terminal, "HUP")):
            directory = self.subdirectory(name)
            terminal = start("tree.exe", host_path(directory), "100")
            beats = self.beats(directory)
            begin = time.monotonic()
            # Wine has no Ctrl-Break, so that nobody is asked.
            terminal.signal(name)
            self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS[name])
            self.assertGreaterEqual(time.monotonic() - begin, GRACE - 1)
            self.assert_still(beats)
            self.assert_gone(host_path(directory))

    def test_a_hangup_ends_the_program(self):
        for hang_up in (lambda t: t.signal("HUP"), lambda t: t.client.stdin.end(), lambda t: t.client.output[1].close()):
            terminal = self.start("sleep.exe", "100000")
            terminal.wait_for(b"ready")
            hang_up(terminal)
            self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["HUP"])

    def test_the_whole_tree_stops_and_goes_on(self):
        for number, terminal in enumerate(self.either_way("tree.exe", host_path(self.subdirectory("stop")), "100")):
            self.assertTrue(terminal.client.wait_until(lambda t=terminal: t.take().count(b"child") == 5))
            beats = self.beats(self.subdirectory("stop"))
            for _ in range(3):
                self.assert_beating(beats)
                terminal.signal("TSTP")
                self.assert_still(beats)
                terminal.signal("CONT")
            self.assert_beating(beats)
            if number:
                terminal.signal("TSTP")
                self.assert_still(beats)
            # Also if it is suspended.
            terminal.client.close()
            self.assert_gone(host_path(self.subdirectory("stop")))

    def test_a_signal_at_once_is_not_lost(self):
        for terminal in self.either_way("sleep.exe", "100000"):
            terminal.signal("INT")
            self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["INT"])

    def test_a_gui_program_that_cannot_be_asked_is_ended(self):
        path = os.path.join(self.directory, "asked.txt")
        client, _ = self.launch("gui.exe", host_path(path), "0", "100000")
        wait_until(lambda: os.path.exists(path), "the program runs")
        client.connection.send_control("Signal", signal=SIGNAL_NUMBERS["TERM"])
        self.assertEqual(client.communicate().signal, SIGNAL_NUMBERS["TERM"])

    def test_a_gui_program_is_let_go_when_its_clients_terminal_is_gone(self):
        path = os.path.join(self.directory, "let_go.txt")
        client, _ = self.launch("gui.exe", host_path(path), "0", "2000")
        wait_until(lambda: os.path.exists(path), "the program runs")
        client.stdin.send_some(b"never read")
        client.connection.send_control("Signal", signal=SIGNAL_NUMBERS["HUP"])
        result = client.communicate(end_stdin=False)
        self.assertEqual((result.signal, result.stdin_consumed), (SIGNAL_NUMBERS["HUP"], 0))
        with open(path, encoding="ascii") as file:
            self.assertNotIn("Goodbye.", file.read())

        def text():
            with open(path, encoding="ascii") as file:
                return file.read()

        wait_until(lambda: "Goodbye." in text(), "it goes on")


def console_count():
    """How many of Wine's processes for pseudoconsoles run."""
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file, open(f"/proc/{pid}/environ", "rb") as environment:
                count += b"conhost.exe\0--headless" in file.read() and bridges.WINE_PREFIX.encode() in environment.read()
        except OSError:
            continue
    return count


class Descendants(WindowsTest):
    agent_options = ("--drain-time", "1")

    def test_what_was_left_running_lives_on_and_its_console_as_long(self):
        wait_until(lambda: console_count() == 0, "those of other tests are closed")
        directory = self.subdirectory("left")
        # Two of the five are on its console, and three are not.
        terminal = self.start("tree.exe", host_path(directory), "4", "--exit")
        beats = self.beats(directory)
        result = terminal.finish()
        self.assertEqual((result.code, printed(result.stdout).count(b"child")), (0, 5))
        self.assert_beating(beats)
        self.assertEqual(console_count(), 1)
        self.assert_gone(host_path(directory))
        wait_until(lambda: console_count() == 0, "the console is closed")

    def test_what_it_writes_later_is_thrown_away(self):
        mark = os.path.join(self.directory, "mark.txt")
        writer = self.batch_file("writer.bat", f"{SAMPLES}\\console.exe --lines 20000 <nul", f"echo done >{host_path(mark)}")
        terminal = self.start(self.batch_file("left.bat", f"start /b cmd /c {host_path(writer)}", "exit 3"))
        self.assertEqual(terminal.finish().code, 3)
        # It would never come to that if nobody read.
        wait_until(lambda: os.path.exists(mark), "all is written")


class DescendantsElsewhere(WindowsTest):
    agent_options = ("--drain-time", "1000")

    def test_what_has_another_console_or_none_is_not_waited_for(self):
        path = os.path.join(self.directory, "elsewhere.txt")
        terminal = self.start(self.batch_file("start.bat", f"start {SAMPLES}\\gui.exe {host_path(path)} 0 2000", "exit 4"))
        self.assertEqual(terminal.finish().code, 4)
        wait_until(lambda: os.path.exists(path), "it runs")

        def text():
            with open(path, encoding="ascii") as file:
                return file.read()

        self.assertNotIn("Goodbye.", text())
        wait_until(lambda: "Goodbye." in text(), "it lives on")


class LostClients(WindowsTest):
    def test_a_lost_client_takes_the_whole_tree_along(self):
        for terminal in self.either_way("tree.exe", host_path(self.subdirectory("lost")), "100"):
            self.assertTrue(terminal.client.wait_until(lambda t=terminal: t.take().count(b"child") == 5))
            beats = self.beats(self.subdirectory("lost"))
            self.assert_beating(beats)
            terminal.client.close()
            self.assert_still(beats)
            self.assert_gone(host_path(self.subdirectory("lost")))

    def test_a_gui_program_outlives_its_client(self):
        path = os.path.join(self.directory, "outlives.txt")
        client, _ = self.launch("gui.exe", host_path(path), "0", "2000")
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), "the program runs")
        client.close()

        def text():
            with open(path, encoding="ascii") as file:
                return file.read()

        wait_until(lambda: "Goodbye." in text(), "the program ends by itself")

    def end_anyhow(self, generator):
        client, _ = self.launch("console.exe", "--lines", "200", "--ignore", terminal_streams=generator.choice((0, 3, 7)), terminal=SIZE)
        terminal = Terminal(client)
        if generator.randrange(2):
            client.wait_until(lambda: client.output[1].total > 100)
        for _ in range(generator.randrange(3)):
            terminal.signal(generator.choice(("INT", "TSTP", "CONT", "USR1")))
            terminal.type(generator.choice((b"text\r", b"\x03", b"x" * 5000)))
        client.close()

    def test_sessions_that_end_anyhow_leave_nothing(self):
        own = f"/proc/{self.bridge.process.pid}"

        def counts():
            return len(os.listdir(own + "/fd")), len(os.listdir(own + "/task"))

        generator = random.Random(5)
        for _ in range(10):
            self.end_anyhow(generator)
        self.assert_gone("console.exe")
        descriptors, threads = counts()
        for _ in range(50):
            self.end_anyhow(generator)
        self.assert_gone("console.exe")
        # Wine's own pool has a thread more now and then, of four descriptors; a leak would be one for each session.
        wait_until(lambda: counts()[0] <= descriptors + 16 and counts()[1] <= threads + 4,
                   f"not many more than {descriptors} descriptors and {threads} threads: {counts()}")


if __name__ == "__main__":
    for needed in (bridges.WINDOWS_AGENT, bridges.HOSTBRIDGE, os.path.join(bridges.SAMPLES, "console.exe")):
        if not os.path.exists(needed):
            print(f"skipped: {needed} has not been built")
            sys.exit(bridges.SKIP)
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
