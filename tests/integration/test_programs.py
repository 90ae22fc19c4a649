# SPDX-License-Identifier: MIT
"""Real Windows programs, started by the kernel through the rule for MZ, over every way to an agent: a Linux agent with passed
descriptors, with relayed streams, over tcp, and hostbridge.exe under Wine, which stands for a Windows host."""

import array
import errno
import fcntl
import hashlib
import json
import os
import pty
import random
import select
import shlex
import signal
import subprocess
import termios
import threading
import unittest

import bridges
from bridges import SAMPLES, wait_until
import limited_tests

BIG = 2 << 20 if bridges.EMULATED else 64 << 20
# Sanitized programs are several times slower; what is repeated is repeated less there.
RANDOM_LISTS = 5 if bridges.EMULATED else 40 if bridges.SANITIZED else 200
STALLED_PEERS = 10 if bridges.EMULATED else 100


def big_input(directory):
    """Much that no relay can have guessed, made once."""
    path = os.path.join(directory, "big")
    if not os.path.exists(path):
        block = random.Random(20).randbytes(1 << 20)
        with open(path, "wb") as file:
            for number in range(BIG >> 20):
                file.write(number.to_bytes(4, "little") + block[4:])
    return path


def random_arguments(rng):
    alphabet = "ab \t\"\\'%^&|<>*?$`!;,=()[]{}~#@üß漢😀\n"
    return ["".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 2, 5, 20]))) for _ in range(rng.randrange(1, 8))]


def applies_list2cmdline(argument):
    """Python does not quote an argument because of a line break or of a quote in it."""
    return not any(c in argument for c in "\n\r\v") and ('"' not in argument or " " in argument or "\t" in argument)


class ProgramTests:
    """What must be the same over every way. Subclasses start the agent."""

    windows = False
    relayed = True

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.bridge = cls.enterClassContext(cls.start())
        cls.environment = dict(bridges.wine_environment(), **cls.bridge.environment, **cls.more_environment())

    @classmethod
    def more_environment(cls):
        return {}

    def setUp(self):
        self.bridge.assert_alive()

    def popen(self, arguments, **options):
        options.setdefault("cwd", SAMPLES)
        options.setdefault("env", self.environment)
        return subprocess.Popen(arguments, **options)

    def run_program(self, arguments, **options):
        options.setdefault("cwd", SAMPLES)
        options.setdefault("env", self.environment)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return bridges.run(arguments, **options)

    def bash(self, script, **options):
        return self.run_program(["bash", "-c", script], **options)

    # --- arguments -------------------------------------------------------------------------------------------

    def received_arguments(self, arguments):
        result = self.run_program(["./args.exe", *arguments])
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return json.loads(result.stdout)

    def test_arguments_typed_in_a_shell(self):
        result = self.bash("""./args.exe a "" "b c" 'd"e' 'f\\' 'g\\\\"h' ü""")
        self.assertEqual(result.stderr, b"")
        received = json.loads(result.stdout)
        expected = ["a", "", "b c", 'd"e', "f\\", 'g\\\\"h', "ü"]
        self.assertEqual(received["crt"][1:], expected)
        self.assertEqual(received["shell"][1:], expected)

    def test_random_argument_lists(self):
        rng = random.Random(bridges.SANITIZED + 1)
        lists = [random_arguments(rng) for _ in range(RANDOM_LISTS)]
        for arguments in lists:
            with self.subTest(arguments=arguments):
                received = self.received_arguments(arguments)
                self.assertEqual(received["crt"][1:], arguments)
                self.assertEqual(received["shell"][1:], arguments)
                if self.windows and all(map(applies_list2cmdline, arguments)):
                    self.assertTrue(received["line"].endswith(" " + subprocess.list2cmdline(arguments)), received["line"])

    def test_raw_arguments_are_the_command_line(self):
        result = self.run_program([bridges.MZINIT, "run", "--raw-args", "args.exe", '-x "a', "", 'b"c d\\" ü'])
        if self.windows:
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertEqual(json.loads(result.stdout)["line"].partition(" ")[2], '-x "a  b"c d\\" ü')
        else:
            self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                             (126, b"", "mzinit: args.exe: --raw-args is for hosts with Windows, where programs get a command line\n"))

    def test_many_arguments_work_or_are_refused_at_once(self):
        result = self.run_program(["./args.exe"] + ["x"] * 100_000)
        if result.returncode == 0:
            self.assertEqual(len(json.loads(result.stdout)["crt"]), 100_001)
        else:
            self.assertEqual(result.returncode, 126, result.stderr)
            self.assertIn(b"argument list too long", result.stderr)
            self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_working_directory_is_the_callers(self):
        directory = os.path.join(self.directory, "a dir ü")
        os.makedirs(directory, exist_ok=True)
        result = self.run_program([os.path.join(SAMPLES, "cwd.exe")], cwd=directory)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout.decode().strip().replace("\\", "/").partition(":")[2], directory)

    def test_wslenv_chooses_what_crosses_of_the_environment(self):
        environment = dict(self.environment, WSLENV="MZ_ONE:MZ_TWO/w:MZ_THREE/u", MZ_ONE="1 ü", MZ_TWO="2", MZ_THREE="3")
        result = self.run_program(["./env.exe", "MZ_ONE", "MZ_TWO"], env=environment)
        self.assertEqual(result.stdout.decode(), "MZ_ONE=1 ü\nMZ_TWO=2\n")
        if self.windows:  # the Linux agent's own environment is not the guest's either, but Wine adds to it
            self.assertEqual(self.run_program(["./env.exe", "MZ_THREE"], env=environment).returncode, 1)

    def test_symbolic_link_to_the_program(self):
        link = os.path.join(self.directory, "linked.exe")
        if not os.path.lexists(link):
            os.symlink(os.path.join(SAMPLES, "hello.exe"), link)
        result = self.run_program([link, "x"])
        self.assertEqual(result.stdout, b"Hello from Windows!\nargument: x\n", result.stderr)

    def test_dlls_beside_the_program_are_found(self):
        result = self.run_program(["./uses_dlls.exe", "uses_dlls_plugin.dll"])
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (42, b"first: imported by the program\nsecond: imported by the first\nplug-in: loaded by its name\n", b""))

    # --- streams ---------------------------------------------------------------------------------------------

    def test_output_and_error_stay_apart(self):
        result = self.run_program(["./mixed.exe", "100"])
        self.assertEqual(result.stdout, b"".join(b"out %d\n" % n for n in range(1, 101)))
        self.assertEqual(result.stderr, b"".join(b"err %d\n" % n for n in range(1, 101)))

    def test_clipboard(self):
        for text in ("text\n", "ü" * (1 << 19)):
            with self.subTest(size=len(text.encode())):
                copied = self.run_program(["./clip.exe"], input=text.encode())
                self.assertEqual((copied.returncode, copied.stderr), (0, b""))
                self.assertEqual(self.run_program(["./paste.exe"]).stdout, text.encode())

    # --- programs of the host by name ------------------------------------------------------------------------

    def test_a_program_of_the_host_by_name(self):
        result = self.run_program([bridges.MZINIT, "run", "--host", "cmd", "/c", "echo text&exit 7"])
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, b"text\r\n", b""))
        result = self.run_program([bridges.MZINIT, "run", "--host", "where.exe", "cmd.exe"])
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        result = self.run_program([bridges.MZINIT, "run", "--host", "no-such-program"])
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (127, b"", b"mzinit: no-such-program: the host has no program of this name\n"))

    def available(self, prefix):
        return self.run_program([bridges.MZINIT, "shims", "available", prefix]).stdout.decode().splitlines()

    def test_the_agent_offers_the_names_of_its_programs(self):
        # A busy machine may not list all of them in the time that there is.
        wait_until(lambda: "cmd.exe" in self.available("cm"), "cmd.exe is offered")
        for name in self.available("cm"):
            self.assertRegex(name, r"^cm.*\.(exe|com|bat|cmd)$")
        for name in ("kernel32", "system.ini"):
            self.assertEqual(self.available(name), [])

    def test_a_shim_is_a_command_like_any_other(self):
        added = self.run_program([bridges.MZINIT, "shims", "add", "--directory", self.directory, "--as", "host-cmd", "cmd.exe"])
        self.assertEqual(added.returncode, 0, added)
        environment = dict(self.environment, PATH=f"{self.directory}:{os.environ['PATH']}")
        for shell in ("bash", "sh"):
            script = "hash host-cmd; for n in 1 2; do echo line | host-cmd /c more | tr -d '\\r\\f'; done; host-cmd /c exit 5"
            result = self.run_program([shell, "-c", script], env=environment)
            self.assertEqual((result.returncode, result.stderr), (5, b""))
            self.assertEqual(result.stdout.split(), [b"line"] * 2)

    def test_large_input_through_cat(self):
        path = big_input(self.directory)
        with open(path, "rb") as file:
            expected = hashlib.file_digest(file, "sha256").hexdigest()
        for command in ("./cat.exe < {} | sha256sum", "cat {} | ./cat.exe | sha256sum"):
            result = self.bash(command.format(shlex.quote(path)))
            self.assertEqual((result.stdout.split()[0].decode(), result.stderr), (expected, b""), command)

    def test_expanding_filter_does_not_deadlock(self):
        result = self.bash(f"./expand.exe < {shlex.quote(big_input(self.directory))} | sha256sum")
        digest = hashlib.sha256()
        with open(big_input(self.directory), "rb") as file:
            while block := file.read(1 << 16):
                expanded = bytearray(4 * len(block))
                for place in range(4):
                    expanded[place::4] = block
                digest.update(expanded)
        self.assertEqual(result.stdout.split()[0].decode(), digest.hexdigest())

    def test_end_of_input_reaches_the_program(self):
        self.assertEqual(self.run_program(["./stdinlen.exe"]).stdout.strip(), b"0")
        self.assertEqual(self.run_program(["./stdinlen.exe"], input=b"x" * 100_000).stdout.strip(), b"100000")

    def test_closed_reader_ends_the_program(self):
        result = self.bash(f"./expand.exe < {shlex.quote(big_input(self.directory))} | head -c 10; echo ${{PIPESTATUS[0]}} >&2")
        self.assertEqual(len(result.stdout), 10)
        self.assertNotEqual(result.stderr.split()[-1], b"0")

    def test_closed_standard_descriptors(self):
        result = self.bash("./hello.exe <&- 2>&-")
        self.assertEqual((result.returncode, result.stdout), (0, b"Hello from Windows!\n"))
        self.assertEqual(self.bash("./cat.exe <&- | wc -c").stdout.strip(), b"0")

    def test_input_that_is_not_read_stays_for_the_next_command(self):
        path = os.path.join(self.directory, "lines")
        with open(path, "w") as file:
            file.write("".join(f"line {n}\n" for n in range(1000)))
        with open(path, "rb") as file:
            whole = file.read()
        for script in ("{ ./head1.exe; cat; } < " + shlex.quote(path), f"cat {shlex.quote(path)} | {{ ./head1.exe; cat; }}",
                       f"cat {shlex.quote(path)} | {{ ./head1.exe; ./head1.exe; cat; }}"):
            with self.subTest(script=script):
                self.assertEqual(self.bash(script).stdout, whole)
        result = self.bash(r"printf 'a\nb\nc\n' | { ./head1.exe; cat; }")
        self.assertEqual((result.stdout, result.stderr), (b"a\nb\nc\n", b""))

    def test_while_read_loop_runs_once_per_line(self):
        result = self.bash(r"""printf 'one\ntwo\nthree\n' | while read f; do ./hello.exe "$f"; done""")
        self.assertEqual([line for line in result.stdout.decode().splitlines() if line.startswith("argument")],
                         ["argument: one", "argument: two", "argument: three"])

    def test_descriptor_flags_are_left_alone(self):
        reader, writer = os.pipe()
        out_reader, out_writer = os.pipe()
        flags = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (reader, out_writer)]
        for kill in (False, True):
            beat = os.path.join(self.directory, f"flags{kill}")
            program = self.popen(["./sleep.exe", "60000" if kill else "1", self.host_path(beat)], stdin=reader, stdout=out_writer)
            self.assertEqual(os.read(out_reader, 100), b"ready\n")
            self.assertEqual([fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (reader, out_writer)], flags)
            if kill:
                bridges.kill_process(program)
            else:
                self.assertEqual(program.wait(bridges.HANG_GUARD), 0)
            self.assertEqual([fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (reader, out_writer)], flags)
        for fd in (reader, writer, out_reader, out_writer):
            os.close(fd)

    def test_unread_input_never_costs_the_exit_status(self):
        for _ in range(10):
            self.assertEqual(self.run_program(["./exit.exe", "42"], input=b"x" * 1_500_000).returncode, 42)

    def on_terminal(self, arguments, typed=b""):
        """What a program prints that has a terminal for all three streams, and its status."""
        controller, terminal = pty.openpty()
        program = self.popen(arguments, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        before = termios.tcgetattr(terminal)
        printed = b""
        try:
            os.write(controller, typed)
            if typed:
                wait_until(lambda: self.has_ended_after_enter(program, controller), "the program ends")
            wait_until(lambda: select.select([controller], [], [], 0)[0] or program.poll() is not None, "output or the end")
            status = program.wait(bridges.HANG_GUARD)
            self.assertEqual(termios.tcgetattr(terminal), before)
            os.close(terminal)
            while block := os.read(controller, 4096):
                printed += block
        except OSError as error:  # how Linux reports the end of a terminal's output
            self.assertEqual(error.errno, errno.EIO)
        finally:
            bridges.kill_process(program)
            os.close(controller)
        return printed, status

    @staticmethod
    def has_ended_after_enter(program, controller):
        """What is typed before Wine has made its terminal raw is no key for it, with a local Wine too: so again and again."""
        os.write(controller, b"\r")
        try:
            program.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        return True

    def test_terminal_is_read_and_written(self):
        printed, status = self.on_terminal(["./head1.exe"], typed=b"typed")
        # What is typed is shown, by whichever terminal has it by then, and what the program printed is too.
        self.assertEqual(status, 0, printed)
        self.assertGreaterEqual(printed.count(b"typed"), 2, printed)

    # --- the end ---------------------------------------------------------------------------------------------

    def exit_status(self, *arguments):
        result = self.run_program(list(arguments))
        self.assertEqual(result.stderr, b"")
        return result.returncode

    def test_exit_codes(self):
        for code, expected in (("0", 0), ("1", 1), ("42", 42), ("255", 255), ("256", 1), ("0x12345600", 1)):
            with self.subTest(code=code):
                self.assertEqual(self.exit_status("./exit.exe", code), expected)

    def sees_full_codes(self):
        return self.windows or not bridges.SANITIZED and os.path.exists(bridges.EXIT_OBJECT)

    def test_access_violation_is_a_segmentation_fault(self):
        if not self.sees_full_codes():
            self.skipTest("the exit object is not preloaded under sanitizers")
        self.assertEqual(self.exit_status("./exit.exe", "0xC0000005"), -signal.SIGSEGV)
        result = self.bash("./crash.exe; echo $?")
        self.assertEqual(result.stdout, b"139\n", result.stderr)

    def test_access_violation_as_first_process_of_a_namespace(self):
        if not self.sees_full_codes():
            self.skipTest("the exit object is not preloaded under sanitizers")
        result = self.run_program(["unshare", "-pf", "./crash.exe"])
        self.assertEqual(result.returncode, 139, result.stderr)

    def test_interrupted_program_is_no_success(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                program = self.popen(["./sleep.exe", "60000"], stdout=subprocess.PIPE)
                self.assertEqual(program.stdout.read(6), b"ready\n")
                program.send_signal(number)
                self.assertEqual(program.wait(bridges.HANG_GUARD), -number)
                program.stdout.close()

    def test_shortage_of_descriptors_is_said(self):
        configuration = os.path.join(self.directory, "host_only.conf")
        with open(configuration, "w") as file:
            given = self.environment.get("MZINIT_CONF")
            if given:
                with open(given) as keys:
                    file.write(keys.read())
            file.write("[route]\npe = host\n")
        result = self.bash("ulimit -n 8; echo abc | ./cat.exe", env=dict(self.environment, MZINIT_CONF=configuration))
        self.assertEqual((result.returncode, result.stderr.count(b"\n")), (125, 1), result.stderr)
        self.assertIn(b"mzinit: cat.exe: ", result.stderr)

    def test_gui_program(self):
        path = os.path.join(self.directory, "gui.txt")
        self.assertEqual(self.exit_status("./gui.exe", self.host_path(path), "7"), 7)
        with open(path) as file:
            self.assertIn("Hello from a Windows GUI program!", file.read())

    def host_path(self, path):
        return "Z:" + path.replace("/", "\\")

    def beats(self, directory, count=5):
        """The grandchildren's heartbeats, once all of them beat."""
        files = [os.path.join(directory, f"{n}.beat") for n in range(1, count + 1)]
        wait_until(lambda: all(os.path.exists(file) and os.path.getsize(file) for file in files), "the grandchildren start")

        def read():
            values = []
            for file in files:
                with open(file) as content:
                    values.append(content.read())
            return values

        return read

    def wait_until_still(self, beats, within):
        """Until no heart beats for half a second, which is ten beats, or `within` seconds have passed."""
        last = [beats(), 0]

        def still():
            now = beats()
            last[1] = last[1] + 1 if now == last[0] else 0
            last[0] = now
            return last[1] >= 50

        wait_until(still, "the grandchildren die", within)

    def test_killed_client_takes_the_whole_tree_along(self):
        directory = os.path.join(self.directory, "killed")
        os.makedirs(directory)
        program = self.popen(["./tree.exe", self.host_path(directory), "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        beats = self.beats(directory)
        bridges.kill_process(program)
        # 2 s to be gone, and what it takes to be sure of it.
        self.wait_until_still(beats, 4 if not bridges.SANITIZED else 10)
        self.assertEqual(self.run_program(["./hello.exe"]).stdout, b"Hello from Windows!\n")

    def test_normal_end_leaves_grandchildren_alive(self):
        directory = os.path.join(self.directory, "left")
        os.makedirs(directory)
        program = self.popen(["./tree.exe", self.host_path(directory), "8", "--exit"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        beats = self.beats(directory)
        self.assertEqual(program.wait(bridges.HANG_GUARD), 0)
        before = beats()
        wait_until(lambda: all(now != then for now, then in zip(beats(), before)), "the grandchildren go on")

    def test_stalled_client_delays_nobody(self):
        stalled = self.bash_stalled()
        results = [None] * STALLED_PEERS

        def launch(number):
            result = self.run_program(["./exit.exe", str(number)])
            results[number] = (result.returncode, result.stderr)

        # So many of Wine's programs at once as two cores can greet within a second; hostbridge.exe goes through Wine's one
        # server for everything, and sanitized programs start slowly. A hundred native ones at once: test_agent_protocol.py.
        at_once = 10 if self.windows or bridges.SANITIZED or bridges.EMULATED else 25
        try:
            for first in range(0, STALLED_PEERS, at_once):
                threads = [threading.Thread(target=launch, args=(n,)) for n in range(first, first + at_once)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        finally:
            bridges.kill_process(stalled)
        wrong = {number: result for number, result in enumerate(results) if result != (number, b"")}
        self.assertEqual(wrong, {}, bridges.excerpt(self.bridge.log()))

    def bash_stalled(self):
        """A client whose output nobody reads, with everything full on the way."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        with open(big_input(self.directory), "rb") as file:
            stalled = self.popen(["./expand.exe"], stdin=file, stdout=writer)
        os.close(writer)
        filled = array.array("i", [0])

        def is_full():
            fcntl.ioctl(reader, termios.FIONREAD, filled)
            return filled[0] >= 65536

        wait_until(is_full, "the stalled client's pipe fills")
        return stalled

    # --- reports ---------------------------------------------------------------------------------------------

    def test_how_a_command_of_the_guest_ended_is_logged(self):
        result = self.run_program([bridges.MZINIT, "report", "--machine", "guest", "--exit-code", "3", "--", "sh", b"b\n\"\xff"])
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
        self.assertRegex(self.bridge.log(),
                         r' report peer="[^"]+" machine="guest" command="sh b\\u000a\\"\\u00ff" result="exit 3"')

    # --- refusals --------------------------------------------------------------------------------------------

    def test_32_bit_program_without_32_bit_wine(self):
        program = os.path.join(bridges.SAMPLES32, "hello32.exe")
        if not os.path.exists(program):
            self.skipTest(f"{program} has not been built")
        result = self.run_program([program])
        if result.returncode == 0 and result.stdout == b"Hello from Windows!\n":
            return
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertIn("32-bit", result.stderr.decode())

    def test_files_that_are_no_programs(self):
        text = os.path.join(self.directory, "text.exe")
        with open(text, "w") as file:
            file.write("MZ is how this text begins\n")
        truncated = os.path.join(self.directory, "truncated.exe")
        with open(os.path.join(SAMPLES, "hello.exe"), "rb") as whole, open(truncated, "wb") as file:
            file.write(whole.read(200))
        for path in (text, truncated):
            os.chmod(path, 0o755)
            with self.subTest(path=path):
                result = self.run_program([path])
                self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (126, b"", 1), result.stderr)
                self.assertIn(f"mzinit: {os.path.basename(path)}: ", result.stderr.decode())

    def test_wine_is_not_in_its_own_way(self):
        # Randomly placed, its heap now and then lies where it needs to put something else.
        directory = os.path.join(self.directory, "addresses")
        os.makedirs(directory)
        program = self.popen(["./tree.exe", self.host_path(directory), "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.beats(directory)
        processes = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if self.runs_in(pid, "tree.exe", directory)]
        self.assertGreaterEqual(len(processes), 6)  # it, and its five children
        for pid in processes:
            with open(f"/proc/{pid}/personality") as file:
                self.assertTrue(int(file.read(), 16) & 0x40000, pid)
        bridges.kill_process(program)

    def runs_in(self, pid, program, directory):
        """Whether the process is that Windows program, started with that directory among its arguments."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().decode()
        except OSError:
            return False
        words = line.split("\0")
        return program in line and os.path.basename(directory) in line and "mzinit" not in words[0] and "init" != words[0]

    def test_agent_does_not_leak(self):
        self.run_program(["./hello.exe"])
        before = wait_until(lambda: self.bridge.descriptor_count(), "descriptors")
        for _ in range(20):
            self.run_program(["./hello.exe"])
        wait_until(lambda: self.bridge.descriptor_count() <= before, f"the agent is back at {before} descriptors")


class LinuxDescriptors(ProgramTests, unittest.TestCase):
    relayed = False

    @classmethod
    def start(cls):
        return bridges.start_linux_bridge(cls.directory, "unix")


class LinuxRelayed(ProgramTests, unittest.TestCase):
    @classmethod
    def start(cls):
        return bridges.start_linux_bridge(cls.directory, "unix")

    @classmethod
    def more_environment(cls):
        return {"MZINIT_RELAY": "1"}


class LinuxTcp(ProgramTests, unittest.TestCase):
    @classmethod
    def start(cls):
        return bridges.start_linux_bridge(cls.directory, "tcp", ["--map", "/=/"])


@bridges.needs_windows_agent
class WindowsTcp(ProgramTests, unittest.TestCase):
    windows = True

    @classmethod
    def start(cls):
        return bridges.start_windows_bridge(cls.directory)

    def test_a_program_that_is_registered_and_on_no_path_is_found_by_its_name(self):
        key = r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\registered.exe"
        program = "Z:" + os.path.join(SAMPLES, "exit.exe").replace("/", "\\")
        self.addCleanup(self.run_program, ["wine", "reg", "delete", key, "/f"])
        self.assertEqual(self.run_program(["wine", "reg", "add", key, "/ve", "/d", program, "/f"]).returncode, 0)
        for name in ("registered", "Registered.EXE"):
            result = self.run_program([bridges.MZINIT, "run", "--host", name, "7"])
            self.assertEqual((result.returncode, result.stderr), (7, b""))
        # In any case, as on Windows.
        wait_until(lambda: self.available("REGISTERED") == ["registered.exe"], "it is offered")


class FreshPrefix(unittest.TestCase):
    """Wine makes a prefix, and starts its server, when the first program asks for it."""

    def test_pipeline_ends(self):
        with bridges.TemporaryDirectory() as directory:
            environment = bridges.wine_environment(WINEPREFIX=os.path.join(directory, "prefix"),
                                                   WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=d")
            with bridges.start_linux_bridge(directory, "unix", environment=environment) as bridge:
                result = bridges.run(["bash", "-c", "./hello.exe 2>&1 | cat"], cwd=SAMPLES, stdout=subprocess.PIPE,
                                     env=dict(environment, **bridge.environment))
            self.assertEqual(result.stdout, b"Hello from Windows!\n")


class SecondAgent(unittest.TestCase):
    """Wine's server and services outlive an agent, its desktop does not."""

    def test_program_with_a_window_leaves_nobody_who_holds_its_streams(self):
        # Wine starts its desktop, explorer.exe, as a child of the first program that wants a window.
        with bridges.TemporaryDirectory() as directory, bridges.start_linux_bridge(directory, "unix") as bridge:
            self.assertEqual(self.run_program(bridge, "./hello.exe").returncode, 0)
        wait_until(lambda: not self.has_desktop(), "Wine ends the desktop that nobody uses")
        with bridges.TemporaryDirectory() as directory, bridges.start_linux_bridge(directory, "unix") as bridge:
            result = self.run_program(bridge, "./clip.exe")
            self.assertEqual((result.returncode, result.stdout), (0, b""))
            self.assertTrue(self.has_desktop())

    def run_program(self, bridge, program):
        return bridges.run([program], cwd=SAMPLES, input=b"text\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env=dict(bridges.wine_environment(), **bridge.environment))

    def has_desktop(self):
        return any(bridges.name_of_process(pid) == "explorer.exe" for pid in bridges.process_ids())


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
