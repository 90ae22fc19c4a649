# SPDX-License-Identifier: MIT
"""Programs that the host does not see are sent to it: the real agents of both systems, driven by the independent peer."""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
import peer_messages as messages
from bridges import wait_until

# A runner that tells the command where the program is, and starts the command instead of it.
RUNNER = '#!/bin/sh\nexport PROGRAM="$1"\nshift\nexec "$@"\n'
ARGUMENT_REFUSED, FILE_MISMATCH, REFUSED_BY_POLICY, HOST_FAILURE = 7, 8, 9, 11


def describe(name, contents):
    return dict(name=name, size=len(contents), sha256=hashlib.sha256(contents).digest())


class Uploader(peer.Client):
    """A client with files that it would send: a list of names and contents, the program first."""

    def __init__(self, endpoint, **more):
        capabilities = wire.RAW_TAIL | wire.HOST_NAMES | wire.REPORTS | wire.UPLOADS
        capabilities |= wire.PASS_DESCRIPTORS if endpoint.startswith("unix") else 0
        super().__init__(endpoint, capabilities=capabilities, **more)

    def next_answer(self):
        while True:
            message = self.next_control()
            if message.name == "Ping":
                self.connection.send_control("Pong", token=message.token)
            elif message.name != "Progress":
                return message

    def ask(self, files, command=(), **more):
        """Sends Launch; the agent has to ask for the manifest."""
        name, program = files[0]
        fields = dict(program_size=len(program), program_head_sha256=hashlib.sha256(program[:4096]).digest(), can_upload=True)
        fields.update(more)
        self.send_launch(f"/not on the host/{name}", [name.encode(), *(os.fsencode(word) for word in command)], **fields)
        return wire.expect(self.next_answer(), "ManifestRequest")

    def send_manifest(self, files):
        self.connection.send_control("Manifest", files=[describe(*file) for file in files])

    def send_bytes(self, data, credit=None):
        """Within the credit. Ends early if the agent answers instead of granting more."""
        stream = wire.OutgoingStream(self.connection, wire.UPLOAD_STREAM,
                                     self.agent_greeting.initial_credit if credit is None else credit)
        at = 0
        while at < len(data):
            count = stream.send_some(memoryview(data)[at:])
            at += count
            if count:
                continue
            frame = self.connection.next_frame()
            if frame.type == wire.CREDIT and frame.stream == wire.UPLOAD_STREAM:
                stream.granted(frame.payload)
            elif frame.type == wire.CONTROL and frame.control().name == "LaunchError":
                self.connection.frames.appendleft(frame)
                break
            elif frame.type != wire.CONTROL:
                raise peer.ProtocolError(f"{frame} while uploading")
        return stream

    def upload(self, files):
        """Sends the manifest and what the agent wants of it; the indices of that and the answer to the launch."""
        self.send_manifest(files)
        message = self.next_answer()
        wanted = []
        if message.name == "FilesWanted":
            wanted = list(message.indices)
            self.send_bytes(b"".join(files[index][1] for index in wanted)).end()
            message = self.skip_credit()
        self.connection.frames.appendleft(wire.Frame(wire.CONTROL, 0, wire.encode_control(message.name, **message.fields)))
        return wanted, self.read_launch_answer()

    def skip_credit(self):
        while True:
            frame = self.connection.next_frame()
            if frame.type == wire.CREDIT and frame.stream == wire.UPLOAD_STREAM:
                continue
            message = frame.control()
            if message.name not in ("Progress", "Ping"):
                return message

    def run(self, files, command=(), data=b"", **more):
        """Uploads what has to be, and runs the program to its end: the indices, and the result."""
        self.ask(files, command, **more)
        wanted, answer = self.upload(files)
        wire.expect(answer, "LaunchReply")
        return wanted, self.communicate(data)


@contextlib.contextmanager
def locked(path):
    """The file is locked as agents lock it."""
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class UploadTest(unittest.TestCase):
    """An agent for all tests of a class, whose store is at the end of each as it has to be."""

    @classmethod
    def start_bridge(cls, *options):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(cls.start_bridge())
        cls.key_id, cls.key = bridges.read_key(cls.directory)
        cls.endpoint = next(endpoint for endpoint in cls.bridge.endpoints if endpoint.startswith("tcp"))

    def setUp(self):
        self.bridge.assert_alive()
        self.log_start = len(self.bridge.log())

    def tearDown(self):
        self.bridge.assert_alive()
        self.assert_nothing_incoming()

    def assert_nothing_incoming(self):
        incoming = os.path.join(self.directory, "cache", "incoming")
        wait_until(lambda: not os.path.exists(incoming) or not os.listdir(incoming), "nothing is left of uploads")

    def connect(self, **more):
        client = Uploader(self.endpoint, key=self.key, key_id=self.key_id, **more)
        self.addCleanup(client.close)
        return client.begin()

    def unique(self, contents=b"a library of this test"):
        """A file that the store cannot have."""
        return "unique.dll", contents + os.urandom(16)

    def assert_protocol_error(self, client):
        """The launch ends with it: its line in the log is the only one. Perhaps the program had been started by then."""
        client.connection.flush()
        wait_until(lambda: 'result="' in self.bridge.log()[self.log_start:], "the launch is logged")
        self.assertIn('result="protocol error"', self.bridge.log()[self.log_start:])
        client.close()

    def assert_launch_error(self, client, code):
        while (message := client.skip_credit()).name == "FilesWanted":
            pass
        wire.expect(message, "LaunchError")
        self.assertEqual((message.code, message.started), (code, False), message)
        return message


class AnyAgent:
    """What holds on both systems. `files` is a program that can be run, with what it needs."""

    files = ()
    expected = None  # exit code

    def assert_runs(self, files, wanted):
        sent, result = self.connect().run(files)
        self.assertEqual((sent, result.code, result.signal), (wanted, self.expected, None), result)

    def test_a_program_is_sent_once(self):
        files = [*self.files, self.unique()]
        sent, result = self.connect().run(files)
        self.assertEqual((sent[-1], result.code), (len(files) - 1, self.expected))
        self.assert_runs(files, [])
        self.assertRegex(self.bridge.log()[self.log_start:], rf'uploaded={sum(len(files[i][1]) for i in sent)} ')
        self.assertIn("uploaded=0 ", self.bridge.log()[self.log_start:])

    def test_the_program_and_what_was_not_known_before_are_sent(self):
        self.assert_runs_first(self.files, len(self.files))
        files = [*self.files, self.unique()]
        self.assert_runs(files, [len(self.files)])

    def assert_runs_first(self, files, most):
        sent, result = self.connect().run(files)
        self.assertEqual(result.code, self.expected)
        self.assertLessEqual(len(sent), most)

    def test_a_file_larger_than_the_window_is_sent_within_the_credit(self):
        large = os.urandom(5 << 20)
        sent, result = self.connect().run([*self.files, ("large.bin", large), ("empty", b"")])
        self.assertEqual(result.code, self.expected)
        self.assertIn(len(self.files), sent)

    def test_two_clients_can_send_the_same_at_once(self):
        files = [*self.files, ("large.bin", os.urandom(1 << 20))]
        clients = [self.connect(), self.connect()]
        wishes = []
        for client in clients:
            client.ask(files)
            client.send_manifest(files)
            wishes.append(list(wire.expect(client.next_answer(), "FilesWanted").indices))
        streams = [client.send_bytes(b"".join(files[i][1] for i in wish)) for client, wish in zip(clients, wishes)]
        for stream in streams:
            stream.end()
        for client in clients:
            answer = client.skip_credit()
            client.connection.frames.appendleft(wire.Frame(wire.CONTROL, 0, wire.encode_control(answer.name, **answer.fields)))
            self.assertEqual(client.read_launch_answer().name, "LaunchReply", answer)
            self.assertEqual(client.communicate().code, self.expected)

    def test_an_upload_that_does_not_go_on_delays_nobody(self):
        stalled = self.connect()
        files = [*self.files, self.unique()]
        stalled.ask(files)
        stalled.send_manifest(files)
        wire.expect(stalled.next_answer(), "FilesWanted")
        self.assert_runs_first([*self.files, self.unique()], 1 + len(self.files))
        stalled.close()

    def test_a_file_that_changed_is_not_kept(self):
        client = self.connect()
        name, contents = self.unique()
        files = [*self.files, (name, contents)]
        client.ask(files)
        client.send_manifest(files)
        wanted = wire.expect(client.next_answer(), "FilesWanted").indices
        data = b"".join(files[i][1] for i in wanted)
        client.send_bytes(data[:-1] + bytes([data[-1] ^ 1])).end()
        self.assertIn(name, self.assert_launch_error(client, FILE_MISMATCH).text)
        kept = os.listdir(os.path.join(self.directory, "cache", "files"))
        self.assertNotIn(hashlib.sha256(contents).hexdigest(), kept)

    def test_fewer_bytes_than_described_are_a_file_that_changed(self):
        for missing in (1, 1 << 20):
            client = self.connect()
            files = [*self.files, ("large.bin", os.urandom(1 << 20))]
            client.ask(files)
            client.send_manifest(files)
            wanted = wire.expect(client.next_answer(), "FilesWanted").indices
            data = b"".join(files[i][1] for i in wanted)
            client.send_bytes(data[:-missing]).end()
            self.assert_launch_error(client, FILE_MISMATCH)

    def test_more_bytes_than_described_end_the_connection(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files)
        client.send_manifest(files)
        wanted = wire.expect(client.next_answer(), "FilesWanted").indices
        client.send_bytes(b"".join(files[i][1] for i in wanted) + b"x")
        self.assert_protocol_error(client)

    def test_a_program_that_is_not_the_one_of_the_launch_is_not_run(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files, program_head_sha256=hashlib.sha256(b"another").digest())
        _, answer = client.upload(files)
        self.assertEqual((answer.name, answer.code), ("LaunchError", FILE_MISMATCH))

    def test_names_that_cannot_be_are_refused(self):
        for name in ("..", "a/b.dll", "a\\b.dll", "c:b.dll", "nul", "b.dll.", "b.dll ", "a*b", self.files[0][0].upper()):
            client = self.connect()
            client.ask(self.files)
            client.send_manifest([*self.files, (name, b"x")])
            self.assert_launch_error(client, ARGUMENT_REFUSED)

    def test_manifests_that_break_the_rules_end_the_connection(self):
        good = describe(*self.files[0])
        for files in ([], [good] * 241, [dict(good, name="")], [dict(good, name="x" * 256)], [dict(good, sha256=b"short")],
                      [good, dict(good, name="b", size=1 << 62)]):
            self.log_start = len(self.bridge.log())
            client = self.connect()
            client.ask(self.files)
            client.connection.send_control("Manifest", files=files)
            self.assert_protocol_error(client)

    def test_more_than_is_kept_is_refused(self):
        client = self.connect()
        client.ask(self.files)
        client.connection.send_control("Manifest", files=[describe(*self.files[0]), dict(describe("b", b""), size=1 << 40)])
        self.assertIn("--cache-size", self.assert_launch_error(client, ARGUMENT_REFUSED).text)

    def test_data_before_the_manifest_ends_the_connection(self):
        client = self.connect()
        client.ask(self.files)
        client.connection.send(wire.data_frame(wire.UPLOAD_STREAM, b"x"))
        self.assert_protocol_error(client)

    def test_a_second_manifest_ends_the_connection(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files)
        client.send_manifest(files)
        client.send_manifest(files)
        self.assert_protocol_error(client)

    def test_a_client_that_is_killed_leaves_nothing(self):
        for sent in (0, 1, 300_000):
            client = self.connect()
            files = [*self.files, ("large.bin", os.urandom(1 << 20))]
            client.ask(files)
            client.send_manifest(files)
            wanted = wire.expect(client.next_answer(), "FilesWanted").indices
            client.send_bytes(b"".join(files[i][1] for i in wanted)[:sent])
            client.connection.flush()
            client.close()
            self.assert_nothing_incoming()

    def test_a_client_that_cannot_upload_is_refused_as_before(self):
        client = self.connect()
        client.send_launch("/not on the host/tool.exe", [b"tool.exe"])
        message = client.next_answer()
        self.assertEqual(message.name, "LaunchError")
        self.assertIn(message.code, (1, FILE_MISMATCH))


class OnLinux(AnyAgent, UploadTest):
    expected = 0

    @classmethod
    def start_bridge(cls, *options, directory=None):
        directory = directory or cls.directory
        runner = os.path.join(directory, "stand-in")
        with open(runner, "w", encoding="ascii") as file:
            file.write(RUNNER)
        os.chmod(runner, 0o755)
        program = fake_programs.write_pe64(os.path.join(directory, "program.exe"))
        with open(program, "rb") as file:
            cls.files = [("tool.exe", file.read())]
        return bridges.start_native_bridge(directory, "--runner", f"pe64={runner} %p", *options)

    def assert_runs(self, files, wanted):
        sent, result = self.connect().run(files, ("true",))
        self.assertEqual((sent, result.code), (wanted, 0))

    def connect(self, **more):
        client = super().connect(**more)
        ask = client.ask
        # Every launch needs a command for the runner.
        client.ask = lambda files, command=(), **fields: ask(files, command or ("true",), **fields)
        return client

    def test_the_program_finds_its_files_beside_it(self):
        files = [*self.files, ("a.dll", b"library"), ("caf\u00e9 1.cfg", b"settings")]
        _, result = self.connect().run(files, ("sh", "-c", 'cd "${PROGRAM%/*}" && ls && cat a.dll'))
        self.assertEqual(result.stdout.decode(), "a.dll\ncaf\u00e9 1.cfg\ntool.exe\nlibrary")

    def test_what_was_tampered_with_is_sent_again(self):
        files = [*self.files, self.unique()]
        _, result = self.connect().run(files, ("sh", "-c", 'echo "$PROGRAM"'))
        library = os.path.join(os.path.dirname(result.stdout.decode().strip()), files[-1][0])
        os.chmod(library, 0o700)
        with open(library, "r+b") as file:
            file.write(b"X")
        sent, result = self.connect().run(files, ("cat", library))
        self.assertEqual((sent, result.stdout), ([len(files) - 1], files[-1][1]))

    def test_a_passed_program_comes_with_what_it_needs(self):
        unix = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("unix"))
        files = [*self.files, self.unique()]
        with Uploader(unix).begin() as client, open(os.path.join(self.directory, "program.exe"), "rb") as program:
            client.ask(files, ("sh", "-c", 'ls "${PROGRAM%/*}"'), passed={messages.PROGRAM: program.fileno()})
            _, answer = client.upload(files)
            self.assertEqual(answer.name, "LaunchReply", answer)
            self.assertEqual(client.communicate().stdout, b"tool.exe\nunique.dll\n")

    def test_a_passed_program_of_a_client_that_sends_nothing_is_copied(self):
        unix = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("unix"))
        with peer.Client(unix).begin() as client, open(os.path.join(self.directory, "program.exe"), "rb") as program:
            client.send_launch("/not on the host/tool.exe", [b"tool.exe", b"sh", b"-c", b'basename "$PROGRAM"'],
                               {messages.PROGRAM: program.fileno()})
            self.assertEqual(client.read_launch_answer().name, "LaunchReply")
            self.assertEqual(client.communicate().stdout, b"tool.exe\n")

    def test_a_store_that_is_locked_delays_no_other_program(self):
        self.assert_runs_first(self.files, 1)  # There is a store now.
        unix = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("unix"))
        path = os.path.join(self.directory, "program.exe")
        # More of either kind than the agent has threads.
        sending, passing = [], []
        with locked(os.path.join(self.directory, "cache", "lock")), open(path, "rb") as program:
            for _ in range(17):
                files = [*self.files, self.unique()]
                client = self.connect()
                client.ask(files)
                client.send_manifest(files)
                sending.append(client)
                client = self.enterContext(peer.Client(unix).begin())
                client.send_launch("/not on the host/tool.exe", [b"tool.exe", b"true"], {messages.PROGRAM: program.fileno()})
                passing.append(client)
                for each in (sending[-1], passing[-1]):
                    # What came before it has been read when this is answered.
                    each.connection.send_control("Ping", token=5)
                    while (message := each.next_control()).name != "Pong":
                        wire.expect(message, "Progress", "Ping")
            # Some give up.
            for _ in range(5):
                sending.pop().close()
            client = peer.Client(self.endpoint, key=self.key, key_id=self.key_id)
            with client.begin():
                client.send_launch(path, [b"program.exe", b"echo", b"runs"])
                wire.expect(client.read_launch_answer(), "LaunchReply")
                self.assertEqual(client.communicate().stdout, b"runs\n")
        for client in sending:
            wire.expect(client.next_answer(), "FilesWanted")
            client.close()
        for client in passing:
            wire.expect(client.read_launch_answer(), "LaunchReply")
            self.assertEqual(client.communicate().code, 0)

    def test_signals_and_sizes_that_come_early_wait_for_the_program(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files, ("sh", "-c", "exec sleep 1000"))
        client.connection.send_control("Signal", signal=messages.SIGNAL_NUMBERS["TERM"])
        _, answer = client.upload(files)
        self.assertEqual(answer.name, "LaunchReply", answer)
        self.assertEqual(client.communicate(end_stdin=False).signal, messages.SIGNAL_NUMBERS["TERM"])

    def test_data_after_the_end_ends_the_connection(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files, ("sleep", "1000"))
        client.send_manifest(files)
        wanted = wire.expect(client.next_answer(), "FilesWanted").indices
        client.send_bytes(b"".join(files[i][1] for i in wanted)).end()
        client.connection.send(wire.data_frame(wire.UPLOAD_STREAM, b"x"))
        self.assert_protocol_error(client)

    def test_a_detached_program_can_be_sent(self):
        client = self.connect()
        files = [*self.files, self.unique()]
        client.ask(files, ("true",), detach=True)
        client.detach_wanted = True
        _, answer = client.upload(files)
        self.assertTrue(answer.name == "LaunchReply" and answer.detached, answer)


class OtherLinuxAgents(unittest.TestCase):
    """Agents of single tests."""

    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())

    def start(self, *options):
        return self.enterContext(OnLinux.start_bridge(*options, directory=self.directory))

    def connect(self, bridge):
        key_id, key = bridges.read_key(self.directory)
        endpoint = next(endpoint for endpoint in bridge.endpoints if endpoint.startswith("tcp"))
        client = Uploader(endpoint, key=key, key_id=key_id)
        self.addCleanup(client.close)
        return client.begin()

    def incoming(self):
        return os.listdir(os.path.join(self.directory, "cache", "incoming"))

    def test_an_agent_ends_also_while_another_has_the_lock_of_its_store(self):
        bridge = self.start()
        self.connect(bridge).run(OnLinux.files, ("true",))
        with locked(os.path.join(self.directory, "cache", "lock")):
            client = self.connect(bridge)
            client.ask(OnLinux.files, ("true",))
            client.send_manifest(OnLinux.files)
            client.connection.send_control("Ping", token=5)
            while client.next_control().name != "Pong":
                pass
            bridge.process.send_signal(signal.SIGTERM)
            self.assertEqual(bridge.process.wait(bridges.HANG_GUARD), 0)

    def test_an_agent_that_is_killed_leaves_only_what_the_next_one_removes(self):
        bridge = self.start()
        files = [*OnLinux.files, ("large.bin", os.urandom(1 << 20))]
        client = self.connect(bridge)
        client.ask(files, ("true",))
        client.send_manifest(files)
        wire.expect(client.next_answer(), "FilesWanted")
        client.send_bytes(OnLinux.files[0][1] + files[1][1][:300_000])
        client.connection.wait_until(lambda: self.incoming())
        bridge.process.send_signal(signal.SIGKILL)
        bridge.process.wait()
        self.assertTrue(self.incoming())
        os.unlink(os.path.join(self.directory, "ready"))
        sent, result = self.connect(self.start()).run(files, ("true",))
        self.assertEqual((sent, result.code), ([0, 1], 0))
        self.assertEqual(self.incoming(), [])

    def test_a_policy_refuses_before_anything_is_asked_for(self):
        policy = os.path.join(self.directory, "policy")
        with open(policy, "w", encoding="ascii") as file:
            file.write("deny\n")
        client = self.connect(self.start("--policy", policy))
        client.send_launch("/not on the host/tool.exe", [b"tool.exe"], can_upload=True)
        answer = client.next_answer()
        self.assertEqual((answer.name, answer.code), ("LaunchError", REFUSED_BY_POLICY))

    def test_nothing_is_kept_of_a_client_that_could_send_and_does_not(self):
        bridge = self.start()
        program = fake_programs.write_pe64(os.path.join(self.directory, "removed.exe"))
        endpoint = next(endpoint for endpoint in bridge.endpoints if endpoint.startswith("unix"))
        with open(program, "rb") as file, Uploader(endpoint) as client:
            os.unlink(program)
            client.begin().send_launch(program, [b"removed.exe", b"true"], {messages.PROGRAM: file.fileno()})
            answer = client.next_answer()
        self.assertEqual((answer.name, answer.code), ("LaunchError", FILE_MISMATCH))
        self.assertFalse(os.path.exists(os.path.join(self.directory, "cache")))

    def test_an_agent_that_keeps_nothing_does_not_offer_it(self):
        client = self.connect(self.start("--cache-size", "0"))
        self.assertFalse(client.agent_greeting.capabilities & wire.UPLOADS)

    def test_programs_in_use_are_kept_when_there_is_no_room(self):
        bridge = self.start("--cache-size", "100KB")
        running = self.connect(bridge)
        first = [*OnLinux.files, ("a.bin", os.urandom(60_000))]
        running.ask(first, ("sh", "-c", 'read line; cat "${PROGRAM%/*}/a.bin"'))
        running.upload(first)
        other = [*OnLinux.files, ("b.bin", os.urandom(60_000))]
        client = self.connect(bridge)
        client.ask(other, ("true",))
        _, answer = client.upload(other)
        self.assertEqual((answer.name, answer.code), ("LaunchError", HOST_FAILURE))
        self.assertEqual(running.communicate(b"\n").stdout, first[1][1])
        wait_until(lambda: "exit 0" in bridge.log(), "the program has ended")
        self.assertEqual(self.connect(bridge).run(other, ("true",))[1].code, 0)

    def test_a_full_disk_is_said(self):
        disk = os.path.join(self.directory, "cache")
        os.mkdir(disk, 0o700)
        # A disk of its own in a namespace of its own, in which the agent runs.
        ready = os.path.join(self.directory, "ready")
        key = bridges.make_key(self.directory)
        agent = [bridges.HOSTBRIDGE, "--listen", "tcp:127.0.0.1:0", "--key-file", key, "--ready-file", ready, "--cache-dir",
                 os.path.join(disk, "store"), *bridges.WITHOUT_WINE, "--map", "/=/"]
        mount = f'mount -t tmpfs -o size=1m,mode=700 none "{disk}" && exec "$@"'
        command = ["unshare", "-Urm", "sh", "-c", mount, "sh", *agent]
        probe = subprocess.run(["unshare", "-Urm", "sh", "-c", mount, "sh", "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest(f"no mounts in a user namespace: {probe.stderr.decode().strip()}")
        with bridges.Bridge(command, dict(os.environ), ready, os.path.join(self.directory, "agent.log"), key) as bridge:
            program = fake_programs.write_pe64(os.path.join(self.directory, "program.exe"))
            with open(program, "rb") as file:
                contents = file.read()
            files = [("tool.exe", contents), ("large.bin", os.urandom(3 << 20))]
            client = self.connect(bridge)
            client.ask(files)
            _, answer = client.upload(files)
            self.assertEqual((answer.name, answer.code, answer.host_code), ("LaunchError", HOST_FAILURE, 28), answer)
            self.assertIn("no room", answer.text)
            bridge.assert_alive()


class WindowsUploadTest(UploadTest):
    @classmethod
    def start_bridge(cls, *options):
        with open(os.path.join(bridges.SAMPLES, "hello.exe"), "rb") as file:
            cls.files = [("hello.exe", file.read())]
        return bridges.start_windows_bridge(cls.directory, ["--fallback-dir", "C:\\", *options], mappings=())

    def assert_nothing_incoming(self):
        """Windows removes no name of a file that is in use under another one: that goes with the next upload."""
        incoming = os.path.join(self.directory, "cache", "incoming")

        def is_clean():
            if os.path.exists(incoming) and os.listdir(incoming):
                self.connect().run([*self.files, self.unique()])
            return not os.path.exists(incoming) or not os.listdir(incoming)

        wait_until(is_clean, "nothing is left of uploads")


@bridges.needs_windows_agent
class OnWindows(AnyAgent, WindowsUploadTest):
    expected = 0

    def test_dlls_are_found_beside_the_program(self):
        files = []
        for name in ("uses_dlls.exe", "uses_dlls_first.dll", "uses_dlls_second.dll", "uses_dlls_plugin.dll"):
            with open(os.path.join(bridges.SAMPLES, name), "rb") as file:
                files.append((name, file.read()))
        sent, result = self.connect().run(files, ("uses_dlls_plugin.dll",))
        self.assertEqual((len(sent), len(result.stdout.splitlines())), (4, 3), result)
        self.assertEqual(self.connect().run(files, ("uses_dlls_plugin.dll",)), ([], result))

    def test_nobody_writes_to_the_files_of_a_running_program(self):
        with open(os.path.join(bridges.SAMPLES, "cat.exe"), "rb") as file:
            files = [("cat.exe", file.read()), self.unique()]
        running = self.connect()
        running.ask(files)
        running.upload(files)
        # The other one uses the same files, and cannot replace them.
        self.assertEqual(self.connect().run(files, data=b"x")[1].stdout, b"x")
        self.assertEqual(running.communicate(b"y").stdout, b"y")


@bridges.needs_windows_agent
class LinksThatTheAgentCannotSee(WindowsUploadTest):
    """Wine does not show those of Unix, and removes what they lead to."""

    def test_they_cost_nothing_of_what_they_lead_to(self):
        other = os.path.join(self.directory, "other")
        precious = os.path.join(other, "precious")
        os.mkdir(other)
        with open(precious, "w", encoding="ascii") as file:
            file.write("precious")
        library = ("unique.dll", b"a library of this test")
        files = [*self.files, library]
        self.connect().run(files)
        contents = os.path.join(self.directory, "cache", "files", hashlib.sha256(library[1]).hexdigest())
        programs = os.path.join(self.directory, "cache", "programs")
        place, = (directory for directory in (f"{programs}/{name}" for name in os.listdir(programs))
                  if os.path.exists(f"{directory}/{library[0]}") and os.path.samefile(f"{directory}/{library[0]}", contents))

        def assert_refused(link):
            with self.connect() as client:
                client.ask(files)
                _, answer = client.upload(files)
                self.assertEqual((answer.name, answer.code, answer.started), ("LaunchError", FILE_MISMATCH, False), answer)
                self.assertIn(f"{os.path.basename(link)} is a link to something else", answer.text)

        with self.subTest("beside the program"):
            os.symlink(other, f"{place}/link")
            self.connect().run(files)
            os.unlink(f"{place}/link")
        with self.subTest("in the place of a file"):
            for path in (contents, f"{place}/{library[0]}"):
                os.unlink(path)
                os.symlink(precious, path)
            assert_refused(f"{place}/{library[0]}")
            os.unlink(contents)
            assert_refused(f"{place}/{library[0]}")
            os.unlink(f"{place}/{library[0]}")
            self.connect().run(files)
        with self.subTest("in the place of the program's directory"):
            os.rename(place, self.directory + "/away")
            os.symlink(other, place)
            assert_refused(place)
            os.unlink(place)
        self.assertEqual(os.listdir(other), ["precious"])
        self.connect().run(files)


if __name__ == "__main__":
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
