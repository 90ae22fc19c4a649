# SPDX-License-Identifier: MIT
"""Batch files, run by Wine's cmd.exe: without any agent, by a Linux agent and by hostbridge.exe. Every argument arrives as it is
or is refused, and none is ever run."""

import json
import os
import shlex
import shutil
import subprocess
import unittest

import bridges
import limited_tests
from bridges import MZINIT, SAMPLES
from terminal_shell import Shell

NOTHING_LISTENS = "unix:/nonexistent/mzinit.sock"
UTF8_LOCALE = "C.UTF-8"

# Each would make the file "marker", as a command or a redirection, if cmd.exe took it for more than text.
DELIVERED = ["", "plain", "a b", "&echo x>marker", "& echo x>marker &", "|echo x>marker", "||echo x>marker", ">marker", "2>marker",
             "a>marker", "^&echo x>marker", "^", "^^", "!x!", "!OS!", "(echo x>marker)", "x)&(echo x>marker", "&calc", "a\tb", "\\",
             "a\\", "a b\\", "a b\\\\", "\\\\server\\share\\", ",", ";", "=", "a,b;c=d", "'&echo x>marker&'", "`echo x>marker`",
             "@echo x>marker", "~1", "*", "?", "/c", "-x", "$(touch marker)", "<marker", "#", "{}[]", "a&b|c<d>e^f(g)h!i"]
# A quote, a percent sign and the end of a line cannot be passed.
REFUSED = ['"&whoami&"', '"&echo x>marker&"', '"', 'a"b', '\\"&echo x>marker&\\"', '""&echo x>marker', 'a b"&echo x>marker', "%OS%",
           "%", "%1", "%%OS%%", "%CMDCMDLINE:~-1%&echo x>marker", "^%OS^%", "a\necho x>marker", "a\r\necho x>marker", "\n", "a\x1ab",
           "a\x08b", "\x7f"]


class BatchTests:
    """What must be the same over every way. Subclasses have `environment` for the client."""

    def setUp(self):
        self.directory = os.path.realpath(self.enterContext(bridges.TemporaryDirectory()))
        self.addCleanup(self.check_nothing_was_injected)
        self.write("show.bat", f'@echo off\n"{self.host_path(SAMPLES)}\\args.exe" %*\nexit /b 7\n')
        self.environment = {**os.environ, "WINEPREFIX": bridges.WINE_PREFIX, "WINEDEBUG": "-all", "DISPLAY": "",
                            "LC_ALL": UTF8_LOCALE, "MZINIT_CONF": self.write("mzinit.conf", "")}
        self.start()

    def start(self):
        pass

    def check_nothing_was_injected(self):
        self.assertFalse(os.path.exists(os.path.join(self.directory, "marker")))

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8", newline="\r\n") as file:
            file.write(text)
        return path

    def host_path(self, path):
        return "Z:" + os.path.realpath(path).replace("/", "\\")

    def run_batch(self, name, *arguments, **environment):
        return bridges.run([MZINIT, "run", name, *arguments], capture_output=True, stdin=subprocess.DEVNULL, cwd=self.directory,
                           env={**self.environment, **environment})

    def assert_delivered(self, arguments, name="show.bat"):
        result = self.run_batch(name, *arguments)
        self.assertEqual((result.returncode, result.stderr), (7, b""), result)
        self.assertEqual(json.loads(result.stdout)["crt"][1:], arguments)

    def assert_refused(self, result, index):
        self.assertEqual((result.returncode, result.stdout), (126, b""), result)
        self.assertIn(f"argument {index}: ".encode(), result.stderr)
        self.assertEqual(result.stderr.count(b"\n"), 1, result)

    def test_hostile_arguments_arrive_as_they_are(self):
        # In one list, and the first one alone: what would end a command counts at every place.
        self.assert_delivered(DELIVERED)
        self.assert_delivered(["&echo x>marker"])

    def test_what_cannot_be_passed_is_refused_and_named(self):
        for argument in REFUSED:
            with self.subTest(argument=argument):
                self.assert_refused(self.run_batch("show.bat", "fine", argument), 2)

    def test_bytes_that_are_not_utf8_are_refused(self):
        self.assert_refused(self.run_batch("show.bat", b"\xff\xa6echo x>marker"), 1)

    def test_other_alphabets_arrive(self):
        # Among them those whose bytes would be a quote or an ampersand without their highest bit.
        self.assert_delivered(["ü", "¢", "¦", "¢¦echo x>marker¦¢", "漢", "😀", "＂&echo x>marker＂"])

    def test_hostile_arguments_arrive_on_a_terminal_too(self):
        """Where another program may stand between the agent and cmd.exe."""
        args, saved = self.host_path(os.path.join(SAMPLES, "args.exe")), self.host_path(os.path.join(self.directory, "saved"))
        self.write("save.bat", f'@echo off\n"{args}" %* > "{saved}"\nexit /b 7\n')
        with open(os.path.join(self.directory, "run.sh"), "w", encoding="utf-8") as file:
            file.write(shlex.join([MZINIT, "run", "save.bat", *DELIVERED]))
        shell = Shell(self.environment)
        self.addCleanup(shell.close)
        output, status = shell.run(f"cd {self.directory}; sh run.sh")
        self.assertEqual(status, 7, output)
        with open(os.path.join(self.directory, "saved"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["crt"][1:], DELIVERED)

    def test_streams_and_exit_code_are_the_batch_files(self):
        self.write("filter.CMD", f'@echo off\n"{self.host_path(SAMPLES)}\\cat.exe"\nexit /b 5\n')
        result = bridges.run([MZINIT, "run", "filter.CMD"], input=b"b\na\n", capture_output=True, cwd=self.directory, env=self.environment)
        self.assertEqual((result.returncode, result.stdout), (5, b"b\na\n"), result)

    def test_hostile_names_run_as_files(self):
        for name in ("a b.bat", "a&echo x&b.bat", "(x) !y! ^z.bat", "a'b,c;d=e.cmd"):
            with self.subTest(name=name):
                shutil.copy(os.path.join(self.directory, "show.bat"), os.path.join(self.directory, name))
                self.assert_delivered(["a&b"], name)

    def test_names_that_cannot_be_passed_are_refused(self):
        for name in ("%OS%.bat", 'a"b.bat', "a\\b.bat", "a:b.bat"):
            with self.subTest(name=name):
                shutil.copy(os.path.join(self.directory, "show.bat"), os.path.join(self.directory, name))
                result = self.run_batch(name)
                self.assertNotEqual(result.returncode, 7, result)
                self.assertIn(result.returncode, (125, 126, 127))
                self.assertEqual(result.stdout, b"")


class Local(BatchTests, unittest.TestCase):
    """Without an agent."""

    def start(self):
        self.environment["MZINIT_HOST"] = NOTHING_LISTENS

    def test_a_long_list_is_refused(self):
        result = self.run_batch("show.bat", *["a" * 100] * 100)
        self.assertEqual(result.returncode, 126)
        self.assertIn(b"argument list too long", result.stderr)

    def test_where_wine_reads_ascii_only_other_letters_are_refused(self):
        for argument in ("ü", "¢¦echo x>marker¦¢"):
            for locale in ("C", "xx_XX.UTF-8"):
                with self.subTest(argument=argument, locale=locale):
                    self.assert_refused(self.run_batch("show.bat", "a", argument, LC_ALL=locale), 2)
        result = self.run_batch("show.bat", "a&b", LC_ALL="C")
        self.assertEqual((result.returncode, json.loads(result.stdout)["crt"][1:]), (7, ["a&b"]), result)

    def test_the_environment_has_no_say_in_what_is_run(self):
        result = self.run_batch("show.bat", "a", MZINIT_BATCH_COMMAND="echo x>marker", mzinit_batch_command="echo x>marker")
        self.assertEqual((result.returncode, json.loads(result.stdout)["crt"][1:]), (7, ["a"]), result)

    def test_a_cmd_where_it_is_started_is_not_taken(self):
        shutil.copy(os.path.join(SAMPLES, "hello.exe"), os.path.join(self.directory, "cmd.exe"))
        self.assert_delivered(["a"])

    def test_content_beats_the_name(self):
        path = self.write("script.cmd", "")
        with open(path, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$2"; exit 3\n')
        os.chmod(path, 0o755)
        result = self.run_batch("script.cmd", "a", "b c")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"b c\n", b""))
        shutil.copy(os.path.join(SAMPLES, "exit.exe"), os.path.join(self.directory, "program.bat"))
        self.assertEqual(self.run_batch("program.bat", "42").returncode, 42)

    def test_identify_and_the_route(self):
        result = subprocess.run([MZINIT, "identify", "--json", "show.bat"], cwd=self.directory, capture_output=True, check=True)
        self.assertIn(b'"kind": "batch"', result.stdout)
        with open(self.environment["MZINIT_CONF"], "w", encoding="ascii") as file:
            file.write("[route]\nbatch = none\n")
        result = self.run_batch("show.bat")
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertIn(b"[route] batch = none", result.stderr)


class ByTheKernel(unittest.TestCase):
    """The rules for names that end in .bat and .cmd; Wine here runs the files."""

    def setUp(self):
        self.directory = os.path.realpath(self.enterContext(bridges.TemporaryDirectory()))
        self.environment = bridges.wine_environment(MZINIT_HOST=NOTHING_LISTENS, MZINIT_CONF=self.write("mzinit.conf", ""))
        subprocess.run([MZINIT, "register", "--batch"], check=True)
        self.addCleanup(subprocess.run, [MZINIT, "register"], check=True)
        self.addCleanup(subprocess.run, [MZINIT, "unregister"], stderr=subprocess.DEVNULL)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii", newline="\r\n") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def run_file(self, path, *arguments):
        return bridges.run([path, *arguments], capture_output=True, stdin=subprocess.DEVNULL, cwd=self.directory, env=self.environment)

    def test_batch_files_run_by_their_name_in_both_cases(self):
        args = "Z:" + os.path.realpath(SAMPLES).replace("/", "\\") + "\\args.exe"
        for name in ("a.bat", "b.BAT", "c.cmd", "d.CMD"):
            with self.subTest(name=name):
                result = self.run_file(self.write(name, f'@"{args}" %*\n@exit /b 7\n'), "a&echo x>marker", "b c")
                self.assertEqual((result.returncode, result.stderr), (7, b""))
                self.assertEqual(json.loads(result.stdout)["crt"][1:], ["a&echo x>marker", "b c"])
        result = self.run_file(self.write("a.bat", "@echo x>marker\n"), "%OS%")
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertFalse(os.path.exists(os.path.join(self.directory, "marker")))

    def test_scripts_and_programs_for_linux_are_none(self):
        with open(self.write("script.cmd", ""), "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$2"; exit 3\n')
        result = self.run_file(os.path.join(self.directory, "script.cmd"), "a", "%OS%")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"%OS%\n", b""))
        shutil.copy(shutil.which("echo"), os.path.join(self.directory, "elf.bat"))
        self.assertEqual(self.run_file(os.path.join(self.directory, "elf.bat"), "a", "%OS%").stdout, b"a %OS%\n")

    def test_status_tells(self):
        status = subprocess.run([MZINIT, "status"], capture_output=True, check=True).stdout
        self.assertIn(b"files called .bat and .cmd are run by mzinit too (rules mzinit-bat, mzinit-BAT, mzinit-cmd, mzinit-CMD)\n", status)
        state = json.loads(subprocess.run([MZINIT, "status", "--json"], capture_output=True, check=True).stdout)
        self.assertEqual((state["batch"], state["com"]), (True, False))
        subprocess.run([MZINIT, "unregister"], check=True)
        state = json.loads(subprocess.run([MZINIT, "status", "--json"], capture_output=True).stdout)
        self.assertEqual((state["registered"], state["batch"], state["mz_rules"]), (False, False, []))


class ByAgent(BatchTests):
    def start(self):
        self.agent = os.path.join(self.directory, "agent")
        os.mkdir(self.agent)
        self.bridge = self.enterContext(self.start_bridge())
        self.environment.update(self.bridge.environment)
        # It may be the one with the key.
        with open(self.environment["MZINIT_CONF"], "a", encoding="ascii") as file:
            file.write("[route]\nbatch = host\n")

    def test_a_raw_command_line_is_refused(self):
        result = bridges.run([MZINIT, "run", "--raw-args", "show.bat", "& echo x>marker"], capture_output=True, stdin=subprocess.DEVNULL,
                             cwd=self.directory, env=self.environment)
        self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (126, b"", 1), result.stderr)


class LinuxAgent(ByAgent, unittest.TestCase):
    def start_bridge(self):
        return bridges.start_linux_bridge(self.agent, "unix", environment=bridges.wine_environment(LC_ALL=UTF8_LOCALE))

    def test_a_variable_of_the_guest_has_no_say_in_what_is_run(self):
        result = self.run_batch("show.bat", "a", mzinit_batch_command="echo x>marker", WSLENV="mzinit_batch_command")
        self.assertEqual((result.returncode, json.loads(result.stdout)["crt"][1:]), (7, ["a"]), result)

    def test_a_runner_of_ones_own_gets_the_arguments_as_they_are(self):
        directory = os.path.join(self.directory, "own")
        os.mkdir(directory)
        with bridges.start_linux_bridge(directory, "unix", [*bridges.WITHOUT_WINE, "--runner", "batch=printf '<%s>'"]) as bridge:
            result = self.run_batch("show.bat", "%OS%", '"&x&"', **bridge.environment)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stdout.decode(), f"'<{self.directory}/show.bat>''<%OS%>''<\"&x&\">'")


class LinuxAgentOverTcp(ByAgent, unittest.TestCase):
    """Which does not know that it sees our files, so that they are sent to it."""

    def start_bridge(self):
        return bridges.start_linux_bridge(self.agent, "tcp", ["--fallback-dir", self.directory],
                                          bridges.wine_environment(LC_ALL=UTF8_LOCALE))


@bridges.needs_windows_agent
class WindowsAgent(ByAgent, unittest.TestCase):
    def start_bridge(self):
        return bridges.start_windows_bridge(self.agent)


@bridges.needs_windows_agent
class WindowsAgentThatSeesNothing(ByAgent, unittest.TestCase):
    def start_bridge(self):
        return bridges.start_windows_bridge(self.agent, ["--fallback-dir", "Z:" + self.directory], mappings=())


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
