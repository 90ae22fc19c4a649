# SPDX-License-Identifier: MIT
"""The real `mzinit run` on a real pseudo-terminal, below a real shell with job control, with the independent peer as the agent:
when the program gets a terminal of its own, and what becomes of ours."""

import os
import signal
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
from bridges import wait_until
from terminal_shell import Shell

POSIX, WINDOWS = 1, 2


class TerminalTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        fake_programs.write_pe64(os.path.join(self.directory, "x.exe"))
        self.configure("")
        self.unix = f"unix:{self.directory}/agent"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_") and name != "WSLENV"}
        self.environment = dict(kept, MZINIT_HOST=self.unix, MZINIT_CONF=f"{self.directory}/mzinit.conf", MZ=bridges.MZINIT)

    def configure(self, text):
        with open(os.path.join(self.directory, "mzinit.conf"), "w", encoding="ascii") as file:
            file.write("[route]\npe = host\n" + text)

    def agent(self, callback, terminal=POSIX):
        agent = peer.Agent(self.unix, peer.run_program(callback, terminal))
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def shell(self, **more):
        shell = Shell(self.environment, **more)
        self.addCleanup(shell.close)
        shell.run(f"cd {self.directory}")
        return shell


class Choice(TerminalTest):
    """Who gets a terminal."""

    def setUp(self):
        super().setUp()
        self.launched = self.agent(lambda program: 0)

    def streams(self, shell, command):
        before = len(self.launched.launches)
        output, status = shell.run(command)
        wait_until(lambda: len(self.launched.launches) > before, f"{command}: {output}")
        return self.launched.launches[-1].terminal_streams, status

    def test_it_takes_input_and_output_on_the_same_terminal(self):
        shell = self.shell()
        for command, streams in (("$MZ run x.exe", 7), ("$MZ run x.exe 2>/dev/null", 3), ("$MZ run x.exe | cat", 0),
                                 ("$MZ run x.exe >/dev/null", 0), ("$MZ run x.exe </dev/null", 0), ("true | $MZ run x.exe", 0),
                                 ("$MZ run x.exe </dev/tty >/dev/tty", 7), ("$MZ run x.exe & wait", 0),
                                 ("setsid -w $MZ run x.exe", 0)):
            with self.subTest(command):
                self.assertEqual(self.streams(shell, command), (streams, 0))

    def test_an_option_decides(self):
        shell = self.shell()
        for command, streams in (("$MZ run --pty=never x.exe", 0), ("$MZ run --pty=auto -- x.exe", 7),
                                 ("$MZ run --pty=always x.exe </dev/null | cat", 3)):
            with self.subTest(command):
                self.assertEqual(self.streams(shell, command), (streams, 0))

    def test_the_configuration_decides_for_each_program(self):
        shell = self.shell()
        fake_programs.write_pe64(os.path.join(self.directory, "other.exe"))
        self.configure("[terminal]\npty = never\nalways = a.exe X.EXE\n")
        self.assertEqual(self.streams(shell, "$MZ run x.exe"), (3 | 4, 0))
        self.assertEqual(self.streams(shell, "$MZ run other.exe"), (0, 0))
        self.configure("[terminal]\nnever = x.exe\n")
        self.assertEqual(self.streams(shell, "$MZ run x.exe"), (0, 0))
        self.assertEqual(self.streams(shell, "$MZ run --pty=always x.exe"), (7, 0))

    def test_an_unknown_word_is_refused(self):
        shell = self.shell()
        self.assertEqual(shell.run("$MZ run --pty=sometimes x.exe"), ("mzinit: run: option --pty=sometimes is not known\n", 2))
        self.configure("[terminal]\npty = sometimes\n")
        output, status = shell.run("$MZ run x.exe")
        self.assertEqual(status, 125)
        self.assertIn("wanted pty = auto, always or never", output)

    def test_size_and_name_go_along(self):
        shell = self.shell(rows=33, columns=77)
        self.streams(shell, "$MZ run x.exe")
        terminal = self.launched.launches[-1].terminal
        self.assertEqual((terminal["rows"], terminal["columns"], terminal["name"]), (33, 77, "xterm-test"))


class InputOfAnotherKind(TerminalTest):
    """A terminal for the program (--pty=always) whose input is a file or a pipe of ours."""

    def check_end(self, kind, command, typed, **greeting):
        """The program is told the end as by a person, lives on, and ends as it likes."""
        received = []

        def program(program):
            while not b"".join(received).endswith(typed):
                received.append(program.read())
            program.write(b"done\r\n")
            return 3

        with peer.Agent(self.unix, peer.run_program(program, kind), **greeting) as agent:
            result = bridges.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self.environment,
                                 cwd=self.directory)
            self.assertEqual(agent.errors, [])
        self.assertEqual(b"".join(received), typed)
        return result

    def test_its_end_is_typed_and_does_not_hang_up(self):
        for kind, text, typed in ((POSIX, "", b"\x04"), (POSIX, "one\n", b"one\n\x04"), (POSIX, "one\ntwo", b"one\ntwo\x04\x04"),
                                  (WINDOWS, "", b"\x1a\r"), (WINDOWS, "one\n", b"one\n\x1a\r"),
                                  (WINDOWS, "two", b"two\r\x1a\r")):
            with self.subTest(kind=kind, text=text):
                result = self.check_end(kind, f"printf '{text}' | $MZ run --pty=always x.exe", typed)
                self.assertEqual((result.stdout, result.returncode), (b"done\r\n", 3))
        self.assertEqual(self.check_end(POSIX, "$MZ run --pty=always x.exe", b"\x04").returncode, 3)

    def test_it_is_typed_as_far_as_there_is_credit(self):
        for kind, typed in ((POSIX, b"two\x04\x04"), (WINDOWS, b"two\r\x1a\r")):
            with self.subTest(kind=kind):
                result = self.check_end(kind, "printf two | $MZ run --pty=always x.exe", typed, initial_credit=1)
                self.assertEqual(result.returncode, 3)

    def test_what_was_typed_is_none_of_the_file(self):
        with open(os.path.join(self.directory, "in"), "w", encoding="ascii") as file:
            file.write("one\ntwo")
        result = self.check_end(POSIX, "{ $MZ run --pty=always x.exe; echo more >>in; cat; } <in", b"one\ntwo\x04\x04")
        self.assertEqual(result.stdout, b"done\r\nmore\n")


class Modes(TerminalTest):
    """The terminal is raw while the program has its own, and as before whatever happens."""

    def test_every_byte_goes_to_the_program_as_it_is(self):
        received = []

        def program(program):
            program.write(b"ready")
            while not received or not b"".join(received).endswith(b"end"):
                received.append(program.read())
            program.write(b"\r\n\x1b[1mdone\x1b[0m\r\n")
            return 7

        self.agent(program)
        shell = self.shell()
        before, _ = shell.run("stty -a")
        shell.type("$MZ run x.exe; echo status=$?\n")
        shell.wait_for("ready")
        wait_until(lambda: shell.is_raw(), "the terminal is raw")
        typed = "a\r\x03\x1a\x1c\x04\x11\x13\x15\x7f\x16ü\x1b[Aend"
        shell.type(typed)
        shell.wait_for(r"\r\n\x1b\[1mdone\x1b\[0m\r\nstatus=7\r\n" + shell.PROMPT)
        self.assertEqual(b"".join(received).decode(), typed)
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_the_terminal_is_as_before_after_every_way_out(self):
        def ends_as_told(program):
            program.write(b"ready\r\n")
            while True:
                word = program.read()
                if word == b"x":
                    return 0xC0000005
                if word == b"g":
                    program.session.connection.close()
                    raise peer.ConnectionEnded()

        self.agent(ends_as_told)
        shell = self.shell()
        before, _ = shell.run("stty -a")
        shell.run("stty -echo; sane=$(stty -g)")
        modes = shell.modes()
        for way, status in (("x", 139), ("g", 125), ("TERM", None), ("ALRM", 142), ("XCPU", 152), ("ABRT", 134), ("SEGV", 139),
                            ("RTMIN", 162), ("KILL", 137)):
            if way == "SEGV" and bridges.SANITIZED:
                continue  # The sanitizer has a handler of its own for it, which exits.
            with self.subTest(way):
                shell.type("$MZ run x.exe; stty $sane; echo status=$?\n" if way == "KILL"
                           else "$MZ run x.exe; echo status=$?\n")
                shell.wait_for("ready")
                wait_until(lambda: shell.is_raw(), "the terminal is raw")
                if len(way) == 1:
                    shell.type(way)
                else:
                    os.kill(shell.foreground(), getattr(signal, "SIG" + way))
                    if way == "TERM":
                        # Passed on to the program, which takes no notice of it.
                        shell.type("x")
                        status = 139
                if way != "KILL":
                    shell.wait_for(f"status={status}\r\n")
                    self.assertEqual(shell.modes(), modes)
                else:
                    shell.wait_for("status=0")
        shell.run("stty echo")
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_a_launch_that_is_refused_does_not_touch_it(self):
        agent = peer.Agent(self.unix, peer.launch_error(1))
        self.addCleanup(agent.close)
        shell = self.shell()
        before = shell.modes()
        self.assertEqual(shell.run("$MZ run x.exe")[1], 127)
        self.assertEqual(shell.modes(), before)

    def test_without_a_terminal_from_the_agent_it_stays_as_it_is(self):
        modes = []

        def program(program):
            program.write(b"ready\n")
            modes.append(program.read())
            return 0

        self.agent(program, terminal=0)
        shell = self.shell()
        before = shell.modes()
        shell.type("$MZ run x.exe\n")
        shell.wait_for("ready")
        self.assertEqual(shell.modes(), before)
        shell.type("a line\n")
        shell.wait_for(shell.PROMPT)
        self.assertEqual(modes, [b"a line\n"])

    def test_a_new_size_reaches_the_program(self):
        def program(program):
            program.write(b"ready")
            program.wait_until(lambda program: program.sizes)
            return program.sizes[-1][0]

        self.agent(program)
        shell = self.shell()
        shell.type("$MZ run x.exe; echo status=$?\n")
        shell.wait_for("ready")
        shell.resize(55, 66)
        shell.wait_for("status=55\r\n")


class Jobs(TerminalTest):
    """Stops, background, and the shell that started us."""

    def wait_for_state(self, shell, state):
        wait_until(lambda: state in shell.run("jobs")[0], f"the job is {state}")

    def test_a_program_that_stopped_stops_us_and_goes_on_with_us(self):
        def program(program):
            program.write(b"ready\r\n")
            program.read()
            program.stop()
            program.write(b"again\r\n")
            return 3 if program.read() == b"y" else 4

        self.agent(program)
        shell = self.shell(rows=20, columns=80)
        before = shell.run("stty -a")[0]
        shell.type("$MZ run x.exe; echo status=$?\n")
        shell.wait_for("ready")
        shell.type("x")
        shell.wait_for("Stopped")
        shell.wait_for("status=148\r\n" + shell.PROMPT)
        self.assertEqual(shell.run("stty -a")[0], before)
        shell.type("fg; echo status=$?\n")
        shell.wait_for("again")
        wait_until(lambda: shell.is_raw(), "the terminal is raw again")
        shell.type("y")
        shell.wait_for("status=3\r\n")
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_the_whole_job_stops_with_the_program(self):
        def program(program):
            program.write(b"ready\r\n")
            program.stop()
            return 0

        self.agent(program)
        shell = self.shell()
        shell.type("bash -c '$MZ run x.exe; echo script goes on'\n")
        shell.wait_for("Stopped.*" + shell.PROMPT)
        shell.type("fg\n")
        shell.wait_for("script goes on\r\n" + shell.PROMPT)

    def test_the_stop_character_stops_a_windows_program(self):
        received = []

        def program(program):
            program.write(b"ready\r\n")
            program.wait_until(lambda program: "CONT" in program.signals)
            received.append(list(program.signals))
            while b"".join(received[1:]) != b"before after":
                received.append(program.read())
            return 0

        self.agent(program, terminal=WINDOWS)
        shell = self.shell()
        shell.type("$MZ run x.exe\n")
        shell.wait_for("ready")
        wait_until(lambda: shell.is_raw(), "the terminal is raw")
        shell.type("before\x1a after")
        shell.wait_for("Stopped")
        shell.type("\x15fg\n")
        shell.wait_for(r"run x\.exe")
        # What was typed behind it may have been read by the shell, as with a local program.
        shell.type(" after")
        wait_until(lambda: received, "the program goes on")
        self.assertEqual(received[0], ["TSTP", "CONT"])
        shell.type("\x1c")

    def test_the_quit_character_is_a_signal_for_a_windows_program(self):
        def program(program):
            program.write(b"ready\r\n")
            program.wait_until(lambda program: program.signals)
            return 40 + len(program.signals) if program.signals == ["QUIT"] else 1

        self.agent(program, terminal=WINDOWS)
        shell = self.shell()
        shell.type("$MZ run x.exe; echo status=$?\n")
        shell.wait_for("ready")
        wait_until(lambda: shell.is_raw(), "the terminal is raw")
        shell.type("\x1c")
        shell.wait_for("status=41\r\n")

    def test_a_script_ends_with_the_program_that_was_interrupted(self):
        def program(program):
            program.write(b"ready\r\n")
            program.read()
            return "INT"

        self.agent(program)
        shell = self.shell()
        shell.type("bash -c '$MZ run x.exe; echo script goes on'; echo status=$?\n")
        shell.wait_for("ready")
        wait_until(lambda: shell.is_raw(), "the terminal is raw")
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        self.assertNotIn("script goes on", shell.seen)
        self.assertEqual(shell.run("true"), ("", 0))

    def test_a_stop_without_a_shell_does_not_hang(self):
        def program(program):
            program.stop()
            return 5

        self.agent(program)
        shell = self.shell()
        # A session of its own, with the terminal as its own: nobody could continue it.
        command = "import os, pty; os._exit(os.waitstatus_to_exitcode(pty.spawn([os.environ['MZ'], 'run', 'x.exe'])))"
        self.assertEqual(shell.run(f'{sys.executable} -c "{command}"')[1], 5)

    def test_a_second_interrupt_right_after_the_first_ends_it(self):
        def program(program):
            program.write(b"ready\r\n")
            program.wait_until(lambda program: "INT" in program.signals)
            program.write(b"ignored\r\n")
            program.wait_until(lambda program: False)

        self.agent(program, terminal=0)
        shell = self.shell()
        shell.type("$MZ run x.exe\n")
        shell.wait_for("ready")
        shell.type("\x03")
        # Two at once would be one.
        shell.wait_for("ignored")
        shell.type("\x03")
        shell.wait_for(shell.PROMPT)
        shell.type("last=$?\n")
        self.assertEqual(shell.run("echo $last"), ("130\n", 0))

    def test_a_job_in_the_background_leaves_the_terminal_to_the_shell(self):
        def program(program):
            program.write(b"from the background\n")
            return 9 if program.read() == b"for the program\n" else 1

        self.agent(program)
        shell = self.shell()
        before = shell.modes()
        shell.type("$MZ run x.exe &\n")
        shell.wait_for("from the background")
        self.assertEqual(shell.run("echo typed for the shell"), ("typed for the shell\n", 0))
        self.assertEqual(shell.modes(), before)
        self.assertIn("Running", shell.run("jobs")[0])
        shell.type("fg; echo status=$?\n")
        shell.wait_for(r"run x\.exe\r\n")
        shell.type("for the program\n")
        shell.wait_for("status=9\r\n")

    def test_continued_in_the_background_it_leaves_the_terminal_alone(self):
        def program(program):
            program.write(b"ready\r\n")
            program.stop()
            program.write(b"goes on\r\n")
            return 6 if program.read() == b"k" else 1

        self.agent(program)
        shell = self.shell()
        before = shell.run("stty -a")[0]
        shell.type("$MZ run x.exe\n")
        shell.wait_for("Stopped.*" + shell.PROMPT)
        shell.type("bg\n")
        shell.wait_for("goes on")
        self.assertEqual(shell.run("stty -a")[0], before)
        shell.type("fg; echo status=$?\n")
        shell.wait_for(r"run x\.exe\r\n")
        wait_until(lambda: shell.is_raw(), "the terminal is raw again")
        shell.type("k")
        shell.wait_for("status=6\r\n")
        self.assertEqual(shell.run("stty -a")[0], before)

    def test_nothing_is_lost_by_a_stop_that_cannot_be_caught(self):
        def program(program):
            program.write(b"ready\r\n")
            return 8 if program.read() == b"typed" else 1

        self.agent(program)
        shell = self.shell()
        shell.type("$MZ run x.exe; echo status=$?\n")
        shell.wait_for("ready")
        os.kill(shell.foreground(), signal.SIGSTOP)
        shell.wait_for("Stopped.*" + shell.PROMPT)
        shell.type("fg; echo status=$?\n")
        shell.wait_for(r"run x\.exe\r\n")
        wait_until(lambda: shell.is_raw(), "the terminal is raw again")
        shell.type("typed")
        shell.wait_for("status=8\r\n")

    def test_hanging_up_reaches_the_program(self):
        signals = []

        def program(program):
            program.write(b"ready\r\n")
            program.wait_until(lambda program: program.signals)
            signals.extend(program.signals)
            return "HUP"

        self.agent(program)
        shell = self.shell()
        shell.type("$MZ run x.exe\n")
        shell.wait_for("ready")
        shell.close()
        wait_until(lambda: "HUP" in signals, "the program has heard of it")

    def test_a_terminal_that_is_gone_ends_the_input_where_nobody_hears_of_hangups(self):
        received = []

        def program(program):
            program.write(b"ready\r\n")
            received.append(program.read())
            return 0

        self.agent(program)
        shell = self.shell()
        shell.type("(trap '' HUP; exec $MZ run x.exe)\n")
        shell.wait_for("ready")
        wait_until(shell.is_raw, "the terminal is raw")
        shell.close()
        wait_until(lambda: received, "the program has seen the end")
        self.assertEqual(received, [b""])


if __name__ == "__main__":
    if not os.path.exists(bridges.MZINIT):
        print(f"skipped: {bridges.MZINIT} has not been built", flush=True)
        sys.exit(bridges.SKIP)
    limited_tests.main()
