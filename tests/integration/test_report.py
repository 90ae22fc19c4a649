# SPDX-License-Identifier: MIT
"""`mzinit report`: how a command of the guest ended, told to the real agent and to agents that refuse, lie or hang; and what the
real agent makes of reports that no client of ours would send."""

import json
import os
import re
import socket
import subprocess
import sys
import unittest

import bridges
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
import peer_messages as messages
import tickets

KEY = bytes(range(32))
# Bytes that would forge a line, end a string, drive a terminal, or are no text; and how a line of the log shows them.
HOSTILE = b"a\n2026-01-01T00:00:00.000Z report peer=\"root\" \\ \x1b[2J \xc3\xbc\xff"
HOSTILE_LOGGED = r'a\u000a2026-01-01T00:00:00.000Z report peer=\"root\" \\ \u001b[2J \u00c3\u00bc\u00ff'


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.key_file = self.path("key")
        self.write_key(KEY)
        self.configuration = self.path("mzinit.conf")
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(f"[host]\nkey = {self.key_file}\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write_key(self, key):
        with open(self.key_file, "w", encoding="ascii") as file:
            file.write(f"default {key.hex()}\n")
        os.chmod(self.key_file, 0o600)

    def start(self, words, endpoints):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        environment.update(MZINIT_HOST=" ".join(endpoints), MZINIT_CONF=self.configuration)
        return subprocess.Popen([bridges.MZINIT, "report", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment)

    def report(self, *words, endpoints):
        """Exit status and standard error of `mzinit report`, which never writes to standard output here."""
        with self.start(words, endpoints) as process:
            output, errors = process.communicate(timeout=bridges.HANG_GUARD)
        self.assertEqual(output, b"")
        return process.returncode, errors

    def assert_not_taken(self, text, *endpoints):
        """125, and one line that says why."""
        status, errors = self.report("--exit-code", "3", "--", "/bin/boot", endpoints=endpoints)
        self.assertEqual((status, errors.count(b"\n")), (125, 1), errors)
        self.assertTrue(errors.startswith(b"mzinit: report: "), errors)
        self.assertRegex(errors.decode(), text)
        return errors


class RealAgent(ReportTest):
    def start_agent(self, *more):
        ready = self.path("ready")
        command = [bridges.HOSTBRIDGE, "--ready-file", ready, *bridges.WITHOUT_WINE, "--listen", f"unix:{self.path('agent.sock')}",
                   "--listen", "tcp:127.0.0.1:0", "--key-file", self.key_file, *more]
        self.bridge = self.enterContext(bridges.Bridge(command, dict(os.environ), ready, self.path("agent.log")))
        self.endpoints = {endpoint.partition(":")[0]: endpoint for endpoint in self.bridge.endpoints}

    def reports_logged(self):
        """The text log's lines of reports, without their times."""
        lines = (re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (report .*)", line)
                 for line in self.bridge.log().split("\n"))
        return [line[1] for line in lines if line]

    def connect(self, transport="unix", **more):
        client = peer.Client(self.endpoints[transport], **more)
        self.addCleanup(client.close)
        return client

    def test_an_exit_code_is_logged_with_the_peer_that_reported_it(self):
        self.start_agent()
        with self.start(["--machine", "guest-1", "--exit-code", "3", "--", "/bin/sh", "/boot.sh"],
                        [self.endpoints["unix"]]) as process:
            self.assertEqual(process.communicate(timeout=bridges.HANG_GUARD), (b"", b""))
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.reports_logged(), [
            f'report peer="unix uid={os.geteuid()} pid={process.pid}" machine="guest-1" command="/bin/sh /boot.sh" result="exit 3"'])

    def test_a_signal_is_logged_over_tcp_with_the_key_that_was_proved(self):
        self.start_agent()
        self.assertEqual(self.report("--signal=9", "/bin/boot", endpoints=[self.endpoints["tcp"]]), (0, b""))
        line, = self.reports_logged()
        self.assertRegex(line, r'^report peer="tcp 127\.0\.0\.1:\d+ key=default" '
                         rf'machine="{re.escape(socket.gethostname())}" command="/bin/boot" result="signal 9"$')

    def test_the_json_log_has_an_object_for_it(self):
        self.start_agent("--log", "json")
        machine = "gäst"
        self.assertEqual(self.report("--machine", machine, "--exit-code", "0", "--", HOSTILE, b"",
                                     endpoints=[self.endpoints["tcp"]]), (0, b""))
        # Byte by byte, as in lines of launches: what is no ASCII may be no text either.
        entry, = (entry for entry in map(json.loads, self.bridge.log().splitlines()) if "event" in entry)
        self.assertRegex(entry.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(entry.pop("peer"), r"^tcp 127\.0\.0\.1:\d+ key=default$")
        self.assertEqual(entry, {"level": "info", "event": "report", "machine": machine.encode().decode("latin-1"),
                                 "command": (HOSTILE + b" ").decode("latin-1"), "result": "exit 0"})

    def test_hostile_bytes_forge_no_line(self):
        self.start_agent()
        lines = self.bridge.log().count("\n")
        self.assertEqual(self.report("--machine", 'g"\n', "--exit-code", "255", "--", HOSTILE,
                                     endpoints=[self.endpoints["unix"]]), (0, b""))
        line, = self.reports_logged()
        self.assertTrue(line.endswith(rf'machine="g\"\u000a" command="{HOSTILE_LOGGED}" result="exit 255"'), line)
        self.assertEqual(self.bridge.log().count("\n"), lines + 1)

    def test_long_command_lines_and_other_signals_are_reported_all_the_same(self):
        self.start_agent()
        self.assertEqual(self.report("--signal", "34", "--", *["word"] * 20_000, endpoints=[self.endpoints["unix"]]), (0, b""))
        line, = self.reports_logged()
        self.assertIn(f'command="{("word " * 40)}..." result="exit 162"', line)

    def test_the_policy_decides_about_reports_too(self):
        with open(self.path("policy"), "w", encoding="ascii") as file:
            file.write("deny transport=unix\nallow key=default\n")
        self.start_agent("--policy", self.path("policy"))
        self.assert_not_taken(r"refused the connection \(the agent's policy denies it \(line 1\)\)", self.endpoints["unix"])
        self.assertEqual(self.reports_logged(), [])
        self.assertIn("report refused: the agent's policy denies it (line 1)", self.bridge.log())
        self.assertEqual(self.report("--exit-code", "3", "x", endpoints=[self.endpoints["tcp"]]), (0, b""))

    def test_a_ticket_tells_whose_report_it_is(self):
        with open(self.path("policy"), "w", encoding="ascii") as file:
            file.write("deny uid=1001\nallow\n")
        self.start_agent("--policy", self.path("policy"))
        for user, taken in ((1000, True), (1001, False)):
            ticket = tickets.issue(KEY, "default", user, user)
            with peer.Client(self.endpoints["tcp"], key=ticket.key, key_id=ticket.key_id).begin() as client:
                if taken:
                    client.report(b"/bin/boot", code=0)
                else:
                    with self.assertRaisesRegex(peer.Refusal, r"not_authorized: .*\(line 1\)"):
                        client.report(b"/bin/boot", code=0)
        line, = self.reports_logged()
        self.assertIn(' key=default uid=1000 gid=1000" machine="peer"', line)

    def test_without_the_right_key_nothing_is_reported(self):
        self.start_agent()
        self.write_key(bytes(32))
        self.assert_not_taken("authentication failed", self.endpoints["tcp"])
        os.unlink(self.key_file)
        self.assert_not_taken(re.escape(self.key_file), self.endpoints["tcp"])
        self.assertEqual(self.reports_logged(), [])

    def test_the_limits_are_those_of_the_specification(self):
        self.start_agent()
        with self.connect().begin() as client:
            client.report(b"\xff" * wire.MAX_REPORTED_COMMAND, machine="m" * wire.MAX_MACHINE_NAME, code=(1 << 32) - 1)
        with self.connect().begin() as client:
            client.report(b"", machine="", signal=20)
        self.assertEqual([line.rpartition(" result=")[2] for line in self.reports_logged()], ['"exit 0xffffffff"', '"signal 20"'])
        hostile = {
            "a name over the limit": {"machine": "m" * (wire.MAX_MACHINE_NAME + 1), "code": 0},
            "a command over the limit": {"command": b"c" * (wire.MAX_REPORTED_COMMAND + 1), "code": 0},
            "no status": {},
            "no signal": {"signal": 0},
            "an unknown signal": {"signal": 21},
        }
        for what, fields in hostile.items():
            with self.subTest(what), self.connect().begin() as client:
                client.connection.send_control("Report", **fields)
                self.assertEqual(client.connection.wait_for_end(), [])
        self.assertEqual(len(self.reports_logged()), 2)

    def test_a_report_out_of_order_is_none(self):
        self.start_agent()
        report = wire.control_frame("Report", command=b"x", code=0)
        not_text = wire.encode_frame(wire.CONTROL, 0, b"\x8a\x01\x05\x0a\x01\xff\x18\x00")
        with self.subTest("before the proof"), self.connect("tcp") as client:
            client.send_greeting()
            client.connection.send(report)
            self.assertNotIn("ReportTaken", [frame.control().name for frame in client.connection.wait_for_end()])
        with self.subTest("a name that is no text"), self.connect().begin() as client:
            client.connection.send(not_text)
            self.assertEqual(client.connection.wait_for_end(), [])
        with self.subTest("without the capability"), self.connect(capabilities=0).begin() as client:
            client.connection.send(report)
            self.assertEqual(client.connection.wait_for_end(), [])
        with self.subTest("with a descriptor"), open(os.devnull, encoding="ascii") as file, self.connect().begin() as client:
            client.connection.send(report, [file.fileno()])
            self.assertEqual(client.connection.wait_for_end(), [])
        self.assertEqual(self.reports_logged(), [])
        with self.subTest("a second one"), self.connect().begin() as client:
            client.connection.send(report + report)
            self.assertEqual([frame.control().name for frame in client.connection.wait_for_end()], ["ReportTaken"])
        self.assertEqual(len(self.reports_logged()), 1)


class OtherAgents(ReportTest):
    def agent(self, behaviour, endpoint=None, **more):
        """An agent whose client must not have broken a rule."""
        agent = peer.Agent(endpoint or f"unix:{self.path('agent')}", behaviour, **more)
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def test_the_report_says_what_the_command_line_does(self):
        reports = []
        unix = self.agent(peer.take_reports(reports))
        tcp = self.agent(peer.take_reports(reports), endpoint="tcp:127.0.0.1:0", key=KEY)
        self.assertEqual(self.report("--machine", "gäst", "--exit-code", "0", "--", "--signal", "", b"\xff",
                                     endpoints=[unix.endpoint]), (0, b""))
        self.assertEqual(self.report("--signal", "15", "boot", endpoints=[tcp.endpoint]), (0, b""))
        self.assertEqual([report.fields for report in reports],
                         [{"machine": "gäst", "command": b"--signal  \xff", "code": 0},
                          {"machine": socket.gethostname(), "command": b"boot", "signal": messages.SIGNAL_NUMBERS["TERM"]}])

    def test_an_agent_without_the_capability_is_sent_nothing(self):
        received = []

        def listen(session):
            session.begin()
            received.extend(session.connection.wait_for_end())

        agent = self.agent(listen, capabilities=wire.PASS_DESCRIPTORS)
        self.assert_not_taken(f"^mzinit: report: {re.escape(agent.endpoint)}: the agent does not take reports$", agent.endpoint)
        agent.close()
        self.assertEqual(received, [])

    def test_an_agent_that_does_not_answer_is_waited_for_no_longer_than_a_moment(self):
        def hang(session):
            session.begin()
            session.read_report()
            session.connection.wait_for_end(4 * wire.HANG_GUARD)

        def talk(session):
            session.begin()
            session.read_report()
            while not session.connection.ended:
                session.connection.send_control("Progress", text="soon")
                session.connection.step(0.01)

        for behave in (hang, talk):
            with self.subTest(behave.__name__):
                agent = self.agent(behave)
                self.assert_not_taken("the agent does not answer the request", agent.endpoint)
                agent.close()

    def test_an_agent_that_answers_something_else_has_not_taken_it(self):
        def answer(frame):
            def behave(session):
                session.begin()
                session.read_report()
                session.connection.send(frame)
                session.linger()
            return behave

        for frame, text in ((wire.control_frame("Info"), "message out of order"),
                            (wire.control_frame("LaunchReply", process_id=1), "message out of order"),
                            (wire.control_frame("Refused", code=6, text="later\x1b"), r"refused the connection \(later\?\)"),
                            (b"\xff" * 8, "malformed frame")):
            with self.subTest(frame=frame):
                agent = self.agent(answer(frame))
                self.assert_not_taken(text, agent.endpoint)
                agent.close()

    def test_an_agent_that_disappears_at_any_byte_has_not_taken_it(self):
        sent = []

        def count(session):
            peer.take_reports([])(session)
            sent.append(session.connection.sent)

        agent = self.agent(count)
        self.assertEqual(self.report("--exit-code", "3", "x", endpoints=[agent.endpoint]), (0, b""))
        agent.close()
        reported = []
        for length in range(sent[0]):
            with self.subTest(length=length), peer.Agent(agent.endpoint, peer.take_reports(reported), cut_after=length):
                self.assert_not_taken(".", agent.endpoint)
        self.assertGreater(len(reported), 0, "some of them had the report")

    def test_every_endpoint_is_tried_in_turn(self):
        reports = []
        silent = self.agent(peer.never_speak, endpoint=f"unix:{self.path('silent')}")
        good = self.agent(peer.take_reports(reports))
        missing = f"unix:{self.path('missing')}"
        self.assertEqual(self.report("--exit-code", "3", "x", endpoints=[missing, silent.endpoint, good.endpoint]), (0, b""))
        self.assertEqual((len(reports), silent.connections), (1, 1))
        errors = self.assert_not_taken("no agent answers", missing, silent.endpoint)
        for endpoint in (missing, silent.endpoint):
            self.assertIn(endpoint.encode(), errors)

    def test_a_report_that_may_have_been_taken_is_not_sent_again(self):
        def vanish(session):
            session.begin()
            session.read_report()

        reports = []
        good = self.agent(peer.take_reports(reports), endpoint=f"unix:{self.path('good')}")
        bad = self.agent(vanish)
        self.assert_not_taken(re.escape(bad.endpoint), bad.endpoint, good.endpoint)
        self.assertEqual(good.connections, 0)

    def test_words_that_make_no_report_are_refused_without_asking_anybody(self):
        agent = self.agent(peer.take_reports([]))
        for words in ([], ["x"], ["--exit-code", "0"], ["--exit-code", "0", "--signal", "9", "x"], ["--exit-code", "256", "x"],
                      ["--signal", "0", "x"], ["--what", "--exit-code", "0", "x"], ["--machine", "", "--exit-code", "0", "x"]):
            status, errors = self.report(*words, endpoints=[agent.endpoint])
            self.assertEqual((status, errors.count(b"\n")), (2, 1), (words, errors))
        self.assertEqual(agent.connections, 0)

    def test_a_configuration_that_cannot_be_read_is_named(self):
        agent = self.agent(peer.take_reports([]))
        self.configuration = self.path("missing.conf")
        self.assert_not_taken("missing.conf", agent.endpoint)
        self.assertEqual(agent.connections, 0)


if __name__ == "__main__":
    for program in (bridges.MZINIT, bridges.HOSTBRIDGE):
        if not os.path.exists(program):
            print(f"skipped: {program} has not been built", flush=True)
            sys.exit(bridges.SKIP)
    limited_tests.main()
