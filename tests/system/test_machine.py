# SPDX-License-Identifier: MIT
"""mzinit as the init of a machine, in QEMU: Debian's cloud kernel starts it from an initramfs that has little besides. Agents are
hostbridge.exe under Wine on this machine, over QEMU's user network, and hostbridge in the guest, over vsock."""

import os
import re
import subprocess
import sys
import unittest

import bridges
import fake_programs
import limited_tests
import machine
from machine import Initramfs, Machine

VSOCK_PORT = 5150
# 10.0.2.15 is what QEMU's user network expects; 10.0.2.2 is this machine.
NETWORK = """#!/bin/sh
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
"""
# Stands for Wine in the guest: tells what it was given, copies its input, and ends as its first argument says.
RUNNER = """#!/bin/sh
printf '%s\\n' "$@"
cat
exit "$2"
"""
CONFIGURATION = """[host]
key = /etc/mzinit/key
[boot]
hostname = testguest
modules = virtio_pci, virtio_net virtio_blk
  vsock-loopback, ext4
stop_timeout = 2
[service network]
command = /bin/network
restart = no
[service failing]
command = /bin/sh -c 'echo once more; exit 3'
[service lasting]
command = /bin/sh -c 'echo $$; exec sleep 100000'
restart = always
log = /var/log/own/place.log
[boot]
command = /bin/bash -l
"""


def make_initramfs(directory, configuration):
    """One with bash, the network's set-up, and a key, if `directory` has one."""
    initramfs = Initramfs(directory)
    initramfs.add_with_libraries("/bin/bash")
    initramfs.write("bin/network", NETWORK, 0o755)
    initramfs.write("etc/mzinit.conf", configuration)
    key = os.path.join(directory, "key")
    if os.path.exists(key):
        os.chmod(initramfs.add(key, "etc/mzinit/key"), 0o600)
    return initramfs


def outside(bridge):
    """How the guest reaches the agent, for the kernel's command line."""
    return "mzinit.host=tcp:10.0.2.2:" + bridge.endpoints[0].rpartition(":")[2]


class RunningMachine(unittest.TestCase):
    """One machine with a shell on its console, and an agent outside."""

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.agent = cls.enterClassContext(bridges.start_windows_bridge(directory, [
            "--map", f"/samples=Z:{bridges.SAMPLES}", "--map", f"/home/user=Z:{bridges.SAMPLES}"]))
        initramfs = make_initramfs(directory, CONFIGURATION)
        for name in os.listdir(bridges.SAMPLES):
            if name.endswith(".exe"):
                initramfs.add(os.path.join(bridges.SAMPLES, name), f"samples/{name}")
        initramfs.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/samples:/bin/sh\n")
        initramfs.add_with_libraries(bridges.HOSTBRIDGE, "bin/hostbridge")
        initramfs.write("bin/runner", RUNNER, 0o755)
        fake_programs.write_pe64(initramfs.path("tmp/program.exe"))
        cls.disk = os.path.join(directory, "disk")
        subprocess.run(["mkfs.ext4", "-q", "-F", cls.disk, "16M"], check=True)
        cls.machine = cls.enterClassContext(Machine(initramfs.pack(), outside(cls.agent), cls.disk))
        cls.machine.wait_for_prompt()
        cls.boot_messages = cls.machine.console
        cls.run_in_guest("until ip route | grep -q default; do sleep 0.1; done; cd /samples")

    @classmethod
    def run_in_guest(cls, command):
        return cls.machine.run(command)

    def check(self, command, output, status=0):
        self.assertEqual(self.run_in_guest(command), (status, output))

    def check_without_terminal(self, command, output):
        """For programs of the host: on the console they have one, on which Windows also moves the cursor."""
        self.check(f"{command} >/tmp/output; last=$?; cat /tmp/output; [ $last = 0 ]", output)

    def wait_in_guest(self, condition):
        self.check(f"until {condition}; do sleep 0.1; done", "")

    def test_nothing_went_wrong_during_the_boot(self):
        complaints = [line for line in re.findall(r"mzinit: [^\r\n]*", self.boot_messages) if "service " not in line]
        self.assertEqual(complaints, [])

    def test_the_kernels_file_systems_are_mounted(self):
        mounts = self.run_in_guest("cat /proc/mounts")[1]
        found = {tuple(line.split()[1:3]) for line in mounts.splitlines()}
        wanted = {("/proc", "proc"), ("/sys", "sysfs"), ("/dev", "devtmpfs"), ("/dev/pts", "devpts"), ("/dev/shm", "tmpfs"),
                  ("/run", "tmpfs"), ("/sys/fs/cgroup", "cgroup2"), ("/proc/sys/fs/binfmt_misc", "binfmt_misc")}
        self.assertEqual(wanted - found, set())
        self.assertEqual(len(mounts.splitlines()), len(found) + mounts.count("rootfs / rootfs") - 1, "mounted twice: " + mounts)

    def test_devices_and_links_are_there(self):
        self.check("echo x >/dev/null && echo through >/dev/stdout && cat </dev/fd/0 </dev/null && ls /dev/ptmx", "through\n/dev/ptmx\n")

    def test_the_loopback_interface_is_up(self):
        self.assertIn("127.0.0.1/8", self.run_in_guest("ip addr show lo up")[1])

    def test_the_host_name_is_the_configured_one(self):
        self.check("hostname", "testguest\n")

    def test_the_shell_on_the_console_has_job_control(self):
        self.assertNotIn("job control", self.boot_messages)
        self.check("tty", "/dev/ttyS0\n")
        for character, status in (("\x03", 130), ("\x1c", 131)):
            self.type_into_foreground(character)
            self.check(f"[ $last = {status} ]", "")
        self.type_into_foreground("\x1a", "sh -c 'trap \"echo goes on\" CONT; echo beg''ins; while :; do sleep 0.1; done'")
        self.check("[ $last = 148 ]; jobs | grep -c Stopped", "1\n")
        # The shell writes the job's name before it gives it the terminal.
        self.machine.type("fg\n")
        self.machine.wait_for("goes on\r?\n")
        self.machine.type("\x03")
        self.check("jobs", "")

    def type_into_foreground(self, character, job="echo beg''ins >/run/job; tail -f /run/job"):
        """To a job that is there for sure; its status is $last then. A shell ignores QUIT, also before it becomes another program: so
        that one has to say itself that it is there."""
        # The terminal shows what is typed as well.
        self.machine.type(job + "\n")
        self.machine.wait_for("begins\r?\n")
        self.machine.type(character + "last=$?\n")

    def test_the_rule_is_registered_first_thing(self):
        self.check("cat /proc/sys/fs/binfmt_misc/mzinit", "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n")

    def test_a_windows_program_runs_by_the_agent_outside(self):
        self.check_without_terminal('./hello.exe "a b"', "Hello from Windows!\nargument: a b\n")
        status, output = self.run_in_guest('./args.exe "a b" "" c')
        self.assertEqual(status, 0)
        self.assertIn("a b", output)

    def test_a_windows_program_has_the_console_as_its_terminal(self):
        status, output = self.run_in_guest("./hello.exe")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"\x1b\[.*Hello from Windows!")

    def test_paths_are_translated_by_what_the_agent_outside_offers(self):
        host = "Z:" + bridges.SAMPLES
        self.check("ln -s /init /tmp/wslpath && /tmp/wslpath -m hello.exe", f"{host}/hello.exe\n")
        self.check(f"/tmp/wslpath '{host}/a b'", "/samples/a b\n")
        self.check("/tmp/wslpath '\\\\wsl.localhost\\testguest\\etc'", "/etc\n")

    def test_the_clipboard_is_that_of_the_host(self):
        self.check("echo x | ./clip.exe", "")
        self.check_without_terminal("./paste.exe", "x\n")

    def test_exit_codes_come_back(self):
        for code, status in ((0, 0), (1, 1), (42, 42), (255, 255), (256, 1)):
            self.check(f"./exit.exe {code}", "", status)

    def test_a_lost_rule_is_put_back(self):
        self.check("echo -1 >/proc/sys/fs/binfmt_misc/status", "")
        self.wait_in_guest("[ -e /proc/sys/fs/binfmt_misc/mzinit ]")
        self.check_without_terminal("./hello.exe", "Hello from Windows!\n")

    def test_programs_run_in_a_root_directory_that_does_not_have_the_interpreter(self):
        port = self.agent.endpoints[0].rpartition(":")[2]
        self.check("mkdir -p /jail/samples /jail/etc/mzinit && cp hello.exe /jail/samples && cp /etc/mzinit/key /jail/etc/mzinit", "")
        self.check_without_terminal(f"MZINIT_HOST=tcp:10.0.2.2:{port} chroot /jail /samples/hello.exe", "Hello from Windows!\n")

    def test_a_user_who_cannot_read_the_key_launches_by_a_ticket_of_the_broker(self):
        self.wait_in_guest("[ -S /run/mzinit/interop.sock ]")
        self.check("su user -c 'cat /etc/mzinit/key' 2>/dev/null", "", 1)
        self.check_without_terminal("su user -c 'cd /samples && ./hello.exe'", "Hello from Windows!\n")
        self.assertRegex(self.agent.log(), r'launch peer="tcp [^"]*uid=1000[^"]*"')

    def test_the_broker_is_known_by_its_name(self):
        self.check("cat /proc/$(ps -o pid,args | awk '/[m]zinit broker/ {print $1}')/comm", "mzinit\n")

    def test_a_console_that_is_stopped_does_not_stop_the_broker(self):
        # It writes there without waiting: O_NONBLOCK.
        self.check("pid=$(ps -o pid,args | awk '/[m]zinit broker/ {print $1}'); readlink /proc/$pid/fd/2; "
                   "echo $(($(sed -n 's/flags:\\t/0/p' /proc/$pid/fdinfo/2) & 04000))", "/dev/console\n2048\n")

    def test_an_agent_in_the_guest_serves_over_vsock(self):
        self.check(f"hostbridge --listen vsock:{VSOCK_PORT} --allow-cid 1 --vsock-any-port --map /=/ --runner pe64=/bin/runner "
                   "--ready-file /tmp/ready >/tmp/agent.log 2>&1 & agent=$!; until [ -s /tmp/ready ]; do sleep 0.1; done", "")
        self.machine.run("export MZINIT_HOST=vsock:1:%d; cd /tmp" % VSOCK_PORT)
        try:
            self.check("echo input | ./program.exe 7 'two words'", "/tmp/program.exe\n7\ntwo words\ninput\n", 7)
            self.check("./program.exe 0 </dev/null", "/tmp/program.exe\n0\n")
        finally:
            self.machine.run("unset MZINIT_HOST; cd /samples; kill $agent; wait $agent 2>/dev/null")

    def test_a_service_that_always_fails_is_given_up(self):
        self.wait_in_guest('[ "$(wc -l </var/log/failing.log)" -ge 10 ]')
        self.check("sleep 1; wc -l </var/log/failing.log", "10\n")
        # A console that is busy loses messages, rather than hold up the machine.
        self.assertIn("service failing ended with exit status 3; starting it again", self.machine.console)
        self.assertIn("service failing ended with exit status 3; it has been started 10 times in 30 s and is given up",
                      self.machine.console)

    def test_a_service_that_died_is_started_again_with_its_log_appended_to(self):
        log = "/var/log/own/place.log"
        before = self.run_in_guest(f"cat {log}")[1].split()
        self.check(f"kill {before[-1]}", "")
        self.wait_in_guest(f'[ "$(wc -l <{log})" -gt {len(before)} ]')
        after = self.run_in_guest(f"cat {log}")[1].split()
        self.assertEqual(after[:-1], before)
        self.check(f"grep -c sleep /proc/{after[-1]}/cmdline", "1\n")

    def test_a_large_log_is_put_aside(self):
        log = "/var/log/own/place.log"
        pid = self.run_in_guest(f"tail -n 1 {log}")[1].strip()
        self.check(f"truncate -s 11M {log} && kill {pid}", "")
        self.wait_in_guest(f"[ -e {log}.1 ]")
        self.wait_in_guest(f"[ -s {log} ]")
        self.assertLess(int(self.run_in_guest(f"wc -c <{log}")[1]), 100)

    def test_a_service_that_is_not_to_be_restarted_is_not(self):
        self.assertEqual(self.machine.console.count("service network ended with exit status 0"), 1)

    def test_signals_that_mean_nothing_to_it_do_not_end_the_machine(self):
        self.check("for s in HUP QUIT ILL ABRT BUS FPE SEGV PIPE ALRM TSTP TTIN XCPU WINCH; do kill -$s 1; done; kill -0 1", "")
        self.check_without_terminal("./hello.exe", "Hello from Windows!\n")

    def test_orphans_are_reaped(self):
        self.check("for i in $(seq 200); do (sleep 0.01 &); done; until ! ps | grep -q '[s]leep 0.01'; do sleep 0.1; done; "
                   "ps -o stat | grep -c Z", "0\n", 1)

    def test_the_first_process_is_small_and_sleeps(self):
        command = "grep -E '^(VmRSS|RssAnon|voluntary)' /proc/1/status"
        self.wait_in_guest('[ "$(wc -l </var/log/failing.log)" -ge 10 ]')
        before = dict(line.split()[:2] for line in self.run_in_guest("sleep 1; " + command)[1].splitlines())
        after = dict(line.split()[:2] for line in self.run_in_guest("sleep 5; " + command)[1].splitlines())
        # Each command that the console's shell starts and waits for is the shell's child, not ours.
        wakeups = int(after["voluntary_ctxt_switches:"]) - int(before["voluntary_ctxt_switches:"])
        print(f"\nPID 1 of a machine: VmRSS {after['VmRSS:']} KiB, RssAnon {after['RssAnon:']} KiB, {wakeups} wake-ups in 5 s",
              file=sys.stderr)
        self.assertLessEqual(int(after["VmRSS:"]), 2048)
        self.assertLessEqual(int(after["RssAnon:"]), 200)
        self.assertEqual(wakeups, 0)

    @classmethod
    def tearDownClass(cls):
        """The end of the machine is one more test; it is the last."""
        try:
            cls.check_power_off()
        finally:
            super().tearDownClass()

    @classmethod
    def check_power_off(cls):
        test = cls()
        test.check("mkdir -p '/mnt/a b' && mount -t ext4 /dev/vda '/mnt/a b' && echo kept >'/mnt/a b/file'", "")
        # It holds the file system, and does not want to go.
        test.check("(trap '' TERM HUP; cd '/mnt/a b'; exec sleep 100000) & true", "")
        cls.machine.type("poweroff\n")
        console = cls.machine.wait_for_end()
        end = console[console.rindex("mzinit: ending all processes"):]
        test.assertEqual(re.findall(r"mzinit: [^\r\n]*", end), [
            "mzinit: ending all processes", "mzinit: /bin/bash was ended by signal 1", "mzinit: processes are left that do not end; killing them",
            "mzinit: switching the machine off"])
        test.assertIn("reboot: Power down", end)
        header = subprocess.run(["dumpe2fs", "-h", cls.disk], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        test.assertRegex(header.stdout, r"Filesystem state: +clean\n")
        test.assertNotIn("needs_recovery", header.stdout)
        kept = subprocess.run(["debugfs", "-R", "cat /file", cls.disk], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.assertEqual(kept.stdout, "kept\n")


class ShortMachines(unittest.TestCase):
    """Machines that boot for one question."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        cls.agent = cls.enterClassContext(bridges.start_linux_bridge(cls.directory, "tcp"))
        cls.base = make_initramfs(cls.directory, "")

    def boot(self, configuration="", command_line="", files=()):
        self.base.write("etc/mzinit.conf", configuration)
        for name, text in files:
            self.base.write(name, text, 0o755)
        return self.enterContext(Machine(self.base.pack(), command_line))

    def messages(self, console):
        return re.findall(r"mzinit: ([^\r\n]*)", console)

    def test_the_commands_exit_status_is_on_the_console_and_in_the_agents_log(self):
        command = 'mzinit.exec="/bin/sh -c \'/bin/network; exit 42\'"'
        configuration = "[boot]\nmodules = virtio_pci virtio_net\nhostname = reporter\ncommand = /bin/false\n"
        console = self.boot(configuration, command + " " + outside(self.agent)).wait_for_end()
        self.assertEqual(self.messages(console)[-3:], ["/bin/sh ended with exit status 42", "ending all processes",
                                                       "switching the machine off"])
        self.assertRegex(self.agent.log(), r'report peer="tcp [^"]*" machine="reporter" command="/bin/sh -c .*network; exit 42[^"]*" result="exit 42"')

    def test_a_command_that_a_signal_ended_is_reported_so(self):
        console = self.boot(command_line='mzinit.exec="kill -9 $$"').wait_for_end()
        self.assertIn("/bin/sh was ended by signal 9", self.messages(console))

    def test_a_command_that_is_not_there_ends_the_machine(self):
        console = self.boot(command_line="mzinit.exec=/not/there").wait_for_end()
        self.assertIn("start /not/there: No such file or directory", self.messages(console))
        self.assertIn("switching the machine off", self.messages(console))

    def test_words_after_two_dashes_are_the_command(self):
        console = self.boot(command_line='-- /bin/sh -c "echo $1 and $#; exit 3" sh "a b" c').wait_for_end()
        self.assertRegex(console, r"(?m)^a b and 2\r?$")
        self.assertIn("/bin/sh ended with exit status 3", self.messages(console))

    def test_the_last_words_of_a_command_are_not_lost(self):
        # The serial line is slow: most of it has not been sent when the command ends.
        console = self.boot(command_line='mzinit.exec="seq 100000 100400"').wait_for_end()
        # The kernel may say something in the middle of a line, with the time, which has six digits too.
        said = re.sub(r"\[ *\d+\.\d{6}\] [^\n]*\n", "", console)
        self.assertEqual(re.findall(r"\b1\d{5}\b", said), [str(number) for number in range(100000, 100401)])

    def test_a_command_on_the_console_is_in_the_foreground_of_a_terminal(self):
        machine = self.boot(command_line='mzinit.exec="tty; read line; echo got $line"')
        machine.wait_for("/dev/ttyS0\r?\n")
        machine.type("typed\n")
        machine.wait_for("got typed")
        self.assertIn("/bin/sh ended with exit status 0", self.messages(machine.wait_for_end()))

    def test_ctrl_c_ends_the_command_on_the_console(self):
        machine = self.boot(command_line='mzinit.exec="echo begins; exec sleep 100000"')
        machine.wait_for("begins\r?\n")
        machine.type("\x03")
        self.assertIn("/bin/sh was ended by signal 2", self.messages(machine.wait_for_end()))

    def test_a_command_that_takes_too_long_is_ended(self):
        console = self.boot("[boot]\ncommand = sleep 100000\ntimeout = 2\n").wait_for_end()
        self.assertEqual(self.messages(console)[0], "sleep has run for 2 s, its timeout")
        self.assertIn("reboot: Power down", console)

    def test_a_configuration_of_garbage_is_warned_of_and_a_shell_is_there(self):
        machine = self.boot("[boot\n\x01\x02garbage\n[boot]\nhostname = still\nbroker = perhaps\n[service ../x]\ncommand = x\n" + "y" * 300)
        machine.wait_for_prompt()
        self.assertEqual(machine.run("hostname")[1], "still\n")
        self.assertIn("/etc/mzinit.conf: line 5: broker = perhaps: wanted auto, yes or no", self.messages(machine.console))
        machine.type("exit 5\n")
        self.assertIn("the shell ended with exit status 5", self.messages(machine.wait_for_end()))

    def test_another_configuration_can_be_named(self):
        machine = self.boot("[boot]\nhostname = usual\n", "mzinit.conf=/etc/other.conf", [("etc/other.conf", "[boot]\nhostname = other\n")])
        machine.wait_for_prompt()
        self.assertEqual(machine.run("hostname")[1], "other\n")

    def test_another_init_takes_over_once_the_rule_is_there(self):
        script = "#!/bin/sh\necho pid $$ args \"$@\"; cat /proc/sys/fs/binfmt_misc/mzinit; tty; poweroff -f\n"
        console = self.boot("[boot]\ninit = /lib/systemd/systemd\n", "single", [("lib/systemd/systemd", script)]).wait_for_end()
        self.assertIn("pid 1 args single", console)
        self.assertIn("interpreter /init", console)
        self.assertEqual(self.messages(console), [])

    def test_without_the_other_init_it_goes_on_by_itself(self):
        machine = self.boot(command_line="boot.init=/not/there")
        machine.wait_for_prompt()
        self.assertIn("hand over to /not/there: No such file or directory; going on without it", self.messages(machine.console))
        self.assertEqual(machine.run("cat /proc/1/comm")[1], "init\n")

    def test_it_does_not_hand_over_to_itself(self):
        machine = self.boot("[boot]\ninit = /init\ncommand = ls -l /proc/1/exe\n")
        self.assertEqual(self.messages(machine.wait_for_end())[0], "hand over to /init: that is mzinit itself; going on without it")

    def test_each_way_to_end_is_asked_for_by_its_signals(self):
        ways = (("reboot", "restarting the machine", "reboot: Restarting system"),
                ("kill -INT 1", "restarting the machine", "reboot: Restarting system"),
                ("kill -38 1", "switching the machine off", "reboot: Power down"))
        for command, message, kernels in ways:
            with self.subTest(command):
                machine = self.boot("[service x]\ncommand = sleep 100000\n[boot]\ncommand = /bin/bash\n")
                machine.wait_for_prompt()
                machine.type(command + "\n")
                console = machine.wait_for_end()
                self.assertIn(message, self.messages(console))
                self.assertIn(kernels, console)

    def test_a_halted_machine_stays_on(self):
        machine = self.boot()
        machine.wait_for_prompt()
        machine.type("halt\n")
        machine.wait_for("mzinit: halting the machine")
        machine.wait_for("reboot: System halted")
        self.assertIsNone(machine.process.poll())

    def test_a_service_is_started_again_also_if_no_process_was_to_be_had_for_it(self):
        machine = self.boot("[service x]\ncommand = /bin/sh -c 'echo $$; exec sleep 100000'\nrestart = on-abnormal\n"
                            "[boot]\ncommand = /bin/bash\n")
        machine.wait_for_prompt()
        machine.run("until [ -s /var/log/x.log ]; do sleep 0.1; done; pid=$(cat /var/log/x.log); cd /proc/sys/kernel; most=$(cat threads-max)")
        # The kernel always has more threads than that.
        machine.type("echo 20 >threads-max; kill $pid\n")
        machine.wait_for("service x cannot be started: start a process: Resource temporarily unavailable; starting it again")
        machine.type("echo $most >threads-max\n")
        self.assertEqual(machine.run("until [ $(wc -l </var/log/x.log) = 2 ]; do sleep 0.1; done"), (0, ""))

    def test_services_alone_keep_the_machine_up(self):
        script = "#!/bin/sh\nuntil [ -e /tmp/second ]; do sleep 0.1; done; echo both are here >/dev/console; kill -USR2 1\n"
        console = self.boot("[service one]\ncommand = /bin/one\nrestart = no\n[service two]\ncommand = touch /tmp/second\nrestart = no\n",
                            files=[("bin/one", script)]).wait_for_end()
        self.assertIn("both are here", console)
        self.assertIn("switching the machine off", self.messages(console))


if __name__ == "__main__":
    reason = bridges.missing_for_machines("mkfs.ext4")
    if reason:
        print(f"skipped: {reason}", flush=True)
        sys.exit(bridges.SKIP)
    machine.fetch_kernel()
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
