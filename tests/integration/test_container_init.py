# SPDX-License-Identifier: MIT
"""mzinit as PID 1 of a PID namespace, and its command line: the real binary, with rules in a user namespace of its own."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import unittest

import bridges
from bridges import HANG_GUARD, MZINIT, wait_until
import limited_tests

NAMESPACES = ["unshare", "-Urmpf", "--mount-proc"]
INIT = [*NAMESPACES, "--kill-child", MZINIT]


def run(command, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_GUARD, **options)


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


class ExitStatus(unittest.TestCase):
    def status(self, *arguments, **options):
        return run([*INIT, *arguments], **options)

    def test_every_exit_code_is_the_commands(self):
        # In one namespace each, started together: 256 of them one after the other would take long.
        codes = list(range(256))
        running = [subprocess.Popen([*INIT, "--", "sh", "-c", f"exit {code}"]) for code in codes]
        self.assertEqual([process.wait(HANG_GUARD) for process in running], codes)

    def test_death_by_a_signal_is_128_and_its_number(self):
        for name in ("HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "TERM", "USR1"):
            with self.subTest(name):
                number = getattr(signal, "SIG" + name)
                self.assertEqual(self.status("--", "sh", "-c", f"ulimit -c 0; kill -{name} $$").returncode, 128 + number)

    def test_command_that_cannot_be_executed_is_126_or_127_with_one_line(self):
        for command, code, line in (("/nonexistent", 127, "mzinit: /nonexistent: No such file or directory\n"),
                                    ("nonexistent-command", 127, "mzinit: nonexistent-command: No such file or directory\n"),
                                    ("/etc/passwd", 126, "mzinit: /etc/passwd: Permission denied\n"),
                                    ("/etc", 126, "mzinit: /etc: Permission denied\n")):
            with self.subTest(command):
                result = self.status("--", command)
                self.assertEqual((result.returncode, result.stderr), (code, line))

    def test_a_file_that_names_no_interpreter_is_126_and_no_script_of_the_shells(self):
        with bridges.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "script"), "w") as file:
                file.write("exit 5\n")
            os.chmod(file.name, 0o755)
            result = self.status("--", file.name)
        self.assertEqual((result.returncode, result.stderr), (126, f"mzinit: {file.name}: Exec format error\n"))

    def test_no_command_is_usage_and_1(self):
        for arguments in ([], ["--"], ["-v"]):
            result = self.status(*arguments)
            self.assertEqual(result.returncode, 1)
            self.assertIn("Usage: mzinit", result.stderr)
        self.assertEqual(self.status("--no-such-option", "sh").returncode, 1)

    def test_without_a_namespace_it_warns_and_works(self):
        result = run([MZINIT, "--", "sh", "-c", "exit 9"])
        self.assertEqual(result.returncode, 9)
        self.assertIn("zombie reaping won't work", result.stderr)

    def test_status_survives_an_ignored_child_signal(self):
        result = self.status("--", "sh", "-c", "exit 9", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(result.returncode, 9)

    def test_version_and_help(self):
        self.assertRegex(run([MZINIT, "--version"]).stdout, r"^mzinit \d+\.\d+\.\d+\n$")
        self.assertIn("Usage: mzinit", run([MZINIT, "--help"]).stdout)


class Signals(unittest.TestCase):
    def start(self, script, *options):
        """Init in its namespace, with the command at the point where it printed a line. Returns (unshare, pid of init)."""
        process = subprocess.Popen([*INIT, *options, "--", "python3", "-c", script], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process, children_of(process.pid)[0]

    def test_every_signal_that_can_be_caught_reaches_the_command(self):
        script = ("import signal, sys\n"
                  "wanted = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}\n"
                  "signal.pthread_sigmask(signal.SIG_BLOCK, wanted)\n"
                  "print('ready', flush=True)\n"
                  "while (number := signal.sigwait(wanted)) != signal.SIGTERM: print(int(number), flush=True)\n")
        process, init = self.start(script)
        faults = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS}
        for number in sorted(signal.valid_signals() - faults - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGTERM}):
            os.kill(init, number)
            self.assertEqual(process.stdout.readline(), f"{int(number)}\n")
        os.kill(init, signal.SIGTERM)
        self.assertEqual(process.wait(HANG_GUARD), 0)

    def test_faults_sent_by_others_do_not_end_init(self):
        script = ("import os, signal\n"
                  "for name in ('SEGV', 'BUS', 'ILL', 'FPE', 'TRAP', 'SYS', 'KILL', 'STOP'):\n"
                  "    os.kill(1, getattr(signal, 'SIG' + name))\n"
                  "print('ready', flush=True)\n"
                  "raise SystemExit(11)\n")
        process, _ = self.start(script)
        self.assertEqual(process.wait(HANG_GUARD), 11)

    def test_command_inherits_mask_and_dispositions_of_init(self):
        def state(command):
            def inherit():
                signal.signal(signal.SIGUSR2, signal.SIG_IGN)
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            return run([*command, "grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"], preexec_fn=inherit).stdout
        self.assertEqual(state([*INIT, "--"]), state([*NAMESPACES]))

    def test_orphans_are_reaped(self):
        # Each child leaves a grandchild behind, which becomes init's.
        script = ("import os, sys, time\n"
                  "for _ in range(100):\n"
                  "    child = os.fork()\n"
                  "    if child == 0:\n"
                  "        if os.fork() == 0: os._exit(3)\n"
                  "        os._exit(0)\n"
                  "    os.waitpid(child, 0)\n"
                  "deadline = time.monotonic() + 60\n"
                  "own = {1, os.getpid()}\n"
                  "while rest := {int(name) for name in os.listdir('/proc') if name.isdigit()} - own:\n"
                  "    if time.monotonic() > deadline: sys.exit(f'left: {rest}')\n"
                  "    time.sleep(0.01)\n"
                  "print('ready', flush=True)\n")
        process, _ = self.start(script)
        self.assertEqual(process.wait(HANG_GUARD), 0)

    def test_init_holds_no_descriptors_and_waits_without_a_timeout(self):
        process, init = self.start("import time; print('ready', flush=True); time.sleep(1000)")
        self.assertEqual(sorted(os.listdir(f"/proc/{init}/fd")), ["0", "1", "2"])
        with open(f"/proc/{init}/syscall") as file:
            words = file.read().split()
        if os.uname().machine == "x86_64":
            rt_sigtimedwait, no_timeout = "128", "0x0"
            self.assertEqual((words[0], words[3]), (rt_sigtimedwait, no_timeout))
        os.kill(init, signal.SIGTERM)
        self.assertEqual(process.wait(HANG_GUARD), 128 + signal.SIGTERM)


class Terminal(unittest.TestCase):
    """On a pseudo-terminal whose session leader is a child of ours that becomes init."""

    def start(self, *command):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp(command[0], command)
        self.addCleanup(os.close, terminal)  # Which ends the whole session.
        return pid, terminal

    def exit_code(self, pid):
        _, status = wait_until(lambda: (found := os.waitpid(pid, os.WNOHANG))[0] and found, "init ends")
        return os.waitstatus_to_exitcode(status)

    def read_until(self, terminal, pattern):
        got = b""
        while not re.search(pattern, got, re.DOTALL):
            readable, _, _ = select.select([terminal], [], [], HANG_GUARD)
            self.assertTrue(readable, got)
            try:
                got += os.read(terminal, 4096)
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
                self.fail(f"the terminal was closed after {got}")
        return got

    def foreground(self, terminal):
        return fcntl.ioctl(terminal, termios.TIOCGPGRP, b"\0" * 4)

    def test_control_c_reaches_the_command_and_its_status_counts(self):
        pid, terminal = self.start(*INIT, "--", "sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done")
        self.read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        self.read_until(terminal, b"caught")
        self.assertEqual(self.exit_code(pid), 7)

    def test_command_is_in_the_foreground_in_a_group_of_its_own(self):
        script = "import os; print(os.getpgrp() == os.getpid() == os.tcgetpgrp(0), end='|', flush=True); print(input()[::-1])"
        pid, terminal = self.start(*INIT, "--", "python3", "-c", script)
        self.read_until(terminal, rb"True\|")
        os.write(terminal, b"olleh\n")
        self.read_until(terminal, b"hello")
        self.assertEqual(self.exit_code(pid), 0)

    def test_job_control_works_in_a_shell_below_init(self):
        pid, terminal = self.start(*INIT, "--", "bash", "--norc", "--noprofile", "-i")
        self.read_until(terminal, b"bash-")
        shell = self.foreground(terminal)
        # Until it is executed the job ignores what stops it, as its shell does: having the terminal is not enough.
        os.write(terminal, b"sh -c 'echo runn''ing; exec sleep 1000'\n")
        self.read_until(terminal, b"running")
        os.write(terminal, b"\x1a")
        self.read_until(terminal, b"Stopped.*bash-")
        os.write(terminal, b"fg\n")
        wait_until(lambda: self.foreground(terminal) != shell, "sleep gets the terminal again")
        os.write(terminal, b"\x03")
        self.read_until(terminal, b"bash-")
        os.write(terminal, b"exit 5\n")
        self.assertEqual(self.exit_code(pid), 5)

    def test_terminal_goes_back_to_the_group_that_had_it(self):
        # Not a job-control shell: what follows init is in the same group as init.
        pid, terminal = self.start("sh", "-c", f"{MZINIT} -- true; read line; echo \"got $line\"")
        os.write(terminal, b"something\n")
        self.read_until(terminal, b"got something")
        self.assertEqual(self.exit_code(pid), 0)

    def test_in_the_background_it_takes_no_terminal_and_is_not_stopped(self):
        leader = ("import os, sys\n"
                  "child = os.fork()\n"
                  "if child == 0:\n"
                  "    os.setpgid(0, 0)\n"
                  f"    os.execv({MZINIT!r}, ['mzinit', '--', 'sh', '-c', 'exit 4'])\n"
                  "status = os.waitpid(child, os.WUNTRACED)[1]\n"
                  "print('end', os.waitstatus_to_exitcode(status), os.tcgetpgrp(0) == os.getpgrp(), flush=True)\n"
                  "input()\n")
        pid, terminal = self.start("python3", "-c", leader)
        self.read_until(terminal, b"end 4 True")
        os.write(terminal, b"\n")
        self.assertEqual(self.exit_code(pid), 0)


class ClosedDescriptors(unittest.TestCase):
    def test_closed_standard_descriptors_become_the_null_device(self):
        script = ("import os, sys\n"
                  "found = [os.readlink(f'/proc/self/fd/{number}') for number in map(int, sys.argv[2:])]\n"
                  "open(sys.argv[1], 'w').write(' '.join(found))\n")
        for closed in ([0], [1], [2], [0, 1], [1, 2], [0, 1, 2]):
            with self.subTest(closed), bridges.TemporaryDirectory() as directory:
                found = os.path.join(directory, "found")
                subprocess.run([MZINIT, "--", "python3", "-c", script, found, *map(str, closed)], check=True, timeout=HANG_GUARD,
                               preexec_fn=lambda: [os.close(number) for number in closed], stderr=subprocess.DEVNULL)
                with open(found) as file:
                    self.assertEqual(file.read().split(), ["/dev/null"] * len(closed))


class EmptyRoot(unittest.TestCase):
    """No libraries, no /proc, no /dev: only the binary."""

    def setUp(self):
        if bridges.SANITIZED:
            self.skipTest("sanitized programs are linked dynamically")

    def test_it_runs(self):
        with bridges.TemporaryDirectory() as root:
            shutil.copy(MZINIT, os.path.join(root, "mzinit"))
            result = run(["unshare", "-Ur", "chroot", root, "/mzinit", "--version"])
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertRegex(result.stdout, r"^mzinit \d")
            result = run(["unshare", "-Urpf", "chroot", root, "/mzinit", "--", "/mzinit", "--version"])
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_closed_descriptors_are_harmless_without_a_null_device(self):
        with bridges.TemporaryDirectory() as root:
            shutil.copy(MZINIT, os.path.join(root, "mzinit"))
            result = subprocess.run(["unshare", "-Ur", "chroot", root, "/mzinit", "identify", "/mzinit"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, preexec_fn=lambda: os.close(0), timeout=HANG_GUARD)
            self.assertIn(b"not a Windows or DOS program", result.stdout)


class Identify(unittest.TestCase):
    def test_reports_each_file_and_fails_if_one_cannot_be_read(self):
        with bridges.TemporaryDirectory() as directory:
            empty, text, fifo = (os.path.join(directory, name) for name in ("empty", "te\udcffxt", "fifo"))
            open(empty, "w").close()
            with open(text, "w") as file:
                file.write("MZ\n")
            os.mkfifo(fifo)
            result = subprocess.run([MZINIT, "identify", text], stdout=subprocess.PIPE, timeout=HANG_GUARD)
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"te\xffxt: not a program that can run", result.stdout)
            result = run([MZINIT, "identify", directory, fifo, "/nonexistent", empty])
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr, f"mzinit: {directory}: Is a directory\nmzinit: {fifo}: Not a regular file\n"
                                            "mzinit: /nonexistent: No such file or directory\n"
                                            f"mzinit: {empty}: Empty file\n")
            result = run([MZINIT, "identify", "--json", text])
            self.assertEqual(json.loads(result.stdout)["file"], text)
            self.assertEqual(json.loads(result.stdout)["kind"], "damaged")

    def test_no_file_is_usage(self):
        self.assertEqual(run([MZINIT, "identify"]).returncode, 2)


if __name__ == "__main__":
    limited_tests.main()
