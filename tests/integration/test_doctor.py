# SPDX-License-Identifier: MIT
"""`mzinit doctor` with real agents, agents that hang, lie or refuse, and rules of its own: what it finds, how long it takes, and
what it says to do."""

import json
import os
import subprocess
import sys
import time
import unittest

import bridges
import limited_tests
import mzinit_peer as peer
from bridges import MZINIT

KEY = bytes(range(32))
PRIVATE_RULES = bridges.has_private_binfmt_misc()
NAMESPACES = ["unshare", "-Urmpf", "--mount-proc", "--kill-child"]


class DoctorTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.key_file = self.path("key")
        self.write("key", f"default {KEY.hex()}\n")
        os.chmod(self.key_file, 0o600)
        self.configure(f"[host]\nkey = {self.key_file}\n[broker]\nsocket = {self.path('no-broker')}\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def configure(self, text):
        self.write("mzinit.conf", text)

    def run_doctor(self, *words, endpoints=(), below=(), **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        environment.update(MZINIT_HOST=" ".join(endpoints), MZINIT_CONF=self.path("mzinit.conf"), HOME=self.directory)
        environment.update(variables)
        return bridges.run([*below, MZINIT, "doctor", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env=environment)

    def doctor(self, *words, **more):
        """The object that it prints, and the findings of each check."""
        result = self.run_doctor("--json", *words, **more)
        self.assertEqual(result.stderr, "")
        report = json.loads(result.stdout)
        self.assertEqual(result.returncode, 0 if report["ok"] else 1)
        self.assertEqual(report["ok"], all(finding["level"] != "problem" for finding in report["findings"]))
        checks = {}
        for finding in report["findings"]:
            self.assertIn(finding["level"], ("ok", "warning", "problem"))
            if finding["level"] != "ok":
                self.assertTrue(finding["advice"], finding)
            checks.setdefault(finding["check"], []).append(finding)
        return report, checks

    def agent(self, behaviour, endpoint=None, **more):
        agent = peer.Agent(endpoint or f"unix:{self.path('agent')}", behaviour, **more)
        self.addCleanup(agent.close)
        return agent

    def info_agent(self, **more):
        """An agent that is asked for its Info and for nothing else."""
        def answer(session):
            session.begin()
            if session.read_launch() is not None:
                raise AssertionError("a launch")
            session.linger()
        agent = self.agent(answer, **more)
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        return agent


class Agents(DoctorTest):
    def test_a_real_agent_is_asked_by_each_way(self):
        bridge = self.enterContext(bridges.start_native_bridge(self.directory))
        with open(bridge.environment["MZINIT_CONF"], encoding="ascii") as file:
            self.configure(file.read())
        report, checks = self.doctor(endpoints=bridge.endpoints)
        self.assertEqual([finding["level"] for finding in checks["agent"]], ["ok", "ok"])
        self.assertEqual([agent["authentication"] for agent in report["agents"]], ["identity", "key"])
        for agent in report["agents"]:
            self.assertTrue(agent["answers"])
            self.assertTrue(agent["software"].startswith("hostbridge "), agent)
            self.assertEqual((agent["system"], agent["protocol"]), ("linux", 1))
            self.assertGreater(agent["round_trip_us"], 0)
        self.assertEqual(checks["key"][0]["level"], "ok")
        bridge.assert_alive()

    def test_the_round_trip_is_that_of_the_question_and_its_answer(self):
        taken = []

        def answer_slowly(session):
            session.begin()
            peer.wire.expect(session.connection.next_control(), "InfoRequest")
            asked = time.monotonic()
            time.sleep(0.02)
            taken.append(time.monotonic() - asked)
            session.connection.send_control("Info", software="slow", system="linux")
            session.linger()

        agent = self.agent(answer_slowly)
        report, _ = self.doctor(endpoints=[agent.endpoint])
        agent.close()
        self.assertIn(len(taken), (1, 2, 3))
        self.assertGreaterEqual(report["agents"][0]["round_trip_us"], int(min(taken) * 1e6))

    def test_a_key_that_the_agent_does_not_know_is_the_reason_and_a_problem(self):
        agent = self.agent(lambda session: session.begin(), endpoint="tcp:127.0.0.1:0", key=bytes(32))
        report, checks = self.doctor(endpoints=[agent.endpoint])
        finding, = checks["agent"]
        self.assertEqual(finding["level"], "problem")
        self.assertIn("refused the connection (wrong key)", finding["text"])
        self.assertIn("the same key", finding["advice"])
        self.assertFalse(report["agents"][0]["answers"])

    def test_no_key_at_all_is_a_problem_of_the_key(self):
        os.unlink(self.key_file)
        _, checks = self.doctor(endpoints=["tcp:127.0.0.1:9"])
        self.assertEqual([checks[name][0]["level"] for name in ("agent", "key")], ["problem", "problem"])
        self.assertIn(self.key_file, checks["key"][0]["text"])

    def test_a_key_that_others_can_read_is_a_problem(self):
        os.chmod(self.key_file, 0o644)
        _, checks = self.doctor(endpoints=[self.info_agent().endpoint])
        finding, = checks["key"]
        self.assertEqual((finding["level"], finding["subject"]), ("problem", self.key_file))
        self.assertIn("chmod 600", finding["advice"])

    def test_an_agent_that_falls_silent_is_waited_for_a_second_whatever_it_has_said(self):
        def prove_nothing(session):
            session.connection.send(peer.wire.encode_frame(peer.wire.CONTROL, 0, session.greeting))
            session.connection.wait_for_end()

        def answer_nothing(session):
            session.begin()
            session.connection.wait_for_end()

        times = []
        for name, behaviour, more, reason in (
                ("greeting", peer.never_speak, {}, "no greeting from an agent: Connection timed out"),
                ("proof", prove_nothing, {"endpoint": "tcp:127.0.0.1:0", "key": KEY}, "no proof from the agent: Connection timed out"),
                ("answer", answer_nothing, {}, "the agent does not answer the request")):
            with self.subTest(name):
                agent = self.agent(behaviour, **({"endpoint": f"unix:{self.path(name)}"} | more))
                started = time.monotonic()
                report, _ = self.doctor(endpoints=[agent.endpoint])
                times.append(time.monotonic() - started)
                self.assertEqual(report["agents"][0]["reason"], reason)
        # A launch would wait five seconds more for the proof.
        self.assertLess(max(times), 4 * min(times))

    def test_another_agent_makes_a_silent_one_a_warning(self):
        _, checks = self.doctor(endpoints=[f"unix:{self.path('nobody')}", self.info_agent().endpoint])
        first, second = checks["agent"]
        self.assertEqual((first["level"], second["level"]), ("warning", "ok"))
        self.assertIn("hostbridge --listen", first["advice"])

    def test_what_an_agent_says_of_itself_does_not_drive_the_terminal(self):
        agent = self.agent(lambda session: self.lie(session))
        text = self.run_doctor(endpoints=[agent.endpoint]).stdout
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\nok       forged", text)

    @staticmethod
    def lie(session):
        session.begin()
        peer.wire.expect(session.connection.next_control(), "InfoRequest")
        session.connection.send_control("Info", software="x\nok       forged\x1b[2J", system="linux")
        session.linger()


class Configurations(DoctorTest):
    def test_what_is_wrong_with_the_file_is_named_with_its_line(self):
        self.configure("[host]\nkeys = 1\n[dos]\nline_ends = both\n")
        report, checks = self.doctor()
        subjects = [(finding["level"], finding["subject"]) for finding in checks["configuration"]]
        self.assertEqual(subjects, [("warning", self.path("mzinit.conf:2")), ("problem", self.path("mzinit.conf:4"))])
        self.assertFalse(report["ok"])

    def test_a_file_that_is_not_there_is_a_problem(self):
        _, checks = self.doctor(MZINIT_CONF=self.path("gone"))
        self.assertEqual(checks["configuration"][0]["level"], "problem")

    def test_names_of_directories_are_listed(self):
        self.configure("[path]\nmap = /data=D:\\\n")
        _, checks = self.doctor(endpoints=[self.info_agent(info={"paths": []}).endpoint])
        self.assertIn("/data is D:\\", checks["paths"][0]["text"])

    def test_usage(self):
        for words in (["--loud"], ["now"]):
            self.assertEqual(self.run_doctor(*words).returncode, 2)
        self.assertEqual(self.run_doctor("--help").returncode, 0)


class Runners(DoctorTest):
    def install(self, name, script):
        self.write(name, f"#!/bin/sh\n{script}\n")
        os.chmod(self.path(name), 0o755)

    def test_versions_are_those_that_the_programs_print(self):
        self.install("mono", 'echo "Mono JIT compiler version 9.8.7 (x)"; echo "nonsense 1" >&2')
        self.install("dosbox", 'echo; echo "DOSBox version 1.2-3, copyright"')
        _, checks = self.doctor(endpoints=[self.info_agent().endpoint], PATH=self.directory + ":/usr/bin:/bin")
        self.assertEqual(checks["mono"][0]["text"], self.path("mono") + ", version 9.8.7")
        self.assertEqual(checks["dos"][0]["text"], self.path("dosbox") + ", version 1.2-3")

    def test_a_program_that_does_not_tell_its_version_is_not_waited_for(self):
        self.install("mono", "sleep 1000 & sleep 1000")
        _, checks = self.doctor(endpoints=[self.info_agent().endpoint], PATH=self.directory + ":/usr/bin:/bin")
        self.assertEqual(checks["mono"][0]["text"], self.path("mono"))

    def test_what_is_not_installed_is_advised_where_no_agent_answers(self):
        empty = self.path("empty")
        os.mkdir(empty)
        _, checks = self.doctor(endpoints=[f"unix:{self.path('nobody')}"], PATH=empty)
        self.assertEqual((checks["mono"][0]["level"], checks["mono"][0]["advice"]), ("warning", "apt-get install mono-runtime"))
        _, checks = self.doctor(endpoints=[self.info_agent().endpoint], PATH=empty)
        self.assertEqual((checks["mono"][0]["level"], checks["mono"][0]["advice"]), ("ok", None))


@unittest.skipUnless(PRIVATE_RULES, "rules of a user namespace need Linux 6.7")
class Rules(DoctorTest):
    """Below an init that has registered the rule, in namespaces of its own."""

    def setUp(self):
        super().setUp()
        self.endpoint = self.info_agent().endpoint

    def checks_after(self, script, *words):
        below = [*NAMESPACES, "sh", "-c", 'mount -t tmpfs tmpfs /run; exec "$@"', "sh", MZINIT, "--register", "--",
                 "sh", "-ec", f'cd /proc/sys/fs/binfmt_misc; mzinit={MZINIT}\n{script}\nexec "$@"', "sh"]
        return self.doctor(*words, endpoints=[self.endpoint], below=below)[1]

    def test_a_rule_that_works_is_tested(self):
        checks = self.checks_after(":")
        for check in ("binfmt_misc", "rule", "rule_order", "interpreter", "rule_test"):
            self.assertEqual([finding["level"] for finding in checks[check]], ["ok"], check)
        self.assertEqual(checks["interpreter"][0]["subject"], f"interpreter {os.path.realpath(MZINIT)}")

    def test_a_rule_that_is_asked_before_ours_is_a_problem_and_the_test_fails(self):
        checks = self.checks_after('echo ":other:M::MZ::/bin/false:" > register')
        self.assertEqual(checks["rule_order"][0]["level"], "problem")
        self.assertIn("other (/bin/false)", checks["rule_order"][0]["text"])
        self.assertEqual(checks["rule_test"][0]["level"], "problem")

    def test_a_rule_that_is_asked_after_ours_does_no_harm(self):
        checks = self.checks_after('echo ":other:M::MZ::/bin/false:" > register; "$mzinit" register 2>/dev/null')
        self.assertEqual(checks["rule_order"][0]["level"], "ok")
        self.assertEqual(checks["rule_test"][0]["level"], "ok")

    def test_what_is_switched_off_or_gone_is_named(self):
        checks = self.checks_after("echo 0 > status")
        self.assertEqual(checks["binfmt_misc"][0]["advice"], "echo 1 > /proc/sys/fs/binfmt_misc/status")
        checks = self.checks_after("echo 0 > mzinit")
        self.assertEqual(checks["rule"][0]["text"], "it is switched off")
        self.assertNotIn("rule_test", checks)
        checks = self.checks_after('"$mzinit" unregister')
        self.assertEqual((checks["rule"][0]["level"], checks["rule"][0]["advice"]), ("problem", "mzinit register"))

    def test_an_interpreter_that_was_removed_is_a_warning_while_the_kernel_has_it(self):
        checks = self.checks_after('cp "$mzinit" /run/copy; "$mzinit" register --replace --interpreter /run/copy; rm /run/copy')
        self.assertEqual(checks["interpreter"][0]["level"], "warning")
        self.assertEqual(checks["rule_test"][0]["level"], "ok")

    def test_a_table_that_is_not_mounted_is_a_problem(self):
        nowhere = self.path("misc")
        os.mkdir(nowhere)
        _, checks = self.doctor("--mount-point", nowhere, endpoints=[self.endpoint])
        finding, = checks["binfmt_misc"]
        self.assertEqual(finding["level"], "problem")
        self.assertIn(f"mount -t binfmt_misc binfmt_misc {nowhere}", finding["advice"])


if __name__ == "__main__":
    for program in (MZINIT, bridges.HOSTBRIDGE):
        if not os.path.exists(program):
            print(f"skipped: {program} has not been built", flush=True)
            sys.exit(bridges.SKIP)
    limited_tests.main()
