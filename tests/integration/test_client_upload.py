# SPDX-License-Identifier: MIT
"""The real `mzinit run` with a program that the host does not see, and the independent peer as the host's agent: what is sent,
when, and what becomes of a launch whose program does not arrive."""

import hashlib
import os
import signal
import subprocess
import time
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
from bridges import wait_until
from peer_upload import Upload, upload_then
from terminal_shell import Shell

UPLOADS = {"capabilities": wire.UPLOADS | wire.REQUESTED_UPLOADS}
LARGE = 5 << 20


class UploadTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.program = fake_programs.write_pe64(os.path.join(self.directory, "report.exe"))
        self.unix = f"unix:{self.directory}/agent"
        self.configure("")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_") and name != "WSLENV"}
        self.environment = dict(kept, MZINIT_HOST=self.unix, MZINIT_CONF=f"{self.directory}/mzinit.conf")

    def configure(self, text):
        with open(os.path.join(self.directory, "mzinit.conf"), "w", encoding="ascii") as file:
            file.write("[route]\npe = host\n" + text)

    def agent(self, behaviour, **more):
        agent = peer.Agent(self.unix, behaviour, **{**UPLOADS, **more})
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def command(self, *options):
        return [bridges.MZINIT, "run", *options, self.program]

    def run_mzinit(self, *options):
        return subprocess.run(self.command(*options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment, timeout=bridges.HANG_GUARD, check=False)

    def start_mzinit(self, *options):
        process = subprocess.Popen(self.command(*options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def write(self, name, contents):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(contents)
        return path

    def make_large(self):
        with open(self.program, "ab") as file:
            file.write(os.urandom(LARGE))


class Sending(UploadTest):
    def sent(self, *options, indices=None, **more):
        """The files that the agent got, by name, and how mzinit ended."""
        got = []
        self.agent(upload_then(got.extend, lambda program: 42, indices), **more)
        result = self.run_mzinit(*options)
        return {file.name: file.contents for file in got}, result

    def test_the_program_is_sent_and_runs(self):
        self.make_large()
        files, result = self.sent()
        with open(self.program, "rb") as file:
            self.assertEqual(files, {"report.exe": file.read()})
        self.assertEqual((result.returncode, result.stdout, result.stderr), (42, b"", b""))

    def test_a_window_of_a_few_bytes_is_respected(self):
        files, result = self.sent(initial_credit=7)
        self.assertEqual((len(files["report.exe"]), result.returncode), (os.path.getsize(self.program), 42))

    def test_only_what_is_wanted_is_sent(self):
        extra = self.write("data/extra.txt", b"extra")
        files, result = self.sent("--with", extra, indices=[1])
        self.assertEqual(files, {"report.exe": None, "extra.txt": b"extra"})
        self.assertEqual(result.returncode, 42)

    def test_files_and_directories_go_along(self):
        self.write("data/one.txt", b"1")
        self.write("data/empty.txt", b"")
        self.write("data/below/two.txt", b"2")
        extra = self.write("extra.txt", b"extra")
        files, _ = self.sent("--with", extra, "--with", os.path.join(self.directory, "data"))
        self.assertEqual({name: contents for name, contents in files.items() if name != "report.exe"},
                         {"extra.txt": b"extra", "one.txt": b"1", "empty.txt": b""})

    def test_nothing_is_sent_of_what_the_agent_has(self):
        def behave(session):
            session.begin()
            launch = session.read_launch()
            upload = Upload(session, launch)
            self.assertEqual(upload.names(), ["report.exe"])
            with open(self.program, "rb") as file:
                self.assertEqual(upload.manifest[0]["sha256"], hashlib.sha256(file.read()).digest())
            session.finish(code=session.start(launch) and 5)

        self.agent(behave)
        self.assertEqual(self.run_mzinit().returncode, 5)

    def test_a_name_that_the_host_cannot_have_is_refused(self):
        self.agent(upload_then(lambda files: None))
        result = self.run_mzinit("--with", self.write("aux.txt", b"x"))
        self.assertEqual(result.returncode, 126, result)
        self.assertIn(b"aux.txt", result.stderr)


class Offering(UploadTest):
    def offered(self, *options, **more):
        agent = self.agent(peer.run_program(lambda program: 0), **more)
        self.assertEqual(self.run_mzinit(*options).returncode, 0)
        wait_until(lambda: agent.launches, "the agent has noted the launch")
        return bool(agent.launches[0].can_upload)

    def test_it_is_offered_to_who_takes_it(self):
        self.assertTrue(self.offered())

    def test_it_is_not_offered_to_who_does_not(self):
        self.assertFalse(self.offered(capabilities=0))

    def test_an_option_forbids_it(self):
        self.assertFalse(self.offered("--upload=never"))

    def test_the_configuration_forbids_it(self):
        self.configure("[host]\nupload = never\n")
        self.assertFalse(self.offered())

    def test_files_that_go_along_are_what_it_is_insisted_on_for(self):
        extra = self.write("extra.txt", b"extra")
        agent = self.agent(peer.run_program(lambda program: 0))
        self.assertEqual(self.run_mzinit().returncode, 0)
        self.assertEqual(self.run_mzinit("--with", extra).returncode, 0)
        wait_until(lambda: len(agent.launches) == 2, "the agent has noted the launches")
        self.assertEqual([bool(launch.must_upload) for launch in agent.launches], [False, True])

    def test_files_go_along_only_to_who_takes_them_with_every_program(self):
        self.agent(peer.run_program(lambda program: 0), capabilities=wire.UPLOADS)
        result = self.run_mzinit("--with", self.write("extra.txt", b"extra"))
        self.assertEqual((result.returncode, result.stderr), (126, b"mzinit: report.exe: --with: the agent takes no files\n"))

    def test_files_that_are_not_there_are_an_error_before_any_agent_is_asked(self):
        result = self.run_mzinit("--with", "nosuch")
        self.assertEqual((result.returncode, result.stderr),
                         (126, b"mzinit: report.exe: --with nosuch: No such file or directory\n"))

    def test_an_option_allows_what_the_configuration_forbids(self):
        self.configure("[host]\nupload = never\n")
        self.assertTrue(self.offered("--upload=auto"))


class Failing(UploadTest):
    def setUp(self):
        super().setUp()
        self.make_large()

    def behaviour(self, then):
        """Takes the first piece of the program, and no more is granted; then calls `then(session, launch, upload)`."""
        def behave(session):
            session.begin()
            launch = session.read_launch()
            upload = Upload(session, launch)
            upload.ask()
            upload.receive_some()
            then(session, launch, upload)

        return behave

    def test_the_agent_may_refuse_what_comes(self):
        def refuse(session, _launch, _upload):
            session.connection.send_control("LaunchError", code=11, host_code=28, text="no space left on the host")
            session.linger()

        self.agent(self.behaviour(refuse))
        result = self.run_mzinit()
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertEqual(result.stderr, b"mzinit: report.exe: no space left on the host\n")

    def test_an_agent_that_is_gone_has_not_started_it(self):
        self.agent(self.behaviour(lambda session, *_: session.connection.close()))
        with open(f"{self.directory}/mzinit.conf", "w", encoding="ascii") as file:
            file.write("[route]\npe = host, wine\n")
        self.environment["PATH"] = "/nonexistent"
        result = self.run_mzinit()
        self.assertEqual(result.stderr.count(b"\n"), 1)
        self.assertRegex(result.stderr, rb"^mzinit: report.exe: the agent: .*; .*[Ww]ine.*\n$")

    def test_an_agent_that_is_gone_after_all_was_sent_may_have_started_it(self):
        def vanish(session):
            session.begin()
            Upload(session, session.read_launch()).receive()

        self.agent(vanish)
        result = self.run_mzinit()
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"lost the connection to the agent", result.stderr)

    def test_a_signal_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGKILL):
            with self.subTest(number.name):
                waiting, ended = [], []

                def wait_for_the_end(session, _launch, upload, waiting=waiting, ended=ended):
                    waiting.append(True)
                    try:
                        while True:
                            upload.receive_some()
                    except (OSError, wire.ConnectionEnded):
                        ended.append(True)

                with peer.Agent(self.unix, self.behaviour(wait_for_the_end), **UPLOADS):
                    process = self.start_mzinit()
                    wait_until(lambda w=waiting: w, "the agent waits for the program")
                    process.send_signal(number)
                    self.assertEqual(process.wait(bridges.HANG_GUARD), -number)
                    wait_until(lambda e=ended: e, "the agent sees the end")

    def test_a_file_that_changes_meanwhile_ends_it_early(self):
        seen = []

        def shorten(session, launch, upload):
            os.truncate(self.program, 1 << 20)
            received = bytearray(upload.stream.take())
            while not upload.stream.ended:
                upload.receive_some()
                received += upload.stream.take()
            upload.split(bytes(received))
            seen.append(upload.complete)
            session.connection.send_control("LaunchError", code=8, text="report.exe changed while it was sent")
            session.linger()

        self.agent(self.behaviour(shorten), initial_credit=1 << 16)
        result = self.run_mzinit()
        self.assertEqual(seen, [False])
        self.assertEqual((result.returncode, result.stderr), (126, b"mzinit: report.exe: report.exe changed while it was sent\n"))

    def test_a_stopped_client_goes_on(self):
        waiting, got = [], []

        def go_on(session, launch, upload):
            waiting.append(True)
            received = bytearray()
            while not upload.stream.ended:
                upload.receive_some()
                received += upload.stream.take()
                if process.poll() is None and len(waiting) == 1 and b"State:\tT" in status():
                    waiting.append(True)
            got.extend(upload.split(bytes(received)))
            session.finish(code=session.start(launch) and 3)

        def status():
            with open(f"/proc/{process.pid}/status", "rb") as file:
                return file.read()

        self.agent(self.behaviour(go_on), initial_credit=1 << 16)
        process = self.start_mzinit()
        wait_until(lambda: waiting, "the agent gets the program")
        process.send_signal(signal.SIGTSTP)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(bridges.HANG_GUARD), 3)
        self.assertEqual(len(got), 1)


class OnATerminal(UploadTest):
    def test_it_says_how_far_it_is_and_wipes_that_away(self):
        self.make_large()
        held_up = []

        def slow(session):
            session.begin()
            launch = session.read_launch()
            upload = Upload(session, launch)
            upload.ask()
            received = bytearray()
            while not upload.stream.ended:
                upload.receive_some()
                if len(received) > 1 << 16 and not held_up:
                    held_up.append(True)
                    # Nothing is drawn before a second has passed.
                    wait_until(lambda: time.monotonic() - begun > 1.2, "a second has passed")
                received += upload.stream.take()
            program = session.start(launch)
            program.write(b"output\r\n")
            session.finish(code=0)

        begun = time.monotonic()
        self.agent(slow, initial_credit=1 << 16)
        shell = Shell(self.environment)
        self.addCleanup(shell.close)
        output, status = shell.run(f"{bridges.MZINIT} run {self.program}")
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"mzinit: sending report\.exe \[#*\.*\] \d+\.\d of 5\.\d MiB")
        # Drawn last, erased, and only then the program's own output.
        self.assertRegex(output, r"MiB\x1b\[K\r?\x1b\[Koutput\s*$")

    def test_a_short_one_says_nothing(self):
        self.agent(upload_then(lambda files: None))
        shell = Shell(self.environment)
        self.addCleanup(shell.close)
        self.assertEqual(shell.run(f"{bridges.MZINIT} run {self.program}"), ("", 0))


if __name__ == "__main__":
    limited_tests.main()
