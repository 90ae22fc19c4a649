# SPDX-License-Identifier: MIT
"""`mzinit config` on the real program, what launches make of what it finds, and an init that starts whatever is in its file."""

import os
import subprocess
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
from bridges import MZINIT

BROKEN = {
    "garbage": b"[boot\n\x01\x02 nonsense\n[host]\nendpoints = nowhere\n[dos]\nline_ends = both\n",
    "binary": bytes(range(256)) * 64,
    "one line of a mebibyte": b"[host]\nkey = " + b"x" * (1 << 20),
    "nothing but zeros": bytes(1 << 16),
}


class TestCase(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.file = self.path("mzinit.conf")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, text, name="mzinit.conf"):
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return self.path(name)

    def mzinit(self, *words, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        environment.update(MZINIT_CONF=self.file)
        environment.update(variables)
        return bridges.run([MZINIT, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)

    def assert_result(self, result, status, output="", errors=""):
        self.assertEqual((result.returncode, result.stdout, result.stderr), (status, output, errors))


class Check(TestCase):
    def test_a_good_file_is_passed_over_in_silence(self):
        self.write("[host]\nendpoints = unix:/run/a\n[interop]\nappendWindowsPath = false\n[boot]\ncommand = /bin/app\n")
        self.assert_result(self.mzinit("config", "check"), 0)
        self.assert_result(self.mzinit("config", "check", self.file, MZINIT_CONF="/not/there"), 0)

    def test_everything_wrong_has_a_line_in_the_order_of_the_file(self):
        other = self.write("[boot]\ntimeout = soon\n[host]\nendpoint = unix:/a\nkey = " + "x" * 300 + "\n[route]\npe = magic\n[hosts]\na = 1\n",
                           "other.conf")
        self.write("")
        result = self.mzinit("config", "check", other)
        self.assert_result(result, 1, "".join(f"{other}:{line}\n" for line in (
            "2: timeout = soon: wanted a number of seconds, from 1 to a day's",
            "4: the key endpoint of [host] is not known and is ignored",
            "5: longer than 197 bytes",
            '7: unknown backend "magic" (possible for pe: host, host?, wine, or none)',
            "9: the section [hosts] is not known and is ignored")))

    def test_what_the_environment_says_is_checked_with_the_file_in_force_only(self):
        self.write("")
        self.assertRegex(self.mzinit("config", "check", MZINIT_HOST="nowhere").stdout, r'\AMZINIT_HOST: endpoint "nowhere"[^\n]*\n\Z')
        self.assert_result(self.mzinit("config", "check", self.file, MZINIT_HOST="nowhere"), 0)

    def test_a_file_that_cannot_be_read_is_a_problem(self):
        gone = self.path("gone")
        reason = f"mzinit: config: read {gone}: No such file or directory\n"
        self.assert_result(self.mzinit("config", "check", gone), 1, errors=reason)
        self.assert_result(self.mzinit("config", "check", MZINIT_CONF=gone), 1, errors=reason)
        self.assert_result(self.mzinit("config", "check", self.directory), 1,
                           errors=f"mzinit: config: read {self.directory}: Is a directory\n")

    def test_usage(self):
        for words in ([], ["chek"], ["check", "a", "b"], ["check", "--all"], ["show", "FILE"]):
            with self.subTest(words=words):
                result = self.mzinit("config", *words)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn("Usage: mzinit config check [FILE]", result.stderr)
        self.assertEqual(self.mzinit("config", "--help").returncode, 0)


class Show(TestCase):
    def test_each_value_is_shown_with_its_source(self):
        self.write("[host]\nendpoints = unix:/a\nkey = /k\n[boot]\ntimeout = soon\n")
        result = self.mzinit("config", "show", MZINIT_HOST="unix:/v")
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"mzinit: {self.file}:5: timeout = soon: wanted a number of seconds, from 1 to a day's\n"))
        lines = result.stdout.splitlines()
        for line in ("endpoints = unix:/v  ; MZINIT_HOST", f"key = /k  ; {self.file}:3", "pe = host, wine  ; default",
                     ";timeout =  ; default: none", "enabled = true  ; default"):
            self.assertIn(line, lines)

    def test_what_is_shown_can_be_the_file(self):
        self.write("[path]\nmap = /a=A:\\\nmap = /b=B:\\\n[service web]\ncommand = httpd -f\n")
        shown = self.mzinit("config", "show").stdout
        self.write(shown)
        self.assert_result(self.mzinit("config", "check"), 0)
        values = [line.partition("  ;")[0] for line in shown.splitlines() if not line.startswith(";")]
        again = [line.partition("  ;")[0] for line in self.mzinit("config", "show").stdout.splitlines() if not line.startswith(";")]
        self.assertEqual(again, values)
        self.assertIn("map = /b=B:\\", values)

    def test_every_key_is_explained(self):
        self.write("")
        lines = self.mzinit("config", "show", "--explain").stdout.splitlines()
        for before, line in zip([""] + lines, lines):
            if line and line[0] not in "#[":
                self.assertTrue(before.startswith("# "), line)


class Launches(TestCase):
    def setUp(self):
        super().setUp()
        self.program = fake_programs.write_pe64(self.path("x.exe"))

    def run_program(self, text, **variables):
        self.write(text)
        return self.mzinit("run", self.program, **variables)

    def test_an_unknown_key_is_a_warning_and_the_program_runs(self):
        with peer.Agent(f"unix:{self.path('a')}", peer.run_program(lambda program: 42)) as agent:
            result = self.run_program("[host]\nendpoint = unix:/nowhere\n", MZINIT_HOST=agent.endpoint)
        self.assert_result(result, 42, errors=f"mzinit: x.exe: {self.file}: line 2: the key endpoint of [host] is not known and is ignored\n")

    def test_a_bad_value_stops_a_launch_before_any_agent_is_asked(self):
        result = self.run_program("[dos]\nline_ends = both\n", MZINIT_HOST=f"unix:{self.path('nobody')}")
        self.assert_result(result, 125, errors=f"mzinit: x.exe: {self.file}: line 2: wanted line_ends = keep or convert\n")

    def test_files_are_sent_with_a_program_only_where_programs_are_sent(self):
        nobody = f"unix:{self.path('nobody')}"
        refusal = "mzinit: x.exe: --with: [host] upload = never of the configuration forbids sending files\n"
        self.write("[host]\nupload = never\n")
        for words in (["--with", "f"], ["--with=f"], ["--with", "f", "--with", "g"]):
            with self.subTest(words):
                self.assert_result(self.mzinit("run", *words, self.program, MZINIT_HOST=nobody), 126, errors=refusal)
        # The command line counts more. Nobody is there to send it to, and nothing else to run it with.
        self.write("[host]\nupload = never\n[route]\npe = host\n")
        result = self.mzinit("run", "--upload=auto", "--with=f", self.program, MZINIT_HOST=nobody)
        self.assertNotIn("forbids", result.stderr)
        for words, message in ((["--upload=never", "--with=f", self.program], "--with and --upload=never contradict each other"),
                               (["--host", "--with=f", "clip"], "--with is for files that are sent, and --host sends none"),
                               (["--upload=sometimes", self.program], "option --upload=sometimes is not known"),
                               (["--host", "--interactive", "x"], "--interactive is for DOS programs of this system, and --host runs none"),
                               (["--host", ""], "no name was given"),
                               (["--with"], "no file was given")):
            with self.subTest(words):
                self.assert_result(self.mzinit("run", *words), 2, errors=f"mzinit: run: {message}\n")

    def test_every_subcommand_complains_of_its_words_in_the_same_way(self):
        for words in (["shims", "add"], ["doctor", "--what"], ["identify"], ["run", "--what", "x"]):
            with self.subTest(words):
                result = self.mzinit(*words)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, rf"\Amzinit: {words[0]}: .+\n\Z")
        for words in (["run", "--help"], ["run", "--detach", "-h"], ["identify", "--help"]):
            with self.subTest(words):
                result = self.mzinit(*words)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn("FILE", result.stdout)

    def test_interop_that_is_switched_off_refuses_every_program(self):
        for value in ("false", "0", "False", '"no"  # for now'):
            with self.subTest(value):
                result = self.run_program(f"[interop]\nenabled = {value}\n", MZINIT_HOST=f"unix:{self.path('nobody')}")
                self.assert_result(result, 126, errors="mzinit: x.exe: [interop] enabled = false of the configuration forbids running it\n")
        told = self.mzinit("identify", "--route", self.program)
        self.assertIn("  refused: [interop] enabled = false", told.stdout)


class Inits(TestCase):
    """What an init does with a file that is broken in every way: it says so and starts its command."""

    def start(self, prepare=""):
        """The status and the messages of an init with the file as /etc/mzinit.conf, and a rule of its own."""
        script = (f"set -e; mount -t tmpfs tmpfs /run; mount --bind {self.directory} /etc; {prepare} "
                  f'exec "$@"')
        command = [MZINIT, "--register", "--", "sh", "-c", "echo started; [ -e /proc/sys/fs/binfmt_misc/mzinit ] && echo registered"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        return bridges.run(["unshare", "-Urmpf", "--mount-proc", "--kill-child", "sh", "-c", script, "sh", *command],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, cwd="/")

    def assert_started(self, result):
        self.assertEqual((result.returncode, result.stdout), (0, "started\nregistered\n"), result.stderr)

    @unittest.skipUnless(bridges.has_private_binfmt_misc(), "rules of a user namespace need Linux 6.7")
    def test_a_broken_file_does_not_keep_it_from_starting(self):
        for what, text in BROKEN.items():
            with self.subTest(what):
                self.write(text)
                self.assert_started(self.start())
        os.unlink(self.file)
        os.mkdir(self.file)
        with self.subTest("a directory"):
            result = self.start()
            self.assert_started(result)
            self.assertIn("read /etc/mzinit.conf: Is a directory", result.stderr)
        os.rmdir(self.file)
        os.mkfifo(self.file)
        with self.subTest("a FIFO that nobody writes to"):
            self.assert_started(self.start())
        os.unlink(self.file)
        os.symlink("mzinit.conf", self.file)
        with self.subTest("a link to itself"):
            result = self.start()
            self.assert_started(result)
            self.assertIn("read /etc/mzinit.conf: Too many levels of symbolic links", result.stderr)


if __name__ == "__main__":
    limited_tests.main()
