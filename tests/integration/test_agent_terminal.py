# SPDX-License-Identifier: MIT
"""Terminal sessions on the real Linux agent, driven by the independent peer of tests/support: what a program sees of its
terminal, what is made of what is typed, stopping and going on, and what ends when. Most programs are native commands behind
a fake runner, some are Windows programs under Wine."""

import contextlib
import hashlib
import os
import random
import shutil
import signal
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_messages as messages
from bridges import wait_until
from fake_programs import is_alive
from peer_messages import SIGNAL_NUMBERS
from terminal_session import Terminal

TERMINAL_ALL, TERMINAL_INPUT_OUTPUT = 7, 3
SIZE = {"rows": 31, "columns": 97, "name": "xterm-256color"}


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def kill_quietly(pid, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Handle:
    """A process, whoever may have its number later."""

    def __init__(self, pid):
        self.descriptor = None
        with contextlib.suppress(ProcessLookupError):
            self.descriptor = os.pidfd_open(pid)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            if self.descriptor is not None:
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def close(self):
        if self.descriptor is not None:
            os.close(self.descriptor)


def name_of(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/comm", encoding="ascii") as name:
        return name.read().rstrip()
    return None


def children_of(pid):
    pids = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                pids += map(int, children.read().split())
    return pids


class TerminalTest(unittest.TestCase):
    transport = "unix"
    agent_options = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(bridges.start_native_bridge(cls.directory, *cls.agent_options))
        cls.key_id, cls.key = bridges.read_key(cls.directory)
        cls.endpoints = {endpoint.partition(":")[0]: endpoint for endpoint in cls.bridge.endpoints}
        cls.program = fake_programs.write_pe64(os.path.join(cls.directory, "program.exe"))

    def setUp(self):
        self.bridge.assert_alive()

    def tearDown(self):
        self.bridge.assert_alive()

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

    def clean_up(self, pids):
        """Has those processes killed at the end of the test, and returns them."""
        for pid in pids:
            process = Handle(pid)
            self.addCleanup(process.close)
            self.addCleanup(process.kill)
        return pids

    def processes(self, terminal, count):
        """Those whose numbers the program shows first; they are gone after the test."""
        return self.clean_up(terminal.numbers(count))

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
        self.assertEqual(result.stdout, b"0 0\r\n" + os.environb.get(b"TERM", b"") + b"\r\n")

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
        pid = self.processes(terminal, 1)[0]
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
        pids = self.processes(terminal, 3)
        self.assert_running(pids)
        for count in (1, 2, 3):
            terminal.type(b"\x1a")
            self.assertTrue(terminal.client.wait_until(lambda: len(terminal.client.stops) == count))
            self.assertEqual([state_of(pid) for pid in pids], ["T"] * 3)
            terminal.signal("CONT")
            self.assert_running(pids)
        self.assertEqual(terminal.client.stops, [SIGNAL_NUMBERS["TSTP"]] * 3)
        terminal.client.close()

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
        pids = self.processes(terminal, 3)
        for _ in range(3):
            terminal.signal("TSTP")
            self.assert_stopped(pids)
            terminal.signal("CONT")
            self.assert_running(pids)
        terminal.client.connection.send_control("Ping", token=1)
        self.assertTrue(terminal.client.wait_until(lambda: terminal.client.pongs))
        self.assertEqual(terminal.client.stops, [])
        terminal.client.close()

    def test_what_ignores_the_request_is_stopped_all_the_same(self):
        for start in (self.shell, lambda script: Terminal(self.launch("sh", "-c", script)[0])):
            terminal = start("trap '' TSTP; sleep 1000 & echo $!; echo $$; wait")
            terminal.client.wait_until(lambda t=terminal: t.take().count(b"\n") == 2)
            pids = self.clean_up([int(line) for line in terminal.seen.split()])
            terminal.signal("TSTP")
            self.assert_stopped(pids)
            terminal.signal("CONT")
            self.assert_running(pids)
            terminal.client.close()

    def test_a_job_that_was_stopped_before_stays_so(self):
        terminal = self.start("bash", "--norc", "-i", environment=[{"name": b"PS1", "value": b"$ "}])
        terminal.wait_for(b"$ ")
        terminal.type(b"sleep 1000 & echo; kill -STOP $!; jobs -p; echo $$\r")
        job, shell = self.processes(terminal, 2)
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
        pids = self.processes(terminal, 3)
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


class Ending(TerminalTest):
    def assert_gone(self, pids):
        wait_until(lambda: not any(map(is_alive, pids)), "the tree is gone")

    def keepers(self):
        """Those that the agent has not reaped. Of Wine it has other children."""
        return [pid for pid in children_of(self.bridge.process.pid) if name_of(pid) in ("hostbridge", "hostbridge-keep")]

    def let_go(self, fifo):
        with open(fifo, "wb") as file:
            file.write(b"go\n")


STUBBORN = "trap '' HUP TERM; sh -c 'echo $$; exec sleep 1000' & setsid sh -c 'echo $$; exec sleep 1000' & echo $$; "


class PatientAgent(Ending):
    """Waits longer than any test takes."""

    agent_options = ("--drain-time", "3600", "--grace", "3600")

    def test_a_lost_client_takes_the_whole_tree_along(self):
        terminal = self.shell(STUBBORN + "while :; do wait; done")
        pids = self.processes(terminal, 3)
        terminal.client.close()
        self.assert_gone(pids)
        wait_until(lambda: not self.keepers(), "the keeper is gone")

    def test_the_end_of_the_input_hangs_up(self):
        terminal = self.shell("echo ready; exec sleep 1000")
        terminal.wait_for(b"ready")
        terminal.client.stdin.end()
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["HUP"])

    def test_a_terminal_that_nobody_looks_at_is_hung_up(self):
        terminal = self.shell("echo ready; exec sleep 1000")
        terminal.wait_for(b"ready")
        terminal.client.output[1].close()
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["HUP"])

    def test_a_hangup_reaches_a_handler_and_ends_the_input(self):
        terminal = self.shell("trap 'exit 7' HUP; echo ready; while :; do sleep 0.01; done")
        terminal.wait_for(b"ready")
        terminal.client.stdin.end()
        self.assertEqual(terminal.finish().code, 7)
        terminal = self.shell("trap '' HUP; echo ready; while read line; do :; done; exit 8")
        terminal.wait_for(b"ready")
        terminal.client.stdin.end()
        self.assertEqual(terminal.finish().code, 8)

    def test_a_hangup_reaches_the_job_in_the_foreground(self):
        terminal = self.start("bash", "--norc", "-i", environment=[{"name": b"PS1", "value": b"$ "}])
        terminal.wait_for(b"$ ")
        terminal.type(b"sh -c 'echo $$; exec sleep 1000'\r")
        pids = [*self.processes(terminal, 1), terminal.client.process_id]
        terminal.client.stdin.end()
        terminal.finish()
        self.assert_gone(pids)

    def test_a_hangup_does_not_wait_for_input_that_nobody_reads(self):
        terminal = self.shell("stty raw -echo; echo ready; exec sleep 1000")
        terminal.wait_for(b"ready")
        terminal.type(b"x" * 200_000)
        terminal.client.stdin.end()
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["HUP"])

    def test_a_descendant_that_holds_the_terminal_is_waited_for(self):
        fifo = os.path.join(self.directory, "waited")
        os.mkfifo(fifo)
        terminal = self.shell(f"(read go <{fifo}; echo late) & exit 3")
        wait_until(lambda: not is_alive(terminal.client.process_id), "the program has ended")
        self.let_go(fifo)
        self.assertEqual(terminal.finish()[:3], (b"late\r\n", b"", 3))

    def test_control_c_ends_the_wait(self):
        for end in (b"\x03", b"\x1c"):
            terminal = self.shell("trap '' INT QUIT; sleep 1000 & echo $!; exit 3")
            holder, = self.processes(terminal, 1)
            wait_until(lambda t=terminal: not is_alive(t.client.process_id), "the program has ended")
            terminal.type(b"no end\r")
            # The agent learns of the end a moment later than we: what comes before is typed to the terminal.
            while not terminal.client.exit:
                terminal.type(end)
                terminal.client.connection.step(0.01)
                while terminal.client.connection.frames and not terminal.client.exit:
                    terminal.client.handle(terminal.client.connection.frames.popleft())
            self.assertEqual(terminal.client.exit.code, 3)
            self.assertTrue(is_alive(holder))

    def test_a_program_may_close_its_terminal_and_open_it_again(self):
        script = "exec </dev/null >/dev/null 2>&1; : ; exec >/dev/tty; echo again; exit 6"
        self.assertEqual(self.shell(script).finish()[:3], (b"again\r\n", b"", 6))


class ImpatientAgent(Ending):
    agent_options = ("--drain-time", "0", "--grace", "0")

    def test_who_ignores_the_request_to_end_is_terminated_with_the_tree(self):
        for name in ("TERM", "HUP"):
            terminal = self.shell(STUBBORN + "while :; do wait; done")
            pids = self.processes(terminal, 3)
            terminal.signal(name)
            self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS[name])
            self.assert_gone(pids)

    def test_the_same_without_a_terminal(self):
        client, _ = self.launch("sh", "-c", STUBBORN + "while :; do wait; done")
        client.wait_until(lambda: client.output[1].data.count(b"\n") == 3)
        pids = self.clean_up(list(map(int, client.output[1].take().split())))
        client.connection.send_control("Signal", signal=SIGNAL_NUMBERS["TERM"])
        self.assertEqual(client.communicate(end_stdin=False).signal, SIGNAL_NUMBERS["TERM"])
        self.assert_gone(pids)

    def test_who_ignores_the_hangup_is_terminated_with_the_tree(self):
        terminal = self.shell(STUBBORN + "while :; do wait; done")
        pids = self.processes(terminal, 3)
        terminal.client.stdin.end()
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["HUP"])
        self.assert_gone(pids)

    def test_other_signals_leave_all_the_time(self):
        terminal = self.shell("trap 'echo caught' INT USR1; echo ready; while :; do sleep 0.01; done")
        terminal.wait_for(b"ready")
        for count, name in enumerate(("INT", "USR1"), 1):
            terminal.signal(name)
            terminal.client.wait_until(lambda c=count: terminal.take().count(b"caught") == c)
        self.assertTrue(is_alive(terminal.client.process_id))
        terminal.client.close()

    def test_the_whole_output_arrives_although_a_descendant_holds_the_terminal(self):
        for _ in range(5):
            terminal = self.shell("stty raw; sleep 1000 & echo $!; head -c 300000 /dev/zero; exit 3")
            result = terminal.finish()
            first, _, rest = result.stdout.partition(b"\n")
            kill_quietly(int(first))
            self.assertEqual((len(rest), result.code), (300_000, 3))

    def test_descendants_live_on_are_not_hung_up_and_can_write(self):
        directory = bridges.TemporaryDirectory()
        with directory as path, bridges.start_native_bridge(path, *self.agent_options) as agent:
            endpoint = next(each for each in agent.endpoints if each.startswith("unix:"))
            client = peer.Client(endpoint).begin()
            fifo, status = os.path.join(path, "fifo"), os.path.join(path, "status")
            os.mkfifo(fifo)
            # One holds the terminal, one only is in the foreground group.
            script = (f"(read go <{fifo}; head -c 1000000 /dev/zero; echo $? >{status}; read go <{fifo}; head -c 1000000 /dev/zero; "
                      f"echo $? >>{status}; read go <{fifo}) & echo $!; "
                      "sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; exit 3")
            client.launch(self.program, [b"program.exe", b"sh", b"-c", script.encode()], terminal_streams=TERMINAL_ALL, terminal=SIZE)
            terminal = Terminal(client)
            writer, bystander = pids = self.processes(terminal, 2)
            self.assertEqual(terminal.finish().code, 3)
            self.let_go(fifo)
            wait_until(lambda: os.path.exists(status) and os.path.getsize(status) == 2, "all is written")
            # It does not matter that the agent ends, either.
            agent.stop()
            self.let_go(fifo)
            wait_until(lambda: os.path.getsize(status) == 4, "all is written once more")
            with open(status, encoding="ascii") as file:
                self.assertEqual(file.read(), "0\n0\n")
            with open(f"/proc/{writer}/stat", encoding="ascii") as stat:
                keeper = int(stat.read().rpartition(")")[2].split()[1])
            self.let_go(fifo)
            wait_until(lambda: not is_alive(keeper), "its keeper ends with it")
            self.assertTrue(is_alive(bystander))

    def test_two_hundred_sessions_that_end_anyhow_leave_nothing(self):
        before = self.bridge.descriptor_count()
        dice = random.Random(5)
        for _ in range(200):
            script = dice.choice(("exec cat", "sleep 1000 & wait", "setsid sleep 1000 & cat", "trap '' HUP TSTP; cat", "exit 3"))
            terminal = self.shell("echo ready; " + script)
            program = Handle(terminal.client.process_id)
            if dice.random() < 0.8:
                terminal.wait_for(b"ready")
            for _ in range(dice.randrange(4)):
                choice = dice.randrange(6)
                if choice == 0:
                    terminal.type(dice.choice((b"\x1a", b"\x03", b"\x1c", b"\x04", b"text\r")))
                elif choice == 1:
                    terminal.resize(dice.randrange(100), dice.randrange(100))
                elif choice == 2:
                    terminal.signal(dice.choice(("TSTP", "CONT", "INT", "TERM", "HUP", "USR1")))
                elif choice == 3:
                    terminal.client.stdin.end()
                elif choice == 4:
                    program.kill()
                else:
                    for keeper in self.keepers()[:1]:
                        kill_quietly(keeper, dice.choice((signal.SIGHUP, signal.SIGTERM, signal.SIGCONT)))
            terminal.client.close()
            program.close()

        def is_nothing_left():
            # What a program that ended by itself left running lives on, and its keeper with it.
            for keeper in self.keepers():
                for pid in children_of(keeper):
                    kill_quietly(pid)
            return not self.keepers()

        wait_until(is_nothing_left, "all keepers are gone")
        wait_until(lambda: self.bridge.descriptor_count() <= before, "all descriptors are closed")


@unittest.skipUnless(shutil.which("wine") and os.path.exists(os.path.join(bridges.SAMPLES, "sleep.exe")),
                     "needs Wine and the samples")
class UnderWine(Ending):
    """Wine has a console of its own on the terminal, and its processes leave the program's group."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(bridges.start_linux_bridge(cls.directory, "unix"))

    def start_sample(self, name, *arguments):
        client = peer.Client(self.bridge.endpoints[0]).begin()
        self.addCleanup(client.close)
        answer = client.launch(os.path.join(bridges.SAMPLES, name), [b"program.exe", *map(os.fsencode, arguments)],
                               terminal_streams=TERMINAL_ALL, terminal=SIZE)
        self.assertEqual((answer.name, answer.terminal), ("LaunchReply", messages.TERMINAL_POSIX))
        return Terminal(client)

    def start_sleep(self):
        """A program that shows that it runs by a counter that grows."""
        counter = os.path.join(self.directory, self.id().rpartition(".")[2])
        terminal = self.start_sample("sleep.exe", "100000000", "Z:" + counter.replace("/", "\\"))

        def beats():
            with contextlib.suppress(FileNotFoundError), open(counter, encoding="ascii") as file:
                return int(file.read() or 0)
            return 0

        wait_until(lambda: beats() > 1, "the program runs")
        return terminal, beats

    def test_output_and_exit_code_cross(self):
        result = self.start_sample("hello.exe").finish()
        self.assertIn(b"Hello from Windows!", result.stdout)
        self.assertEqual(result.code, 0)

    def test_lines_are_read(self):
        terminal = self.start_sample("cat.exe")
        terminal.type(b"typed\r")
        seen = terminal.wait_for(b"typed")
        self.assertTrue(terminal.client.wait_until(lambda: terminal.take().count(b"typed") == 2), seen)
        terminal.type(b"\x03")
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["INT"])

    def test_a_typed_interrupt_is_how_it_ended(self):
        terminal, _ = self.start_sleep()
        terminal.type(b"\x03")
        self.assertEqual(terminal.finish().signal, SIGNAL_NUMBERS["INT"])

    def test_a_typed_stop_stops_all_of_it(self):
        terminal, beats = self.start_sleep()
        for count in (1, 2):
            terminal.type(b"\x1a")
            self.assertTrue(terminal.client.wait_until(lambda c=count: len(terminal.client.stops) == c))
            for pid in [terminal.client.process_id, *(each for keeper in self.keepers() for each in children_of(keeper))]:
                self.assertEqual(state_of(pid), "T")
            before = beats()
            terminal.signal("CONT")
            wait_until(lambda b=before: beats() > b + 1, "the program goes on")
        terminal.client.close()

    def test_a_lost_client_takes_it_along(self):
        terminal, _ = self.start_sleep()
        terminal.client.close()
        self.assert_gone([terminal.client.process_id])
        wait_until(lambda: not self.keepers(), "the keeper is gone")


if __name__ == "__main__":
    if not os.path.exists(bridges.HOSTBRIDGE):
        print(f"skipped: {bridges.HOSTBRIDGE} has not been built")
        sys.exit(bridges.SKIP)
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
