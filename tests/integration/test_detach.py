# SPDX-License-Identifier: MIT
"""`mzinit run --detach`: the program is started, its process id written, and then it is nobody's: not mzinit's, which has ended, not the
terminal's, not the agent's. Against the independent peer, both real agents, and what runs programs on this machine."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_messages as messages
from bridges import SAMPLES, wait_until
from fake_programs import is_alive
from terminal_shell import Shell

NOTHING_LISTENS = "unix:/nonexistent/mzinit.sock"


def run_detached(program, *arguments, environment, **more):
    return bridges.run([bridges.MZINIT, "run", "--detach", program, *arguments], env=environment, capture_output=True, **more)


def read(path):
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return file.read()
    return ""


class DetachTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.program = fake_programs.write_pe64(self.path("x.exe"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MZINIT_", "WINE")) and name != "WSLENV"}
        self.environment = dict(kept, MZINIT_CONF=self.path("mzinit.conf"), DISPLAY="")
        self.configure("[route]\npe = host\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def configure(self, text):
        with open(self.path("mzinit.conf"), "w", encoding="ascii") as file:
            file.write(text)

    def only_by_the_host(self):
        """To the configuration that names the key of an agent."""
        with open(self.environment["MZINIT_CONF"], "a", encoding="ascii") as file:
            file.write("[route]\npe = host\n")

    def id_in(self, result):
        """The process id that mzinit has written, and nothing else."""
        self.assertEqual((result.returncode, result.stderr), (0, b""), result)
        self.assertRegex(result.stdout, rb"\A[1-9][0-9]*\n\Z")
        return int(result.stdout)

    def kill_later(self, pid):
        def kill():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        self.addCleanup(kill)


class Client(DetachTest):
    """With the independent peer as the agent, which checks that such a Launch brings no streams."""

    def setUp(self):
        super().setUp()
        self.endpoint = f"unix:{self.directory}/agent"
        self.environment["MZINIT_HOST"] = self.endpoint

    def agent(self, behaviour):
        agent = peer.Agent(self.endpoint, behaviour)
        agent.detached_id = 1 << 40
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def test_the_hosts_process_id_is_written(self):
        agent = self.agent(peer.run_program(lambda program: 0))
        self.assertEqual(self.id_in(run_detached(self.program, "a b", environment=self.environment, input=b"not for it")), 1 << 40)
        wait_until(lambda: agent.launches, "the agent is done")
        launch = agent.launches[0]
        self.assertTrue(launch.detach)
        self.assertEqual(launch.argv[1:], [b"a b"])
        self.assertEqual(set(launch.descriptors), {messages.PROGRAM, messages.WORKING_DIRECTORY})

    def test_a_terminal_stays_the_shells(self):
        agent = self.agent(peer.run_program(lambda program: 0, terminal=messages.TERMINAL_POSIX))
        shell = Shell(dict(self.environment, MZ=bridges.MZINIT))
        self.addCleanup(shell.close)
        self.assertEqual(shell.run(f"$MZ run --detach --pty=always {self.program}"), (f"{1 << 40}\n", 0))
        wait_until(lambda: agent.launches, "the agent is done")
        self.assertEqual(agent.launches[0].terminal_streams, 0)

    def test_an_agent_that_does_not_know_it_is_told_from_one_that_does(self):
        ended = []

        def start_as_ever(session):
            session.begin()
            launch = session.read_launch()
            launch.fields.pop("detach")
            session.start(launch)
            ended.append(not session.connection.wait_until(lambda: False))

        self.agent(start_as_ever)
        result = run_detached(self.program, environment=self.environment)
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertEqual(result.stderr, b"mzinit: x.exe: the agent is too old to start programs detached\n")
        wait_until(lambda: ended == [True], "the connection ends, and the program with it")

    def test_what_is_not_started_has_the_exit_code_of_any_launch(self):
        self.agent(peer.launch_error(9, text="not you"))
        result = run_detached(self.program, environment=self.environment)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (126, b"", b"mzinit: x.exe: not you\n"))

    def test_a_signal_while_the_agent_starts_it_ends_mzinit(self):
        asked = []

        def never_answer(session):
            session.begin()
            asked.append(session.read_launch())
            session.connection.wait_until(lambda: False)

        self.agent(never_answer)
        with subprocess.Popen([bridges.MZINIT, "run", "--detach", self.program], env=self.environment) as process:
            wait_until(lambda: asked, "the agent was asked")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(bridges.HANG_GUARD), -signal.SIGINT)

    def test_a_process_id_that_cannot_be_written_is_a_failure(self):
        self.agent(peer.run_program(lambda program: 0))
        with open("/dev/full", "wb") as full:
            process = subprocess.run([bridges.MZINIT, "run", "--detach", self.program], env=self.environment, stdout=full,
                                     stderr=subprocess.PIPE, check=False, timeout=bridges.HANG_GUARD)
        self.assertEqual((process.returncode, process.stderr),
                         (1, b"mzinit: x.exe: write its process id: No space left on device\n"))


class LinuxAgent(DetachTest):
    """Native programs behind a fake runner."""

    def start_agent(self, *arguments):
        bridge = self.enterContext(bridges.start_native_bridge(self.directory, *arguments))
        self.environment.update(bridge.environment)
        self.only_by_the_host()
        return bridge

    def test_the_program_outlives_client_and_agent_over_each_transport(self):
        bridge = self.start_agent()
        script = "readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; cut -d' ' -f1,6 /proc/$$/stat; ls /proc/$$/fd | wc -l"
        processes = []
        for number, endpoint in enumerate(bridge.endpoints):
            shown = self.path(f"shown{number}")
            command = ("sh", "-c", f"({script}) > {shown}; echo done >> {shown}; exec sleep 1000")
            result = run_detached(self.program, *command, environment=dict(self.environment, MZINIT_HOST=endpoint), input=b"not for it")
            pid = self.id_in(result)
            self.kill_later(pid)
            wait_until(lambda: read(shown).endswith("done\n"), "the program has looked at itself")
            self.assertEqual(read(shown).splitlines()[:4], ["/dev/null"] * 3 + [f"{pid} {pid}"])
            processes.append(pid)
        wait_until(lambda: bridge.log().count('result="detached"') == len(bridge.endpoints), "the log has them")
        bridge.process.kill()
        bridge.process.wait()
        for pid in processes:
            self.assertTrue(is_alive(pid))

    def test_nothing_is_left_in_the_agent(self):
        bridge = self.start_agent("--max-sessions", "2")
        self.id_in(run_detached(self.program, "true", environment=self.environment))

        def traces():
            with open(f"/proc/{bridge.process.pid}/task/{bridge.process.pid}/children", encoding="ascii") as children:
                return bridge.descriptor_count(), children.read()

        before = []
        wait_until(lambda: before.append(traces()) or len(before) > 1 and before[-1] == before[-2], "the agent is idle")
        for _ in range(20):
            pid = self.id_in(run_detached(self.program, "sleep", "1000", environment=self.environment))
            self.kill_later(pid)
            self.assertTrue(is_alive(pid))
        wait_until(lambda: traces() == before[-1], "the agent is as before")

    def test_the_policy_decides(self):
        with open(self.path("policy"), "w", encoding="ascii") as file:
            file.write("deny\n")
        self.start_agent("--policy", self.path("policy"))
        result = run_detached(self.program, "touch", self.path("ran"), environment=self.environment)
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertIn(b"policy", result.stderr)
        self.assertFalse(os.path.exists(self.path("ran")))


@unittest.skipUnless(os.path.exists(bridges.WINDOWS_AGENT) and os.path.exists(os.path.join(SAMPLES, "sleep.exe")),
                     "hostbridge.exe or the samples have not been built")
class WindowsAgent(DetachTest):
    def setUp(self):
        super().setUp()
        self.bridge = self.enterContext(bridges.start_windows_bridge(self.directory))
        self.environment.update(self.bridge.environment)
        self.only_by_the_host()

    @staticmethod
    def host_path(path):
        return "Z:" + path.replace("/", "\\")

    def kill_windows_program(self, mark):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
                if mark.encode() in file.read():
                    os.kill(int(name), signal.SIGKILL)

    def test_programs_of_both_subsystems_outlive_client_and_agent(self):
        counter, shown = self.path("counter"), self.path("shown")
        self.addCleanup(self.kill_windows_program, "counter")
        self.addCleanup(self.kill_windows_program, "shown")
        self.id_in(run_detached(os.path.join(SAMPLES, "sleep.exe"), "100000000", self.host_path(counter), environment=self.environment))
        self.id_in(run_detached(os.path.join(SAMPLES, "gui.exe"), self.host_path(shown), "0", "3000", environment=self.environment))
        wait_until(lambda: read(counter) and read(shown), "both run")
        wait_until(lambda: self.bridge.log().count('result="detached"') == 2, "the log has them")
        self.bridge.process.kill()
        self.bridge.process.wait()
        before = read(counter)
        wait_until(lambda: read(counter) not in ("", before), "the console program goes on")
        wait_until(lambda: read(shown).endswith("Goodbye.\n"), "the GUI program ends by itself")

    def test_the_streams_are_the_null_device(self):
        shown = self.path("shown")
        with open(self.path("show.bat"), "w", encoding="ascii") as file:
            # It reads to the end of its input, and fails if it can write nothing.
            file.write(f"@{self.host_path(SAMPLES)}\\cat.exe\r\n@echo %errorlevel%> {self.host_path(shown)}\r\n")
        key_id, key = bridges.read_key(self.directory)
        with peer.Client(self.bridge.endpoints[0], key=key, key_id=key_id).begin() as client:
            answer = client.launch(self.path("show.bat"), detach=True)
            self.assertTrue(answer.name == "LaunchReply" and answer.detached and answer.process_id, answer)
            self.assertEqual(client.communicate().code, 0)
        wait_until(lambda: read(shown).strip(), "the program ends")
        self.assertEqual(read(shown).strip(), "0")


class ThisMachine(DetachTest):
    """Without an agent, with a script in place of Wine."""

    def setUp(self):
        super().setUp()
        self.tools = self.path("bin")
        os.mkdir(self.tools)
        self.environment.update(MZINIT_HOST=NOTHING_LISTENS, WINEPREFIX=self.path("prefix"), PATH=f"{self.tools}:{os.environ['PATH']}")
        self.configure("[route]\npe = host? wine\n")

    def install_stand_in_for_wine(self):
        for name, script in (("wine", '#!/bin/sh\n[ "$1" = cmd.exe ] && exit 0\nshift\nexec "$@"\n'), ("wineserver", "#!/bin/sh\n")):
            with open(os.path.join(self.tools, name), "w", encoding="ascii") as file:
                file.write(script)
            os.chmod(os.path.join(self.tools, name), 0o755)

    def test_a_program_of_wine_leads_a_session_of_its_own_on_the_null_device(self):
        self.install_stand_in_for_wine()
        shown = self.path("shown")
        script = f"(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; cut -d' ' -f1,6 /proc/$$/stat; echo done) > {shown}; exec sleep 1000"
        shell = Shell(dict(self.environment, MZ=bridges.MZINIT))
        self.addCleanup(shell.close)
        output, status = shell.run(f"$MZ run --detach {self.program} sh -c {shlex.quote(script)}")
        self.assertEqual(status, 0, output)
        self.kill_later(int(output))
        wait_until(lambda: read(shown).endswith("done\n"), "the program has looked at itself")
        self.assertEqual(read(shown).splitlines()[:4], ["/dev/null"] * 3 + [f"{int(output)} {int(output)}"])
        shell.close()
        self.assertTrue(is_alive(int(output)))

    def test_what_is_not_installed_is_said(self):
        self.environment["PATH"] = self.tools
        result = run_detached(self.program, environment=self.environment)
        self.assertEqual((result.returncode, result.stdout), (126, b""))
        self.assertRegex(result.stderr, rb"\Amzinit: x\.exe: no agent answers; .*Wine.*\n\Z")

    def test_what_fails_in_the_child_is_said(self):
        self.install_stand_in_for_wine()
        with open(os.path.join(self.tools, "wine"), "w", encoding="ascii") as file:
            file.write("#!/nonexistent/interpreter\n")
        result = run_detached(self.program, environment=self.environment)
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertRegex(result.stderr, rb"\Amzinit: x\.exe: no agent answers; .*wine.*No such file or directory\n\Z")


if __name__ == "__main__":
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
