# SPDX-License-Identifier: MIT
"""`mzinit run --text`: what programs on the host write becomes UTF-8 with LF."""

import fcntl
import os
import signal
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_messages as messages

POSIX = 1
TEXT = "Größe: 3 €\r\nπ ≥ 3 😀\r\n"
LINES = TEXT.replace("\r\n", "\n").encode()
OEM = "Größe\r\nπ≥3\r\n"
BINARY = bytes(range(256)) * 3 + b"\r\n\r"


class TextTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.program = fake_programs.write_pe64(os.path.join(self.directory, "x.exe"))
        self.configuration = os.path.join(self.directory, "mzinit.conf")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        self.environment["MZINIT_CONF"] = self.configuration
        self.configure("")

    def configure(self, text):
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write("[route]\npe = host\n" + text)

    def write(self, name, data):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def mzinit(self, *words, **more):
        return subprocess.run((bridges.MZINIT, "run", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment,
                              timeout=bridges.HANG_GUARD, check=False, **{"stdin": subprocess.DEVNULL, **more})


class Client(TextTest):
    """With the independent peer as the agent."""

    def setUp(self):
        super().setUp()
        self.environment["MZINIT_HOST"] = f"unix:{self.directory}/agent"

    def agent(self, callback, terminal=0):
        agent = peer.Agent(self.environment["MZINIT_HOST"], peer.run_program(callback, terminal))
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def writing(self, output, errors=b"", code=7):
        def program(running):
            running.write(output)
            running.write(errors, 2)
            return code

        return self.agent(program)

    def test_both_outputs_are_read_each_by_itself(self):
        agent = self.writing(TEXT.encode("utf-16-le"), OEM.encode("cp437"))
        result = self.mzinit("--text", self.program)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, LINES, OEM.replace("\r\n", "\n").encode()))
        bridges.wait_until(lambda: agent.launches, "the agent has noted the launch")
        self.assertIn(messages.STDIN, agent.launches[0].descriptors)
        self.assertFalse({messages.STDOUT, messages.STDERR} & set(agent.launches[0].descriptors))

    def test_without_it_bytes_are_bytes(self):
        self.writing(BINARY)
        for words in ((), ("--text=never",)):
            self.assertEqual(self.mzinit(*words, self.program).stdout, BINARY)

    def test_what_is_kept_comes_with_the_end(self):
        self.writing(b"50%\r", b"\xe2\x82")
        result = self.mzinit("--text", self.program)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, b"50%\r", "Γé".encode()))

    def test_the_configuration_names_programs_and_the_code_page(self):
        self.writing(b"\xe9\x80\r\n")
        self.configure("[text]\nalways = y.exe X.EXE\ncode_page = 1252\n")
        self.assertEqual(self.mzinit(self.program).stdout, "é€\n".encode())
        self.assertEqual(self.mzinit("--text=cp850", self.program).stdout, "ÚÇ\n".encode())
        self.assertEqual(self.mzinit("--text=never", self.program).stdout, b"\xe9\x80\r\n")

    def test_a_terminal_is_left_alone(self):
        """It converts by itself, and escape sequences are no text; standard error is a pipe."""

        def program(running):
            running.write(OEM.encode("cp437"))
            running.write(OEM.encode("cp437"), 2)
            return 7

        self.agent(program, POSIX)
        result = self.mzinit("--text", "--pty=always", self.program)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, OEM.encode("cp437"), OEM.replace("\r\n", "\n").encode()))

    def test_more_than_the_credit_arrives_whole(self):
        line = "äöü ▒\r\n" * 1000

        def program(running):
            for _ in range(1000):
                running.write(line.encode("cp437"))
            return 0

        self.agent(program)
        result = self.mzinit("--text=cp437", self.program)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(len(result.stdout), 1000 * len(line.replace("\r\n", "\n").encode()))
        self.assertEqual(result.stdout[-100:], (line * 2).replace("\r\n", "\n").encode()[-100:])

    def test_what_is_kept_waits_for_a_full_pipe(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        output = b"x" * fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
        agent = self.writing(output + b"\r")
        process = subprocess.Popen((bridges.MZINIT, "run", "--text", self.program), stdin=subprocess.DEVNULL,
                                   stdout=writing, env=self.environment)
        os.close(writing)
        bridges.wait_until(lambda: agent.launches, "the program has ended")
        with os.fdopen(os.dup(reading), "rb") as file:
            self.assertEqual(file.read(), output + b"\r")
        self.assertEqual(process.wait(bridges.HANG_GUARD), 7)

    def test_a_reader_that_leaves_ends_it(self):
        def program(running):
            while running.write(b"line\r\n" * 1000):
                pass
            return "PIPE"

        self.agent(program)
        with subprocess.Popen((bridges.MZINIT, "run", "--text", self.program), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, env=self.environment,
                              preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL)) as process:
            self.assertEqual(process.stdout.readline(), b"line\n")
            process.stdout.close()
            self.assertEqual(process.wait(bridges.HANG_GUARD), -signal.SIGPIPE)

    def test_usage(self):
        for option in ("--text=", "--text=latin1", "--text=cp932"):
            result = self.mzinit(option, self.program)
            self.assertEqual((result.returncode, result.stderr), (2, f"mzinit: run: option {option} is not known\n".encode()))
        self.configure("[text]\ncode_page = latin1\n")
        self.assertEqual(self.mzinit(self.program).returncode, 125)


class ThisMachine(TextTest):
    def test_a_program_that_would_run_here_is_refused(self):
        self.environment["MZINIT_HOST"] = f"unix:{self.directory}/nobody"
        self.configure("pe = wine\n")
        result = self.mzinit("--text", self.program)
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertEqual(result.stderr, b"mzinit: x.exe: --text is for programs on the host, not for those run here\n")


class LinuxAgent(TextTest):
    """Native programs behind a fake runner, which get our descriptors otherwise."""

    def setUp(self):
        super().setUp()
        self.bridge = self.enterContext(bridges.start_native_bridge(self.directory))

    def test_both_transports(self):
        path = self.write("text", TEXT.encode("utf-16"))
        self.environment.update(self.bridge.environment)
        for endpoint in self.bridge.endpoints:
            self.environment["MZINIT_HOST"] = endpoint
            with self.subTest(endpoint):
                result = self.mzinit("--text", self.program, "sh", "-c", 'cat "$0"; cat "$0" >&2; exit 5', path)
                self.assertEqual((result.returncode, result.stdout, result.stderr), (5, LINES, LINES))
                with open(path, "rb") as file:
                    result = self.mzinit(self.program, "cat", stdin=file)
                self.assertEqual((result.returncode, result.stdout), (0, TEXT.encode("utf-16")))

    def test_input_stays_exact(self):
        self.environment.update(self.bridge.environment)
        path = self.write("input", b"one\r\ntwo\n")
        with open(path, "rb") as file:
            result = self.mzinit("--text", self.program, "head", "-c", "5", stdin=file)
            self.assertEqual((result.returncode, result.stdout), (0, b"one\n"))
            result = self.mzinit("--text", self.program, "cat", stdin=file)
            self.assertEqual((result.returncode, result.stdout), (0, b"two\n"))


@bridges.needs_windows_agent
class WindowsAgent(TextTest):
    @classmethod
    def setUpClass(cls):
        cls.bridge_directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(bridges.start_windows_bridge(cls.bridge_directory))

    def test_unicode_and_a_code_page(self):
        self.environment.update(self.bridge.environment)
        cat = os.path.join(bridges.SAMPLES, "cat.exe")
        for data, expected in ((TEXT.encode("utf-16"), LINES), (TEXT.encode("utf-16-le"), LINES), (TEXT.encode(), LINES),
                               (OEM.encode("cp437"), OEM.replace("\r\n", "\n").encode())):
            with self.subTest(data), open(self.write("text", data), "rb") as file:
                result = self.mzinit("--text", cat, stdin=file)
                self.assertEqual((result.returncode, result.stdout), (0, expected))


if __name__ == "__main__":
    bridges.run_in_pid_namespace(__file__)
    for needed in (bridges.MZINIT, bridges.HOSTBRIDGE):
        if not os.path.exists(needed):
            print(f"skipped: {needed} has not been built")
            sys.exit(bridges.SKIP)
    limited_tests.main()
