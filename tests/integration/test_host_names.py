# SPDX-License-Identifier: MIT
"""Programs that have no file in the guest: looked up by the agent, run by `mzinit run --host NAME` and by shims."""

import os
import shutil
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
import peer_connection as wire

DASH = shutil.which("dash")
NOT_FOUND, ARGUMENT_REFUSED = 1, 7


def run(*command, environment, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment, timeout=bridges.HANG_GUARD, check=False, **more)


def outcome(result):
    return result.returncode, result.stdout, result.stderr


class WithAgent(unittest.TestCase):
    """A Linux agent whose PATH has directories of ours; what it starts is the command in the arguments."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.first, cls.second, cls.elsewhere = (os.path.join(cls.directory, name) for name in ("first", "second", "elsewhere"))
        for directory in (cls.first, cls.second, cls.elsewhere):
            os.mkdir(directory)
        fake_programs.write_pe64(os.path.join(cls.first, "tool.exe"))
        fake_programs.write_pe64(os.path.join(cls.second, "tool.exe"), size=2048)
        fake_programs.write_pe64(os.path.join(cls.second, "Other.exe"))
        fake_programs.write_pe64(os.path.join(cls.elsewhere, "hidden.exe"))
        fake_programs.write_pe64(os.path.join(cls.second, "console.exe"))
        os.symlink("Other.exe", os.path.join(cls.second, "link.exe"))
        os.mkdir(os.path.join(cls.first, "directory.exe"))
        os.mkfifo(os.path.join(cls.first, "fifo.exe"))
        with open(os.path.join(cls.first, "script.exe"), "w", encoding="ascii") as script:
            script.write("#!/bin/sh\nexit 99\n")
        os.chmod(script.name, 0o755)
        path = f"{cls.first}:{cls.second}:.::relative:{os.environ['PATH']}"
        # No prefix of Wine's, whose programs would be found as well.
        environment = dict(os.environ, PATH=path, WINEPREFIX=os.path.join(cls.directory, "no-prefix"))
        cls.bridge = cls.enterClassContext(bridges.start_native_bridge(cls.directory, environment=environment))
        cls.environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        cls.environment.update(cls.bridge.environment)

    def tearDown(self):
        self.bridge.assert_alive()


class LookedUp(WithAgent):
    def launch(self, name, *command, **more):
        key_id, key = bridges.read_key(self.directory)
        client = peer.Client(self.bridge.endpoints[0], key=key, key_id=key_id).begin()
        self.addCleanup(client.close)
        argv = [name.encode(), *map(os.fsencode, command)]
        return client, client.launch("", argv, host_name=name, program_size=0, program_head_sha256=b"", **more)

    def assert_runs(self, name, path):
        client, answer = self.launch(name, "sh", "-c", "exit 7")
        self.assertEqual(answer.name, "LaunchReply", answer)
        self.assertEqual(client.communicate().code, 7)
        self.assertIn(f'program="{path}"', self.bridge.log())

    def assert_refused(self, name, code):
        _, answer = self.launch(name, "sh", "-c", "exit 7")
        self.assertEqual((answer.name, answer.code, answer.started), ("LaunchError", code, False), name)

    def test_with_and_without_the_extension(self):
        for name in ("tool", "tool.exe"):
            self.assert_runs(name, os.path.join(self.first, "tool.exe"))
        self.assert_runs("Other", os.path.join(self.second, "Other.exe"))

    def test_a_link_is_followed(self):
        self.assert_runs("link", os.path.join(self.second, "link.exe"))

    def test_no_other_files_are_meant(self):
        for name in ("sh", "directory", "script", "fifo", "nothing", "hidden"):
            self.assert_refused(name, NOT_FOUND)

    def test_it_can_be_started_detached(self):
        started = os.path.join(self.directory, "started")
        result = run(bridges.MZINIT, "run", "--host", "--detach", "tool", "touch", started, environment=self.environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^\d+\n$")
        bridges.wait_until(lambda: os.path.exists(started), "it runs")

    def test_the_working_directory_does_not_count(self):
        _, answer = self.launch("hidden", "true", working_directory=os.fsencode(self.elsewhere))
        self.assertEqual((answer.name, answer.code), ("LaunchError", NOT_FOUND))

    def test_paths_are_no_names(self):
        for name in ("../first/tool", os.path.join(self.first, "tool.exe"), "a\\tool", "C:tool", "tool.exe.", "tool ", "nul", "a*"):
            self.assert_refused(name, ARGUMENT_REFUSED)

    def test_the_agent_says_that_it_can(self):
        client = peer.Client(self.bridge.endpoints[0]).begin()
        self.addCleanup(client.close)
        self.assertTrue(client.agent_greeting.capabilities & wire.HOST_NAMES)


class Available(WithAgent):
    """What the agent offers is what it finds."""

    def names(self, **question):
        client = peer.Client(self.bridge.endpoints[0]).begin()
        self.addCleanup(client.close)
        return client.info(**question).fields.get("names", [])

    def available(self, *words):
        return run(bridges.MZINIT, "shims", "available", *words, environment=self.environment)

    def test_names_are_those_of_programs_that_would_be_found(self):
        names = self.names(names=True)
        self.assertEqual(names, sorted(set(names)))
        # The machine's own PATH follows ours, and may have more.
        ours = {name for directory in (self.first, self.second, self.elsewhere) for name in os.listdir(directory)}
        self.assertEqual(ours & set(names), {"tool.exe", "Other.exe", "link.exe", "console.exe"})

    def test_only_names_that_begin_so(self):
        self.assertEqual(self.names(names=True, prefix="tool"), ["tool.exe"])
        for prefix in ("TOOL", "../", "x" * 5000):
            self.assertEqual(self.names(names=True, prefix=prefix), [])

    def test_who_does_not_ask_gets_none(self):
        self.assertEqual(self.names(), [])
        self.assertEqual(self.names(prefix="tool"), [])

    def test_command(self):
        self.assertEqual(outcome(self.available("too")), (0, "tool.exe\n", ""))
        self.assertEqual(outcome(self.available("--", "Oth")), (0, "Other.exe\n", ""))
        # By itself that is the name of a device.
        self.assertEqual(outcome(self.available("con")), (0, "console.exe\n", ""))
        self.assertIn("tool.exe\n", self.available().stdout)
        self.assertEqual(self.available().stdout, self.available("").stdout)
        for prefix in ("no such", "a/b", b"\xff"):
            self.assertEqual(outcome(self.available(prefix)), (0, "", ""))
        self.assertEqual(self.available("a", "b").returncode, 2)

    def test_it_asks_whom_a_launch_would_ask(self):
        environment = dict(self.environment, MZINIT_HOST=f"unix:{self.directory}/nobody")
        result = run(bridges.MZINIT, "shims", "available", environment=environment)
        self.assertEqual((result.returncode, result.stdout, result.stderr.count("\n")), (1, "", 1), result)
        environment["MZINIT_CONF"] = os.path.join(self.directory, "disabled.conf")
        with open(environment["MZINIT_CONF"], "w", encoding="ascii") as file:
            file.write("[interop]\nenabled = false\n")
        result = run(bridges.MZINIT, "shims", "available", environment=environment)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result)
        self.assertIn("enabled = false", result.stderr)


class RunByName(unittest.TestCase):
    """mzinit with the independent peer at the other end."""

    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.endpoint = f"unix:{self.directory}/agent"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MZINIT_")}
        self.environment["MZINIT_HOST"] = self.endpoint

    def agent(self, behaviour, capabilities=wire.HOST_NAMES | wire.PASS_DESCRIPTORS):
        agent = peer.Agent(self.endpoint, behaviour, capabilities=capabilities)
        self.addCleanup(agent.close)
        return agent

    def run_by_name(self, *words):
        return run(bridges.MZINIT, "run", "--host", *words, environment=self.environment)

    def test_the_name_crosses_and_no_file(self):
        agent = self.agent(peer.run_program(lambda program: 42))
        self.assertEqual(outcome(self.run_by_name("--", "tool", "a", "b c")), (42, "", ""))
        self.assertEqual(agent.errors, [])
        launch = agent.launches[0]
        self.assertEqual((launch.host_name, launch.program, launch.host_program, launch.program_size), ("tool", b"", "", 0))
        self.assertEqual(launch.argv, [b"tool", b"a", b"b c"])
        self.assertEqual(launch.working_directory, os.fsencode(os.getcwd()))

    def test_what_the_host_does_not_have_is_not_found(self):
        self.agent(peer.launch_error(NOT_FOUND, text="the host has no program of this name"))
        self.assertEqual(outcome(self.run_by_name("tool")), (127, "", "mzinit: tool: the host has no program of this name\n"))

    def test_an_agent_that_cannot_is_not_asked(self):
        agent = self.agent(peer.run_program(lambda program: 0), capabilities=wire.PASS_DESCRIPTORS)
        self.assertEqual(outcome(self.run_by_name("tool")), (126, "", "mzinit: tool: the agent looks up no programs by name\n"))
        self.assertEqual(agent.launches, [])

    def test_what_an_agent_says_of_its_programs_is_not_trusted(self):
        agent = self.agent(peer.run_program(lambda program: 0))
        agent.info["names"] = ["tool.exe", "TOOL.com", "a\nb", "too\x1b[2J", "../tool", "toolbox.exe", "other.exe"]
        result = run(bridges.MZINIT, "shims", "available", "tool", environment=self.environment)
        self.assertEqual(outcome(result), (0, "tool.exe\nTOOL.com\ntoolbox.exe\n", ""))

    def test_an_agent_that_offers_no_names_is_no_failure(self):
        self.agent(peer.run_program(lambda program: 0))
        result = run(bridges.MZINIT, "shims", "available", environment=self.environment)
        self.assertEqual(outcome(result), (0, "", ""))

    def test_nothing_here_runs_it_instead(self):
        result = self.run_by_name("cmd.exe", "/c", "exit 0")
        self.assertEqual((result.returncode, result.stdout), (125, ""))
        self.assertEqual(result.stderr.count("\n"), 1)

    def test_interop_that_is_switched_off_runs_none(self):
        agent = self.agent(peer.run_program(lambda program: 0))
        self.environment["MZINIT_CONF"] = os.path.join(self.directory, "mzinit.conf")
        with open(self.environment["MZINIT_CONF"], "w", encoding="ascii") as file:
            file.write("[interop]\nenabled = false\n")
        result = self.run_by_name("tool")
        self.assertEqual((result.returncode, result.stdout, result.stderr.count("\n")), (126, "", 1), result)
        self.assertEqual(agent.launches, [])

    def test_usage(self):
        for words in ((), ("--unknown", "tool"), ("--pty=auto", "--unknown", "tool"), ("--pty=maybe", "tool")):
            result = self.run_by_name(*words)
            self.assertEqual((result.returncode, result.stdout), (2, ""), words)


class Shims(WithAgent):
    def setUp(self):
        self.shims = self.enterContext(bridges.TemporaryDirectory())
        self.commands = dict(self.environment, PATH=f"{self.shims}:{os.environ['PATH']}")

    def mzinit(self, *words, **more):
        return run(bridges.MZINIT, "shims", *words, environment=dict(self.commands, **more))

    def add(self, *words):
        result = self.mzinit("add", "--directory", self.shims, *words)
        self.assertEqual(outcome(result), (0, "", ""))

    def test_it_is_a_command_in_every_shell(self):
        self.add("tool")
        for shell in filter(None, ("bash", DASH, shutil.which("zsh"))):
            result = run(shell, "-c", "tool sh -c 'echo \"$0\" \"$1\"' 'a  b' c; tool sh -c 'exit 7'", environment=self.commands)
            self.assertEqual(outcome(result), (7, "a  b c\n", ""), shell)
        result = run("bash", "-c", "echo text | tool cat | tool cat", environment=self.commands)
        self.assertEqual(outcome(result), (0, "text\n", ""))

    def test_another_name_and_a_link(self):
        self.add("--as", "it", "tool.exe")
        os.symlink("it", os.path.join(self.shims, "link"))
        for name in ("it", "link"):
            self.assertEqual(outcome(run(os.path.join(self.shims, name), "sh", "-c", "exit 7", environment=self.commands)), (7, "", ""))

    def test_what_the_host_lacks_is_not_found(self):
        self.add("nothing")
        result = run("bash", "-c", "nothing", environment=self.commands)
        self.assertEqual(outcome(result), (127, "", "mzinit: nothing: the host has no program of this name\n"))

    def test_list_and_remove(self):
        self.add("tool", "Other.exe")
        with open(os.path.join(self.shims, "mine"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n")
        os.mkfifo(os.path.join(self.shims, "fifo"))
        listed = f"Other.exe\tOther.exe\t{self.shims}/Other.exe\ntool\ttool\t{self.shims}/tool\n"
        self.assertEqual(outcome(self.mzinit("list")), (0, listed, ""))
        self.assertEqual(outcome(self.mzinit("list", "--directory", self.shims)), (0, listed, ""))
        self.assertEqual(outcome(self.mzinit("remove", "--directory", self.shims, "tool")), (0, "", ""))
        self.assertFalse(os.path.exists(os.path.join(self.shims, "tool")))
        result = self.mzinit("remove", "--directory", self.shims, "mine", "tool", "../x")
        self.assertEqual((result.returncode, result.stderr.splitlines()), (2, [
            f"mzinit: shims: {self.shims}/mine is no shim", f"mzinit: shims: there is no {self.shims}/tool",
            "mzinit: shims: ../x is not the name of a shim"]))
        self.assertTrue(os.path.exists(os.path.join(self.shims, "mine")))

    def test_no_file_is_overwritten_but_shims(self):
        path = os.path.join(self.shims, "tool")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        result = self.mzinit("add", "--directory", self.shims, "tool")
        self.assertEqual(outcome(result), (1, "", f"mzinit: shims: {path} exists, and is no shim\n"))
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        os.unlink(path)
        self.add("--as", "tool", "Other")
        self.add("tool")
        self.assertEqual(self.mzinit("list").stdout, f"tool\ttool\t{path}\n")
        self.assertEqual(os.listdir(self.shims), ["tool"])

    def test_what_a_shell_will_do_is_said(self):
        result = self.mzinit("add", "--directory", self.shims, "cat", PATH=os.environ["PATH"])
        self.assertEqual(outcome(result), (0, "", f"mzinit: shims: {self.shims} is not on PATH\n"))
        where = shutil.which("cat", path="/usr/bin:/bin")
        directory = os.path.dirname(where)
        result = self.mzinit("add", "--directory", self.shims, "cat", PATH=f"{self.shims}:{directory}")
        self.assertEqual(outcome(result), (0, "", f"mzinit: shims: cat now hides {where}\n"))
        result = self.mzinit("add", "--directory", self.shims, "cat", PATH=f"{directory}:{self.shims}")
        self.assertEqual(outcome(result), (0, "", f"mzinit: shims: {where} comes before it on PATH\n"))

    def test_a_user_has_them_at_home(self):
        if os.geteuid() == 0:
            self.skipTest("for root they are everybody's, in /usr/local/bin")
        result = self.mzinit("add", "tool", HOME=self.shims)
        self.assertEqual(result.returncode, 0, result)
        self.assertTrue(os.path.exists(os.path.join(self.shims, ".local", "bin", "tool")))

    def test_usage(self):
        for words in ((), ("add",), ("add", "--as", "a", "b", "c"), ("add", "--directory", self.shims, "a/b"), ("unknown",)):
            self.assertEqual(self.mzinit(*words).returncode, 2, words)
        for words in ((), (os.path.join(self.first, "script.exe"),), (os.path.join(self.first, "fifo.exe"),), ("/nowhere",)):
            result = run(bridges.MZINIT, "shim", *words, environment=self.commands)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (126 if words else 2, 1), words)


if __name__ == "__main__":
    for needed in (bridges.MZINIT, bridges.HOSTBRIDGE):
        if not os.path.exists(needed):
            print(f"skipped: {needed} has not been built")
            sys.exit(bridges.SKIP)
    limited_tests.main()
