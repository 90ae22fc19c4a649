# SPDX-License-Identifier: MIT
"""The broker, with callers of several users: who gets a ticket and who does not, what agents on both systems make of tickets,
good ones and forged ones, and what happens when any of the three is not there."""

import contextlib
import fcntl
import os
import re
import resource
import shutil
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
import peer_messages as messages
import tickets
from bridges import HANG_GUARD, wait_until

ALICE, BOB, CAROL, STRANGER, NOBODY = 1000, 1001, 1002, 999, 65534
TEAM = 4242

# Sanitized programs start slowly, and an agent that does not greet within a second counts as none.
LAUNCHES_AT_ONCE = 40 if bridges.EMULATED or bridges.SANITIZED else 200
SILENT_CALLERS = 2000


def can_become_others():
    return subprocess.run(["true"], user=ALICE, group=ALICE, extra_groups=[], check=False).returncode == 0


class Broker:
    """A running broker; it is ready when it has told its service manager, whose part we play."""

    def __init__(self, program, environment, log_path, arguments=()):
        self.log_path = log_path
        notices = log_path + ".ready"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(notices)
        environment = dict(environment, NOTIFY_SOCKET=notices)
        if bridges.SANITIZED:
            # The leak checker wants to trace the process, which the broker forbids.
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(log_path, "wb") as log:
            manager.bind(notices)
            self.process = subprocess.Popen([program, "broker", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment)
            manager.settimeout(0.1)
            deadline = time.monotonic() + HANG_GUARD
            while True:
                try:
                    self.notice = manager.recv(100)
                    return
                except TimeoutError:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        self.stop()
                        raise AssertionError(f"the broker did not get ready: {bridges.excerpt(self.log())}") from None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def status(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(line.split()[1] for line in status if line.startswith(name + ":"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(HANG_GUARD)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        bridges.kill_process(self.process)


class BrokerTest(unittest.TestCase):
    """A directory that all users can read, with the programs, a key that only root can, and an agent on tcp."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        os.chmod(cls.directory, 0o755)
        # The build tree may be where other users cannot go.
        cls.mzinit = shutil.copy(bridges.MZINIT, cls.path("mzinit"))
        cls.key_file = bridges.make_key(cls.directory)
        with open(cls.key_file, encoding="ascii") as file:
            cls.key_name, digits = file.read().split()
        cls.secret = bytes.fromhex(digits)
        cls.bridge = None
        cls.start_agent()
        cls.addClassCleanup(lambda: cls.bridge.stop())

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def start_agent(cls):
        cls.program = fake_programs.write_pe64(cls.path("program.exe"))
        runner = fake_programs.write_runner(cls.directory)
        with open(cls.path("policy"), "w", encoding="ascii") as file:
            file.write(f"deny uid={CAROL}\nallow\n")
        cls.bridge = bridges.start_linux_bridge(cls.directory, "tcp", [
            "--listen", f"unix:{cls.directory}/agent.sock", "--map", "/=/", "--policy", cls.path("policy"),
            "--runner", f"pe64={runner} %p"])

    def setUp(self):
        self.run_directory = self.path(f"run-{self.id().rpartition('.')[2][:40]}")
        self.socket = os.path.join(self.run_directory, "interop.sock")
        self.bridge.assert_alive()
        self.log_start = len(self.bridge.log())

    # What is configured, for the broker and for its callers.

    @property
    def endpoint(self):
        return next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("tcp:"))

    def configure(self, broker="", host=None, key=None, name="mzinit.conf"):
        host = f"endpoints = {self.endpoint}\n" if host is None else host
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(f"[host]\n{host}key = {key or self.key_file}\n[route]\npe = host\n"
                       f"[broker]\nsocket = {self.socket}\n{broker}\n")
        return self.path(name)

    def environment(self, configuration=None, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        return {**kept, "MZINIT_CONF": configuration or self.path("mzinit.conf"), "HOME": "/nonexistent", **more}

    def start_broker(self, *arguments, configuration=None):
        return self.enterContext(Broker(self.mzinit, self.environment(configuration), self.path("broker.log"), arguments))

    def failing_broker(self):
        """Exit status and message of a broker that cannot start."""
        failed = subprocess.run([self.mzinit, "broker"], env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=HANG_GUARD, check=False)
        return failed.returncode, failed.stderr.decode()

    # What callers do.

    def popen(self, uid, *command, groups=(), environment=None, **more):
        return subprocess.Popen([self.mzinit, "run", self.program, *command], user=uid, group=uid, extra_groups=list(groups),
                                cwd=self.directory, env=environment or self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def launch(self, uid, *command, **more):
        """(exit status, output, messages)"""
        with self.popen(uid, *command, **more) as process:
            output, complaint = process.communicate(timeout=HANG_GUARD)
        return process.returncode, output, complaint.decode()

    def assert_launches(self, uid, **more):
        self.assertEqual(self.launch(uid, "echo", "done", **more), (0, b"done\n", ""))

    def assert_fails(self, code, reason, result):
        self.assertEqual((result[0], result[1], result[2].count("\n")), (code, b"", 1), result)
        self.assertRegex(result[2], r"^mzinit: \w+\.exe: .*" + reason)

    def new_log(self):
        return self.bridge.log()[self.log_start:]

    def assert_logged(self, pattern):
        wait_until(lambda: re.search(pattern, self.new_log()), f"{pattern} in {bridges.excerpt(self.new_log())}", timeout=20)


class Callers(BrokerTest):
    """Who gets a ticket."""

    def test_an_allowed_user_launches_without_being_able_to_read_the_key(self):
        self.configure()
        self.start_broker()
        reading = subprocess.run(["cat", self.key_file], user=ALICE, group=ALICE, extra_groups=[], capture_output=True, check=False)
        self.assertNotEqual(reading.returncode, 0)
        self.assert_launches(ALICE)
        self.assert_logged(rf'launch peer="tcp 127\.0\.0\.1:\d+ key=default uid={ALICE} gid={ALICE}" .* result="exit 0"')

    def test_each_of_several_users_is_told_apart(self):
        self.configure()
        self.start_broker()
        for uid in (BOB, ALICE, 59999):
            self.assert_launches(uid)
            self.assert_logged(rf'key=default uid={uid} gid={uid}"')

    def test_a_user_without_permission_is_refused_with_a_sentence(self):
        self.configure(f"allow_users = {ALICE}")
        self.start_broker()
        self.assert_launches(ALICE)
        self.assert_fails(125, rf"the broker does not allow uid {BOB} \(", self.launch(BOB, "echo"))
        self.assertNotIn(f"uid={BOB}", self.new_log())

    def test_users_of_daemons_are_refused_by_default(self):
        self.configure()
        self.start_broker()
        self.assert_fails(125, f"the broker does not allow uid {STRANGER} ", self.launch(STRANGER, "echo"))

    def test_members_of_an_allowed_group_launch(self):
        self.configure(f"allow_groups = {TEAM}")
        self.start_broker()
        self.assert_launches(ALICE, groups=[TEAM])
        self.assert_launches(STRANGER, groups=[5, TEAM, 7])
        self.assert_fails(125, f"does not allow uid {ALICE} ", self.launch(ALICE, "echo", groups=[TEAM + 1]))
        self.assert_logged(f'uid={STRANGER} gid={STRANGER}"')

    def test_the_user_that_stands_for_all_unmapped_ones_is_refused_whatever_is_allowed(self):
        self.configure("allow_users = *\nallow_groups = *")
        self.start_broker()
        self.assert_launches(STRANGER)
        self.assert_fails(125, r"the broker cannot tell who you are: nobody \(uid 65534\) is also what users of other", self.launch(NOBODY, "echo"))

    def test_root_uses_the_key_itself(self):
        self.configure()
        self.assert_launches(0)
        self.assert_logged(r'launch peer="tcp 127\.0\.0\.1:\d+ key=default" ')

    def test_a_user_whose_configuration_names_a_key_of_his_own_uses_that(self):
        own = shutil.copy(self.key_file, self.path("own-key"))
        os.chown(own, BOB, BOB)
        self.configure("allow_users = 0", key=own)
        self.assert_launches(BOB)
        self.assert_logged(r'launch peer="tcp 127\.0\.0\.1:\d+ key=default" ')

    def test_nobody_launches_with_a_key_of_its_own(self):
        # The machine's own nobody, as "sudo -u nobody" makes one.
        own = shutil.copy(self.key_file, self.path("nobodys-key"))
        os.chown(own, NOBODY, NOBODY)
        self.configure(key=own)
        self.assert_launches(NOBODY)
        self.assert_logged(r'launch peer="tcp 127\.0\.0\.1:\d+ key=default" .* result="exit 0"')

    def test_the_agents_policy_sees_the_user(self):
        self.configure()
        self.start_broker()
        self.assert_fails(126, r"the agent's policy denies it \(line 1\)", self.launch(CAROL, "echo"))
        self.assert_logged(f'uid={CAROL} gid={CAROL}" program="[^"]*program.exe" result="refused refused_by_policy"')
        self.assert_launches(BOB)


class Endpoints(BrokerTest):
    """Where the caller goes with its ticket."""

    def test_the_brokers_endpoints_are_used_if_the_configuration_names_none(self):
        self.start_broker(configuration=self.configure(name="broker.conf"))
        self.configure(host="")
        self.assert_launches(ALICE)
        self.assert_logged(f"uid={ALICE} ")

    def test_the_configurations_own_endpoints_win(self):
        wrong = self.configure(host="endpoints = unix:/nonexistent/a tcp:127.0.0.1:1\n", name="broker.conf")
        self.start_broker(configuration=wrong)
        self.assertEqual(tickets.ask_broker(self.socket)["endpoints"], ["unix:/nonexistent/a", "tcp:127.0.0.1:1"])
        self.configure()
        self.assert_launches(ALICE)
        self.configure(host="")
        self.assert_launches(ALICE, environment=self.environment(MZINIT_HOST=self.endpoint))

    def test_the_broker_is_not_asked_on_the_way_to_a_unix_endpoint(self):
        self.configure(host=f"endpoints = unix:{self.directory}/agent.sock\n")
        os.makedirs(self.run_directory)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.socket)
            listener.listen()
            self.assert_launches(0)
            listener.setblocking(False)
            with self.assertRaises(BlockingIOError):
                listener.accept()


class Failures(BrokerTest):
    """What happens when the broker or the agent is not there, or not what it should be."""

    def test_without_a_broker_the_message_says_what_was_tried(self):
        self.configure()
        self.assert_fails(125, rf"read {self.key_file}: Permission denied, and there is no broker at {self.socket}",
                          self.launch(ALICE, "echo"))

    def test_a_killed_broker_leaves_a_clear_error_and_its_place_can_be_taken(self):
        self.configure()
        first = self.start_broker()
        self.assert_launches(ALICE)
        first.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.socket))
        self.assert_fails(125, f"connect to the broker at {self.socket}: Connection refused", self.launch(ALICE, "echo"))
        self.start_broker()
        self.assert_launches(ALICE)

    def test_without_the_broker_a_key_in_the_users_home_leads_directly_to_the_agent(self):
        home = self.path("home")
        os.makedirs(os.path.join(home, ".config", "mzinit"), exist_ok=True)
        own = shutil.copy(self.key_file, os.path.join(home, ".config", "mzinit", "key"))
        os.chown(own, ALICE, ALICE)
        with open(self.configure(), encoding="ascii") as file:
            text = re.sub("key = .*\n", "", file.read())
        with open(self.path("mzinit.conf"), "w", encoding="ascii") as file:
            file.write(text)
        if os.path.exists("/etc/mzinit/key"):
            self.skipTest("/etc/mzinit/key exists")
        broker = self.start_broker("--key-file", self.key_file)
        self.assert_launches(ALICE, environment=self.environment(HOME=home))
        self.assert_logged(f"uid={ALICE} ")
        broker.stop(signal.SIGKILL)
        self.log_start = len(self.bridge.log())
        self.assert_launches(ALICE, environment=self.environment(HOME=home))
        self.assert_logged(r'peer="tcp 127\.0\.0\.1:\d+ key=default" ')

    def test_after_a_restart_of_the_agent_the_next_launch_works(self):
        self.configure()
        self.start_broker()
        self.assert_launches(ALICE)
        self.bridge.stop()
        self.assert_fails(125, "no agent answers", self.launch(ALICE, "echo"))
        os.unlink(self.path("ready"))
        type(self).start_agent()
        self.log_start = 0
        self.configure()  # the new agent has another port; the broker is not concerned
        self.assert_launches(ALICE)

    def test_a_broker_that_never_answers_costs_one_second(self):
        self.configure()
        os.makedirs(self.run_directory)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.socket)
            os.chmod(self.socket, 0o666)
            listener.listen()
            self.assert_fails(125, "hear from the broker: Connection timed out", self.launch(ALICE, "echo"))

    def test_whatever_a_broker_says_the_caller_lives(self):
        self.configure()
        os.makedirs(self.run_directory)
        good = dict(ticket_id=tickets.example().key_id, ticket_key=bytes(32))
        replies = {
            b"": "Connection reset",
            b"\xff" * 20: "understand the broker: malformed",
            b"\x0a\x05never": "never",  # a refusal
            b"a" * (16 << 10) + b"b": "understand the broker",
            tickets.encode_reply(**good, endpoints=["nowhere"]): "understand the broker",
            tickets.encode_reply(ticket_id=good["ticket_id"], ticket_key=bytes(31)): "understand the broker",
            tickets.encode_reply(ticket_id="default", ticket_key=bytes(32)): "understand the broker",
            tickets.encode_reply(**good): "authentication failed",  # the agent's answer
        }
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.socket)
            os.chmod(self.socket, 0o666)
            listener.listen()
            for reply, reason in replies.items():
                with self.subTest(reply=reply[:40]):
                    with self.popen(ALICE, "echo") as process:
                        caller, _ = listener.accept()
                        with caller:
                            if reply:
                                caller.send(reply)
                        output, complaint = process.communicate(timeout=HANG_GUARD)
                    self.assert_fails(125, reason, (process.returncode, output, complaint.decode()))


class Service(BrokerTest):
    """The broker as a process."""

    def test_it_tells_its_manager_that_it_is_ready_and_ends_when_told_to(self):
        self.configure()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            broker = self.start_broker()
            self.assertEqual(broker.notice, b"READY=1")
            self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o666)
            self.assertEqual(os.stat(self.run_directory).st_mode & 0o7777, 0o755)
            self.assertEqual((broker.stop(number), broker.log()), (0, ""))
            self.assertFalse(os.path.exists(self.socket))

    def test_it_keeps_no_privilege(self):
        self.configure()
        broker = self.start_broker()
        self.assertEqual({name: int(broker.status(name), 16) for name in ("CapPrm", "CapEff", "CapInh", "NoNewPrivs")},
                         {"CapPrm": 0, "CapEff": 0, "CapInh": 0, "NoNewPrivs": 1})
        # Not dumpable: even its own user may not look into it.
        reading = subprocess.run(["cat", f"/proc/{broker.process.pid}/environ"], capture_output=True, check=False,
                                 preexec_fn=drop_tracing)
        self.assertNotEqual((reading.returncode, reading.stderr), (0, b""))

    def test_a_second_broker_leaves_the_first_alone(self):
        self.configure()
        self.start_broker()
        code, complaint = self.failing_broker()
        self.assertEqual(code, 3, complaint)
        self.assertIn(f"listen on {self.socket} (another broker answers there)", complaint)
        self.assert_launches(ALICE)

    def test_a_user_who_locks_what_he_can_open_does_not_keep_it_from_starting(self):
        self.configure()
        self.start_broker().stop(signal.SIGKILL)
        self.assertEqual(os.stat(self.socket + ".lock").st_mode & 0o7777, 0o600)
        # Opened for reading, as every user may.
        directory = os.open(self.run_directory, os.O_RDONLY)
        self.addCleanup(os.close, directory)
        fcntl.flock(directory, fcntl.LOCK_EX)
        self.start_broker()
        self.assert_launches(ALICE)

    def test_it_starts_nowhere_else_than_where_it_is_safe(self):
        self.configure()
        os.makedirs(self.run_directory)
        with open(self.socket, "w", encoding="ascii"):
            pass
        code, complaint = self.failing_broker()
        self.assertEqual((code, "no socket is there" in complaint), (1, True), complaint)
        os.unlink(self.socket)
        os.chmod(self.run_directory, 0o777)
        code, complaint = self.failing_broker()
        self.assertEqual((code, "others than its owner and root can change it" in complaint), (1, True), complaint)

    def test_without_a_key_it_does_not_start(self):
        self.configure(key="/nonexistent/key")
        code, complaint = self.failing_broker()
        self.assertEqual((code, "read /nonexistent/key" in complaint), (1, True), complaint)
        self.configure("allow_users = alice")
        code, complaint = self.failing_broker()
        self.assertEqual((code, "names are not looked up" in complaint), (1, True), complaint)

    def test_its_answer_is_what_the_page_says(self):
        self.configure()
        self.start_broker()
        before = int(time.time())
        answers = [tickets.ask_broker(self.socket) for _ in range(2)]
        for answer in answers:
            self.assertEqual(set(answer), {"ticket_id", "ticket_key", "endpoints"})
            self.assertEqual(answer["endpoints"], [self.endpoint])
            word, name, uid, gid, issued, nonce = answer["ticket_id"].split(":")
            self.assertEqual((word, name, uid, gid), ("ticket", self.key_name, "0", "0"))
            self.assertTrue(before <= int(issued) <= time.time(), issued)
            self.assertRegex(nonce, "^[0-9a-f]{32}$")
            self.assertEqual(answer["ticket_key"], tickets.derive(self.secret, answer["ticket_id"]))
        self.assertNotEqual(answers[0]["ticket_id"], answers[1]["ticket_id"])

    @staticmethod
    def sleeps_for_two_seconds(broker):
        before = broker.status("voluntary_ctxt_switches")
        time.sleep(2)
        return broker.status("voluntary_ctxt_switches") == before

    def test_nothing_wakes_it_up(self):
        self.configure()
        broker = self.start_broker()
        self.assert_launches(ALICE)
        # It may be just about to go to sleep. What comes back within two seconds comes back each time.
        self.assertTrue(any(self.sleeps_for_two_seconds(broker) for _ in range(3)))
        anonymous = int(broker.status("RssAnon"))
        print(f"broker: {broker.status('VmRSS')} KiB resident, {anonymous} KiB of that its own, no wake-up in 2 s", flush=True)


def drop_tracing():
    """Root without CAP_SYS_PTRACE and the capabilities that would bring it back: what the broker's own user is."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: gone after the exec


class Load(BrokerTest):
    """Many callers, and bad ones."""

    def test_many_launches_at_once(self):
        self.configure()
        self.start_broker()
        processes = [self.popen((ALICE, BOB)[number % 2], "echo", str(number)) for number in range(LAUNCHES_AT_ONCE)]
        results = [process.communicate(timeout=HANG_GUARD) + (process.wait(),) for process in processes]
        self.assertEqual(results, [(f"{number}\n".encode(), b"", 0) for number in range(LAUNCHES_AT_ONCE)])
        for uid in (ALICE, BOB):
            wait_until(lambda: self.new_log().count(f" uid={uid} ") == LAUNCHES_AT_ONCE // 2, bridges.excerpt(self.new_log()),
                       timeout=20)

    def test_callers_who_read_nothing_cost_nothing(self):
        self.configure()
        broker = self.start_broker()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit[0], SILENT_CALLERS + 200), max(limit[1], SILENT_CALLERS + 200)))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        before = broker.descriptors(), bridges.peak_memory(broker.process.pid)
        with contextlib.ExitStack() as callers:
            silent = [callers.enter_context(tickets.connect_to_broker(self.socket, HANG_GUARD)) for _ in range(SILENT_CALLERS)]
            self.assert_launches(ALICE)
            wait_until(lambda: broker.descriptors() <= before[0], "the broker has closed all of them")
            # Its answers wait at the callers'.
            reply = messages.decode_fields(tickets.BROKER_REPLY, silent[-1].recv(1 << 16))
            self.assertEqual(reply["ticket_key"], tickets.derive(self.secret, reply["ticket_id"]))
        self.assertLess(bridges.peak_memory(broker.process.pid), before[1] + (64 << 20 if bridges.SANITIZED else 1 << 20))

    def test_callers_who_leave_at_once_or_talk_do_no_harm(self):
        self.configure()
        self.start_broker()
        for number in range(500):
            with tickets.connect_to_broker(self.socket) as caller, contextlib.suppress(OSError):
                if number % 2:
                    caller.send(b"x" * number)
        self.assert_launches(ALICE)

    def test_without_descriptors_callers_wait_and_the_broker_sleeps(self):
        self.configure()
        broker = self.start_broker()
        pid = broker.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        with tickets.connect_to_broker(self.socket, timeout=1.5) as early:
            used = broker.processor_seconds()
            with self.assertRaises(TimeoutError):
                early.recv(1)
            # It tries ten times a second. A loop that did not pause would have used all of the time.
            self.assertLess(broker.processor_seconds() - used, 0.5)
            self.assert_fails(125, "hear from the broker: Connection timed out", self.launch(ALICE, "echo"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            early.settimeout(HANG_GUARD)
            self.assertIn("ticket_id", messages.decode_fields(tickets.BROKER_REPLY, early.recv(1 << 16)))
        self.assert_launches(ALICE)
        self.assertEqual(broker.log().count("accept a caller: Too many open files"), 1)

    @unittest.skipIf(bridges.SANITIZED, "UBSan makes a pipe to look at an object, and takes it for a bad one if it cannot")
    def test_without_descriptors_it_can_still_be_told_to_end(self):
        self.configure()
        broker = self.start_broker()
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (3, 3))
        with tickets.connect_to_broker(self.socket):
            wait_until(lambda: "Too many open files" in broker.log(), "the broker notices")
            self.assertEqual(broker.stop(), 0)


class Tickets(BrokerTest):
    """The agent and tickets that the test made itself, from the formula of the page."""

    def connect(self, ticket):
        client = peer.Client(self.endpoint, key=ticket.key, key_id=ticket.key_id)
        self.addCleanup(client.close)
        return client

    def assert_refused(self, ticket, reason="authentication failed"):
        with self.assertRaises(peer.Refusal) as refusal:
            self.connect(ticket).begin()
        self.assertEqual(refusal.exception.code, 2)
        self.assertRegex(str(refusal.exception), reason)

    def issue(self, uid=ALICE, **more):
        return tickets.issue(self.secret, self.key_name, uid, uid, **more)

    def assert_accepted(self, ticket, *command):
        with self.connect(ticket).begin() as client:
            answer = client.launch(self.program, [b"program.exe", *(command or (b"echo", b"done"))])
            self.assertEqual(answer.name, "LaunchReply", answer)
            self.assertEqual(client.communicate().code, 0)

    def test_a_good_one_is_accepted_and_logged(self):
        self.assert_accepted(self.issue(4000000000))
        self.assert_logged('key=default uid=4000000000 gid=4000000000" .* result="exit 0"')

    def test_one_can_be_used_again_while_it_is_good(self):
        ticket = self.issue()
        for _ in range(3):
            self.assert_accepted(ticket)

    def test_one_with_any_bit_changed_is_refused(self):
        ticket = self.issue()
        for key in tickets.bit_flips(ticket.key):
            self.assert_refused(ticket._replace(key=key))
        for key_id in tickets.bit_flips(ticket.key_id.encode()):
            with contextlib.suppress(UnicodeDecodeError):
                self.assert_refused(ticket._replace(key_id=key_id.decode()))
        self.assert_accepted(ticket)
        self.assertEqual(self.new_log().count("launch peer"), 1)

    def test_one_for_another_user_is_refused(self):
        ticket = self.issue(BOB)
        for other in (ALICE, 0):
            forged = ticket.key_id.replace(f":{BOB}:{BOB}:", f":{other}:{other}:")
            self.assertNotEqual(forged, ticket.key_id)
            self.assert_refused(ticket._replace(key_id=forged))
        self.assert_logged("authenticate a client: authentication failed")

    def test_one_of_a_key_that_the_agent_does_not_have_is_refused(self):
        self.assert_refused(tickets.issue(self.secret, "other", ALICE, ALICE))
        self.assert_refused(tickets.issue(bytes(32), self.key_name, ALICE, ALICE))
        # Nor does a ticket make others.
        ticket = self.issue()
        self.assert_refused(tickets.issue(ticket.key, ticket.key_id, 0, 0))

    def test_an_expired_one_is_refused_with_a_sentence_about_the_clocks(self):
        self.assert_refused(self.issue(issued=int(time.time()) - 742),
                            r"the ticket was issued 74\d s ago by this host's clock .* clocks differ")
        self.assert_logged(r"warn: tcp 127\.0\.0\.1:\d+: the ticket was issued 74\d s ago")

    def test_one_from_the_future_is_refused(self):
        self.assert_refused(self.issue(issued=int(time.time()) + 300), r"issued \d+ s in the future by this host's clock")

    def test_clocks_may_differ_a_little(self):
        self.assert_accepted(self.issue(issued=int(time.time()) + 3))
        self.assert_accepted(self.issue(issued=int(time.time()) - 20))

    def test_the_client_shows_the_sentence_about_the_clocks(self):
        self.configure()
        os.makedirs(self.run_directory)
        ticket = self.issue(issued=int(time.time()) - 3600)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.socket)
            os.chmod(self.socket, 0o666)
            listener.listen()

            def answer_once():
                caller, _ = listener.accept()
                with caller:
                    caller.send(tickets.encode_reply(ticket_id=ticket.key_id, ticket_key=ticket.key))

            broker = threading.Thread(target=answer_once)
            broker.start()
            result = self.launch(ALICE, "echo")
            broker.join(HANG_GUARD)
        self.assert_fails(125, r"the ticket was issued 36\d\d s ago by this host's clock", result)


class WineTest(BrokerTest):
    @classmethod
    def setUpClass(cls):
        for needed in (bridges.WINDOWS_AGENT, os.path.join(bridges.SAMPLES, "hello.exe")):
            if not os.path.exists(needed):
                raise unittest.SkipTest(f"{needed} has not been built")
        super().setUpClass()

    def assert_says_hello(self):
        code, output, complaint = self.launch(ALICE, "a b")
        self.assertEqual((code, complaint), (0, ""), output)
        self.assertIn(b"a b", output)
        self.assert_logged(f'key=default uid={ALICE} gid={ALICE}" .*hello.exe" .*result="exit 0"')


class LinuxAgentWithWine(WineTest):
    @classmethod
    def start_agent(cls):
        cls.program = shutil.copy(os.path.join(bridges.SAMPLES, "hello.exe"), cls.path("hello.exe"))
        cls.bridge = bridges.start_linux_bridge(cls.directory, "tcp", ["--map", "/=/"])

    def test_a_real_program_runs_for_a_user_with_a_ticket(self):
        self.configure()
        self.start_broker()
        self.assert_says_hello()


class WindowsAgent(WineTest):
    @classmethod
    def start_agent(cls):
        cls.program = shutil.copy(os.path.join(bridges.SAMPLES, "hello.exe"), cls.path("hello.exe"))
        policy = cls.path("policy")
        with open(policy, "w", encoding="ascii") as file:
            file.write(f"deny uid={CAROL}\nallow\n")
        cls.bridge = bridges.start_windows_bridge(cls.directory, ["--policy", "Z:" + policy])

    def test_a_program_runs_for_a_user_with_a_ticket(self):
        self.configure()
        self.start_broker()
        self.assert_says_hello()

    def test_the_policy_sees_the_user(self):
        self.configure()
        self.start_broker()
        self.assert_fails(126, "the agent's policy denies it", self.launch(CAROL))

    def test_changed_and_old_tickets_are_refused(self):
        good = tickets.issue(self.secret, self.key_name, ALICE, ALICE)
        flipped = [good._replace(key=key) for key in list(tickets.bit_flips(good.key))[::37]]
        other = good._replace(key_id=good.key_id.replace(f":{ALICE}:{ALICE}:", ":0:0:"))
        for ticket in [*flipped, other]:
            with self.assertRaises(peer.Refusal), peer.Client(self.endpoint, key=ticket.key, key_id=ticket.key_id) as client:
                client.begin()
        old = tickets.issue(self.secret, self.key_name, ALICE, ALICE, issued=int(time.time()) - 100)
        with self.assertRaisesRegex(peer.Refusal, "clocks differ"), \
                peer.Client(self.endpoint, key=old.key, key_id=old.key_id) as client:
            client.begin()
        with peer.Client(self.endpoint, key=good.key, key_id=good.key_id) as client:
            self.assertEqual(client.begin().info().system, "windows")


if __name__ == "__main__":
    for program in (bridges.MZINIT, bridges.HOSTBRIDGE):
        if not os.path.exists(program):
            print(f"skipped: {program} has not been built", flush=True)
            sys.exit(bridges.SKIP)
    if os.geteuid() != 0 or not can_become_others():
        print("skipped: only root can call the broker as several users", flush=True)
        sys.exit(bridges.SKIP)
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
