# SPDX-License-Identifier: MIT
"""DOS programs, started by the kernel through the rules for MZ and for .com, in DOSBox without any agent and by a Linux agent.
The programs are in tests/support/dos, assembled here."""

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import bridges
from bridges import HANG_GUARD, MZINIT, wait_until
import limited_tests

SOURCES = os.path.join(bridges.SOURCE, "tests", "support", "dos")
# What reads its PSP where a COM program has it is assembled as one only.
BOTH = ("hello", "upper", "head1", "args", "streams", "where", "forever")
WITHOUT_WINE = [word for kind in ("pe64", "pe32", "win16", "dotnet", "batch") for word in ("--runner", kind + "=")]
COM_ONLY = ("write", "shell", "codes", "mount")


def assemble(directory):
    for name in BOTH + COM_ONLY:
        command = ["nasm", "-f", "bin", f"-I{SOURCES}/", f"{SOURCES}/{name}.asm", "-o"]
        subprocess.run(command + [f"{directory}/{name}.com"], check=True)
        if name in BOTH:
            subprocess.run(command + [f"{directory}/{name}.exe", "-DMZ"], check=True)
    for program in os.listdir(directory):
        os.chmod(os.path.join(directory, program), 0o755)


def descendants(pid):
    found = []
    for children in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(children) as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def processes_called(*names):
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and name_of(pid) in names]


class DosTest(unittest.TestCase):
    """A directory of programs, and what must hold after every test: no file and no process is left."""

    def setUp(self):
        self.directory = os.path.realpath(self.enterContext(bridges.TemporaryDirectory()))
        self.programs = os.path.join(self.directory, "programs")
        self.temporary = os.path.join(self.directory, "tmp")
        self.home = os.path.join(self.directory, "home")
        for path in (self.programs, self.temporary, self.home):
            os.mkdir(path)
        assemble(self.programs)
        self.environment = {name: value for name, value in os.environ.items() if name not in ("XDG_RUNTIME_DIR", "DISPLAY")}
        self.environment.update(TMPDIR=self.temporary, HOME=self.home, MZINIT_HOST=f"unix:{self.directory}/none",
                                MZINIT_CONF=os.path.join(self.directory, "mzinit.conf"))
        self.configure("")
        self.addCleanup(self.check_nothing_is_left)

    def configure(self, text):
        with open(self.environment["MZINIT_CONF"], "w") as file:
            file.write(text)

    def check_nothing_is_left(self):
        wait_until(lambda: not processes_called("dosbox", "mzinit-guard"), "the emulators are gone")
        self.assertEqual(os.listdir(self.home), [])
        self.assertEqual(os.listdir(self.temporary), [])

    def path(self, program):
        return os.path.join(self.programs, program)

    def run_program(self, program, *arguments, **options):
        options = {"cwd": self.programs, "env": self.environment, "capture_output": "stdout" not in options, **options}
        if "input" not in options and "stdin" not in options:
            options["stdin"] = subprocess.DEVNULL
        return bridges.run([self.path(program), *arguments], **options)

    def shell(self, script, **options):
        options = {"cwd": self.programs, "env": self.environment, "capture_output": True, **options}
        return bridges.run(["bash", "-c", script], **options)

    def start(self, program, *arguments, **options):
        options = {"cwd": self.programs, "env": self.environment, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([self.path(program), *arguments], **options)
        self.addCleanup(lambda: [stream.close() for stream in (process.stdin, process.stdout, process.stderr) if stream])
        self.addCleanup(bridges.kill_process, process)
        return process

    def start_forever(self, **options):
        process = self.start("forever.exe", **options)
        self.assertEqual(process.stdout.readline(), b"ready\r\n")
        return process

    def emulator_of(self, process):
        return wait_until(lambda: [pid for pid in descendants(process.pid) if name_of(pid) == "dosbox"], "DOSBox runs")[0]

    def fake_emulator(self, name, script):
        directory = os.path.join(self.directory, "bin")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)
        return f"{directory}:{os.environ['PATH']}"


class Streams(DosTest):
    def test_mz_program_prints_reads_and_returns_5(self):
        result = self.run_program("hello.exe", input=b"World\r\n")
        # DOS echoes what it reads.
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (5, b"Your name? World\r\r\nHello, World!\r\n", b""))

    def test_com_program_prints_reads_and_returns_5(self):
        result = self.shell(f"echo World | {MZINIT} run hello.com")
        self.assertEqual((result.returncode, result.stdout), (5, b"Your name? World\r\r\nHello, World!\r\n"))

    def test_filter_in_a_pipeline(self):
        with open(self.path("in"), "w") as file:
            file.write("pear\napple\nfig\n")
        result = self.shell("./upper.exe < in | sort")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"APPLE\nFIG\nPEAR\n", b""))

    def test_many_bytes_of_every_value_pass_unchanged(self):
        block = bytes(byte for byte in range(256) if not 97 <= byte <= 122)
        data = block * 4000
        self.assertEqual(self.run_program("upper.exe", input=data).stdout, data)

    def test_standard_error_is_apart(self):
        result = self.run_program("streams.exe")
        self.assertEqual((result.stdout, result.stderr), (b"out 1\r\nout 2\r\nout 3\r\n926", b"err 1\r\nerr 2\r\nerr 3\r\n"))

    def test_one_file_for_both_has_them_in_order_and_appended(self):
        result = self.shell("echo before > log; ./streams.exe >> log 2>&1; echo after >> log; cat log")
        self.assertEqual(result.stdout, b"before\n" + b"".join(b"out %d\r\nerr %d\r\n" % (n, n) for n in (1, 2, 3)) +
                         b"926after\n")

    def test_position_in_a_file_is_shared_with_who_comes_after(self):
        result = self.shell("{ echo first; ./streams.exe; echo last; } > log; cat log")
        self.assertEqual(result.stdout, b"first\nout 1\r\nout 2\r\nout 3\r\n926last\n")

    def test_input_is_taken_exactly_as_far_as_it_is_read(self):
        with open(self.path("in"), "w") as file:
            file.write("one\ntwo\nthree\n")
        for script in ("{ ./head1.exe; cat; } < in", "cat in | { ./head1.exe; cat; }"):
            with self.subTest(script):
                self.assertEqual(self.shell(script).stdout, b"one\ntwo\nthree\n")

    def test_input_of_a_loop_is_left_to_the_loop(self):
        with open(self.path("in"), "w") as file:
            file.write("a\nb\nc\n")
        result = self.shell('while read f; do ./args.exe "$f"; done < in')
        self.assertEqual(result.stdout, b"[ a]\r\n[ b]\r\n[ c]\r\n")

    def test_output_is_there_before_input_is_asked_for(self):
        process = self.start("hello.exe", stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.read(11), b"Your name? ")
        process.stdin.write(b"You\n")
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b"You\r\r\nHello, You!\r\n")
        self.assertEqual(process.wait(HANG_GUARD), 5)

    def test_line_comes_through_while_the_pipe_stays_open(self):
        process = self.start("upper.exe", stdin=subprocess.PIPE)
        for line in (b"first\n", b"second\n"):
            process.stdin.write(line)
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), line.upper())
        process.stdin.close()
        self.assertEqual(process.wait(HANG_GUARD), 0)

    def test_sockets_are_as_good_as_pipes(self):
        ours, theirs = socket.socketpair()
        with ours:
            process = self.start("upper.exe", stdin=theirs, stdout=theirs)
            theirs.close()
            ours.sendall(b"socket")
            ours.shutdown(socket.SHUT_WR)
            self.assertEqual(ours.makefile("rb").read(), b"SOCKET")
            self.assertEqual(process.wait(HANG_GUARD), 0)

    def test_descriptors_of_the_caller_stay_blocking(self):
        script = ("./upper.exe < in > out; python3 -c 'import fcntl, os; print([fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK"
                  " for fd in (0, 1, 2)])'")
        with open(self.path("in"), "w") as file:
            file.write("x")
        self.assertEqual(self.shell(script).stdout, b"[0, 0, 0]\n")

    def test_closed_descriptors_are_no_input_and_lost_output(self):
        self.assertEqual(self.shell("./upper.exe <&-; echo $?").stdout, b"0\n")
        self.assertEqual(self.shell("./streams.exe >&-; echo $?", stderr=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    capture_output=False).stdout, b"0\n")

    def test_end_of_input_is_control_z_for_those_who_read_characters(self):
        result = self.run_program("hello.exe")
        self.assertEqual((result.returncode, result.stdout), (5, b"Your name? \r\r\nHello, !\r\n"))

    def test_reader_that_leaves_ends_the_program_as_sigpipe_would(self):
        result = self.shell("./upper.exe < /dev/zero | head -c 5 | od -An -c; echo ${PIPESTATUS[0]}")
        self.assertEqual(result.stdout.split(), [b"\\0"] * 5 + [b"%d" % (128 + signal.SIGPIPE)])

    def test_full_disk_is_a_short_write(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_program("upper.exe", input=b"text", stdout=full, stderr=subprocess.PIPE).returncode, 1)

    def test_line_ends_can_be_converted(self):
        self.configure("[dos]\nline_ends = convert\n")
        result = self.run_program("hello.exe", input=b"World\n")
        self.assertEqual(result.stdout, b"Your name? World\r\nHello, World!\n")
        result = self.shell("./streams.exe 2>/dev/null; printf 'x\\ny\\n' | ./upper.exe")
        self.assertEqual(result.stdout, b"out 1\nout 2\nout 3\n926X\nY\n")


class Invocation(DosTest):
    def test_arguments_come_as_they_are(self):
        result = self.run_program("args.exe", "a b", "<x>|%PATH%&", "", "*?", "'q'")
        self.assertEqual(result.stdout, b"[ \"a b\" <x>|%PATH%& \"\" *? 'q']\r\n")
        self.assertEqual(result.returncode, len(result.stdout) - 4)

    def test_arguments_that_dos_cannot_take_are_refused_before_the_start(self):
        self.assertEqual(self.run_program("args.exe", "x" * 125).returncode, 126 & 0xFF)
        for arguments, reason in ((["x" * 126], b"argument list too long (DOS takes 126 bytes)"),
                                  (["a\rb"], b"pass an argument with a line end to a DOS program")):
            result = self.run_program("args.exe", *arguments)
            self.assertEqual((result.returncode, result.stdout), (126, b""))
            self.assertIn(reason, result.stderr)

    def test_every_exit_code_comes_back(self):
        for code in (0, 1, 77, 255):
            self.assertEqual(self.shell(f"{MZINIT} run codes.com {code}").returncode, code)

    def where(self, program, directory):
        result = self.run_program(program, cwd=os.path.join(self.programs, directory))
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode().split("\r\n")[:2]

    def test_directories_that_short_names_connect_are_one_drive(self):
        os.makedirs(self.path("sub/deep"))
        shutil.copy(self.path("where.exe"), self.path("sub/deep"))
        self.assertEqual(self.where("where.exe", ""), ["C:\\", "C:\\WHERE.EXE"])
        self.assertEqual(self.where("where.exe", "sub/deep"), ["C:\\SUB\\DEEP", "C:\\WHERE.EXE"])
        self.assertEqual(self.where("sub/deep/where.exe", ""), ["C:\\", "C:\\SUB\\DEEP\\WHERE.EXE"])

    def test_other_directories_are_two_drives(self):
        for name in ("a long name", "100% \"ü'$x"):
            os.mkdir(self.path(name))
            self.assertEqual(self.where("where.exe", name), ["D:\\", "C:\\WHERE.EXE"])
            shutil.copy(self.path("where.exe"), self.path(name))
            self.assertEqual(self.where(f"{name}/where.exe", ""), ["D:\\", "C:\\WHERE.EXE"])

    def test_program_of_any_name_is_found(self):
        # The wrong ones of those that DOS could mean would not print this.
        for name in ("a long program name.exe", "a long program name 2.exe", "Grüße.exe", "two.dots.exe", "noextension",
                     "UPPER.EXE"):
            shutil.copy(self.path("where.exe"), self.path(name))
            with self.subTest(name):
                self.assertEqual(self.where(name, "")[0], "C:\\")
        self.assertTrue(self.where("a long program name 2.exe", "")[1].startswith("C:\\ALONGP~"))

    def test_program_in_a_directory_that_cannot_be_listed_runs_by_a_name_of_ours(self):
        os.mkdir(self.path("closed"))
        os.rename(self.path("where.exe"), self.path("closed/a long name.exe"))
        os.chmod(self.path("closed"), 0o311)
        # Root could list it all the same.
        result = self.shell("setpriv --bounding-set=-dac_override,-dac_read_search './closed/a long name.exe'")
        self.assertEqual((result.returncode, result.stdout), (0, b"C:\\\r\nY:\\PROGRAM.EXE\r\n"))

    def test_nothing_outside_the_two_directories_is_reachable(self):
        outside = os.path.join(self.directory, "outside")
        os.mkdir(outside)
        self.assertEqual(self.shell(f"{MZINIT} run write.com inside.txt").returncode, 0)
        self.assertTrue(os.path.exists(self.path("INSIDE.TXT")) or os.path.exists(self.path("inside.txt")))
        for target in ("..\\outside\\x", "\\..\\..\\outside\\x", "C:\\..\\outside\\x", "C:..\\outside\\x", "E:\\x", "Z:\\x",
                       f"{outside}/x"):
            with self.subTest(target):
                self.assertNotEqual(self.shell(f"{MZINIT} run write.com '{target}'").returncode, 0)
        self.shell(f"{MZINIT} run write.com 'Y:\\X'")
        self.assertEqual(os.listdir(outside), [])

    def test_program_cannot_mount_more(self):
        result = self.shell(f"{MZINIT} run mount.com")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.count(b"not permitted in secure mode"), 2)

    def test_command_interpreter_of_dos_shares_the_streams(self):
        result = self.shell(f"{MZINIT} run shell.com 'args.com by the shell'")
        self.assertEqual(result.stdout, b"[ by the shell]\r\n")
        # What it writes itself makes no call of DOS; it has to be in order with what programs write.
        with open(self.path("x.bat"), "wb") as file:
            file.write(b"@echo off\r\necho one\r\nargs.com two\r\necho three\r\nstreams.com\r\necho.\r\necho four\r\n")
        result = self.shell(f"{MZINIT} run shell.com x.bat 2>&1")
        self.assertEqual(result.stdout.split(b"\r\n"),
                         [b"one", b"[ two]", b"three"] + [b"%s %d" % (name, n) for n in (1, 2, 3) for name in (b"out", b"err")] +
                         [b"926", b"four", b""])
        with open(self.path("big.txt"), "wb") as file:
            file.write(b"a line of text\r\n" * 20000)
        result = self.shell(f"{MZINIT} run shell.com 'type big.txt' | wc -c")
        self.assertEqual(result.stdout.strip(), b"320000")
        self.shell(f"{MZINIT} run shell.com 'echo to a file > f.txt'")
        with open(glob.glob(self.path("[fF].[tT][xX][tT]"))[0], "rb") as file:
            self.assertEqual(file.read(), b"to a file\r\n")

    def test_five_at_once(self):
        running = [self.start("upper.exe", stdin=subprocess.PIPE) for _ in range(5)]
        for number, process in enumerate(running):
            process.stdin.write(b"program %d" % number)
            process.stdin.close()
        for number, process in enumerate(running):
            self.assertEqual(process.stdout.read(), b"PROGRAM %d" % number)
            self.assertEqual(process.wait(HANG_GUARD), 0)


class Ends(DosTest):
    def test_signal_ends_program_and_us(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number):
                process = self.start_forever()
                process.send_signal(number)
                self.assertEqual(process.wait(HANG_GUARD), -number)
                self.check_nothing_is_left()

    def test_signal_to_the_whole_group_is_the_same(self):
        process = self.start_forever(start_new_session=True)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(HANG_GUARD), -signal.SIGINT)

    def test_signal_while_input_is_awaited(self):
        process = self.start("hello.exe", stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.read(11), b"Your name? ")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(HANG_GUARD), -signal.SIGTERM)

    def test_signal_while_nobody_takes_the_output(self):
        with open("/dev/zero", "rb") as zero:
            process = self.start("upper.exe", stdin=zero)
        self.emulator_of(process)
        self.assertEqual(process.stdout.read(1), b"\0")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(HANG_GUARD), -signal.SIGTERM)

    def test_ignored_signal_stays_ignored(self):
        process = self.start("hello.exe", stdin=subprocess.PIPE,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertEqual(process.stdout.read(11), b"Your name? ")
        process.send_signal(signal.SIGHUP)
        process.stdin.write(b"x\n")
        process.stdin.close()
        self.assertEqual(process.wait(HANG_GUARD), 5)

    def test_nothing_survives_a_kill_while_it_runs(self):
        process = self.start_forever()
        process.kill()
        process.wait()
        self.check_nothing_is_left()

    def test_nothing_survives_a_kill_while_it_starts(self):
        for _ in range(5):
            process = self.start("forever.exe")
            wait_until(lambda: os.listdir(self.temporary), "its temporary directory is there")
            process.kill()
            process.wait()
            wait_until(lambda: not os.listdir(self.temporary), "the temporary directory is gone")
            self.check_nothing_is_left()

    def test_killed_launch_leaves_the_directory_to_its_emulator(self):
        # DOSBox would make itself a configuration at home, if it does not find ours in the moment that it lives longer.
        pid_file = os.path.join(self.directory, "pid")
        path = self.fake_emulator("dosbox", f"sleep 1000 & echo $! >{pid_file}.new; mv {pid_file}.new {pid_file}; wait")
        process = self.start("hello.exe", env={**self.environment, "PATH": path})
        wait_until(lambda: os.path.exists(pid_file), "the emulator runs")
        [guard] = [pid for pid in descendants(process.pid) if name_of(pid) == "mzinit-guard"]
        process.kill()
        process.wait()
        with open(f"/proc/{guard}/stat") as file:  # it would have been woken by now
            self.assertEqual(file.read().rsplit(")", 1)[1].split()[0], "S")
        self.assertTrue(os.listdir(self.temporary))
        with open(pid_file) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        self.check_nothing_is_left()

    def test_signal_while_it_starts(self):
        process = self.start("forever.exe")
        self.emulator_of(process)
        process.terminate()
        self.assertEqual(process.wait(HANG_GUARD), -signal.SIGTERM)

    def test_emulator_that_is_killed_is_told(self):
        process = self.start_forever()
        os.kill(self.emulator_of(process), signal.SIGKILL)
        self.assertEqual(process.wait(HANG_GUARD), 125)
        self.assertEqual(process.stderr.read(), b"mzinit: forever.exe: DOSBox was killed by signal 9 before the program did\n")

    def test_stopped_group_goes_on(self):
        process = self.start_forever(start_new_session=True)
        emulator = self.emulator_of(process)

        def state(pid):
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(") ")[2][0]

        os.killpg(process.pid, signal.SIGSTOP)
        wait_until(lambda: state(process.pid) == "T" and state(emulator) == "T", "both are stopped")
        os.killpg(process.pid, signal.SIGCONT)
        wait_until(lambda: state(process.pid) != "T" and state(emulator) != "T", "both go on")
        process.terminate()
        self.assertEqual(process.wait(HANG_GUARD), -signal.SIGTERM)


class Failures(DosTest):
    def fails(self, code, reason, **environment):
        result = self.run_program("hello.exe", env={**self.environment, **environment})
        self.assertEqual((result.returncode, result.stdout), (code, b""))
        self.assertRegex(result.stderr.decode(), reason)
        self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_no_emulator(self):
        self.fails(126, "no DOS emulator is installed here: apt-get install dosbox", PATH="/nonexistent")

    def test_emulator_that_does_not_start_anything(self):
        path = self.fake_emulator("dosbox", "exit 3\n")
        self.fails(125, "bin/dosbox ended with 3 before it started anything", PATH=path)

    def test_temporary_directory_that_cannot_be_made(self):
        # /tmp is the last resort.
        script = ("mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp && "
                  f"TMPDIR=/nonexistent {MZINIT} run {self.programs}/hello.exe")
        result = subprocess.run(["unshare", "-m", "sh", "-c", script], env=self.environment, capture_output=True, cwd="/",
                                stdin=subprocess.DEVNULL, timeout=HANG_GUARD)
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertRegex(result.stderr.decode(), "make a temporary directory in /nonexistent, /tmp: Read-only file system")

    def test_disk_that_is_full(self):
        script = ("mount -t tmpfs -o size=4k,nr_inodes=3 none /mnt && "
                  f"TMPDIR=/mnt {MZINIT} run {self.programs}/hello.exe; echo $?; ls -A /mnt")
        result = subprocess.run(["unshare", "-m", "sh", "-c", script], env=self.environment, capture_output=True, cwd="/",
                                stdin=subprocess.DEVNULL, timeout=HANG_GUARD)
        self.assertEqual(result.stdout, b"125\n")
        self.assertRegex(result.stderr.decode(), "create /mnt/mzinit-dos.*: No space left on device")

    @unittest.skipIf(bridges.SANITIZED, "the sanitizers need /proc")
    def test_no_proc(self):
        script = f"mount -t tmpfs none /proc && {MZINIT} run {self.programs}/hello.exe"
        result = subprocess.run(["unshare", "-m", "sh", "-c", script], env=self.environment, capture_output=True, cwd="/",
                                stdin=subprocess.DEVNULL, timeout=HANG_GUARD)
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertIn(b"DOSBox needs /proc, which is not mounted", result.stderr)

    def test_window_without_a_display(self):
        result = self.shell(f"{MZINIT} run --interactive hello.exe")
        self.assertEqual(result.returncode, 126)
        self.assertIn(b"there is no display for its window", result.stderr)

    def test_program_that_does_not_fit(self):
        # An MZ header that wants more memory than DOS has.
        with open(self.path("hello.exe"), "r+b") as file:
            file.seek(10)
            file.write(b"\xff\xff\xff\xff")
        self.fails(126, "it needs more memory than DOS has")


class OtherEmulators(DosTest):
    """Stand-ins that write down how they were called: neither dosemu2 nor emu2 is part of Debian 12."""

    def run_by(self, name, cwd):
        path = self.fake_emulator(name, 'printf "%s\\n" "$@" >&2; env | grep ^EMU2_ | sort >&2; cat; exit 9\n')
        result = self.run_program("hello.exe", "a b", "c", cwd=cwd, input=b"input", env={**self.environment, "PATH": path})
        self.assertEqual((result.returncode, result.stdout), (9, b"input"))
        return result.stderr.decode().splitlines()

    def test_dosemu2_is_preferred(self):
        self.fake_emulator("emu2", "exit 1\n")
        self.assertEqual(self.run_by("dosemu2", self.programs),
                         ["-dumb", "-q", "-K", self.programs, "-E", 'hello.exe "a b" c'])

    def test_emu2_comes_next(self):
        self.assertEqual(self.run_by("emu2", self.home),
                         [self.path("hello.exe"), '"a b" c', "EMU2_CWD=D:\\", "EMU2_DEFAULT_DRIVE=D",
                          f"EMU2_DRIVE_C={self.programs}", f"EMU2_DRIVE_D={self.home}", "EMU2_PROGNAME=C:\\HELLO.EXE"])


class ComFiles(DosTest):
    """The rules for names that end in .com."""

    def setUp(self):
        super().setUp()
        subprocess.run([MZINIT, "register", "--com"], check=True)
        self.addCleanup(subprocess.run, [MZINIT, "register"], check=True)
        self.addCleanup(subprocess.run, [MZINIT, "unregister"], stderr=subprocess.DEVNULL)

    def test_status_tells(self):
        state = json.loads(subprocess.run([MZINIT, "status", "--json"], capture_output=True, check=True).stdout)
        self.assertTrue(state["com"])
        subprocess.run([MZINIT, "unregister"], check=True)
        state = json.loads(subprocess.run([MZINIT, "status", "--json"], capture_output=True).stdout)
        self.assertEqual((state["registered"], state["com"]), (False, False))

    def test_program_runs_in_both_cases(self):
        os.rename(self.path("args.com"), self.path("ARGS.COM"))
        for name in ("hello.com", "ARGS.COM"):
            self.assertIn(self.run_program(name).stdout, (b"Your name? \r\r\nHello, !\r\n", b"[]\r\n"))

    def test_content_beats_the_name(self):
        shutil.copy(shutil.which("echo"), self.path("elf.com"))
        self.assertEqual(self.run_program("elf.com", "a", "b c").stdout, b"a b c\n")
        with open(self.path("script.com"), "w") as file:
            file.write('#!/bin/sh\necho "$2"; exit 3\n')
        os.chmod(self.path("script.com"), 0o755)
        result = self.run_program("script.com", "a", "b c")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"b c\n", b""))
        os.rename(self.path("hello.exe"), self.path("mz.com"))
        self.assertEqual(self.run_program("mz.com", input=b"x\n").returncode, 5)

    def test_what_cannot_be_a_program_is_refused(self):
        for name, content, reason in (("empty.com", b"", b"it is empty"), ("large.com", bytes(65281), b"at most 65,280 bytes"),
                                      ("text.exe.com", b"MZ" + bytes(10), b"MZ")):
            with open(self.path(name), "wb") as file:
                file.write(content)
            os.chmod(self.path(name), 0o755)
            result = self.run_program(name)
            self.assertEqual(result.returncode, 126)
            self.assertIn(reason, result.stderr)

    def test_elf_for_another_machine_does_not_run_in_circles(self):
        with open(self.path("elf.com"), "wb") as file:
            file.write(b"\x7fELF" + bytes(100))
        os.chmod(self.path("elf.com"), 0o755)
        result = self.run_program("elf.com")
        self.assertEqual((result.returncode, result.stderr), (126, b"mzinit: elf.com: Exec format error\n"))


class ByAgent(DosTest):
    """A Linux agent with DOSBox on its PATH."""

    def setUp(self):
        super().setUp()
        self.configure("[route]\ndos = host\n")
        agent = os.path.join(self.directory, "agent")
        os.mkdir(agent)
        self.bridge = self.enterContext(bridges.start_linux_bridge(agent, "unix", WITHOUT_WINE, self.environment))
        self.environment = {**self.environment, "MZINIT_HOST": self.bridge.environment["MZINIT_HOST"]}

    def each_way(self):
        for relay in ("0", "1"):
            self.environment = {**self.environment, "MZINIT_RELAY": relay}
            with self.subTest(relay=relay):
                yield

    def test_program_runs(self):
        for _ in self.each_way():
            result = self.run_program("hello.exe", input=b"Agent\n")
            self.assertEqual((result.returncode, result.stdout), (5, b"Your name? Agent\r\r\nHello, Agent!\r\n"))
            self.assertEqual(self.shell(f"{MZINIT} run hello.com < /dev/null").returncode, 5)

    def test_input_is_taken_exactly(self):
        with open(self.path("in"), "w") as file:
            file.write("one\ntwo\nthree\n")
        for _ in self.each_way():
            self.assertEqual(self.shell("{ ./head1.exe; cat; } < in").stdout, b"one\ntwo\nthree\n")

    def test_killed_client_takes_everything_along(self):
        for _ in self.each_way():
            process = self.start_forever()
            process.kill()
            process.wait()
            self.check_nothing_is_left()

    def test_client_killed_while_it_starts_leaves_no_directory(self):
        # The agent kills all processes of the program, the one that guards its directory among them.
        for _ in self.each_way():
            for _ in range(5):
                process = self.start("forever.exe")
                wait_until(lambda: os.listdir(self.temporary), "its temporary directory is there")
                process.kill()
                process.wait()
                wait_until(lambda: not os.listdir(self.temporary), "the temporary directory is gone")

    def test_signal_is_passed_on(self):
        for _ in self.each_way():
            process = self.start_forever()
            process.terminate()
            self.assertEqual(process.wait(HANG_GUARD), -signal.SIGTERM)

    def test_runner_is_listed(self):
        result = subprocess.run([MZINIT, "identify", "--route", self.path("hello.exe")], env=self.environment,
                                capture_output=True)
        self.assertIn(b"run-dos -- %p", result.stdout)


if __name__ == "__main__":
    for needed in ("dosbox", "nasm"):
        if not shutil.which(needed):
            print(f"skipped: {needed} is not installed", flush=True)
            sys.exit(bridges.SKIP)
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
