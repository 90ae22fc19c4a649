# SPDX-License-Identifier: MIT
"""mzinit in the place of tini and dumb-init: called by their names, with their options, messages, exit codes and behaviour."""

import errno
import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import tempfile
import termios
import unittest

import bridges
from bridges import HANG_GUARD, MZINIT, wait_until
import limited_tests

NAMESPACES = ["unshare", "-Urmpf", "--mount-proc", "--kill-child"]


def processes_in(pid):
    """All descendants of a process."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []
    return children + [below for child in children for below in processes_in(child)]


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        for name in ("tini", "dumb-init"):
            os.symlink(MZINIT, os.path.join(cls.directory, name))
        cls.tini = os.path.join(cls.directory, "tini")
        cls.dumb_init = os.path.join(cls.directory, "dumb-init")

    def run_init(self, *command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_GUARD, **options)

    def start(self, *command, **options):
        """Starts it; returns once the command has written "ready"."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process


    def check_script_without_an_interpreter(self, *init):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "script"), "w") as file:
                file.write("echo $# $1; exit 5\n")
            os.chmod(file.name, 0o755)
            result = self.run_init(*init, "script", "a b", env=dict(os.environ, PATH=directory + ":" + os.environ["PATH"]))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (5, "1 a b\n", ""))


class Tini(Names):
    def test_version_is_what_docker_reads(self):
        result = self.run_init(self.tini, "--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^tini version 0\.19\.0 - [^\n]+\n$")

    def test_words_of_our_own_command_line_are_commands(self):
        result = self.run_init(self.tini, "-s", "status", env=dict(os.environ, PATH=self.directory))
        self.assertEqual(result.returncode, 127)
        self.assertRegex(result.stderr, r"^\[FATAL tini \(\d+\)\] exec status failed: No such file or directory\n$")

    def test_failures_to_execute(self):
        for command, code, reason in (("/nonexistent", 127, "No such file or directory"), ("/etc/passwd", 126, "Permission denied")):
            result = self.run_init(self.tini, "-s", "--", command)
            self.assertEqual(result.returncode, code)
            self.assertRegex(result.stderr, rf"^\[FATAL tini \(\d+\)\] exec {command} failed: {reason}\n$")

    def test_a_script_that_names_no_interpreter_is_the_shells(self):
        self.check_script_without_an_interpreter(self.tini, "-s")

    def test_usage(self):
        for words in ([], ["-z", "true"], ["-e", "256", "true"], ["-p", "SIGX", "true"], ["-e"]):
            result = self.run_init(self.tini, *words)
            self.assertEqual((result.returncode, result.stdout), (1, ""), words)
            self.assertNotEqual(result.stderr, "")
        self.assertRegex(self.run_init(self.tini, "-e", "256", "true").stderr,
                         r"^\[FATAL tini \(\d+\)\] Not a valid option for -e: 256\n$")
        self.assertEqual(self.run_init(self.tini, "-h").returncode, 0)
        self.assertIn("Permission is hereby granted", self.run_init(self.tini, "-l").stdout)

    def test_what_it_does_is_no_warning(self):
        self.assertRegex(self.run_init(self.tini, "-sv", "true").stderr, r"^(\[INFO  tini \(\d+\)\] [^\n]+\n){2}$")

    def test_it_says_if_it_cannot_reap(self):
        warned = self.run_init(self.tini, "true")
        self.assertEqual(warned.returncode, 0)
        self.assertRegex(warned.stderr, r"^\[WARN  tini \(\d+\)\] Tini is not running as PID 1 and isn't registered")
        self.assertIn("zombie reaping won't work", warned.stderr)
        for words, variables in ((["-s"], {}), ([], {"TINI_SUBREAPER": ""}), ([], {"TINI_VERBOSITY": "0"})):
            result = self.run_init(self.tini, *words, "true", env=dict(os.environ, **variables))
            self.assertEqual((result.returncode, result.stderr), (0, ""), (words, variables))
        self.assertEqual(self.run_init(*NAMESPACES, self.tini, "true").stderr, "")

    def test_remapped_exit_codes(self):
        self.assertEqual(self.run_init(self.tini, "-se", "143", "-e", "7", "--", "sh", "-c", "kill -TERM $$").returncode, 0)
        self.assertEqual(self.run_init(self.tini, "-se", "143", "-e", "7", "--", "sh", "-c", "exit 7").returncode, 0)
        self.assertEqual(self.run_init(self.tini, "-se", "143", "-e", "7", "--", "sh", "-c", "exit 8").returncode, 8)

    def test_reaped_orphans_are_reported(self):
        script = ("import os\n"
                  "child = os.fork()\n"
                  "if child == 0:\n"
                  "    if os.fork() == 0: os._exit(0)\n"
                  "    os._exit(0)\n"
                  "os.waitpid(child, 0)\n"
                  "while len([name for name in os.listdir('/proc') if name.isdigit()]) > 2: pass\n")
        result = self.run_init(*NAMESPACES, self.tini, "-w", "--", "python3", "-c", script)
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stderr, r"^\[WARN  tini \(1\)\] Reaped zombie process with pid=\d+\n")

    def test_signals_go_to_the_group_if_wanted(self):
        # The child of the command says that it got the signal.
        script = ("trap 'wait; exit 9' USR1;"
                  "(trap 'echo child; exit' USR1; echo ready; while :; do sleep 0.01; done) & wait")
        process = self.start(self.tini, "-sg", "--", "bash", "-c", script)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.stdout.readline(), "child\n")
        self.assertEqual(process.wait(HANG_GUARD), 9)

    def test_command_hears_of_the_death_of_inits_parent(self):
        # The shell starts init and is killed; the command tells that it got the signal, to a pipe that we hold.
        script = "import signal, os; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}); print('ready', flush=True); " \
                 "signal.sigwait({signal.SIGUSR1}); print('orphaned', flush=True)"
        process = self.start("sh", "-c", f"{self.tini} -s -p SIGUSR1 -- python3 -c \"$1\"; true", "sh", script)
        process.kill()
        self.assertEqual(process.stdout.readline(), "orphaned\n")

    def test_no_process_to_be_had(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            copy = os.path.join(directory, "tini")
            subprocess.run(["cp", MZINIT, copy], check=True)
            # The leak checker wants a process of its own.
            environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0") if bridges.SANITIZED else None
            result = self.run_init(copy, "-s", "true", preexec_fn=limit, env=environment)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"^\[FATAL tini \(\d+\)\] fork failed: Resource temporarily unavailable\n$")

    def test_directory_is_not_kept_but_the_commands_is(self):
        with tempfile.TemporaryDirectory() as directory:
            process = self.start(self.tini, "-s", "--", "sh", "-c", "echo ready; exec sleep 1000", cwd=directory)
            command = processes_in(process.pid)[0]
            wait_until(lambda: os.readlink(f"/proc/{process.pid}/cwd") == "/", "init leaves the directory")
            self.assertEqual(os.readlink(f"/proc/{command}/cwd"), os.path.realpath(directory))
            process.terminate()
            self.assertEqual(process.wait(HANG_GUARD), 143)

    def test_ten_thousand_orphans(self):
        script = ("import os\n"
                  "for _ in range(100):\n"
                  "    child = os.fork()\n"
                  "    if child == 0:\n"
                  "        for _ in range(100):\n"
                  "            if os.fork() == 0: os._exit(0)\n"
                  "        os._exit(0)\n"
                  "    os.waitpid(child, 0)\n"
                  "while len([name for name in os.listdir('/proc') if name.isdigit()]) > 2: pass\n")
        count = 1000 if bridges.EMULATED else 10_000
        script = script.replace("range(100):\n    child", f"range({count // 100}):\n    child")
        result = self.run_init(*NAMESPACES, self.tini, "--", "python3", "-c", script)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_flood_of_signals(self):
        # Real-time signals are queued, so that each can be counted; a thousand a second for ten seconds.
        script = ("import signal\n"
                  "wanted = {signal.SIGRTMIN, signal.SIGTERM}\n"
                  "signal.pthread_sigmask(signal.SIG_BLOCK, wanted)\n"
                  "print('ready', flush=True)\n"
                  "count = 0\n"
                  "while signal.sigwait(wanted) == signal.SIGRTMIN:\n"
                  "    count += 1\n"
                  "    if count == 10000: print('all', flush=True)\n")
        process = self.start(self.tini, "-s", "--", "python3", "-c", script)
        pause = select.poll()
        for _ in range(10_000):
            process.send_signal(signal.SIGRTMIN)
            pause.poll(1)
        self.assertEqual(process.stdout.readline(), "all\n")
        process.terminate()
        self.assertEqual(process.wait(HANG_GUARD), 0)


class DumbInit(Names):
    def test_version_help_and_usage_are_written_to_standard_error(self):
        version = self.run_init(self.dumb_init, "-V")
        self.assertEqual((version.returncode, version.stdout), (0, ""))
        self.assertRegex(version.stderr, r"^dumb-init v1\.2\.5")
        self.assertEqual(self.run_init(self.dumb_init, "--help").returncode, 0)
        nothing = self.run_init(self.dumb_init)
        self.assertEqual((nothing.returncode, nothing.stdout), (1, ""))
        self.assertRegex(nothing.stderr, r"^Usage: .*dumb-init \[option\] program \[args\]\nTry .*dumb-init --help for full usage\.\n$")
        self.assertEqual(self.run_init(self.dumb_init, "-r", "15", "true").returncode, 1)

    def test_command_that_cannot_run_is_2(self):
        result = self.run_init(self.dumb_init, "/nonexistent")
        self.assertEqual((result.returncode, result.stderr), (2, "[dumb-init] /nonexistent: No such file or directory\n"))

    def test_a_script_that_names_no_interpreter_is_the_shells(self):
        self.check_script_without_an_interpreter(self.dumb_init)

    def test_exit_codes(self):
        self.assertEqual(self.run_init(self.dumb_init, "sh", "-c", "exit 9").returncode, 9)
        self.assertEqual(self.run_init(self.dumb_init, "sh", "-c", "kill -KILL $$").returncode, 137)

    def test_command_leads_a_session_unless_single_child(self):
        script = "import os; print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid())"
        self.assertEqual(self.run_init(self.dumb_init, "python3", "-c", script).stdout, "True True\n")
        for words, variables in ((["-c"], {}), ([], {"DUMB_INIT_SETSID": "0"})):
            result = self.run_init(self.dumb_init, *words, "python3", "-c", script, env=dict(os.environ, **variables))
            self.assertEqual(result.stdout, "False False\n")

    def test_signals_reach_the_whole_group_and_can_be_rewritten(self):
        script = ("trap 'wait; exit 9' USR2; trap 'exit 1' TERM;"
                  "(trap 'echo child; exit' USR2; echo ready; while :; do sleep 0.01; done) & wait")
        process = self.start(self.dumb_init, "-r", "15:12", "bash", "-c", script)
        process.terminate()
        self.assertEqual(process.stdout.readline(), "child\n")
        self.assertEqual(process.wait(HANG_GUARD), 9)

    def test_dropped_signal(self):
        process = self.start(self.dumb_init, "-r", "15:0", "sh", "-c", "trap 'exit 4' USR1; echo ready; while :; do sleep 0.01; done")
        process.terminate()
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(HANG_GUARD), 4)

    def test_rest_of_the_group_is_terminated_at_the_end(self):
        script = ("import os, signal\n"
                  "reader, writer = os.pipe()\n"
                  "if os.fork() == 0:\n"
                  "    signal.signal(signal.SIGTERM, lambda *_: (print('told', flush=True), os._exit(0)))\n"
                  "    print('ready', flush=True)\n"
                  "    os.write(writer, b'x')\n"
                  "    while True: signal.pause()\n"
                  "os.read(reader, 1)\n"
                  "os._exit(3)\n")
        process = self.start(self.dumb_init, "python3", "-c", script)
        self.assertEqual(process.stdout.readline(), "told\n")
        self.assertEqual(process.wait(HANG_GUARD), 3)

    def test_stop_and_continue(self):
        process = self.start(self.dumb_init, "sh", "-c", "echo ready; exec sleep 1000")
        command = processes_in(process.pid)[0]

        def state(pid):
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0]
        process.send_signal(signal.SIGTSTP)
        wait_until(lambda: state(command) == "T" and state(process.pid) == "T", "both are stopped")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: state(command) == "S" and state(process.pid) == "S", "both go on")
        process.terminate()
        self.assertEqual(process.wait(HANG_GUARD), 143)


class JobControl(unittest.TestCase):
    """From an interactive shell on a real pseudo-terminal, which sees init as a job like any other."""

    def setUp(self):
        self.shell, self.terminal = pty.fork()
        if self.shell == 0:
            os.environ["PS1"] = "PROMPT "
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.addCleanup(os.waitpid, self.shell, 0)
        self.addCleanup(os.close, self.terminal)
        self.unread = b""
        self.read_until(b"PROMPT ")

    def read_until(self, pattern):
        """Up to and with the first match; what follows is left for the next call."""
        while not (found := re.search(pattern, self.unread, re.DOTALL)):
            readable, _, _ = select.select([self.terminal], [], [], HANG_GUARD)
            self.assertTrue(readable, self.unread)
            try:
                self.unread += os.read(self.terminal, 4096)
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
                self.fail(f"the terminal was closed after {self.unread}")
        self.unread = self.unread[found.end():]

    def type(self, text):
        os.write(self.terminal, text)

    def foreground(self):
        return fcntl.ioctl(self.terminal, termios.TIOCGPGRP, b"\0" * 4)

    def bring_to_foreground(self, command):
        self.type(b"fg\n")
        # What is typed before that is not the command's: the shell has the terminal, or init for a moment.
        wait_until(lambda: self.foreground() == command, "the command gets the terminal")

    def state_of_job(self):
        with open(f"/proc/{processes_in(self.shell)[0]}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]

    def check(self, *init):
        self.type(" ".join([*init, "--", "sh", "-c", "'echo re''ady; read line; echo got $line; exit 6'"]).encode() + b"\n")
        self.read_until(b"(?<!echo )ready")
        command = self.foreground()
        for _ in range(2):
            self.type(b"\x1a")
            self.read_until(b"Stopped.*PROMPT ")
            self.bring_to_foreground(command)
        self.type(b"\x1a")
        self.read_until(b"Stopped.*PROMPT ")
        # In the background it reads, which stops it again; the terminal stays with the shell.
        self.type(b"bg\n")
        self.read_until(b"bg.*PROMPT ")
        wait_until(lambda: self.state_of_job() == "T", "the job is stopped again")
        self.type(b"echo still''here\n")
        self.read_until(b"(?<!echo )stillhere")
        self.bring_to_foreground(command)
        self.type(b"word\n")
        self.read_until(b"got word")
        self.read_until(b"PROMPT ")
        self.type(b"echo code=$?\n")
        self.read_until(b"code=6")

    def check_job_that_runs(self, *init):
        """A shell that puts one into the foreground does not tell it."""
        command = self.start_in_background(*init, script="trap 'read line; echo got $line' USR1; sleep 100000 & "
                                                         "echo re''ady; while :; do wait; done")
        shell = self.foreground()
        self.type(b"fg\n")
        wait_until(lambda: self.foreground() != shell, "the job gets the terminal")
        os.kill(command, signal.SIGUSR1)
        wait_until(lambda: struct.unpack("i", self.foreground())[0] == command, "the command, which reads, gets the terminal")
        self.type(b"word\n")
        self.read_until(b"got word")
        self.type(b"\x1a")
        self.read_until(b"Stopped.*PROMPT ")
        self.type(b"kill -9 %1\n")
        self.read_until(b"PROMPT ")

    def check_typed_signal(self, *init):
        # The command is a shell that waits for another process, and only that one ends by itself.
        self.start_in_background(*init, script="(echo re''ady; exec sleep 100000); exit 6")
        shell = self.foreground()
        self.type(b"fg\n")
        wait_until(lambda: self.foreground() != shell, "the job gets the terminal")
        self.type(b"\x03")
        self.read_until(b"PROMPT ")
        self.type(b"echo code=$?\n")
        self.read_until(b"code=130")

    def start_in_background(self, *init, script):
        """Stops it and has it go on; returns the command's process. After "ready" the script must start nothing: a shell
        whose child is stopped between vfork and exec cannot be."""
        self.type(" ".join([*init, "--", "sh", "-c", f'"{script.replace("$", chr(92) + "$")}"']).encode() + b"\n")
        self.read_until(b"(?<!echo )ready")
        command = struct.unpack("i", self.foreground())[0]
        self.type(b"\x1a")
        self.read_until(b"Stopped.*PROMPT ")
        self.type(b"bg\n")
        self.read_until(b"bg.*PROMPT ")
        wait_until(lambda: self.state_of_job() != "T", "the job goes on")
        return command

    def check_start_in_background(self, *init):
        self.type(" ".join([*init, "--", "sh", "-c", "'read line; echo got $line; exit 6'", "&"]).encode() + b"\n")
        self.read_until(b"PROMPT ")
        wait_until(lambda: processes_in(self.shell) and self.state_of_job() == "T", "the job is stopped, since it reads")
        shell = self.foreground()
        self.type(b"fg\n")
        wait_until(lambda: self.foreground() not in (shell, struct.pack("i", processes_in(self.shell)[0])),
                   "the command gets the terminal")
        self.type(b"word\n")
        self.read_until(b"got word.*PROMPT ")
        self.type(b"echo code=$?\n")
        self.read_until(b"code=6")

    def test_init_as_a_job(self):
        for check in (self.check, self.check_job_that_runs, self.check_typed_signal, self.check_start_in_background):
            with self.subTest(check.__name__):
                check(MZINIT, "-s")

    def test_init_of_a_namespace_as_a_job(self):
        for check in (self.check, self.check_job_that_runs, self.check_typed_signal, self.check_start_in_background):
            with self.subTest(check.__name__):
                check("unshare", "-Urmpf", "--mount-proc", MZINIT)


class FirstProcessOfItsSession(unittest.TestCase):
    def test_typed_stop_does_not_hang_what_nobody_could_continue(self):
        # As with `docker run -it`: init leads the session, and there is no shell above it.
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(MZINIT, ["mzinit", "-s", "--", "sh", "-c", "echo ready; read line; echo got $line; exit 6"])
        self.addCleanup(os.close, terminal)
        got = b""
        while b"ready" not in got:
            got += os.read(terminal, 4096)
        os.write(terminal, b"\x1a")
        os.write(terminal, b"word\n")
        while b"got word" not in got:
            self.assertTrue(select.select([terminal], [], [], HANG_GUARD)[0], got)
            got += os.read(terminal, 4096)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 6)


if __name__ == "__main__":
    limited_tests.main()
