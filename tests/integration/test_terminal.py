# SPDX-License-Identifier: MIT
"""Real programs on a real terminal below a real shell, started by the kernel through the rule, over every way to an agent: what a
person sees who types Ctrl-C, Ctrl-Z, fg and bg, changes the size of the window, or closes it."""

import os
import shlex
import shutil
import signal
import subprocess
import unittest

import bridges
from bridges import SAMPLES, wait_until
import limited_tests
from terminal_shell import Shell


class TerminalTests:
    """What must be the same over every way. Subclasses start the agent."""

    windows = False
    more_environment = {}

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(cls.start())
        cls.environment = dict(bridges.wine_environment(), **cls.bridge.environment, **cls.more_environment)

    def setUp(self):
        self.bridge.assert_alive()
        self.counter = os.path.join(self.directory, self.id().rpartition(".")[2])

    def shell(self, **more):
        shell = Shell(self.environment, **more)
        self.addCleanup(shell.close)
        shell.run(f"cd {shlex.quote(SAMPLES)}")
        return shell

    def host_path(self, path):
        return "Z:" + path.replace("/", "\\")

    def beats(self):
        try:
            with open(self.counter) as file:
                return int(file.read() or 0)
        except FileNotFoundError:
            return 0

    def start_sleep(self, shell, suffix=""):
        """A program that shows that it runs by a counter that grows."""
        shell.type(f"./sleep.exe 100000000 {shlex.quote(self.host_path(self.counter))}{suffix}\n")
        wait_until(lambda: self.beats() > 1, "the program runs")

    def wait_until_raw(self, shell):
        wait_until(shell.is_raw, "the terminal is the program's")

    def check_grows(self):
        before = self.beats()
        wait_until(lambda: self.beats() > before + 1, "the program goes on")

    def check_stands_still(self):
        """No beat for the time of ten."""
        last = [self.beats(), 0]

        def still():
            now = self.beats()
            last[:] = [now, last[1] + 1 if now == last[0] else 0]
            return last[1] >= 50

        wait_until(still, "the program stands still")

    def find_client(self):
        """The mzinit that was started for the program with our counter, or None."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if os.fsencode(self.host_path(self.counter)) in words and os.path.samefile(f"/proc/{pid}/exe", bridges.MZINIT):
                    return int(pid)
            except OSError:
                continue  # It has ended.
        return None

    def last_status(self, shell):
        """Of the command before; what interrupts a list of commands would keep the next from being run."""
        shell.type("last=$?\n")
        return int(shell.run("echo $last")[0])

    def test_output_and_exit_status_are_those_of_the_program(self):
        shell = self.shell()
        output, status = shell.run("./hello.exe")
        self.assertIn("Hello from Windows!", output)
        self.assertEqual(status, 0)
        self.assertEqual(shell.run("./exit.exe 42")[1], 42)

    def test_modes_are_as_before_after_every_end(self):
        shell = self.shell()
        before, _ = shell.run("stty -a")
        for command in ("./hello.exe", "./exit.exe 3", "./crash.exe 2>/dev/null", "./hello.exe | cat", "./hello.exe 2>/dev/null"):
            with self.subTest(command):
                shell.run(command)
                self.assertEqual(shell.run("stty -a")[0], before)

    def test_control_c_ends_a_program_that_does_not_handle_it(self):
        shell = self.shell()
        before, _ = shell.run("stty -a")
        self.start_sleep(shell)
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.assertEqual(self.last_status(shell), 130)
        self.check_stands_still()
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_control_c_ends_a_loop(self):
        shell = self.shell()
        shell.type("for i in 1 2 3; do ./sleep.exe 100000000 " + shlex.quote(self.host_path(self.counter)) + "; echo round''s; done\n")
        wait_until(lambda: self.beats() > 1, "the program runs")
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.assertNotIn("rounds", shell.seen)
        self.assertEqual(shell.run("true"), ("", 0))

    def test_term_ends_a_program(self):
        shell = self.shell()
        self.start_sleep(shell)
        os.kill(shell.foreground(), signal.SIGTERM)
        shell.wait_for(shell.PROMPT)
        self.assertEqual(self.last_status(shell), 143)
        self.check_stands_still()

    def test_a_killed_client_takes_the_program_along(self):
        shell = self.shell()
        saved = shell.run("stty -g")[0].strip()
        self.start_sleep(shell)
        os.kill(shell.foreground(), signal.SIGKILL)
        shell.wait_for("Killed")
        shell.type(f"\nstty {saved}\n")
        self.check_stands_still()

    def test_control_z_stops_it_and_fg_and_bg_continue_it(self):
        shell = self.shell()
        before, _ = shell.run("stty -a")
        self.start_sleep(shell)
        for command in ("fg", "bg"):
            shell.type("\x1a")
            shell.wait_for("Stopped.*" + shell.PROMPT)
            self.check_stands_still()
            self.assertEqual(shell.run("stty -a")[0], before)
            shell.type(command + "\n")
            self.check_grows()
        shell.wait_for(shell.PROMPT)
        self.assertEqual(shell.run("stty -a")[0], before)
        shell.type("fg\n")
        shell.wait_for("sleep.exe")
        self.check_grows()
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.assertEqual(self.last_status(shell), 130)
        self.check_stands_still()

    def test_a_job_in_the_background_is_not_stopped_and_leaves_the_keys_to_the_shell(self):
        shell = self.shell()
        self.start_sleep(shell, " &")
        self.assertEqual(shell.run("echo typed for the shell"), ("typed for the shell\n", 0))
        self.check_grows()
        self.assertIn("Running", shell.run("jobs")[0])
        shell.type("kill %1; wait %1; last=$?\n")
        self.assertEqual(shell.run("echo $last")[0].splitlines()[-1], "143")
        self.check_stands_still()

    def test_closing_the_terminal_ends_the_program_in_the_foreground(self):
        shell = self.shell()
        self.start_sleep(shell)
        shell.close()
        self.check_stands_still()

    def test_closing_the_terminal_ends_the_program_in_the_background(self):
        shell = self.shell()
        self.start_sleep(shell, " &")
        shell.close()
        self.check_stands_still()

    def test_nohup_outlives_the_terminal(self):
        shell = self.shell()
        shell.type(f"nohup ./sleep.exe 100000000 {shlex.quote(self.host_path(self.counter))} >/dev/null 2>&1 & echo pid=$!=\n")
        pid = int(shell.wait_for(r"pid=(\d+)=")[1])
        wait_until(lambda: self.beats() > 1, "the program runs")
        shell.close()
        self.check_grows()
        os.kill(pid, signal.SIGTERM)
        self.check_stands_still()

    def test_a_session_without_terminal_works(self):
        shell = self.shell()
        self.assertEqual(shell.run("setsid -w ./exit.exe 5 </dev/null | cat; echo ${PIPESTATUS[0]}"), ("5\n", 0))
        self.assertIn("Hello from Windows!", shell.run("script -qc ./hello.exe /dev/null")[0])


    def start_tmux(self, shell):
        """A shell of the same kind in a new session; what is typed goes there."""
        server = "tmux -u -L mzinit -f /dev/null"
        shell.run(f"export TMUX_TMPDIR={self.directory} TERM=xterm SHELL=/bin/sh")
        self.addCleanup(subprocess.run, [*server.split(), "kill-server"], env=dict(os.environ, TMUX_TMPDIR=self.directory), check=False,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shell.type(f"{server} new-session -s s 'exec bash --norc --noprofile --noediting -i'\n")
        shell.wait_for("-i'")  # the echo of the command
        shell.wait_for(shell.PROMPT)
        return server

    def interrupt_in_tmux(self, shell):
        """Ctrl-C for the program; what the shell below tmux says of its end."""
        shell.type("\x03")
        wait_until(lambda: not self.find_client(), "mzinit ends")  # What was typed before is not the shell's.
        path = self.counter + ".status"
        shell.type(f"echo =$?= >{path}\n")
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), "the shell in tmux goes on")
        with open(path, encoding="ascii") as file:
            return file.read()

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_tmux_keeps_a_program_while_nobody_looks(self):
        shell = self.shell()
        before, _ = shell.run("stty -a")
        tmux = self.start_tmux(shell)
        self.start_sleep(shell)
        shell.type("\x02d")
        shell.wait_for(r"\[detached.*" + shell.PROMPT)
        self.assertEqual(shell.run("stty -a")[0], before)
        self.check_grows()
        shell.resize(20, 100)
        shell.type(f"{tmux} attach\n")
        self.check_grows()
        self.assertEqual(self.interrupt_in_tmux(shell), "=130=\n")
        self.check_stands_still()
        shell.type("exit\n")
        shell.wait_for(r"\[exited\].*" + shell.PROMPT)
        self.assertEqual(shell.run("stty -a")[0], before.replace("rows 30; columns 100", "rows 20; columns 100"))


class LinuxTests(TerminalTests):
    def size_that_the_program_sees(self):
        for pid in bridges.process_ids():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if os.fsencode(self.host_path(self.counter)) in words and not os.path.samefile(f"/proc/{pid}/exe", bridges.MZINIT):
                    with open(f"/proc/{pid}/fd/0", "rb") as terminal:
                        return os.get_terminal_size(terminal.fileno())
            except OSError:
                continue  # It has ended, or has no terminal.
        return None

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_the_size_of_tmux_is_the_programs(self):
        shell = self.shell()
        self.start_tmux(shell)
        self.start_sleep(shell)
        # tmux has a line of its own.
        wait_until(lambda: self.size_that_the_program_sees() == (100, 29), f"the first size: {self.size_that_the_program_sees()}")
        shell.resize(24, 80)
        wait_until(lambda: self.size_that_the_program_sees() == (80, 23), "the second size")
        self.assertEqual(self.interrupt_in_tmux(shell), "=130=\n")

    def test_a_signal_that_was_ignored_stays_ignored(self):
        shell = self.shell()
        shell.type(f"sh -c './sleep.exe 100000000 \"$0\" & wait' {shlex.quote(self.host_path(self.counter))}\n")
        wait_until(lambda: self.beats() > 1, "the program runs")
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.check_grows()
        os.kill(self.find_client(), signal.SIGTERM)
        self.check_stands_still()


class LinuxDescriptors(LinuxTests, unittest.TestCase):
    @classmethod
    def start(cls):
        return bridges.start_linux_bridge(cls.directory, "unix")


class LinuxRelayed(LinuxTests, unittest.TestCase):
    more_environment = {"MZINIT_RELAY": "1"}

    @classmethod
    def start(cls):
        return bridges.start_linux_bridge(cls.directory, "unix")


class WindowsTcp(TerminalTests, unittest.TestCase):
    windows = True

    def start_gui(self, shell, milliseconds):
        """It writes a second line when it ends by itself."""
        shell.type(f"./gui.exe {shlex.quote(self.host_path(self.counter))} 0 {milliseconds}\n")
        wait_until(lambda: "Hello" in self.text(), "the program runs")

    def text(self):
        try:
            with open(self.counter, encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def test_a_gui_program_leaves_the_terminal_as_it_is(self):
        shell = self.shell()
        before, _ = shell.run("stty -a")
        self.start_gui(shell, 100000)
        self.assertFalse(shell.is_raw())
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.assertEqual(self.last_status(shell), 130)
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_a_gui_program_survives_the_end_of_the_terminal(self):
        shell = self.shell()
        self.start_gui(shell, 3000)
        shell.close()
        self.assertNotIn("Goodbye", self.text())
        wait_until(lambda: "Goodbye" in self.text(), "the program ends by itself")

    @classmethod
    def start(cls):
        return bridges.start_windows_bridge(cls.directory)


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
