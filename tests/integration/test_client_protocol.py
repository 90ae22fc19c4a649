# SPDX-License-Identifier: MIT
"""The real `mzinit run`, with the independent peer of tests/support at the other end: agents that behave, refuse, lie, or
disappear at any byte."""

import os
import signal
import socket
import subprocess
import sys
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

KEY = bytes(range(32))
# One second per endpoint, and room for a loaded machine to say so.
GREETING_DEADLINE = 1.0


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.program = fake_programs.write_pe64(os.path.join(self.directory, "report.exe"))
        self.configuration = os.path.join(self.directory, "mzinit.conf")
        self.key_file = os.path.join(self.directory, "key")
        with open(self.key_file, "w", encoding="ascii") as file:
            file.write(f"default {KEY.hex()}\n")
        os.chmod(self.key_file, 0o600)
        self.configure(key=self.key_file)
        self.unix = f"unix:{self.directory}/agent"

    def configure(self, key):
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(f"[route]\npe = host\n[host]\nkey = {key}\n")

    def agent(self, behaviour, endpoint=None, fails=False, **more):
        """An agent that lives as long as the test, and whose client must not have broken a rule unless it `fails`."""
        agent = peer.Agent(endpoint or self.unix, behaviour, **more)
        if not fails:
            self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def command(self, *arguments):
        return [bridges.MZINIT, "run", self.program, *arguments]

    def environment(self, *endpoints, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_") and name != "WSLENV"}
        return dict(kept, MZINIT_HOST=" ".join(endpoints or (self.unix,)), MZINIT_CONF=self.configuration, **more)

    def run_mzinit(self, *arguments, endpoints=(), data=b"", relay=True, **more):
        environment = self.environment(*endpoints, **({"MZINIT_RELAY": "1"} if relay else {}))
        return subprocess.run(self.command(*arguments), input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, timeout=bridges.HANG_GUARD, check=False, **more)

    def run_with(self, command, **variables):
        return subprocess.run(command, env=self.environment(**variables), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=bridges.HANG_GUARD, check=False)

    def assert_bridge_failed(self, result, text=b""):
        """125, and one line that says what."""
        self.assertEqual(result.returncode, 125, result)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith(b"mzinit: report.exe: "), result.stderr)
        self.assertIn(text, result.stderr)


def exits_with(code):
    return peer.run_program(lambda program: code)


def cat(program):
    while data := program.read():
        if not program.write(data):
            return "PIPE"
    return 0


class Sessions(ClientTest):
    def test_streams_arguments_and_exit_code_cross(self):
        def behave(program):
            program.write(b"|".join(program.argv[1:]))
            program.write(b"complaint", stream=2)
            program.write(program.read_all())
            return 42

        for options in ({"endpoint": self.unix}, {"endpoint": "tcp:127.0.0.1:0", "key": KEY}):
            agent = self.agent(peer.run_program(behave), **options)
            result = self.run_mzinit("a", "", "b c", "ü", b"\xff", endpoints=[agent.endpoint], data=b" and input")
            self.assertEqual((result.stdout, result.stderr, result.returncode),
                             ("a||b c|ü|".encode() + b"\xff and input", b"complaint", 42))
            launch = agent.launches[0] if agent.launches else None
            wait_until(lambda a=agent: a.launches, "the agent has noted the launch")
            launch = agent.launches[0]
            self.assertEqual(launch.program, os.fsencode(os.path.realpath(self.program)))
            self.assertEqual(launch.argv[0], b"report.exe")
            self.assertEqual(launch.program_size, os.path.getsize(self.program))
            self.assertEqual(launch.working_directory, os.fsencode(os.getcwd()))

    def test_much_data_crosses_both_ways(self):
        self.agent(peer.run_program(cat))
        data = os.urandom(3 << 20)
        result = self.run_mzinit(data=data)
        self.assertEqual((result.stdout == data, result.returncode), (True, 0))

    def test_small_windows_are_respected(self):
        self.agent(peer.run_program(cat), initial_credit=100)
        data = os.urandom(20_000)
        self.assertEqual(self.run_mzinit(data=data).stdout, data)

    def test_descriptors_are_passed_on_unix_and_only_there(self):
        kinds = []

        def behave(program):
            kinds.append(sorted(program.launch.descriptors))
            program.write(program.read_all())
            return 0

        self.agent(peer.run_program(behave))
        result = self.run_mzinit(data=b"input", relay=False)
        self.assertEqual((result.stdout, result.returncode), (b"input", 0))
        self.assertEqual(kinds, [[messages.PROGRAM, messages.WORKING_DIRECTORY, messages.STDIN, messages.STDOUT, messages.STDERR]])
        tcp = self.agent(peer.run_program(behave), endpoint="tcp:127.0.0.1:0", key=KEY)
        self.assertEqual(self.run_mzinit(endpoints=[tcp.endpoint], data=b"input", relay=False).stdout, b"input")
        self.assertEqual(kinds[1], [])

    def test_descriptors_are_not_passed_to_an_agent_that_does_not_offer_it(self):
        agent = self.agent(peer.run_program(cat), capabilities=0)
        self.assertEqual(self.run_mzinit(data=b"input", relay=False).stdout, b"input")
        wait_until(lambda: agent.launches, "the agent has noted the launch")
        self.assertEqual(agent.launches[0].descriptors, [])

    def test_lists_of_paths_are_the_agents_to_put_together(self):
        with open(self.configuration, "a", encoding="ascii") as file:
            file.write("[path]\nmap = /known=K:\\\n")
        variables = {"WSLENV": "A/p:B/l:C:D/p", "A": "/known/x:sub/y::/unknown", "B": "/unknown", "C": "/known/z"}
        for capabilities, expected in (
                (wire.PATH_LISTS, [{"name": b"A", "paths": [{"guest": b"/known/x", "host": b"K:\\x"}, {"host": b"sub\\y"}, {"guest": b"/unknown"}]},
                                   {"name": b"B", "paths": [{"guest": b"/unknown"}]}, {"name": b"C", "value": b"/known/z"}, {"name": b"D"}]),
                (0, [{"name": b"A", "value": b"K:\\x;sub\\y"}, {"name": b"C", "value": b"/known/z"}, {"name": b"D"}])):
            with self.subTest(capabilities=capabilities):
                agent = self.agent(peer.run_program(cat), capabilities=capabilities)
                self.assertEqual(self.run_with(self.command(), **variables).returncode, 0)
                wait_until(lambda waiting=agent: waiting.launches, "the agent has noted the launch")
                sent = [variable for variable in agent.launches[0].environment if variable["name"] != b"WSLENV"]
                self.assertEqual(sorted(sent, key=lambda variable: variable["name"]), expected)
                agent.close()

    def test_a_raw_command_line_is_sent_as_it_is(self):
        agent = self.agent(peer.run_program(cat), capabilities=wire.RAW_TAIL)
        result = self.run_with([bridges.MZINIT, "run", "--raw-args", self.program, "/c", '"a  b', "", 'c"'])
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        wait_until(lambda: agent.launches, "the agent has noted the launch")
        launch = agent.launches[0]
        self.assertEqual((launch.has_raw_command_tail, launch.raw_command_tail, launch.argv), (True, '/c "a  b  c"', [b"report.exe"]))

    def test_a_raw_command_line_is_refused_where_there_is_none(self):
        self.agent(peer.run_program(cat), capabilities=0)
        for word, reason in (("x", "--raw-args is for hosts with Windows, where programs get a command line"),
                             (b"\xff", "--raw-args: the arguments are not valid UTF-8")):
            result = self.run_with([bridges.MZINIT, "run", "--raw-args", self.program, word])
            self.assertEqual((result.returncode, result.stderr.decode()), (126, f"mzinit: report.exe: {reason}\n"))

    def test_input_is_taken_exactly_as_far_as_it_was_read(self):
        def three(program):
            program.read(3)
            return 0

        self.agent(peer.run_program(three))
        path = os.path.join(self.directory, "input")
        with open(path, "wb") as file:
            file.write(b"0123456789")
        script = '{ "$@"; cat; }'
        for source in (f"< {path}", f"cat {path} | "):
            shell = f"{source} {script}" if source.endswith("| ") else f"{script} {source}"
            result = subprocess.run(["sh", "-c", shell, "sh", *self.command()], stdout=subprocess.PIPE,
                                    env=self.environment(MZINIT_RELAY="1"), timeout=bridges.HANG_GUARD, check=False)
            self.assertEqual(result.stdout, b"3456789", source)

    def test_a_closed_reader_ends_it_by_sigpipe(self):
        def endless(program):
            while program.write(b"y\n" * 4096):
                pass
            return "PIPE"

        self.agent(peer.run_program(endless))
        process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   env=self.environment(MZINIT_RELAY="1"),
                                   preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        process.stdout.read(100_000)
        process.stdout.close()
        self.assertEqual(process.wait(bridges.HANG_GUARD), -signal.SIGPIPE)

    def test_an_input_that_is_not_open_for_reading_is_an_empty_one(self):
        """nohup(1) makes it so, and most programs that it starts do not read."""
        self.agent(peer.run_program(lambda program: 3 if program.read_all() == b"" else 4))
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        with open("/dev/null", "wb") as null:
            for stdin in (null, writing):
                process = bridges.run(self.command(), stdin=stdin, capture_output=True, env=self.environment(MZINIT_RELAY="1"))
                self.assertEqual((process.returncode, process.stderr), (3, b""))

    def test_a_program_that_reads_no_more_ends_the_stream(self):
        ended = threading.Event()

        def behave(program):
            session = program.session
            session.stdin.close()
            session.wait_until(lambda: session.stdin.ended)
            ended.set()
            return 5

        self.agent(peer.run_program(behave))
        reading, writing = os.pipe()
        try:
            # An input that never ends.
            process = subprocess.Popen(self.command(), stdin=reading, env=self.environment(MZINIT_RELAY="1"))
            self.assertEqual(process.wait(bridges.HANG_GUARD), 5)
            self.assertTrue(ended.is_set())
        finally:
            os.close(reading)
            os.close(writing)

    def test_signals_are_forwarded(self):
        running = threading.Event()

        def until_signalled(program):
            running.set()
            program.wait_until(lambda self: self.signals)
            return program.signals[0]

        self.agent(peer.run_program(until_signalled))
        for number, name in ((signal.SIGINT, "INT"), (signal.SIGTERM, "TERM"), (signal.SIGHUP, "HUP"), (signal.SIGQUIT, "QUIT")):
            running.clear()
            process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, env=self.environment(MZINIT_RELAY="1"))
            self.assertTrue(running.wait(bridges.HANG_GUARD))
            process.send_signal(number)
            self.assertEqual(process.wait(bridges.HANG_GUARD), -number, name)

    def test_ping_is_answered_while_the_program_runs(self):
        def behave(program):
            program.session.connection.send_control("Ping", token=99)
            frame = program.session.connection.next_frame()
            while frame.type != wire.CONTROL:
                frame = program.session.connection.next_frame()
            return 0 if frame.control() == messages.Control("Pong", {"token": 99}) else 1

        self.agent(peer.run_program(behave))
        self.assertEqual(self.run_mzinit().returncode, 0)

    def test_output_before_the_status_is_written_though_nobody_reads_for_a_while(self):
        data = os.urandom(900_000)  # within the window, over any pipe's size

        def behave(program):
            program.write(data)
            return 0

        agent = self.agent(peer.run_program(behave))
        with subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              env=self.environment(MZINIT_RELAY="1")) as process:
            wait_until(lambda: agent.launches, "the agent is done with the session, and lingers no more")
            self.assertEqual(process.stdout.read() == data, True)
            self.assertEqual(process.wait(bridges.HANG_GUARD), 0)

    def test_memory_does_not_grow_with_what_a_slow_reader_has_read(self):
        total = 48 << 20

        def behave(program):
            for _ in range(total >> 16):
                program.write(b"x" * (1 << 16))
            return 0

        self.agent(peer.run_program(behave))
        with subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0,
                              env=self.environment(MZINIT_RELAY="1")) as process:
            received = 0
            peak = 0
            while block := process.stdout.read(4096):
                received += len(block)
                if received % (1 << 22) < 4096:
                    peak = max(peak, bridges.peak_memory(process.pid))
            self.assertEqual((received, process.wait(bridges.HANG_GUARD)), (total, 0))
        if not bridges.SANITIZED:  # whose allocators keep what was freed
            self.assertLess(peak, 24 << 20)

    def test_its_caller_s_descriptors_keep_their_flags(self):
        import fcntl
        self.agent(peer.run_program(cat))
        for relay in ("1", ""):
            (stdin, feed), (drain, stdout) = os.pipe(), os.pipe()
            before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (stdin, stdout)]
            process = subprocess.Popen(self.command(), stdin=stdin, stdout=stdout, env=self.environment(MZINIT_RELAY=relay))
            os.write(feed, b"x")
            self.assertEqual(os.read(drain, 1), b"x")
            self.assertEqual([fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (stdin, stdout)], before)
            process.kill()
            process.wait()
            self.assertEqual([fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (stdin, stdout)], before)
            for fd in (stdin, feed, drain, stdout):
                os.close(fd)


class ExitStatus(ClientTest):
    def test_exit_codes_are_mapped(self):
        expected = {0: 0, 1: 1, 42: 42, 255: 255, 256: 1, 0x12345600: 1, 0x101: 1, 0xFFFFFFFF: 255, 0x80000000: 1,
                    0xC0000005: -signal.SIGSEGV, 0xC00000FD: -signal.SIGSEGV, 0xC000001D: -signal.SIGILL,
                    0xC0000006: -signal.SIGBUS, 0xC0000094: -signal.SIGFPE, 0xC000013A: -signal.SIGINT,
                    0xC0000409: -signal.SIGABRT, 0xE06D7363: -signal.SIGABRT, 0xE0434352: -signal.SIGABRT,
                    0x80000003: -signal.SIGTRAP, 0xC0000135: 127, 0xC0000142: 127, 0xC000007B: 126}
        code = [0]
        self.agent(peer.run_program(lambda program: code[0]))
        for code[0], status in expected.items():
            with self.subTest(f"{code[0]:#x}"):
                self.assertEqual(self.run_mzinit().returncode, status)

    def test_a_shell_sees_139_for_an_access_violation(self):
        self.agent(exits_with(0xC0000005))
        result = subprocess.run(["sh", "-c", '"$@"; echo $?', "sh", *self.command()], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), check=False)
        self.assertEqual(result.stdout, b"139\n")

    def test_deaths_by_signal_are_repeated(self):
        name = [""]
        self.agent(peer.run_program(lambda program: name[0]))
        for name[0] in ("INT", "TERM", "HUP", "QUIT", "KILL", "SEGV", "ILL", "ABRT", "BUS", "FPE", "TRAP", "PIPE", "ALRM",
                        "SYS", "XCPU", "XFSZ", "USR1", "USR2"):
            with self.subTest(name[0]):
                self.assertEqual(self.run_mzinit().returncode, -getattr(signal, "SIG" + name[0]))

    def test_an_unknown_signal_reads_as_kill(self):
        def behave(session):
            session.begin()
            session.start(session.read_launch())
            session.finish(signal=77)

        self.agent(behave)
        self.assertEqual(self.run_mzinit().returncode, -signal.SIGKILL)

    def test_launch_errors_have_their_exit_codes(self):
        code = [0]

        def behave(session):
            peer.launch_error(code[0], text="there is a reason")(session)

        self.agent(behave)
        for code[0], status in {**messages.LAUNCH_ERROR_EXITS, 0: 125, 13: 125, 1000: 125}.items():
            with self.subTest(code=code[0]):
                result = self.run_mzinit()
                self.assertEqual(result.returncode, status)
                self.assertEqual(result.stderr, b"mzinit: report.exe: there is a reason\n")

    def test_a_reason_cannot_drive_the_terminal(self):
        self.agent(peer.launch_error(1, text="\x1b]0;owned\x07\nsecond line\x9b"))
        stderr = self.run_mzinit().stderr
        self.assertEqual(stderr.count(b"\n"), 1)
        self.assertFalse(set(stderr[:-1]) & set(range(32)), stderr)

    def test_nothing_is_tried_again_once_something_may_have_started(self):
        first = self.agent(peer.launch_error(11, started=True))
        second = self.agent(exits_with(0), endpoint="tcp:127.0.0.1:0", key=KEY)
        result = self.run_mzinit(endpoints=[first.endpoint, second.endpoint])
        self.assertEqual(result.returncode, 125)
        self.assertEqual(second.connections, 0)


class Refusals(ClientTest):
    def test_no_agent_at_all_is_said_in_one_line(self):
        began = time.monotonic()
        self.assert_bridge_failed(self.run_mzinit(), b"no agent")
        self.assertLess(time.monotonic() - began, GREETING_DEADLINE + (10 if bridges.SANITIZED else 2))

    def test_a_stale_socket_file_leads_to_the_next_endpoint(self):
        stale = os.path.join(self.directory, "stale")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(stale)
        self.agent(exits_with(3))
        self.assertEqual(self.run_mzinit(endpoints=["unix:" + stale, self.unix]).returncode, 3)

    def test_an_agent_that_never_speaks_costs_a_second(self):
        silent = self.agent(peer.never_speak, endpoint="tcp:127.0.0.1:0", key=KEY)
        began = time.monotonic()
        self.assert_bridge_failed(self.run_mzinit(endpoints=[silent.endpoint]), b"no greeting")
        taken = time.monotonic() - began
        self.assertGreater(taken, GREETING_DEADLINE * 0.9)
        self.assertLess(taken, GREETING_DEADLINE + (10 if bridges.SANITIZED else 2))
        wait_until(lambda: silent.connections == 1, "one connection was made")

    def test_an_agent_that_never_speaks_leads_to_the_next_endpoint(self):
        silent = self.agent(peer.never_speak, endpoint="tcp:127.0.0.1:0", key=KEY)
        self.agent(exits_with(3))
        self.assertEqual(self.run_mzinit(endpoints=[silent.endpoint, self.unix]).returncode, 3)

    def test_a_listener_that_never_accepts_leads_to_the_next_endpoint(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            endpoint = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
            self.agent(exits_with(3))
            self.assertEqual(self.run_mzinit(endpoints=[endpoint, self.unix]).returncode, 3)

    def test_garbage_leads_to_the_next_endpoint(self):
        good = self.agent(exits_with(3))
        for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", os.urandom(100), b"\0" * 1000,
                     wire.HEADER.pack(1 << 31, 1, 0, 0), wire.control_frame("LaunchReply", process_id=1),
                     wire.control_frame("Greeting", **wire.make_greeting(nonce=b"short", authentication=1)),
                     wire.control_frame("Greeting", **wire.make_greeting(magic=b"mzinit\n\n", authentication=1)),
                     wire.control_frame("Greeting", **wire.make_greeting(authentication=0)),
                     wire.control_frame("Greeting", **wire.make_greeting(initial_credit=(16 << 20) + 1, authentication=1)),
                     wire.control_frame("Greeting", **wire.make_greeting(software="s" * 5000, authentication=1))):
            bad = peer.Agent(self.unix + ".bad", peer.garbage(data))
            with self.subTest(data[:40]), bad:
                result = self.run_mzinit(endpoints=[bad.endpoint, good.endpoint])
                self.assertEqual((result.returncode, result.stderr), (3, b""))

    def test_every_refusal_is_passed_on(self):
        for code, name in messages.REFUSAL_CODES.items():
            with peer.Agent(self.unix, peer.refused(code)), self.subTest(name):
                self.assert_bridge_failed(self.run_mzinit(), b"refused by the test")

    def test_a_refusal_leads_to_the_next_route_even_after_the_launch(self):
        def refuse_the_launch(session):
            session.begin()
            session.read_launch()
            session.refuse(6, "going down")

        with peer.Agent(self.unix, refuse_the_launch):
            self.assert_bridge_failed(self.run_mzinit(), b"going down")

    def test_versions_in_the_future_are_named(self):
        with peer.Agent(self.unix, exits_with(0), lowest_version=2, highest_version=3):
            self.assert_bridge_failed(self.run_mzinit(), b"version")

    def test_an_agent_without_the_key_gets_no_launch(self):
        agent = self.agent(exits_with(0), endpoint="tcp:127.0.0.1:0", key=bytes(32), fails=True)
        self.assert_bridge_failed(self.run_mzinit(endpoints=[agent.endpoint]))
        self.assertEqual(agent.launches, [])

    def test_an_agent_that_accepts_any_proof_gets_no_launch(self):
        received = []

        def impostor(session):
            session.connection.send(wire.encode_frame(wire.CONTROL, 0, session.greeting))
            session.connection.next_frame()
            proof = session.connection.next_control()
            # An echo of the client's own proof is no better than a guess.
            session.connection.send_control("Authenticate", proof=proof.proof)
            received.extend(session.connection.wait_for_end())

        agent = self.agent(impostor, endpoint="tcp:127.0.0.1:0", key=KEY)
        self.assert_bridge_failed(self.run_mzinit(endpoints=[agent.endpoint]), b"key")
        agent.close()
        self.assertEqual(received, [])

    def test_an_agent_on_tcp_that_wants_no_key_gets_no_launch(self):
        agent = self.agent(exits_with(0), endpoint="tcp:127.0.0.1:0", key=None)
        self.assert_bridge_failed(self.run_mzinit(endpoints=[agent.endpoint]), b"key")
        self.assertEqual(agent.launches, [])

    def test_a_missing_key_is_named(self):
        self.configure(key=os.path.join(self.directory, "no-such-key"))
        agent = self.agent(exits_with(0), endpoint="tcp:127.0.0.1:0", key=KEY)
        self.assert_bridge_failed(self.run_mzinit(endpoints=[agent.endpoint]), b"no-such-key")

    def test_a_key_that_others_can_read_is_refused(self):
        os.chmod(self.key_file, 0o644)
        agent = self.agent(exits_with(0), endpoint="tcp:127.0.0.1:0", key=KEY)
        self.assert_bridge_failed(self.run_mzinit(endpoints=[agent.endpoint]), b"key")

    def test_files_that_are_no_programs_never_reach_an_agent(self):
        agent = self.agent(exits_with(0))
        cases = {"missing.exe": (None, 127), "text.exe": (b"MZ, said the text file, and went on.\n" * 4, 126),
                 "short.exe": (b"MZ", 126), "native": (b"#!/bin/sh\n", 126)}
        with open(self.program, "rb") as file:
            cases["truncated.exe"] = (file.read(70), 126)
        for name, (content, status) in cases.items():
            path = os.path.join(self.directory, name)
            if content is not None:
                with open(path, "wb") as file:
                    file.write(content)
            with self.subTest(name):
                result = subprocess.run([bridges.MZINIT, "run", path], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env=self.environment(), timeout=bridges.HANG_GUARD, check=False)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (status, 1), result.stderr)
                self.assertIn(name.encode(), result.stderr)
        self.assertEqual(agent.connections, 0)


class LostAgents(ClientTest):
    def whole_session(self, **more):
        """A session that answers at once whatever the client has sent so far, and how many bytes the agent sends in it."""
        def behave(program):
            program.write(b"output")
            program.write(b"errors", stream=2)
            return 3

        sent = []

        def count(session):
            peer.run_program(behave)(session)
            sent.append(session.connection.sent)

        with peer.Agent(self.unix, count, **more) as agent:
            self.assertEqual(self.run_mzinit().returncode, 3)
        self.assertEqual(agent.errors, [])
        return peer.run_program(behave), sent[0]

    def test_an_agent_that_disappears_at_any_byte_is_a_failure_of_the_bridge(self):
        behave, total = self.whole_session()
        greeting_length = None
        for length in range(total):
            launches = []

            def watch(session, behave=behave, launches=launches):
                try:
                    behave(session)
                finally:
                    if session.program:
                        launches.append(session.program.launch)

            with peer.Agent(self.unix + ".cut", watch, cut_after=length) as agent, self.subTest(length=length):
                result = self.run_mzinit(endpoints=[agent.endpoint])
                self.assertEqual(result.returncode, 125, result)
                self.assertEqual(result.stderr.replace(b"errors", b"").count(b"\n"), 1, result.stderr)
                self.assertTrue(b"output".startswith(result.stdout), result.stdout)
                if launches and greeting_length is None:
                    greeting_length = length
        self.assertIsNotNone(greeting_length, "some of them had the Launch")

    def test_an_agent_that_disappears_before_the_launch_leads_to_the_next_endpoint(self):
        good = self.agent(exits_with(9))
        cut = len(wire.control_frame("Greeting", **wire.make_greeting(authentication=1))) // 2
        with peer.Agent(self.unix + ".cut", exits_with(0), cut_after=cut) as bad:
            self.assertEqual(self.run_mzinit(endpoints=[bad.endpoint, good.endpoint]).returncode, 9)

    def test_an_agent_that_disappears_after_the_launch_does_not(self):
        good = self.agent(exits_with(9))

        def vanish(session):
            session.begin()
            session.read_launch()

        with peer.Agent(self.unix + ".cut", vanish) as bad:
            result = self.run_mzinit(endpoints=[bad.endpoint, good.endpoint])
        self.assert_bridge_failed(result, b"lost the connection")
        self.assertEqual(good.connections, 0, "the program may run already")

    def test_an_agent_that_breaks_a_rule_is_a_failure_of_the_bridge(self):
        def with_frames(*frames):
            def behave(session):
                session.begin()
                session.start(session.read_launch())
                for frame in frames:
                    session.connection.send(frame)
                session.linger()
            return behave

        ends = (wire.data_frame(1, b""), wire.data_frame(2, b""))
        status = wire.control_frame("ExitStatus", code=0)
        cases = {
            "status before the streams end": (status,),
            "status before one stream ends": (wire.data_frame(1, b""), status),
            "status without a status": (*ends, wire.control_frame("ExitStatus", stdin_consumed=0)),
            "more consumed than sent": (*ends, wire.control_frame("ExitStatus", code=0, stdin_consumed=1000)),
            "a count too high": (wire.control_frame("StdinConsumed", total=1 << 60),),
            "data after the end": (wire.data_frame(1, b""), wire.data_frame(1, b"x")),
            "data for stdin": (wire.data_frame(0, b"x"),),
            "credit for output": (wire.credit_frame(1, 1),),
            "credit without end": (wire.credit_frame(0, 0xFFFFFFFF),),
            "a second reply": (wire.control_frame("LaunchReply", relayed_streams=7),),
            "a launch error after the reply": (wire.control_frame("LaunchError", code=1),),
            "info after a launch": (wire.control_frame("Info"),),
            "a client's message": (wire.control_frame("Signal", signal=1),),
            "no message": (wire.encode_frame(wire.CONTROL, 0, b""),),
            "a frame of another type": (wire.HEADER.pack(0, 9, 0, 0),),
        }
        for name, frames in cases.items():
            with peer.Agent(self.unix, with_frames(*frames)), self.subTest(name):
                self.assert_bridge_failed(self.run_mzinit(), b"lost the connection")

    def test_more_output_than_granted_is_a_failure_of_the_bridge(self):
        def flood(session):
            session.begin()
            session.start(session.read_launch())
            session.connection.send(wire.data_frame(1, bytes(wire.MAX_DATA)) * 100)
            session.linger()

        with peer.Agent(self.unix, flood):
            # Its output is full, so that nothing is granted again.
            with subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment(MZINIT_RELAY="1")) as process:
                self.assertEqual(process.wait(bridges.HANG_GUARD), 125)
                self.assertIn(b"more data than was granted", process.stderr.read())

    def test_a_client_that_is_killed_closes_the_connection(self):
        running, ended = threading.Event(), threading.Event()

        def behave(session):
            session.begin()
            session.start(session.read_launch())
            running.set()
            session.connection.wait_until(lambda: False, timeout=bridges.HANG_GUARD)
            ended.set()

        self.agent(behave)
        process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, env=self.environment(MZINIT_RELAY="1"))
        self.assertTrue(running.wait(bridges.HANG_GUARD))
        process.kill()
        process.wait()
        self.assertTrue(ended.wait(bridges.HANG_GUARD))


if __name__ == "__main__":
    if not os.path.exists(bridges.MZINIT):
        print(f"skipped: {bridges.MZINIT} has not been built")
        sys.exit(bridges.SKIP)
    limited_tests.main()
