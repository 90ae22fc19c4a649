# SPDX-License-Identifier: MIT
"""The real agent, driven by the independent peer of tests/support: what a client may do, what a hostile one may try, and what
the agent must do in each case. The programs are native commands behind a fake runner, so that no Wine is needed."""

import contextlib
import os
import re
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
import peer_messages as messages
from bridges import wait_until
from fake_programs import is_alive
from peer_messages import SIGNAL_NUMBERS

HOSTILE_CLIENTS = 300 if bridges.SANITIZED else 1000
# DESIGN: the tree is gone within 2 s. Sanitized programs are slower, and share the machine.
TREE_GONE = 20 if bridges.SANITIZED else 2


class AgentTest(unittest.TestCase):
    """Starts one agent for all tests of a class, and looks after each test whether it is still healthy."""

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
        self.log_start = len(self.bridge.log())

    def tearDown(self):
        self.bridge.assert_alive()
        with self.started("sh", "-c", "echo healthy") as client:
            self.assertEqual(client.communicate().stdout, b"healthy\n")

    def connect(self, transport=None, **more):
        """A client that has not said anything yet."""
        more.setdefault("key", self.key)
        more.setdefault("key_id", self.key_id)
        client = peer.Client(self.endpoints[transport or self.transport], **more)
        self.addCleanup(client.close)
        return client

    def send_command(self, client, *command, **more):
        argv = [b"program.exe", *(os.fsencode(word) for word in command)]
        client.send_launch(self.program, argv, **more)

    def start(self, client, *command, **more):
        self.send_command(client, *command, **more)
        answer = client.read_launch_answer()
        self.assertEqual(answer.name, "LaunchReply", answer)
        return client

    def started(self, *command, **more):
        return self.start(self.connect().begin(), *command, **more)

    def run_command(self, *command, data=b"", **more):
        with self.started(*command, **more) as client:
            return client.communicate(data)

    def assert_logged(self, reason):
        pattern = re.compile(reason)
        try:
            wait_until(lambda: pattern.search(self.bridge.log()[self.log_start:]), reason, timeout=20)
        except AssertionError:
            self.fail(f"not logged: {reason}\n{bridges.excerpt(self.bridge.log()[self.log_start:])}")

    def assert_dropped(self, client):
        """The agent closes the connection, without an ExitStatus."""
        for frame in client.connection.wait_for_end():
            if frame.type == wire.CONTROL:
                self.assertNotIn(frame.control().name, ("LaunchReply", "ExitStatus", "Info"))


# --- what a client may do ---------------------------------------------------------------------------------------------


class WellBehaved:
    """The same over unix and tcp, streams relayed."""

    def test_streams_and_exit_code_come_back(self):
        result = self.run_command("sh", "-c", "cat; echo complaint >&2; exit 42", data=b"some input")
        self.assertEqual(result, peer.Result(b"some input", b"complaint\n", 42, None, 10))

    def test_every_byte_of_three_megabytes_comes_back(self):
        data = os.urandom(3 << 20)
        result = self.run_command("cat", data=data)
        self.assertEqual((len(result.stdout), result.stdout == data, result.code, result.stdin_consumed),
                         (len(data), True, 0, len(data)))

    def test_output_larger_than_input_cannot_deadlock(self):
        data = os.urandom(1 << 20)
        script = "import sys\nwhile block := sys.stdin.buffer.read1(65536): sys.stdout.buffer.write(block * 4)"
        result = self.run_command(sys.executable, "-c", script, data=data)
        self.assertEqual((len(result.stdout), result.code), (4 << 20, 0))

    def test_small_windows_are_respected(self):
        with self.connect(initial_credit=100).begin() as client:
            self.start(client, "sh", "-c", "head -c 20000 /dev/zero; head -c 20000 /dev/zero >&2")
            result = client.communicate()
        self.assertEqual((len(result.stdout), len(result.stderr), result.code), (20000, 20000, 0))

    def test_stdin_is_counted_exactly_as_far_as_it_was_read(self):
        data = b"x" * 100_000
        result = self.run_command("dd", "bs=1", "count=5", "status=none", data=data)
        self.assertEqual((result.stdout, result.stdin_consumed), (b"xxxxx", 5))
        self.assertEqual(self.run_command("true", data=data).stdin_consumed, 0)

    def test_consumption_is_confirmed_while_the_program_runs(self):
        with self.started("sh", "-c", "dd bs=1 count=3 status=none; exec sleep 1000") as client:
            client.stdin.send_some(b"abcdef")
            self.assertTrue(client.wait_until(lambda: client.consumed == 3))

    def test_unread_input_never_costs_the_exit_status(self):
        data = b"x" * 1_500_000
        for _ in range(20):
            result = self.run_command("sh", "-c", "exit 7", data=data)
            self.assertEqual((result.code, result.stdin_consumed), (7, 0))

    def test_input_that_keeps_coming_after_the_end_does_not_reset_the_connection(self):
        with self.started("sh", "-c", "exit 7") as client:
            while not client.exit:
                client.stdin.send_some(b"y" * 1000)
                client.connection.step(0.01)
                while client.connection.frames and not client.exit:
                    client.handle(client.connection.frames.popleft())
            self.assertEqual(client.exit.code, 7)
            client.connection.send(wire.credit_frame(1, 1) * 1000)
            client.connection.wait_for_end()
            self.assertFalse(client.connection.reset)

    def test_end_of_input_reaches_the_program(self):
        with self.started("cat") as client:
            client.stdin.end()
            self.assertEqual(client.communicate().code, 0)

    def test_a_closed_reader_ends_the_program(self):
        with self.started("sh", "-c", "exec yes") as client:
            client.wait_until(lambda: client.output[1].total > 100_000)
            client.output[1].close()
            self.assertEqual(client.communicate().signal, SIGNAL_NUMBERS["PIPE"])

    def test_a_program_that_closes_its_input_says_so(self):
        with self.started("sh", "-c", "exec <&-; exec sleep 1000") as client:
            def closed():
                if not client.stdin.ended:
                    client.stdin.send_some(b"x" * 10_000)
                return client.stdin.closed_by_peer
            deadline = time.monotonic() + bridges.HANG_GUARD
            while not closed():
                self.assertLess(time.monotonic(), deadline)
                client.connection.step(0.05)
                while client.connection.frames:
                    client.handle(client.connection.frames.popleft())

    def test_signals_reach_the_program(self):
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1"):
            with self.started("sh", "-c", "echo ready; exec sleep 1000") as client:
                client.wait_until(lambda c=client: c.output[1].data)
                client.connection.send_control("Signal", signal=SIGNAL_NUMBERS[name])
                self.assertEqual(client.communicate(end_stdin=False).signal, SIGNAL_NUMBERS[name])

    def test_a_stopped_program_goes_on(self):
        with self.started("sh", "-c", "echo $$; read line; echo $line") as client:
            client.wait_until(lambda: b"\n" in client.output[1].data)
            pid = int(client.output[1].take())
            client.connection.send_control("Signal", signal=SIGNAL_NUMBERS["TSTP"])
            wait_until(lambda: state_of(pid) == "T", "the program is stopped")
            client.connection.send_control("Signal", signal=SIGNAL_NUMBERS["CONT"])
            self.assertEqual(client.communicate(b"on\n").stdout, b"on\n")

    def test_death_by_signal_is_reported_as_one(self):
        for name in ("SEGV", "KILL", "ABRT"):
            result = self.run_command("sh", "-c", f"kill -{name} $$")
            self.assertEqual((result.code, result.signal), (None, SIGNAL_NUMBERS[name]))

    def test_ping_is_answered(self):
        with self.started("sleep", "1000") as client:
            client.connection.send_control("Ping", token=(1 << 64) - 1)
            self.assertTrue(client.wait_until(lambda: client.pongs))
            self.assertEqual(client.pongs, [(1 << 64) - 1])

    def test_info_names_the_system(self):
        with self.connect().begin() as client:
            info = client.info()
            self.assertEqual(info.system, "linux")
            self.assertEqual(client.connection.wait_for_end(), [])

    def test_environment_and_directory_cross(self):
        result = self.run_command("sh", "-c", "echo $ADDED; echo ${HOME-deleted}; pwd", working_directory=b"/usr",
                                  environment=[{"name": b"ADDED", "value": b"a b"}, {"name": b"HOME", "value": b""}])
        self.assertEqual(result.stdout, b"a b\ndeleted\n/usr\n")

    def test_arguments_cross_unchanged(self):
        arguments = [b"", b"b c", b'd"e', b"f\\", b'g\\\\"h', "ü".encode(), b"\xff\xfe", b"*", b"$HOME", b"new\nline"]
        with self.connect().begin() as client:
            client.send_launch(self.program, [b"program.exe", b"printf", b"%s\\0", *arguments])
            client.read_launch_answer()
            self.assertEqual(client.communicate().stdout.split(b"\0")[:-1], arguments)

    def test_a_hundred_thousand_arguments_arrive(self):
        with self.connect().begin() as client:
            client.send_launch(self.program, [b"program.exe", b"sh", b"-c", b"echo $#", b"sh"] + [b"a"] * 100_000)
            answer = client.read_launch_answer()
            self.assertEqual(answer.name, "LaunchReply", answer)
            self.assertEqual(client.communicate().stdout, b"100000\n")

    def test_more_arguments_than_the_system_takes_are_refused(self):
        with self.connect().begin() as client:
            client.send_launch(self.program, [b"program.exe", b"true"] + [b"a" * 30] * 100_000)
            answer = client.read_launch_answer()
            self.assertEqual((answer.name, answer.code, answer.started), ("LaunchError", 6, False))

    def test_files_that_cannot_be_run_are_refused_with_a_reason(self):
        text = os.path.join(self.directory, "text.exe")
        with open(text, "wb") as file:
            file.write(b"MZ, said the text file, and went on.\n" * 4)
        for path, codes in (("/nonexistent/program.exe", (1, 8)), (text, (2,)), ("/", (4,))):
            with self.connect().begin() as client:
                answer = client.launch(path)
                self.assertEqual(answer.name, "LaunchError")
                self.assertIn(answer.code, codes, answer)
                self.assertFalse(answer.started)
                self.assertTrue(answer.text)
                self.assertEqual(client.connection.wait_for_end(), [])

    def test_another_file_than_the_client_sees_is_refused(self):
        for change in ({"program_size": 7}, {"program_head_sha256": bytes(32)}):
            with self.connect().begin() as client:
                answer = client.launch(self.program, [b"program.exe", b"true"], **change)
                self.assertEqual((answer.name, answer.code), ("LaunchError", 8))

    def test_a_normal_end_leaves_a_grandchild_alive(self):
        script = "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"
        result = self.run_command("sh", "-c", script)
        pid = int(result.stdout)
        self.addCleanup(kill_quietly, pid)
        self.assertEqual(result.code, 0)
        # The agent has closed the session by now: whatever it was going to do to the tree, it has done.
        self.assertTrue(is_alive(pid))

    def test_a_grandchild_that_holds_the_output_does_not_hold_the_exit_status(self):
        result = self.run_command("sh", "-c", "sleep 1000 & echo $!; exit 3")
        self.addCleanup(kill_quietly, int(result.stdout))
        self.assertEqual(result.code, 3)

    def test_a_lost_client_takes_the_whole_tree_along(self):
        script = "sleep 1000 & echo $!; setsid sleep 1000 & echo $!; (setsid sh -c 'sleep 1000 & echo $!; wait' &); echo $$; wait"
        for ending in ("close", "reset", "half-close"):
            with self.started("sh", "-c", script) as client:
                client.wait_until(lambda c=client: c.output[1].data.count(b"\n") == 4)
                pids = [int(line) for line in client.output[1].take().split()]
                for pid in pids:
                    self.addCleanup(kill_quietly, pid)
                    self.assertTrue(is_alive(pid))
                if ending == "reset":
                    client.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                if ending == "half-close":
                    client.connection.sock.shutdown(socket.SHUT_WR)
                else:
                    client.close()
                wait_until(lambda: not any(map(is_alive, pids)), f"the tree is gone after {ending}", timeout=TREE_GONE)

    def test_a_client_that_stops_reading_delays_nobody(self):
        with self.started("sh", "-c", "exec yes") as stalled:
            stalled.wait_until(lambda: stalled.output[1].total > 0)
            results, failures = [], []

            def launch(number):
                try:
                    with self.started("sh", "-c", f"cat; exit {number}") as client:
                        results.append((number, client.communicate(b"%d" % number)))
                except Exception as error:  # pylint: disable=broad-except
                    failures.append(error)

            threads = [threading.Thread(target=launch, args=(number,)) for number in range(100)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(bridges.HANG_GUARD)
            self.assertEqual(failures, [])
            self.assertEqual(len(results), 100)
            for number, result in results:
                self.assertEqual((result.stdout, result.code), (b"%d" % number, number))

    def test_a_client_cut_off_at_any_byte_starts_at_most_one_program(self):
        marks = os.path.join(self.directory, "marks." + self.transport)
        script = f"echo x >> {marks}"
        with self.connect().begin() as client:
            self.start(client, "sh", "-c", script)
            total = client.connection.sent
            client.communicate()
        os.unlink(marks)
        for length in range(total):
            with contextlib.suppress(wire.ConnectionEnded, peer.Refusal, OSError):
                client = self.connect(cut_after=length)
                if length == 0:
                    client.close()
                    continue
                client.begin()
                self.start(client, "sh", "-c", script)
                self.fail(f"a reply after {length} of {total} bytes")
        # Another launch comes after all of them in the agent; no program of theirs has been seen.
        self.assertEqual(self.run_command("true").code, 0)
        self.assertFalse(os.path.exists(marks))

    def test_a_client_cut_off_while_it_sends_input_takes_the_program_along(self):
        with self.started("sh", "-c", "echo $$; exec cat >/dev/null") as client:
            client.wait_until(lambda: b"\n" in client.output[1].data)
            pid = int(client.output[1].take())
            # In the middle of a frame.
            client.connection.send(wire.data_frame(0, b"x" * 5000)[:2000])
            client.close()
            wait_until(lambda: not is_alive(pid), "the program is gone", timeout=TREE_GONE)

    # --- what a hostile client may try

    def test_bytes_of_another_protocol_are_dropped(self):
        client = self.connect()
        client.connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assert_dropped(client)
        self.assert_logged("malformed frame")

    def test_half_a_greeting_is_dropped_after_a_while(self):
        client = self.connect()
        client.connection.send(wire.encode_frame(wire.CONTROL, 0, client.greeting)[:30])
        self.assert_dropped(client)
        self.assert_logged("no request within the time limit")

    def test_a_silent_client_is_dropped_after_a_while(self):
        client = self.connect()
        self.assert_dropped(client)
        self.assert_logged("no request within the time limit")

    def test_frames_over_the_limit_are_dropped_by_their_header(self):
        for header in (wire.HEADER.pack(4097, wire.CONTROL, 0, 0), wire.HEADER.pack(0xFFFFFFFF, wire.CONTROL, 0, 0)):
            client = self.connect()
            client.connection.send(header)
            self.assert_dropped(client)
            self.assert_logged("frame over the size limit")

    def test_frames_over_the_limit_end_a_session(self):
        for header in (wire.HEADER.pack((256 << 10) + 1, wire.DATA, 0, 0), wire.HEADER.pack((4 << 20) + 1, wire.CONTROL, 0, 0)):
            with self.started("sleep", "1000") as client:
                client.connection.send(header)
                self.assert_dropped(client)
                self.assert_logged("frame over the size limit")

    def test_too_much_before_the_request_is_dropped(self):
        client = self.connect()
        fields = dict(client.greeting_fields, software="s" * 5000)
        client.connection.send_control("Greeting", **fields)
        self.assert_dropped(client)

    def test_a_wrong_order_is_dropped(self):
        def launch_first(client):
            self.send_command(client, "true")

        def ping_first(client):
            client.connection.send_control("Ping", token=1)

        def greeting_twice(client):
            client.begin()
            client.send_greeting()

        def data_before_launch(client):
            client.begin()
            client.connection.send(wire.data_frame(0, b"early"))

        def signal_before_launch(client):
            client.begin()
            client.connection.send_control("Signal", signal=1)

        def reply_from_a_client(client):
            client.begin()
            client.connection.send_control("LaunchReply", process_id=1)

        for behave in (launch_first, ping_first, greeting_twice, data_before_launch, signal_before_launch, reply_from_a_client):
            with self.subTest(behave.__name__):
                self.log_start = len(self.bridge.log())
                client = self.connect()
                behave(client)
                self.assert_dropped(client)
                self.assert_logged("out of order|does not speak this protocol")

    def test_a_wrong_order_in_a_session_ends_it_and_the_program(self):
        def launch_twice(client):
            self.send_command(client, "true")

        def output_from_a_client(client):
            client.connection.send(wire.data_frame(1, b"x"))

        def data_after_the_end(client):
            client.stdin.end()
            client.connection.send(wire.data_frame(0, b"x"))

        def credit_for_stdin(client):
            client.connection.send(wire.credit_frame(0, 1))

        def credit_of_nothing(client):
            client.connection.send(wire.credit_frame(1, 0))

        def credit_without_end(client):
            client.connection.send(wire.credit_frame(1, 0xFFFFFFFF))

        def more_than_granted(client):
            # The program's own pipe takes a part of it, and that part is granted again.
            client.connection.send(wire.data_frame(0, bytes(256 << 10)) * (4 * client.agent_greeting.initial_credit >> 18))

        def unknown_signal(client):
            client.connection.send_control("Signal", signal=9)

        def closed_stream_seven(client):
            client.connection.send_control("StreamClosed", stream=7)

        def no_body(client):
            client.connection.send(wire.encode_frame(wire.CONTROL, 0, b""))

        for behave in (launch_twice, output_from_a_client, data_after_the_end, credit_for_stdin, credit_of_nothing,
                       credit_without_end, more_than_granted, unknown_signal, closed_stream_seven, no_body):
            with self.subTest(behave.__name__), self.started("sh", "-c", "echo $$; exec sleep 1000") as client:
                client.wait_until(lambda c=client: b"\n" in c.output[1].data)
                pid = int(client.output[1].take())
                self.log_start = len(self.bridge.log())
                behave(client)
                self.assert_dropped(client)
                self.assert_logged("warn")
                wait_until(lambda p=pid: not is_alive(p), "the program is gone", timeout=TREE_GONE)

    def test_pings_without_end_that_nobody_reads_end_the_session(self):
        with self.started("sh", "-c", "echo $$; exec sleep 1000") as client:
            client.wait_until(lambda: b"\n" in client.output[1].data)
            pid = int(client.output[1].take())
            # Straight to the socket: the peer's connection would read the answers.
            sock = client.connection.sock
            sock.settimeout(bridges.HANG_GUARD)
            pings = wire.control_frame("Ping", token=(1 << 64) - 1) * 4096
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(1000):
                    sock.sendall(pings)
                    if "more questions" in self.bridge.log()[self.log_start:]:
                        break
            sock.setblocking(False)
            self.assert_logged("more questions than the peer reads answers")
            wait_until(lambda: not is_alive(pid), "the program is gone", timeout=TREE_GONE)

    def test_a_client_that_grants_credit_and_leaves_harms_nobody(self):
        # The credit and the end arrive in one turn of the agent's loop, while the program's output waits to be read.
        for _ in range(200):
            client = self.connect(initial_credit=1000).begin()
            self.start(client, "sh", "-c", "exec yes")
            client.wait_until(lambda c=client: c.output[1].total >= 1000)
            client.connection.sock.setblocking(True)
            client.connection.sock.send(wire.credit_frame(1, 1000))
            client.close()
            self.bridge.assert_alive()

    def test_versions_in_the_future_are_refused_by_name(self):
        client = self.connect(lowest_version=2, highest_version=3)
        with self.assertRaisesRegex(peer.Refusal, "no_common_version"):
            client.begin()
            client.next_control()

    def test_a_newer_client_that_still_knows_version_one_is_served(self):
        with self.connect(highest_version=9, capabilities=(1 << 64) - 1 - wire.PASS_DESCRIPTORS).begin() as client:
            self.start(client, "true")
            self.assertEqual(client.communicate().code, 0)

    def test_a_thousand_hostile_clients_leak_nothing(self):
        def wrong_proof(client):
            if self.transport == "tcp":
                client.send_greeting()
                client.read_greeting()
                client.send_proof(bytes(32))
            else:
                client.connection.send(os.urandom(64))

        def launch_and_leave(client):
            client.begin()
            self.send_command(client, "true")

        behaviours = [
            lambda client: None,
            lambda client: client.connection.send(b"garbage, more than eight bytes of it"),
            lambda client: client.connection.send(wire.encode_frame(wire.CONTROL, 0, client.greeting)[:20]),
            lambda client: client.send_greeting(),
            lambda client: client.begin(),
            lambda client: client.begin().connection.send_control("InfoRequest"),
            lambda client: client.connection.send(wire.HEADER.pack(1 << 30, wire.CONTROL, 0, 0)),
            lambda client: client.begin().connection.send(wire.data_frame(0, b"x")),
            wrong_proof,
            launch_and_leave,
        ]
        self.run_command("true")
        before = self.bridge.descriptor_count()
        children = count_children(self.bridge.process.pid)
        for number in range(HOSTILE_CLIENTS):
            client = peer.Client(self.endpoints[self.transport], key=self.key, key_id=self.key_id)
            with contextlib.suppress(wire.ConnectionEnded, OSError):
                behaviours[number % len(behaviours)](client)
            client.close()
        wait_until(lambda: self.bridge.descriptor_count() <= before, "the descriptors are back to what they were")
        wait_until(lambda: count_children(self.bridge.process.pid) <= children, "no process is left")


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def count_children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return len(children.read().split())


def kill_quietly(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class OverUnix(WellBehaved, AgentTest):
    transport = "unix"

    def test_no_key_is_asked_for(self):
        client = self.connect(key=None)
        client.begin()
        self.assertEqual(client.agent_greeting.authentication, messages.AUTHENTICATION_NONE)
        self.assertTrue(client.agent_greeting.capabilities & wire.PASS_DESCRIPTORS)

    # --- descriptors

    def test_passed_streams_are_used_by_the_program_itself(self):
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink, tempfile.TemporaryFile() as errors:
            source.write(b"0123456789")
            source.seek(2)
            sink.write(b"already there: ")
            sink.flush()
            passed = {messages.STDIN: source.fileno(), messages.STDOUT: sink.fileno(), messages.STDERR: errors.fileno()}
            with self.started("sh", "-c", "dd bs=1 count=3 status=none; echo bad >&2", passed=passed) as client:
                self.assertEqual(client.relayed, set())
                result = client.communicate()
            self.assertEqual((result.stdout, result.stderr, result.code, result.stdin_consumed), (b"", b"", 0, 0))
            self.assertEqual(os.lseek(source.fileno(), 0, os.SEEK_CUR), 5, "read by the program, through the same description")
            sink.seek(0)
            errors.seek(0)
            self.assertEqual((sink.read(), errors.read()), (b"already there: 234", b"bad\n"))

    def test_streams_can_be_passed_one_by_one(self):
        reading, writing = os.pipe()
        try:
            with self.started("sh", "-c", "cat; echo bad >&2", passed={messages.STDOUT: writing}) as client:
                self.assertEqual(client.relayed, {0, 2})
                result = client.communicate(b"input")
            self.assertEqual((result.stderr, result.stdin_consumed, os.read(reading, 100)), (b"bad\n", 5, b"input"))
        finally:
            os.close(reading)
            os.close(writing)

    def test_passed_descriptors_keep_their_flags(self):
        import fcntl
        reading, writing = os.pipe()
        try:
            before = fcntl.fcntl(writing, fcntl.F_GETFL)
            with self.started("sh", "-c", "echo x", passed={messages.STDOUT: writing}) as client:
                self.assertEqual(fcntl.fcntl(writing, fcntl.F_GETFL), before)
                client.communicate()
            self.assertEqual(fcntl.fcntl(writing, fcntl.F_GETFL), before)
        finally:
            os.close(reading)
            os.close(writing)

    def test_the_agent_keeps_no_copy_of_a_passed_stream(self):
        reading, writing = os.pipe()
        with self.started("sh", "-c", "echo x; exec sleep 1000 >/dev/null", passed={messages.STDOUT: writing}):
            os.close(writing)
            with open(reading, "rb") as pipe:
                self.assertEqual(pipe.read(), b"x\n")  # to its end, which comes only when nobody holds the other side

    def test_a_passed_directory_and_program_are_used(self):
        with tempfile.TemporaryDirectory() as directory:
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            program = os.open(self.program, os.O_RDONLY)
            try:
                with self.started("pwd", passed={messages.WORKING_DIRECTORY: fd, messages.PROGRAM: program}) as client:
                    self.assertEqual(client.communicate().stdout, os.path.realpath(directory).encode() + b"\n")
            finally:
                os.close(fd)
                os.close(program)

    def test_a_passed_program_wins_over_what_lies_at_the_path(self):
        moved = fake_programs.write_pe64(os.path.join(self.directory, "moved.exe"), size=2048)
        descriptor = os.open(moved, os.O_RDONLY)
        try:
            fake_programs.write_pe64(moved + ".new", size=4096)
            os.rename(moved + ".new", moved)
            client = self.connect().begin()
            client.send_launch(moved, [b"moved.exe", b"echo", b"ran"], {messages.PROGRAM: descriptor}, program_size=2048)
            answer = client.read_launch_answer()
            self.assertEqual(answer.name, "LaunchReply", answer)
            self.assertEqual(client.communicate().stdout, b"ran\n")
        finally:
            os.close(descriptor)

    def test_descriptors_that_do_not_match_are_dropped(self):
        null = os.open("/dev/null", os.O_RDWR)
        self.addCleanup(os.close, null)

        def launch(kinds, count):
            def behave(client):
                client.begin()
                client.connection.send_control("Launch", [null] * count, **client.launch_fields(self.program, passed=kinds))
            return behave

        def with_the_greeting(client):
            client.connection.send(wire.encode_frame(wire.CONTROL, 0, client.greeting), [null])

        def later(client):
            client.begin()
            self.start(client, "sleep", "1000")
            client.connection.send_control("Ping", [null], token=1)

        cases = {"announced, not sent": launch([messages.STDIN], 0), "sent, not announced": launch([], 1),
                 "one too few": launch([messages.STDIN, messages.STDOUT], 1), "one too many": launch([messages.STDIN], 2),
                 "a kind twice": launch([messages.STDIN, messages.STDIN], 2), "an unknown kind": launch([9], 1),
                 "no kind": launch([0], 1), "far too many": launch([1, 2, 3, 4, 5], 50),
                 "with the greeting": with_the_greeting, "while the program runs": later}
        before = self.bridge.descriptor_count()
        for name, behave in cases.items():
            with self.subTest(name):
                self.log_start = len(self.bridge.log())
                client = self.connect()
                behave(client)
                self.assert_dropped(client)
                self.assert_logged("descriptors")
                client.close()
        wait_until(lambda: self.bridge.descriptor_count() <= before, "all descriptors are closed")


class OverTcp(WellBehaved, AgentTest):
    transport = "tcp"

    def test_descriptors_are_not_offered(self):
        client = self.connect().begin()
        self.assertFalse(client.agent_greeting.capabilities & wire.PASS_DESCRIPTORS)
        client.connection.send_control("Launch", **client.launch_fields(self.program, passed=[messages.STDIN]))
        self.assert_dropped(client)
        self.assert_logged("descriptors")

    # --- authentication

    def assert_refused(self, client, act):
        with self.assertRaisesRegex(peer.Refusal, "authentication_failed"):
            act()
        self.assertEqual(client.connection.wait_for_end(), [])
        self.assert_logged("authentication failed")

    def test_a_wrong_key_is_refused(self):
        client = self.connect(key=bytes(32))
        self.assert_refused(client, client.begin)

    def test_an_unknown_key_name_is_refused_like_a_wrong_key(self):
        client = self.connect(key_id="somebody")
        self.assert_refused(client, client.begin)

    def test_the_key_of_zeros_opens_nothing_for_an_unknown_name(self):
        client = self.connect(key_id="somebody", key=bytes(32))
        self.assert_refused(client, client.begin)

    def test_a_client_without_a_key_gets_nowhere(self):
        client = self.connect(key=None)
        client.send_greeting()
        client.read_greeting()
        self.send_command(client, "true")
        with self.assertRaisesRegex(peer.Refusal, "protocol_error"):
            client.read_launch_answer()
        self.assert_logged("out of order")

    def test_a_right_proof_after_a_wrong_one_is_not_looked_at(self):
        client = self.connect()
        client.send_greeting()
        client.read_greeting()
        client.send_proof(bytes(32))
        client.send_proof()
        self.assert_refused(client, client.read_proof)

    def record_session(self):
        """What an observer of one good session has seen: both ends' bytes."""
        client = self.connect()
        client.connection.record = True
        client.begin()
        sent = [client.greeting, messages.encode_control("Authenticate", proof=client.proof())]
        received = [frame.payload for frame in wire.FrameDecoder().feed(bytes(client.connection.received))]
        client.close()
        return sent, received

    def test_a_replayed_session_is_refused(self):
        (greeting, proof), _ = self.record_session()
        client = self.connect(key=None)
        client.connection.send(wire.encode_frame(wire.CONTROL, 0, greeting) + wire.encode_frame(wire.CONTROL, 0, proof))
        client.read_greeting()
        self.assert_refused(client, client.next_control)

    def test_the_agents_own_proof_echoed_is_refused(self):
        (greeting, _), (_, agent_proof) = self.record_session()
        client = self.connect(key=None)
        client.connection.send(wire.encode_frame(wire.CONTROL, 0, greeting) + wire.encode_frame(wire.CONTROL, 0, agent_proof))
        client.read_greeting()
        self.assert_refused(client, client.next_control)

    def test_a_proof_in_the_agents_role_is_refused(self):
        # Role swap: even the proof that the agent would make of this very session does not let a client in.
        client = self.connect()
        client.send_greeting()
        client.read_greeting()
        client.send_proof(client.proof("agent"))
        self.assert_refused(client, client.next_control)

    def test_a_session_with_two_agents_crossed_is_refused(self):
        # Somebody in between shows each of two connections the greeting of the other, as a client's.
        first, second = self.connect(key=None), self.connect(key=None)
        greetings = [client.connection.next_frame().payload for client in (first, second)]
        for client, greeting in ((first, greetings[1]), (second, greetings[0])):
            client.connection.send(wire.encode_frame(wire.CONTROL, 0, greeting))
        # Neither agent speaks first, so there is no proof to pass on.
        for client in (first, second):
            client.connection.send_control("Authenticate", proof=bytes(32))
            self.assert_refused(client, client.next_control)

    def test_a_greeting_changed_on_the_way_is_noticed(self):
        client = self.connect()
        changed = messages.encode_control("Greeting", **dict(client.greeting_fields, capabilities=0))
        client.connection.send(wire.encode_frame(wire.CONTROL, 0, changed))
        client.read_greeting()
        client.send_proof()
        self.assert_refused(client, client.read_proof)


# --- limits -----------------------------------------------------------------------------------------------------------


class Limits(unittest.TestCase):
    """Each with an agent of its own, whose limits and memory nobody else touches."""

    def start_agent(self, *more):
        directory = self.enterContext(bridges.TemporaryDirectory())
        self.bridge = self.enterContext(bridges.start_native_bridge(directory, *more))
        self.endpoints = {endpoint.partition(":")[0]: endpoint for endpoint in self.bridge.endpoints}
        self.key_id, self.key = bridges.read_key(directory)
        self.program = fake_programs.write_pe64(os.path.join(directory, "program.exe"))

    def connect(self, transport, **more):
        client = peer.Client(self.endpoints[transport], **more)
        self.addCleanup(client.close)
        return client

    def launch(self, client, *command):
        answer = client.launch(self.program, [b"program.exe", *map(os.fsencode, command)])
        self.assertEqual(answer.name, "LaunchReply", answer)
        return client

    def silent_clients(self, count):
        clients = [self.connect("tcp") for _ in range(count)]
        for client in clients[-8:]:
            client.read_greeting()  # the agent has accepted it, and those before it
        return clients

    def test_silent_clients_without_a_key_keep_nobody_out(self):
        self.start_agent("--max-sessions", "4")
        self.silent_clients(64)
        self.assertEqual(self.launch(self.connect("unix").begin(), "cat").communicate(b"served").stdout, b"served")
        with self.connect("tcp", key=self.key, key_id=self.key_id).begin() as client:
            self.assertEqual(self.launch(client, "cat").communicate(b"served").stdout, b"served")

    def test_silent_clients_without_end_are_bounded_and_the_oldest_goes(self):
        self.start_agent()
        before = self.bridge.descriptor_count()
        clients = self.silent_clients(400)
        # What is dropped is closed in the next turn of the loop.
        wait_until(lambda: self.bridge.descriptor_count() - before < 300, "the oldest connections are closed")
        self.assertGreaterEqual(self.bridge.log().count("too many connections that were not admitted"), 400 - 300)
        clients[0].connection.wait_for_end()
        with self.connect("tcp", key=self.key, key_id=self.key_id).begin() as client:
            self.assertEqual(self.launch(client, "true").communicate().code, 0)

    def test_sessions_over_the_limit_are_refused_and_one_that_ends_makes_room(self):
        self.start_agent("--max-sessions", "2")
        first = self.launch(self.connect("unix").begin(), "cat")
        second = self.launch(self.connect("tcp", key=self.key, key_id=self.key_id).begin(), "cat")
        for transport in ("unix", "tcp"):
            client = self.connect(transport, key=self.key, key_id=self.key_id)
            with self.assertRaisesRegex(peer.Refusal, "too_many_sessions"):
                client.begin().launch(self.program, [b"program.exe", b"true"])
        self.assertEqual(second.communicate(b"still").stdout, b"still")
        second.close()

        def served():
            with contextlib.suppress(peer.Refusal):
                with self.connect("unix").begin() as client:
                    return self.launch(client, "true").communicate().code == 0
            return False

        wait_until(served, "there is room again")
        self.assertEqual(first.communicate(b"here").stdout, b"here")

    @unittest.skipIf(bridges.SANITIZED, "sanitizers keep what was freed")
    def test_input_for_a_slow_reader_costs_no_memory(self):
        self.start_agent()
        total = 120_000_000
        slow = ("import os, time\n"
                "total = 0\n"
                "while data := os.read(0, 65536):\n"
                "    total += len(data)\n"
                "    time.sleep(0.004)\n"
                "print(total)\n")
        with self.connect("unix").begin() as client:
            self.launch(client, sys.executable, "-c", slow)
            result = client.communicate(bytes(total))
        self.assertEqual((result.stdout, result.stdin_consumed), (b"%d\n" % total, total))
        self.assertLess(peak_memory(self.bridge.process.pid), 40_000_000)

    def test_a_killed_client_is_reported_as_what_it_is(self):
        self.start_agent()
        client = self.connect("unix").begin()
        self.launch(client, "sh", "-c", "exec yes")
        wait_until(lambda: select.select([client.connection.sock], [], [], 0)[0], "output waits")
        client.connection.sock.close()  # unread output makes it a reset
        wait_until(lambda: "client lost" in self.bridge.log(), "the loss is logged")
        self.assertNotRegex(self.bridge.log(), "(?i)bad file descriptor")


def peak_memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


# --- the agent's own end ----------------------------------------------------------------------------------------------


class Stopping(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.bridge = self.enterContext(bridges.start_native_bridge(self.directory))
        self.program = fake_programs.write_pe64(os.path.join(self.directory, "program.exe"))
        self.endpoint = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("unix:"))

    def start(self, *command):
        client = peer.Client(self.endpoint).begin()
        self.addCleanup(client.close)
        answer = client.launch(self.program, [b"program.exe", *map(str.encode, command)])
        self.assertEqual(answer.name, "LaunchReply", answer)
        return client

    def test_an_idle_agent_ends_at_once(self):
        self.bridge.process.terminate()
        self.assertEqual(self.bridge.process.wait(bridges.HANG_GUARD), 0)

    def test_a_running_program_may_finish_and_nobody_new_is_served(self):
        client = self.start("cat")
        self.bridge.process.terminate()
        wait_until(lambda: "told to end" in self.bridge.log(), "the agent has noticed")
        with self.assertRaises((OSError, peer.Refusal, wire.ConnectionEnded)):
            peer.Client(self.endpoint).begin().launch(self.program, [b"program.exe", b"true"])
        self.assertEqual(client.communicate(b"last words").stdout, b"last words")
        self.assertEqual(self.bridge.process.wait(bridges.HANG_GUARD), 0)

    def test_a_second_request_to_end_takes_the_programs_along(self):
        client = self.start("sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1000; done")
        client.wait_until(lambda: b"\n" in client.output[1].data)
        pid = int(client.output[1].take())
        self.bridge.process.terminate()
        wait_until(lambda: "told to end" in self.bridge.log(), "the agent has noticed")
        self.bridge.process.terminate()
        self.assertEqual(self.bridge.process.wait(bridges.HANG_GUARD), 0)
        wait_until(lambda: not is_alive(pid), "the program is gone", timeout=TREE_GONE)

    def test_an_agent_that_is_killed_takes_the_programs_along(self):
        client = self.start("sh", "-c", "echo $$; exec sleep 1000")
        client.wait_until(lambda: b"\n" in client.output[1].data)
        pid = int(client.output[1].take())
        self.bridge.process.kill()
        self.bridge.process.wait()
        wait_until(lambda: not is_alive(pid), "the program is gone", timeout=TREE_GONE)

    def test_a_second_agent_does_not_take_the_socket_of_a_living_one(self):
        with self.assertRaises(AssertionError):
            os.unlink(os.path.join(self.directory, "ready"))
            bridges.start_native_bridge(self.directory)
        self.assertEqual(self.start("true").communicate().code, 0)

    def test_a_stale_socket_is_replaced(self):
        self.bridge.process.kill()
        self.bridge.process.wait()
        os.unlink(os.path.join(self.directory, "ready"))
        self.assertTrue(os.path.exists(self.endpoint.partition(":")[2]))
        self.bridge = self.enterContext(bridges.start_native_bridge(self.directory))
        self.assertEqual(self.start("true").communicate().code, 0)


# --- what a program leaves running ------------------------------------------------------------------------------------


class Descendants(AgentTest):
    """They hold the output of a program that has ended."""

    def fifo(self):
        path = os.path.join(tempfile.mkdtemp(dir=self.directory), "fifo")
        os.mkfifo(path)
        return path

    @staticmethod
    def let_go(fifo):
        with open(fifo, "wb") as file:
            file.write(b"go\n")

    def start_holder(self, script, end="exit 3"):
        """A client whose program has ended, and the pid of the descendant that runs `script`."""
        client = self.started("sh", "-c", f"(echo $(exec sh -c 'echo $PPID'); {script}) & echo $$; {end}")
        client.wait_until(lambda: client.output[1].data.count(b"\n") == 2)
        both = {int(line) for line in client.output[1].take().split()}
        program = client.process_id
        holder, = both - {program}
        self.addCleanup(kill_quietly, holder)
        wait_until(lambda: not is_alive(program), "the program has ended")
        return client, holder


class PatientAgent(Descendants):
    """Waits for them longer than any test takes."""

    agent_options = ("--drain-time", "3600")

    def test_what_they_write_meanwhile_arrives(self):
        fifo = self.fifo()
        client, _ = self.start_holder(f"read go <{fifo}; echo late; echo later >&2")
        self.let_go(fifo)
        self.assertEqual(client.communicate()[:3], (b"late\n", b"later\n", 3))

    def test_an_interrupt_ends_the_wait_and_leaves_them_alone(self):
        for name in ("INT", "QUIT", "TERM", "HUP"):
            client, holder = self.start_holder("exec sleep 1000")
            client.connection.send_control("Signal", signal=SIGNAL_NUMBERS[name])
            self.assertEqual(client.communicate().code, 3)
            self.assertTrue(is_alive(holder))

    def test_other_signals_do_not_end_the_wait(self):
        client, holder = self.start_holder("exec sleep 1000")
        for name in ("USR1", "TSTP", "CONT"):
            client.connection.send_control("Signal", signal=SIGNAL_NUMBERS[name])
        client.connection.send_control("Ping", token=7)
        self.assertTrue(client.wait_until(lambda: client.pongs))
        os.kill(holder, signal.SIGKILL)
        self.assertEqual(client.communicate().code, 3)


class ImpatientAgent(Descendants):
    """Does not wait for them."""

    agent_options = ("--drain-time", "0")

    def test_what_the_program_itself_wrote_arrives(self):
        script = "sleep 1000 & echo $!; head -c 3000000 /dev/zero; exit 3"
        for _ in range(5):
            result = self.run_command("sh", "-c", script)
            first, _, rest = result.stdout.partition(b"\n")
            kill_quietly(int(first))
            self.assertEqual((len(rest), result.code), (3_000_000, 3))

    def test_they_can_go_on_writing(self):
        fifo = self.fifo()
        before = self.bridge.descriptor_count()
        client, holder = self.start_holder(f"read go <{fifo}; head -c 1000000 /dev/zero && head -c 1000000 /dev/zero >&2; "
                                           f"echo $? >{fifo}.status; read go <{fifo}")
        self.assertEqual(client.communicate()[:3], (b"", b"", 3))
        self.let_go(fifo)
        wait_until(lambda: os.path.exists(f"{fifo}.status") and os.path.getsize(f"{fifo}.status"), "all is written")
        with open(f"{fifo}.status", encoding="ascii") as file:
            self.assertEqual(file.read(), "0\n")
        self.let_go(fifo)
        wait_until(lambda: not is_alive(holder), "the descendant has ended")
        wait_until(lambda: self.bridge.descriptor_count() <= before, "its pipes are closed")


if __name__ == "__main__":
    if not os.path.exists(bridges.HOSTBRIDGE):
        print(f"skipped: {bridges.HOSTBRIDGE} has not been built")
        sys.exit(bridges.SKIP)
    limited_tests.main()
