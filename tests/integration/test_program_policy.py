# SPDX-License-Identifier: MIT
"""An agent's rules about programs: whatever way of writing its path leads to a program, the same rule decides."""

import os
import shutil
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
import peer_messages as messages

REFUSED_BY_POLICY = 9
POLICY = "deny program=**/Denied?Program.exe\nallow origin=host\ndeny\n"


class WithPolicy(unittest.TestCase):
    def setUp(self):
        self.directory = os.path.realpath(self.enterContext(bridges.TemporaryDirectory()))
        self.tools = os.path.join(self.directory, "Long Tool Directory")
        os.mkdir(self.tools)
        self.denied = self.make_program(os.path.join(self.tools, "Denied Program.exe"))
        self.allowed = shutil.copy(self.denied, os.path.join(self.tools, "allowed.exe"))
        os.symlink(self.denied, os.path.join(self.directory, "link.exe"))
        os.symlink("Long Tool Directory", os.path.join(self.directory, "tools"))
        os.symlink("allowed.exe", os.path.join(self.tools, "innocent.exe"))

    def make_program(self, path):
        raise NotImplementedError

    def write_policy(self, text=POLICY):
        path = os.path.join(self.directory, "policy")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def launch(self, program, argv=(b"x",), **more):
        key_id, key = bridges.read_key(self.directory)
        tcp = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("tcp:"))
        with peer.Client(tcp, key=key, key_id=key_id) as client:
            answer = client.begin().launch(program, list(argv), **more)
            if answer.name == "LaunchReply":
                return answer, client.communicate()
            return answer, None

    def assert_denied(self, program, **more):
        answer, _ = self.launch(program, **more)
        self.assertEqual((answer.name, answer.code, answer.started), ("LaunchError", REFUSED_BY_POLICY, False), (program, more))
        self.assertIn("the agent's policy denies it (line ", answer.text)

    def assert_runs(self, program, **more):
        answer, result = self.launch(program, **more)
        self.assertEqual(answer.name, "LaunchReply", (program, more, answer))
        self.assertEqual(result.code, 0)

    def assert_not_opened(self, program, **more):
        answer, _ = self.launch(program, **more)
        self.assertEqual((answer.name, answer.started), ("LaunchError", False), more)
        # Not one about what was found there.
        self.assertIn("the host has no path for it", answer.text, more)


class OnLinux(WithPolicy):
    """The paths are the agent's own."""

    def setUp(self):
        super().setUp()
        path = f"{self.tools}:{self.directory}:{os.environ['PATH']}"
        self.bridge = self.enterContext(
            bridges.start_native_bridge(self.directory, "--policy", self.write_policy(), "--map", f"/guest={self.tools}",
                                        environment=dict(os.environ, PATH=path, WINEPREFIX=self.directory + "/none")))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        self.environment.update(self.bridge.environment)
        with open(self.environment["MZINIT_CONF"], "a", encoding="utf-8") as file:
            file.write("[route]\npe = host\n")

    def make_program(self, path):
        return fake_programs.write_pe64(path)

    def spellings(self):
        plain = os.path.basename(self.denied)
        return (self.denied, f"{self.directory}/link.exe", f"{self.directory}/tools/{plain}", f"{self.tools}/../tools/./{plain}",
                f"//{self.denied}", f"/proc/self/root{self.denied}", f"{self.tools}/{plain}")

    def test_every_spelling_is_the_same_program(self):
        for spelling in self.spellings():
            with self.subTest(spelling):
                self.assert_denied(self.denied, host_program=spelling, argv=[b"x", b"true"])
                self.assert_denied(spelling, argv=[b"x", b"true"])
        self.assert_denied(self.denied, argv=[b"x", b"true"])

    def test_names_that_are_looked_up_are_the_same_program(self):
        for name in ("Denied Program", "Denied Program.exe", "link.exe", "link"):
            self.assert_denied("", host_name=name, argv=[b"x", b"true"])
        self.assert_runs("", host_name="innocent", argv=[b"x", b"true"])

    def test_other_programs_run_by_their_final_path(self):
        for spelling in (self.allowed, os.path.join(self.tools, "innocent.exe")):
            self.assert_runs(spelling, argv=[b"x", b"true"])

    def run_program(self, *command, **more):
        result = subprocess.run([bridges.MZINIT, "run", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment, timeout=bridges.HANG_GUARD, check=False,
                                **more)
        return result.returncode, result.stdout, result.stderr

    def test_the_user_is_told(self):
        for endpoint in self.bridge.endpoints:
            for spelling in self.spellings():
                with self.subTest(spelling, endpoint=endpoint):
                    self.environment["MZINIT_HOST"] = endpoint
                    code, output, errors = self.run_program(spelling, "echo", "started")
                    self.assertEqual((code, output), (126, ""))
                    self.assertRegex(errors, r"\Amzinit: [^\n]*the agent's policy denies it \(line 1\)\n\Z")
            self.assertEqual(self.run_program(os.path.join(self.directory, "tools", "innocent.exe"), "echo", "started"),
                             (0, "started\n", ""))

    def test_what_the_guest_sends_is_not_the_hosts(self):
        key_id, key = bridges.read_key(self.directory)
        tcp = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("tcp:"))
        with peer.Client(tcp, key=key, key_id=key_id, capabilities=wire.UPLOADS) as client:
            # Were it not refused, it would be asked for.
            client.begin().send_launch("/proc/self/root/none/tool.exe", [b"x"], can_upload=True)
            answer = client.read_launch_answer()
        self.assertEqual((answer.name, answer.code), ("LaunchError", REFUSED_BY_POLICY))
        self.assertIn("line 3", answer.text)

    def test_what_is_passed_and_not_seen_is_the_guests(self):
        hidden = self.make_program(os.path.join(self.directory, "hidden.exe"))
        with open(hidden, "rb") as file:
            os.unlink(hidden)
            unix = next(endpoint for endpoint in self.bridge.endpoints if endpoint.startswith("unix:"))
            with peer.Client(unix) as client:
                answer = client.begin().launch(hidden, [b"x", b"true"], {messages.PROGRAM: file.fileno()})
        self.assertEqual((answer.name, answer.code), ("LaunchError", REFUSED_BY_POLICY))
        self.assertIn("line 3", answer.text)
        self.assertFalse(os.path.exists(os.path.join(self.directory, "cache")), "something was stored")


@bridges.needs_windows_agent
class OnWindows(WithPolicy):
    """The guest itself says where the program is on the host."""

    def setUp(self):
        super().setUp()
        agent = bridges.start_windows_bridge(self.directory, ["--policy", "Z:" + self.write_policy()], mappings=())
        self.bridge = self.enterContext(agent)

    def make_program(self, path):
        return shutil.copy(os.path.join(bridges.SAMPLES, "hello.exe"), path)

    @staticmethod
    def host(path):
        return "Z:" + path.replace("/", "\\")

    def launch(self, program, **more):
        return super().launch(program, host_working_directory=self.host(self.directory), **more)

    def short_name(self, path):
        result = subprocess.run(["wine", "winepath.exe", "-s", self.host(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                env=bridges.wine_environment(), timeout=bridges.HANG_GUARD, check=True)
        return result.stdout.decode().strip()

    def test_every_spelling_is_the_same_program(self):
        plain = self.host(self.denied)
        directory = self.host(self.directory)
        short = self.short_name(self.denied)
        self.assertRegex(short, r"(?i)\\LONG~[^\\]*\\DENI~[^\\]*\Z")
        for spelling in (plain, plain.upper(), plain.lower(), plain.replace("\\", "/"), plain + ".", plain + " . .",
                         directory + "\\link.exe", directory + "\\LINK.exe.", directory + "\\tools\\denied program.exe",
                         directory + "\\tools\\..\\Long Tool Directory\\.\\Denied Program.exe", short, short.lower() + "."):
            with self.subTest(spelling):
                self.assert_denied(self.denied, host_program=spelling)

    def test_other_programs_run_by_their_final_path(self):
        for spelling in (self.allowed, os.path.join(self.tools, "innocent.exe")):
            self.assert_runs(self.allowed, host_program=self.host(spelling))

    def test_paths_that_are_none_of_files_are_not_opened(self):
        plain = self.host(self.allowed)
        directory = self.host(self.directory)
        for spelling in ("\\\\?\\" + plain, "\\\\.\\" + plain, "\\??\\" + plain, "//?/" + plain, "\\\\?\\UNC\\localhost\\c$\\x.exe",
                         "\\\\localhost\\share\\x.exe", "//localhost/share/x.exe", "\\\\?\\GLOBALROOT\\DosDevices\\" + plain,
                         plain + ":evil", plain + "::$DATA", directory + "::$INDEX_ALLOCATION\\link.exe",
                         "\\\\?\\unix" + self.allowed, "\\\\.\\pipe\\x", "\\\\.\\COM1", plain[2:], "Z:x.exe", directory + "\\nul",
                         directory + "\\COM1.exe", "Z:\\aux\\..\\con", directory + "\\allow?d.exe", directory + "\\..." + plain[2:]):
            with self.subTest(spelling):
                self.assert_not_opened(self.allowed, host_program=spelling)

    def test_a_program_that_somebody_writes_to_is_not_started(self):
        # Wine's own idea of it: of what programs for Linux have open it knows nothing. So another program for Windows has it.
        with subprocess.Popen(["wine", "cmd.exe", "/c", "set /p x=ready 2>>allowed.exe"], cwd=self.tools,
                              env=bridges.wine_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
            self.assertEqual(writer.stdout.read(5), b"ready")
            answer, _ = self.launch(self.allowed, host_program=self.host(self.allowed))
            self.assertEqual((answer.name, answer.started), ("LaunchError", False))
            writer.communicate(b"\n", timeout=bridges.HANG_GUARD)
        self.assert_runs(self.allowed, host_program=self.host(self.allowed))


@bridges.needs_windows_agent
class NamesOnWindows(WithPolicy):
    def setUp(self):
        super().setUp()
        policy = "Z:" + self.write_policy("deny program=C:\\windows\\system32\\where.exe,**\\NoTePaD.exe\nallow\n")
        self.bridge = self.enterContext(bridges.start_windows_bridge(self.directory, ["--policy", policy, "--fallback-dir", "C:\\"],
                                                                     mappings=()))

    def make_program(self, path):
        return shutil.copy(os.path.join(bridges.SAMPLES, "hello.exe"), path)

    def test_names_that_are_looked_up_are_the_same_program(self):
        for name in ("where", "WHERE.EXE", "where.exe", "notepad"):
            self.assert_denied("", host_name=name)
        self.assert_runs("", host_name="hostname", argv=[b"hostname"])


if __name__ == "__main__":
    for needed in (bridges.HOSTBRIDGE, bridges.MZINIT):
        if not os.path.exists(needed):
            print(f"skipped: {needed} has not been built", flush=True)
            sys.exit(bridges.SKIP)
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
