# SPDX-License-Identifier: MIT
"""What runs programs where no agent does: Wine and mono in place, in the configured order, and never twice; and what is
refused, with the sentence that says why. Where Wine itself does not matter, a script stands in for it."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire
from bridges import SAMPLES

# Notes each run and becomes the command in its arguments; without one it ends with 7. The first program that mzinit starts in
# a prefix is cmd.exe, to get its services up.
WINE = """#!/bin/sh
[ "$1" = cmd.exe ] && exit 0
echo wine >> {runs}
shift
[ $# = 0 ] && exit 7
exec "$@"
"""
BY_WINE = 7

NOTHING_LISTENS = "unix:/nonexistent/mzinit.sock"


def write_script(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


class FallbackTest(unittest.TestCase):
    """A directory with a program, a configuration, and stand-ins for what is installed."""

    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.tools = self.path("bin")
        os.mkdir(self.tools)
        self.runs_file = self.path("runs")
        self.program = fake_programs.write_pe64(self.path("report.exe"))
        self.configuration = self.path("mzinit.conf")
        self.configure("")

    def path(self, name):
        return os.path.join(self.directory, name)

    def configure(self, text):
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(text)

    def install_stand_in_for_wine(self):
        write_script(os.path.join(self.tools, "wine"), WINE.format(runs=self.runs_file))
        write_script(os.path.join(self.tools, "wineserver"), "#!/bin/sh\nexit 0\n")

    def environment(self, endpoint=NOTHING_LISTENS, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MZINIT_", "WINE"))}
        own = {"MZINIT_HOST": endpoint, "MZINIT_CONF": self.configuration, "WINEPREFIX": self.path("prefix"),
               "PATH": self.tools + ":" + os.environ["PATH"], "DISPLAY": ""}
        return {**kept, **own, **more}

    def run_program(self, program, *arguments, data=b"", endpoint=NOTHING_LISTENS, **more):
        return bridges.run([program, *arguments], input=data, capture_output=True, cwd=self.directory,
                           env=self.environment(endpoint, **more))

    def runs(self):
        """Who ran the program since the last call, in order."""
        try:
            with open(self.runs_file, encoding="ascii") as file:
                runs = file.read().split()
            os.unlink(self.runs_file)
            return runs
        except FileNotFoundError:
            return []

    def note_run(self, who):
        with open(self.runs_file, "a", encoding="ascii") as file:
            file.write(who + "\n")

    def identify(self, *arguments):
        return self.run_program(bridges.MZINIT, "identify", *arguments)


# --- at most once -----------------------------------------------------------------------------------------------------


class AtMostOnce(FallbackTest):
    """An agent that fails at any point: either it had started nothing and Wine runs the program, or nobody else does."""

    def setUp(self):
        super().setUp()
        self.install_stand_in_for_wine()
        self.endpoint = f"unix:{self.directory}/agent"

    def agent(self, behaviour, **more):
        return peer.Agent(self.endpoint, behaviour, **more)

    def host_run(self, session):
        """Plays an agent whose programs end with 3."""
        session.begin()
        launch = session.read_launch()
        self.note_run("host")
        session.start(launch)
        session.finish(code=3)

    def assert_fell_back(self, result):
        self.assertEqual((result.returncode, result.stderr, self.runs()), (BY_WINE, b"", ["wine"]), result)

    def assert_failed(self, result, runs):
        self.assertEqual((result.returncode, self.runs()), (125, runs), result)
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)

    def test_an_agent_that_is_not_there_leads_to_wine(self):
        self.assert_fell_back(self.run_program(self.program))

    def test_an_agent_that_refuses_leads_to_wine(self):
        with self.agent(peer.refused(5)):
            self.assert_fell_back(self.run_program(self.program, endpoint=self.endpoint))

    def test_every_error_before_the_start_leads_to_wine(self):
        for code in range(14):
            with self.agent(peer.launch_error(code)), self.subTest(code=code):
                self.assert_fell_back(self.run_program(self.program, endpoint=self.endpoint))

    def test_no_error_after_the_start_does(self):
        for code in range(14):
            with self.agent(peer.launch_error(code, started=True)), self.subTest(code=code):
                self.assert_failed(self.run_program(self.program, endpoint=self.endpoint), [])

    def count_sent(self):
        """How many bytes an undisturbed agent sends, and how many of them come before it has the Launch."""
        counts = []

        def watch(session):
            session.begin()
            counts.append(session.connection.sent)
            launch = session.read_launch()
            self.note_run("host")
            session.start(launch)
            session.finish(code=3)
            counts.append(session.connection.sent)

        with self.agent(watch):
            result = self.run_program(self.program, endpoint=self.endpoint)
        self.assertEqual((result.returncode, self.runs()), (3, ["host"]), result)
        return counts

    def test_an_agent_cut_at_any_byte_that_it_sends(self):
        greeting, total = self.count_sent()
        for length in range(total):
            with self.agent(self.host_run, cut_after=length), self.subTest(length=length):
                result = self.run_program(self.program, endpoint=self.endpoint)
                if length < greeting:
                    self.assert_fell_back(result)
                elif length == greeting:
                    # Whether the Launch was written completely is a race between the two.
                    self.assertIn((result.returncode, self.runs()), [(BY_WINE, ["wine"]), (125, []), (125, ["host"])])
                else:
                    self.assert_failed(result, ["host"])

    def agent_cut_after_receiving(self, limit):
        """An agent on a bare socket that reads `limit` bytes, no more, and closes. It has run the program if they held all
        of the Launch. Returns how to wait for it, which gives the number of bytes it has got."""
        listener = wire.open_socket(self.endpoint, listening=True)
        got = []

        def serve():
            sock, _ = listener.accept()
            with sock:
                decoder = wire.FrameDecoder()
                sock.sendall(wire.control_frame("Greeting", **wire.make_greeting(authentication=1)))
                count = 0
                while count < limit:
                    data = sock.recv(min(limit - count, 1 << 16))
                    if not data:
                        break
                    count += len(data)
                    if any(frame.type == wire.CONTROL and frame.control().name == "Launch" for frame in decoder.feed(data)):
                        self.note_run("host")
                        break
                got.append(count)

        thread = threading.Thread(target=serve)
        thread.start()

        def wait():
            thread.join(bridges.HANG_GUARD)
            listener.close()
            os.unlink(self.endpoint.partition(":")[2])
            return got[0]

        return wait

    def cut_after_receiving(self, limit, *arguments):
        wait = self.agent_cut_after_receiving(limit)
        result = self.run_program(self.program, *arguments, endpoint=self.endpoint)
        return result, wait()

    def test_an_agent_cut_at_any_byte_that_it_receives(self):
        result, total = self.cut_after_receiving(1 << 30)
        self.assert_failed(result, ["host"])
        ends = {}
        for limit in range(total + 1):
            with self.subTest(limit=limit):
                result, _ = self.cut_after_receiving(limit)
                runs = self.runs()
                end = (result.returncode, tuple(runs))
                # A small Launch is in the kernel's hands as a whole before the agent can close.
                self.assertIn(end, [(BY_WINE, ("wine",)), (125, ()), (125, ("host",))], result)
                if limit < total:
                    self.assertNotIn("host", runs)
                ends[end] = ends.get(end, 0) + 1
        print(f"cut at each of {total + 1} bytes: {ends}", flush=True)

    def test_a_launch_that_is_only_half_written_leads_to_wine(self):
        # More than fits into the socket's buffers, so that the agent leaves while the client still writes.
        arguments = ["/bin/sh", "-c", "exit 9", *("x" * 100_000 for _ in range(12))]
        fell_back = 0
        for limit in (1, 100, 1000, 100_000, 600_000, 1 << 30):
            result, got = self.cut_after_receiving(limit, *arguments)
            runs = self.runs()
            if limit == 1 << 30:
                self.assertEqual((result.returncode, runs), (125, ["host"]), result.stderr)
            else:
                self.assertLess(got, 1_200_000)
                # Wine's own limit on command lines is what ends the second attempt: it was made, and nothing ran.
                self.assertEqual((result.returncode, runs), (126, []), result.stderr)
                self.assertIn(b"argument list too long", result.stderr)
                fell_back += 1
        self.assertEqual(fell_back, 5)


class InPlace(FallbackTest):
    """The fallback is not a relay: the process becomes it."""

    def setUp(self):
        super().setUp()
        self.install_stand_in_for_wine()
        self.endpoint = f"unix:{self.directory}/agent"

    def test_the_process_keeps_its_id(self):
        process = subprocess.Popen([self.program, "/bin/sh", "-c", "echo $$"], stdout=subprocess.PIPE,
                                   env=self.environment())
        self.assertEqual(process.communicate(timeout=bridges.HANG_GUARD)[0], f"{process.pid}\n".encode())

    def facts(self, command, endpoint):
        """Signals and descriptors that a program finds, started by a parent that ignores HUP and USR1."""
        def ignore_signals():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)

        script = "import os; print(sorted(os.listdir('/proc/self/fd')), *(line for line in open('/proc/self/status') if line.startswith('Sig')))"
        result = subprocess.run([*command, sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                env=self.environment(endpoint), preexec_fn=ignore_signals, timeout=bridges.HANG_GUARD, check=True)
        return result.stdout.decode()

    def test_signals_and_descriptors_are_the_callers(self):
        native = self.facts(["/usr/bin/env"], NOTHING_LISTENS)
        self.assertEqual(self.facts([self.program], NOTHING_LISTENS), native)
        with peer.Agent(self.endpoint, peer.launch_error(2)):
            self.assertEqual(self.facts([self.program], self.endpoint), native, "after an agent was asked")

    def test_the_environment_has_what_wine_needs_and_the_depth(self):
        result = self.run_program(self.program, "/usr/bin/env")
        lines = result.stdout.decode().splitlines()
        self.assertIn("WINEDEBUG=-all", lines)
        self.assertIn("WINEDLLOVERRIDES=winedbg.exe=d", lines)
        self.assertIn("MZINIT_DEPTH=1", lines)
        self.assertFalse([line for line in lines if line.startswith(("LD_PRELOAD=", "MZINIT_EXIT_REPORT="))])

    def test_what_the_user_has_set_for_wine_stays(self):
        result = self.run_program(self.program, "/usr/bin/env", WINEDEBUG="fixme-all", WINEDLLOVERRIDES="winedbg.exe=b")
        lines = result.stdout.decode().splitlines()
        self.assertIn("WINEDEBUG=fixme-all", lines)
        self.assertIn("WINEDLLOVERRIDES=winedbg.exe=b", lines)

    def test_a_prefix_that_is_not_the_users_is_refused_in_words(self):
        others = [path for path in ("/", "/var/cache/apt/archives/partial", "/var/cache/man")
                  if os.path.isdir(path) and os.stat(path).st_uid != os.geteuid()]
        if not others:
            self.skipTest("no directory of another user")
        result = self.run_program(self.program, WINEPREFIX=others[0])
        self.assertEqual((result.returncode, self.runs()), (126, []), result)
        self.assertIn(f"Wine's prefix {others[0]} belongs to another user".encode(), result.stderr)

    def test_a_prefix_that_has_no_place_is_refused_in_words(self):
        result = self.run_program(self.program, WINEPREFIX="", HOME="")
        self.assertEqual((result.returncode, self.runs()), (126, []), result)
        self.assertIn(b"neither WINEPREFIX nor HOME is set", result.stderr)

    def test_a_directory_that_wine_cannot_use_is_refused_in_words(self):
        for size in (256, 257, 3900):
            with self.subTest(size=size):
                place = os.path.realpath(self.directory)
                while len(place) < size - 101:
                    place += "/" + "x" * 99
                place += "/" + "y" * (size - len(place) - 1)
                os.makedirs(place)
                result = self.run_program("/bin/sh", "-c", f"cd {place} && exec {self.program}")
                if size == 256:
                    self.assertEqual((result.returncode, self.runs()), (BY_WINE, ["wine"]), result)
                else:
                    self.assertEqual((result.returncode, self.runs(), result.stderr.count(b"\n")), (126, [], 1), result)
                    self.assertIn(b"Wine cannot use the working directory's name", result.stderr)

    def test_a_directory_whose_name_wine_cannot_say_is_refused_in_words(self):
        for name in ("k?x", "a*", "b\\c", "d."):
            with self.subTest(name=name):
                os.mkdir(os.path.join(self.directory, name))
                result = self.run_program("/bin/sh", "-c", 'cd "$0" && exec "$1"', os.path.join(self.directory, name), self.program)
                self.assertEqual((result.returncode, self.runs(), result.stderr.count(b"\n")), (126, [], 1), result)
                self.assertIn(b"Wine cannot use the working directory's name", result.stderr)

    def test_a_program_that_wine_would_take_for_another_is_refused(self):
        os.mkdir(os.path.join(self.directory, "d"))
        for name in ("d\\x.exe", "x.exe.", "x.exe ", "x?.exe", "x\t.exe"):
            with self.subTest(name=name):
                path = shutil.copy(self.program, os.path.join(self.directory, name))
                result = self.run_program(path)
                self.assertEqual((result.returncode, self.runs(), result.stderr.count(b"\n")), (126, [], 1), result)
                self.assertIn(b"for Wine this is the path of another file", result.stderr)

    def test_a_loop_ends(self):
        result = self.run_program(self.program, *[self.program] * 20)
        self.assertEqual(result.returncode, 125, result)
        self.assertIn(b"again and again", result.stderr)


# --- the order of routes ----------------------------------------------------------------------------------------------


class Routes(FallbackTest):
    def setUp(self):
        super().setUp()
        self.install_stand_in_for_wine()
        self.endpoint = f"unix:{self.directory}/agent"

    def test_the_configured_order_is_followed(self):
        with peer.Agent(self.endpoint, peer.run_program(lambda program: 3)) as agent:
            self.assertEqual(self.run_program(self.program, endpoint=self.endpoint).returncode, 3)
            self.configure("[route]\npe = wine, host\n")
            self.assertEqual(self.run_program(self.program, endpoint=self.endpoint).returncode, BY_WINE)
            self.assertEqual(agent.connections, 1)

    def test_a_backend_that_cannot_run_a_kind_is_named_with_its_line(self):
        self.configure("[host]\n[route]\npe = mono\n")
        result = self.run_program(self.program)
        self.assertEqual(result.returncode, 125)
        self.assertEqual(result.stderr.decode(), f"mzinit: report.exe: {self.configuration}: line 3: mono cannot run programs of "
                         "this kind (possible for pe: host, host?, wine, or none)\n")

    def test_a_misspelt_section_is_noticed_and_the_program_runs(self):
        self.configure("[hosst]\nendpoints = unix:/x\n")
        result = self.run_program(self.program)
        self.assertEqual(result.returncode, BY_WINE)
        self.assertEqual(result.stderr.decode(), f"mzinit: report.exe: {self.configuration}: line 2: the section [hosst] is not known "
                         "and is ignored\n")

    def test_without_any_backend_the_message_names_all_of_them(self):
        self.configure("[route]\npe = host\n")
        result = self.run_program(self.program)
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"no agent answers (unix:/nonexistent/mzinit.sock: ", result.stderr)

    def test_a_dos_program_without_an_emulator_is_not_a_failure_of_the_bridge(self):
        program = self.path("hello.exe")
        with open(program, "wb") as file:  # mov ax, 4C05h; int 21h
            code = b"\xb8\x05\x4c\xcd\x21"
            file.write(struct.pack("<2s13H", b"MZ", 32 + len(code), 1, 0, 2, 0, 0xFFFF, 0, 0x100, 0, 0, 0, 0x1C, 0).ljust(32, b"\0"))
            file.write(code)
        os.chmod(program, 0o755)
        # The shell's own directory is not on the PATH, so there is nothing to run DOS programs with.
        result = self.run_program(program, PATH=self.tools)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (126, "mzinit: hello.exe: no agent answers; no DOS emulator is installed here: apt-get install dosbox\n"))

    def test_identify_says_what_would_happen(self):
        with peer.Agent(self.endpoint, peer.run_program(lambda program: 3),
                        info={"runners": [{"kind": "pe64", "command": "wine %p"}]}) as agent:
            result = self.run_program(bridges.MZINIT, "identify", "--route", self.program, self.program, endpoint=self.endpoint)
        self.assertEqual((result.returncode, result.stderr), (0, b""), result)
        lines = result.stdout.decode().splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[1], f'  host: runs it: {self.endpoint} answers (python peer, linux): it runs them by "wine %p"')
        self.assertEqual(lines[2], f"  wine: next, if nothing was started: {self.tools}/wine")
        self.assertEqual(agent.connections, 1, "asked once for all files")
        self.assertEqual((agent.errors, self.runs()), ([], []))

    def test_identify_says_why_not(self):
        result = self.run_program(bridges.MZINIT, "identify", "--route", "--json", self.program, PATH="/nonexistent")
        found = json.loads(result.stdout)
        self.assertEqual([(step["backend"], step["usable"]) for step in found["route"]], [("host", False), ("wine", False)])
        self.assertIn("no agent answers", found["route"][0]["reason"])
        self.assertIn("apt-get install wine", found["route"][1]["reason"])

    def test_identify_knows_an_agent_without_a_runner(self):
        with peer.Agent(self.endpoint, peer.run_program(lambda program: 3)):
            result = self.run_program(bridges.MZINIT, "identify", "--route", self.program, endpoint=self.endpoint)
        self.assertIn(b"host: no: ", result.stdout)
        self.assertIn(b"it has no runner for those", result.stdout)
        self.assertIn(b"wine: runs it: ", result.stdout)


# --- refusals ---------------------------------------------------------------------------------------------------------


def write_bytes(path, data):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o755)
    return path


def patched_pe(path, *patches):
    """write_pe64 with some of its fields (offset, format, value) changed."""
    fake_programs.write_pe64(path)
    with open(path, "r+b") as file:
        for offset, form, value in patches:
            file.seek(offset)
            file.write(struct.pack(form, value))
    return path


def linear(signature, system):
    data = bytearray(1024)
    data[0:2] = b"MZ"
    struct.pack_into("<H", data, 0x18, 0x40)
    struct.pack_into("<I", data, 0x3C, 0x80)
    data[0x80:0x82] = signature
    struct.pack_into("<H", data, 0x80 + 0x0A, system)
    return bytes(data)


MACHINE, CHARACTERISTICS, SUBSYSTEM = 64 + 4, 64 + 22, 64 + 24 + 68


class Refusals(FallbackTest):
    def setUp(self):
        super().setUp()
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(self.path("agent"))
        self.listener.listen()
        self.listener.setblocking(False)
        self.endpoint = f"unix:{self.directory}/agent"

    def samples(self):
        """What no backend runs: (file, a part of the sentence that says what it is)."""
        kernel = bytearray(4096)
        kernel[0:2] = b"MZ"
        kernel[0x1FE:0x200] = b"\x55\xaa"
        kernel[0x202:0x206] = b"HdrS"
        return [
            (write_bytes(self.path("ape.com"), b"MZqFpD='\n" + bytes(4096)), "actually portable executable (APE)"),
            (patched_pe(self.path("library.dll"), (CHARACTERISTICS, "<H", 0x2022)), "Windows DLL (PE32+, x86-64), not a program"),
            (patched_pe(self.path("bootx64.efi"), (SUBSYSTEM, "<H", 10)), "EFI program (PE32+, x86-64), which only firmware runs"),
            (write_bytes(self.path("vmlinuz"), bytes(kernel)), ", not a program"),
            (patched_pe(self.path("arm.exe"), (MACHINE, "<H", 0xAA64)), "(PE32+, ARM64), which is for another processor"),
            (write_bytes(self.path("os2.exe"), linear(b"LX", 1)), "OS/2"),
            (write_bytes(self.path("driver.vxd"), linear(b"LE", 4)), ", not a program"),
        ]

    def timed(self, *command):
        """Seconds of processor time, which other work on the machine does not lengthen, seconds, and the result."""
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=self.directory, env=self.environment(self.endpoint))
        with process.stdout, process.stderr:
            outputs = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        result = subprocess.CompletedProcess(command, process.returncode, *outputs)
        return usage.ru_utime + usage.ru_stime, time.monotonic() - start, result

    def test_each_says_what_it_is_at_once_and_asks_nobody(self):
        repeats = 20
        version = min(self.timed(bridges.MZINIT, "--version")[0] for _ in range(repeats))
        self.assertGreater(version, 0)
        for path, sentence in self.samples():
            with self.subTest(path=path):
                used, times = [], []
                for _ in range(repeats):
                    processor_time, duration, result = self.timed(path)
                    used.append(processor_time)
                    times.append(duration)
                    self.assertEqual((result.returncode, result.stdout), (126, b""), result)
                    self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
                    self.assertTrue(result.stderr.startswith(f"mzinit: {os.path.basename(path)}: ".encode()), result.stderr)
                    self.assertIn(sentence, result.stderr.decode())
                print(f"{result.stderr.decode().strip()}  [{min(times) * 1000:.1f} ms]", flush=True)
                self.assertLess(min(used), 5 * version)
        with self.assertRaises(BlockingIOError, msg="an agent was asked"):
            self.listener.accept()

    def test_identify_says_the_same(self):
        for path, sentence in self.samples():
            result = self.identify("--route", path)
            self.assertEqual(result.returncode, 0, result)
            self.assertIn(sentence, result.stdout.decode())

    def test_a_portable_executable_is_run_by_its_own_loader(self):
        program = self.samples()[0][0]
        write_script(os.path.join(self.tools, "ape"), "#!/bin/sh\necho \"$@\"\nexit 5\n")
        result = self.run_program(program, "a", "b c", endpoint=self.endpoint)
        self.assertEqual((result.returncode, result.stdout.decode()), (5, f"{program} a b c\n"), result)

    def test_a_program_for_another_processor_goes_to_a_host_that_is_said_to_have_it(self):
        program = patched_pe(self.path("arm.exe"), (MACHINE, "<H", 0xAA64))
        self.configure("[route]\nother_machine = host\n")
        endpoint = f"unix:{self.directory}/arm"
        with peer.Agent(endpoint, peer.run_program(lambda program: 3)):
            self.assertEqual(self.run_program(program, endpoint=endpoint).returncode, 3)


# --- the real ones ----------------------------------------------------------------------------------------------------

DOTNET_PROGRAM = """
using System;
class Program {
    static int Main(string[] arguments) {
        if (arguments.Length > 1 && arguments[0] == "start") {
            var child = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(arguments[1], "from its parent")
                { UseShellExecute = false });
            child.WaitForExit();
            return child.ExitCode + 10;
        }
        Console.Write(Console.In.ReadToEnd());
        foreach (var argument in arguments) Console.WriteLine("[" + argument + "]");
        return 3;
    }
}
"""


@unittest.skipUnless(shutil.which("mono") and shutil.which("mcs"), "mono-runtime and mono-mcs are not installed")
class Mono(FallbackTest):
    @classmethod
    def setUpClass(cls):
        cls.compiled = cls.enterClassContext(bridges.TemporaryDirectory())
        source = os.path.join(cls.compiled, "program.cs")
        with open(source, "w", encoding="ascii") as file:
            file.write(DOTNET_PROGRAM)
        for platform in ("anycpu", "x86", "x64"):
            path = os.path.join(cls.compiled, platform + ".exe")
            subprocess.run(["mcs", f"-platform:{platform}", f"-out:{path}", source], check=True)
            os.chmod(path, 0o755)

    def compiled_program(self, platform):
        return os.path.join(self.compiled, platform + ".exe")

    def run_program(self, program, *arguments, **more):
        more.setdefault("HOME", self.directory)
        return super().run_program(program, *arguments, **more)

    def test_a_program_of_any_width_prints_and_returns_its_code(self):
        for platform in ("anycpu", "x86", "x64"):
            with self.subTest(platform=platform):
                result = self.run_program(self.compiled_program(platform), "a", "", "b c", data=b"input\n")
                self.assertEqual((result.stdout, result.stderr, result.returncode), (b"input\n[a]\n[]\n[b c]\n", b"", 3))

    def test_a_child_that_is_a_program_for_windows_is_run_too(self):
        for platform in ("anycpu", "x64"):
            with self.subTest(platform=platform):
                result = self.run_program(self.compiled_program("anycpu"), "start", self.compiled_program(platform))
                self.assertEqual((result.stdout, result.returncode), (b"[from]\n[its]\n[parent]\n", 13), result)

    def test_the_route_decides_between_mono_and_wine(self):
        self.install_stand_in_for_wine()
        os.makedirs(self.path("prefix/drive_c/windows/mono"))
        program = self.compiled_program("x64")
        self.configure("[route]\ndotnet = wine, mono\n")
        self.assertEqual(self.run_program(program).returncode, BY_WINE)
        self.configure("[route]\ndotnet = mono, wine\n")
        self.assertEqual(self.run_program(program).returncode, 3)

    def test_wine_without_anything_for_dotnet_is_said_to_have_nothing(self):
        self.install_stand_in_for_wine()
        self.configure("[route]\ndotnet = wine\n")
        result = self.run_program(self.compiled_program("x64"))
        self.assertEqual((result.returncode, self.runs()), (126, []), result)
        self.assertIn(b"Wine Mono is not installed", result.stderr)

    def test_the_agent_has_mono_as_its_runner(self):
        with bridges.start_linux_bridge(self.directory, "unix", environment=dict(bridges.wine_environment(), HOME=self.directory)) as bridge:
            endpoint = bridge.endpoints[0]
            self.configure("[route]\ndotnet = host\n")
            for platform in ("anycpu", "x64"):
                result = self.run_program(self.compiled_program(platform), "a", endpoint=endpoint)
                self.assertEqual((result.stdout, result.returncode), (b"[a]\n", 3), result)
            with peer.Client(endpoint) as client:
                runners = {runner["kind"]: runner["command"] for runner in client.begin().info().runners}
        self.assertEqual(runners.get("dotnet"), "mono %p")
        self.assertEqual("pe32" in runners, "win16" in runners, "both need a 32-bit Wine")


@unittest.skipUnless(shutil.which("wine"), "wine is not installed")
class Wine(FallbackTest):
    """Wine itself, on Windows programs, with a prefix that is there."""

    def environment(self, endpoint=NOTHING_LISTENS, **more):
        return super().environment(endpoint, **{"WINEPREFIX": bridges.WINE_PREFIX, **more})

    def run_sample(self, name, *arguments, **more):
        return self.run_program(os.path.join(SAMPLES, name), *arguments, **more)

    def test_a_program_runs_where_no_agent_is(self):
        result = self.run_sample("hello.exe", "a", "b")
        self.assertEqual((result.returncode, result.stderr), (0, b""), result)
        self.assertEqual(result.stdout.split()[-4:], [b"argument:", b"a", b"argument:", b"b"])

    def test_exit_codes_and_input_are_the_programs(self):
        self.assertEqual(self.run_sample("exit.exe", "42").returncode, 42)
        self.assertEqual(self.run_sample("exit.exe", "256").returncode, 1)
        self.assertEqual(self.run_sample("cat.exe", data=b"b\na\n").stdout, b"b\na\n")

    def test_a_pipeline_ends_with_its_programs(self):
        result = self.run_program("/bin/sh", "-c", f"printf 'b\\na\\n' | {SAMPLES}/cat.exe | sort")
        self.assertEqual((result.stdout, result.returncode), (b"a\nb\n", 0), result)

    def test_input_is_taken_exactly_as_far_as_it_was_read(self):
        source = self.path("input")
        with open(source, "wb") as file:
            file.write(b"one\ntwo\nthree\n")
        result = self.run_program("/bin/sh", "-c", f"{{ {SAMPLES}/head1.exe; cat; }} < {source}")
        self.assertEqual(result.stdout.replace(b"\r", b""), b"one\ntwo\nthree\n", result)

    def test_an_agent_that_started_nothing_leads_to_wine_and_one_that_vanishes_does_not(self):
        endpoint = f"unix:{self.directory}/agent"
        with peer.Agent(endpoint, peer.launch_error(11)):
            self.assertEqual(self.run_sample("exit.exe", "42", endpoint=endpoint).returncode, 42)

        def vanish(session):
            session.begin()
            session.read_launch()

        with peer.Agent(endpoint, vanish):
            self.assertEqual(self.run_sample("exit.exe", "42", endpoint=endpoint).returncode, 125)

    @unittest.skipUnless(os.path.exists(bridges.EXIT_OBJECT), "libmzexit.so has not been built")
    def test_crashes_and_large_codes_come_out_as_an_agents_would(self):
        self.configure(f"[wine]\nexit_object = {bridges.EXIT_OBJECT}\n")
        self.assertEqual(self.run_sample("crash.exe").returncode, -signal.SIGSEGV)
        self.assertEqual(self.run_sample("exit.exe", str(0xC0000409)).returncode, -signal.SIGABRT)
        self.assertEqual(self.run_sample("exit.exe", str(0x12345600)).returncode, 1)
        self.assertEqual(self.run_sample("exit.exe", "42").returncode, 42)
        result = self.run_sample("exit.exe", str(0xC0000135))
        self.assertEqual((result.returncode, result.stderr), (127, b"mzinit: exit.exe: a DLL that it needs is missing\n"))
        variables = self.run_sample("env.exe").stdout.decode(errors="replace")
        self.assertNotIn("MZINIT_EXIT_REPORT", variables)
        self.assertNotIn("LD_PRELOAD", variables)

    def test_without_the_exit_object_a_crash_is_the_low_byte(self):
        self.configure("[wine]\nexit_object =\n")
        self.assertEqual(self.run_sample("exit.exe", str(0xC0000005)).returncode, 5)

    def test_a_32_bit_program_without_a_32_bit_wine_is_refused(self):
        program = os.path.join(bridges.SAMPLES32, "exit32.exe")
        if not os.path.exists(program) or os.path.exists("/usr/lib/wine/wine"):
            self.skipTest("no 32-bit sample, or a 32-bit Wine")
        result = self.run_program(program)
        self.assertEqual((result.returncode, result.stdout), (126, b""), result)
        self.assertIn(b"dpkg --add-architecture i386", result.stderr)


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
