# SPDX-License-Identifier: MIT
"""mzinit under the kernel of Debian 12, which has one rule table for the whole machine: in an emulated guest that has no
agent but its own (over vsock) and this machine's (over tcp). The class InGuest is run there, by AroundGuest."""

import os
import shutil
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests

SCRIPT = os.path.join(bridges.SOURCE, "tests", "support", "guest", "run_in_guest.sh")
MACHINE_TABLE = "/proc/sys/fs/binfmt_misc"
# Stands for Wine: tells what it was given, copies its input, and ends as its first argument says.
RUNNER = """#!/bin/sh
printf '%s\\n' "$(cat /proc/sys/kernel/random/boot_id)" "$@"
cat
echo "to stderr" >&2
exit "$2"
"""
VSOCK_PORT = 5150


def machine_rules():
    """The names and texts of the rules in the table that this process sees; None if there is none."""
    if not os.path.exists(os.path.join(MACHINE_TABLE, "register")):
        return None
    rules = {}
    for name in os.listdir(MACHINE_TABLE):
        if name != "register":
            with open(os.path.join(MACHINE_TABLE, name)) as rule:
                rules[name] = rule.read()
    return rules


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def run_in_guest(*command, options=(), **more):
    return subprocess.run([SCRIPT, "--timeout", "300", *options, "--", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, text=True, **more)


def write_program(directory):
    """A program and what the agent is to run it with."""
    fake_programs.write_pe64(os.path.join(directory, "program.exe"))
    runner = os.path.join(directory, "runner")
    with open(runner, "w") as file:
        file.write(RUNNER)
    os.chmod(runner, 0o755)


def start_agent(directory, name, arguments):
    ready = os.path.join(directory, name + ".ready")
    command = [bridges.HOSTBRIDGE, "--ready-file", ready, *bridges.WITHOUT_WINE, "--runner", f"pe64={directory}/runner", *arguments]
    return bridges.Bridge(command, dict(os.environ), ready, os.path.join(directory, name + ".log"))


class AroundGuest(unittest.TestCase):
    """What run_in_guest.sh promises, and the tests inside."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.rules = machine_rules()

    def tearDown(self):
        self.assertEqual(machine_rules(), self.rules, "the machine's own rules have changed")

    def test_programs_run_in_the_guest(self):
        write_program(self.directory)
        key = bridges.make_key(self.directory)
        arguments = ["--listen", "tcp:127.0.0.1:0", "--key-file", key, "--map", "/=/"]
        with start_agent(self.directory, "outside", arguments) as outside:
            port = outside.endpoints[0].rpartition(":")[2]
            environment = dict(os.environ, GUEST_TEST_DIRECTORY=self.directory, GUEST_TEST_OUTSIDE=f"tcp:10.0.2.2:{port}",
                               GUEST_TEST_OUTSIDE_BOOT=boot_id())
            names = [name for name in environment if name.startswith(("GUEST_TEST_", "MZINIT_", "HOSTBRIDGE_", "PYTHON"))]
            options = [word for name in names for word in ("--env", name)]
            inside = run_in_guest(sys.executable, os.path.abspath(__file__), "-v", "InGuest", options=options,
                                  env=environment)
            sys.stderr.write(inside.stdout + inside.stderr)
            self.assertEqual(inside.returncode, 0, bridges.excerpt(outside.log()))

    def test_status_streams_and_arguments_are_those_of_the_command(self):
        odd = os.path.join(self.directory, "a 'b\" c")
        os.mkdir(odd)
        environment = dict(os.environ, GUEST_TEST_ODD="two\nlines '\"$HOME\\")
        environment.pop("GUEST_TEST_UNSET", None)
        script = 'pwd; printf "%s|" "$@" "$GUEST_TEST_ODD" "${GUEST_TEST_UNSET-unset}"; cat; echo e >/dev/stderr; exit 42'
        result = run_in_guest("sh", "-c", script, "sh", "", "a b", "ü'", "$HOME", "\\", "x\ny", cwd=odd, env=environment,
                              options=["--env", "GUEST_TEST_ODD", "--env", "GUEST_TEST_UNSET"])
        self.assertEqual(result.returncode, 42, result.stderr)
        self.assertEqual(result.stdout, f"{odd}\n|a b|ü'|$HOME|\\|x\ny|two\nlines '\"$HOME\\|unset|")
        self.assertEqual(result.stderr, "e\n")

    def test_changes_stay_in_the_guest_but_for_the_writable_directory(self):
        kept, lost = (os.path.join(self.directory, name) for name in ("kept", "lost"))
        for directory in (kept, lost):
            os.mkdir(directory)
        script = 'echo changed >"$0/file" && echo changed >"$1/file" && echo >/etc/guest-was-here && cat "$0/file" "$1/file"'
        result = run_in_guest("sh", "-c", script, kept, lost, options=["--writable", kept])
        self.assertEqual((result.returncode, result.stdout), (0, "changed\nchanged\n"), result.stderr)
        with open(os.path.join(kept, "file")) as file:
            self.assertEqual(file.read(), "changed\n")
        self.assertEqual(os.listdir(lost), [])
        self.assertFalse(os.path.exists("/etc/guest-was-here"))

    def test_a_background_process_of_the_command_does_not_keep_the_guest(self):
        result = run_in_guest("sh", "-c", "sleep 1000 & echo started; exit 7")
        self.assertEqual((result.returncode, result.stdout), (7, "started\n"), result.stderr)

    def test_a_panic_is_reported_and_not_waited_for(self):
        result = run_in_guest("sh", "-c", "echo before; echo c >/proc/sysrq-trigger; sleep 1000")
        self.assertEqual((result.returncode, result.stdout), (125, "before\n"))
        self.assertIn("the guest ended before its command did", result.stderr)
        self.assertIn("Kernel panic", result.stderr)

    def test_the_timeout_ends_the_guest(self):
        result = run_in_guest("sleep", "1000", options=["--timeout", "2"])
        self.assertEqual(result.returncode, 124, result.stderr)
        self.assertIn("ended after 2 seconds", result.stderr)

    def test_a_terminated_script_leaves_nothing_behind(self):
        temporary = os.path.join(self.directory, "temporary")
        os.mkdir(temporary)
        # Every process of the script holds the pipe: its end is the end of all.
        script = subprocess.Popen([SCRIPT, "--", "sh", "-c", "echo running; sleep 1000"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, TMPDIR=temporary))
        self.addCleanup(script.stdout.close)
        self.assertEqual(script.stdout.readline(), b"running\n")
        script.terminate()
        self.assertEqual(script.wait(bridges.HANG_GUARD), 143)
        script.stdout.read()
        self.assertEqual(os.listdir(temporary), [])


class InGuest(unittest.TestCase):
    """Runs in the guest, as root, on a table that is empty at first."""

    @classmethod
    def setUpClass(cls):
        cls.directory = os.environ["GUEST_TEST_DIRECTORY"]
        cls.program = os.path.join(cls.directory, "program.exe")
        if machine_rules() != {"status": "enabled\n"}:
            raise AssertionError(f"the guest's table is not its own: {machine_rules()}")
        shutil.copy(bridges.MZINIT, "/init")
        # MZINIT_CONF names the key for tcp; there is no /etc/mzinit.conf here, nor is it made.
        conf = os.path.join(cls.directory, "mzinit.conf")
        with open(conf, "w") as file:
            file.write(f"[host]\nkey = {cls.directory}/key\n[route]\npe = host\n")
        cls.environment = dict(os.environ, MZINIT_CONF=conf)
        cls.agent = cls.enterClassContext(start_agent(cls.directory, "vsock", [
            "--listen", f"vsock:{VSOCK_PORT}", "--allow-cid", "1", "--vsock-any-port", "--map", "/=/"]))

    def setUp(self):
        self.mzinit("register")
        self.addCleanup(self.mzinit, "unregister")

    def mzinit(self, *arguments):
        result = subprocess.run(["/init", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=bridges.HANG_GUARD)
        self.assertEqual(result.returncode, 0, result.stdout)

    def run_program(self, *arguments, endpoint=f"vsock:1:{VSOCK_PORT}", program=None, text="", **options):
        environment = dict(self.environment, MZINIT_HOST=endpoint, **options.pop("more", {}))
        return subprocess.run([program or self.program, *arguments], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment, timeout=bridges.HANG_GUARD, **options)

    def check_exit_codes(self, where, boot):
        for code in (0, 1, 42, 255):
            result = self.run_program(str(code), "two words", "", endpoint=where, text="in\nput")
            self.assertEqual((result.returncode, result.stderr), (code, "to stderr\n"))
            self.assertEqual(result.stdout, f"{boot}\n{self.program}\n{code}\ntwo words\n\nin\nput")

    def test_the_rule_is_the_one_that_was_asked_for(self):
        with open(os.path.join(MACHINE_TABLE, "mzinit")) as rule:
            self.assertEqual(rule.read(), "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n")

    def test_a_program_runs_by_an_agent_on_vsock(self):
        self.check_exit_codes(f"vsock:1:{VSOCK_PORT}", boot_id())

    def test_a_program_runs_by_an_agent_outside_of_the_guest(self):
        outside_boot = os.environ["GUEST_TEST_OUTSIDE_BOOT"]
        self.assertNotEqual(outside_boot, boot_id())
        self.check_exit_codes(os.environ["GUEST_TEST_OUTSIDE"], outside_boot)

    def test_the_gateway_is_the_machine_outside(self):
        port = os.environ["GUEST_TEST_OUTSIDE"].rpartition(":")[2]
        result = self.run_program("3", endpoint=f"tcp:gateway:{port}")
        self.assertEqual((result.returncode, result.stderr), (3, "to stderr\n"))

    def test_a_large_input_crosses_vsock_unchanged(self):
        text = "".join(f"{number}\n" for number in range(200000))
        result = self.run_program("0", text=text)
        self.assertEqual((result.returncode, result.stderr), (0, "to stderr\n"))
        self.assertEqual(result.stdout, f"{boot_id()}\n{self.program}\n0\n{text}")

    def test_a_context_id_that_is_not_listed_is_refused(self):
        port = VSOCK_PORT + 1
        with start_agent(self.directory, "closed", ["--listen", f"vsock:{port}", "--map", "/=/"]) as agent:
            result = self.run_program("0", endpoint=f"vsock:1:{port}")
            self.assertEqual((result.returncode, result.stdout), (125, ""))
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            bridges.wait_until(lambda: "--allow-cid" in agent.log(), "the agent logs why it refused")

    def test_without_an_agent_on_vsock_the_next_endpoint_is_used(self):
        result = self.run_program("4", endpoint=f"vsock:1:{VSOCK_PORT + 2} vsock:1:{VSOCK_PORT}")
        self.assertEqual((result.returncode, result.stderr), (4, "to stderr\n"))

    def test_the_interpreter_works_in_a_root_directory_that_does_not_have_it(self):
        root = os.path.join(self.directory, "empty-root")
        os.mkdir(root)
        shutil.copy(self.program, os.path.join(root, "program.exe"))
        port = VSOCK_PORT + 3
        arguments = ["--listen", f"vsock:{port}", "--allow-cid", "1", "--vsock-any-port", "--map", f"/={root}"]
        with start_agent(self.directory, "chroot", arguments) as agent:
            pid = os.fork()
            if pid == 0:
                # As little as possible: nothing of Python's is left to be found in there.
                os.chroot(root)
                os.chdir("/")
                output = os.open("/output", os.O_WRONLY | os.O_CREAT)
                os.dup2(output, 1)
                os.dup2(output, 2)
                try:
                    os.execve("/program.exe", ["/program.exe", "9"], {"MZINIT_HOST": f"vsock:1:{port}"})
                finally:
                    os._exit(99)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with open(os.path.join(root, "output")) as file:
                output = file.read()
            self.assertEqual(code, 9, output + bridges.excerpt(agent.log()))
            self.assertIn(f"{root}/program.exe\n9\n", output)
            self.assertEqual(sorted(os.listdir(root)), ["output", "program.exe"])

    def test_a_container_registers_at_its_start(self):
        self.mzinit("unregister")
        self.addCleanup(self.mzinit, "register")
        script = f'"{self.program}" 6; exit $?'
        result = self.run_program("-pf", "--mount-proc", "/init", "--register", "--", "sh", "-c", script, program="unshare")
        self.assertEqual((result.returncode, result.stderr), (6, "to stderr\n"), result.stdout)


if __name__ == "__main__":
    if "GUEST_TEST_DIRECTORY" not in os.environ:
        reason = bridges.missing_for_machines()
        if reason:
            print(f"skipped: {reason}", flush=True)
            sys.exit(bridges.SKIP)
        del InGuest
    limited_tests.main()
