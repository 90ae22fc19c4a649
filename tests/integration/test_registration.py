# SPDX-License-Identifier: MIT
"""The rule for MZ files: register, unregister and status, and the init that puts a lost rule back. Every test has a table
of its own, in a user namespace; on kernels before Linux 6.7 all of this runs inside the emulated guest."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import bridges
import fake_programs
from bridges import EMULATED, HANG_GUARD, MZINIT
import limited_tests

MISC = "/proc/sys/fs/binfmt_misc"
NAMESPACES = ["unshare", "-mpf" if EMULATED else "-Urmpf", "--mount-proc", "--kill-child"]

# What is marked as unregistered must not get into the machine's /run. The emulated machine has one table for all tests.
PREPARE = "mount -t tmpfs tmpfs /run; "
if EMULATED:
    PREPARE += f"mount -t binfmt_misc none {MISC}; chmod 200 {MISC}/register; echo 1 > {MISC}/status; echo -1 > {MISC}/status; "

# For the scripts that run below init. `settle` returns when init has dealt with all that happened before: it passes the
# signal on, and by the second one it has been in its loop once more.
PRELUDE = f"""
mzinit={MZINIT}
mzinit() {{ "$mzinit" "$@"; }}
""" + """
await() { i=0; until "$@"; do i=$((i + 1)); [ $i -lt 3000 ] || { echo "in vain: $*" >&2; exit 99; }; sleep 0.02; done; }
has() { [ -e $1 ]; }
signalled() { [ -n "$signal" ]; }
trap 'signal=arrived' USR1
settle() { for i in 1 2; do signal=; kill -USR1 1; await signalled; done; }
powerless="setpriv --bounding-set=-all --inh-caps=-all"
gone_for_good() { settle; ! has $1; }
"""


def run(command, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_GUARD, **options)


def in_namespaces(script, **options):
    """A shell script as root of namespaces of its own."""
    return run([*NAMESPACES, "sh", "-c", PREPARE + PRELUDE + script], **options)


def below_init(script, init_options="", **options):
    """The script as the command of an init that has registered the rule, in the directory with the rules."""
    script = PRELUDE + f"cd {MISC}\n" + script
    arguments = [*init_options.split(), "--register", "--", "sh", "-c", script]
    return run([*NAMESPACES, "sh", "-c", PREPARE + 'exec "$@"', "sh", MZINIT, *arguments], **options)


class TestCase(unittest.TestCase):
    def assert_output(self, result, expected):
        self.assertEqual((result.returncode, result.stdout), (0, expected), result.stderr)


class LostRule(TestCase):
    put_back = "mzinit: rule mzinit had been removed and was put back\n"

    def test_is_put_back_after_all_rules_were_removed(self):
        result = below_init("echo -1 > status; await has mzinit; mzinit status; cat mzinit")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("registered: MZ files are run by", result.stdout)
        self.assertIn("flags: PF", result.stdout)
        self.assertEqual(result.stderr, self.put_back)

    def test_is_put_back_after_it_was_removed_and_works(self):
        result = below_init("echo -1 > mzinit; await has mzinit; cd /tmp; f=$(mktemp); printf 'MZ is text' > $f; chmod 755 $f; "
                            "$f; echo $?; rm $f")
        self.assert_output(result, "126\n")
        self.assertIn("it is text", result.stderr)

    def test_unregister_is_respected_until_register(self):
        result = below_init("mzinit unregister; gone_for_good mzinit && echo gone; echo -1 > status; gone_for_good mzinit && "
                            "echo gone; mzinit register && echo -1 > status && await has mzinit && ls /run/mzinit | wc -l")
        self.assert_output(result, "gone\ngone\n0\n")
        self.assertEqual(result.stderr, self.put_back)

    def test_its_marker_does_not_shut_users_out_of_the_brokers_directory(self):
        result = below_init("umask 077; mzinit unregister && stat -c %a /run/mzinit")
        self.assert_output(result, "755\n")

    def test_table_that_is_switched_off_is_respected_until_it_is_switched_on(self):
        result = below_init("echo 0 > status; echo -1 > mzinit; gone_for_good mzinit && echo gone; echo 1 > status; "
                            "await has mzinit; cat status")
        self.assert_output(result, "gone\nenabled\n")

    def test_rule_that_is_switched_off_stays_so(self):
        result = below_init("echo 0 > mzinit; settle; head -n 1 mzinit")
        self.assert_output(result, "disabled\n")

    def test_other_rule_of_its_name_is_left_alone(self):
        result = below_init("mzinit register --replace --interpreter /bin/true; settle; sed -n 2p mzinit")
        self.assert_output(result, "interpreter /bin/true\n")

    def test_is_put_back_five_times_a_minute_and_then_not_for_a_while(self):
        # Somebody who removes it whenever it is there.
        result = below_init("n=0; while has mzinit; do echo -1 > mzinit; settle; has mzinit && n=$((n + 1)); done; echo $n; "
                            "settle; has mzinit || echo gone")
        self.assert_output(result, "5\ngone\n")
        again_and_again = "mzinit: the rule for MZ files is removed again and again; it is not put back for a while\n"
        self.assertEqual(result.stderr, 5 * self.put_back + again_and_again)

    def test_two_inits_that_look_after_one_table_do_not_fight(self):
        # The inner one has a PID namespace and a mount namespace of its own, and the same rules.
        script = ("unshare -mpf --mount-proc --kill-child $mzinit --register -- sh -c "
                  "'echo up > /run/inner; exec sleep 1000' & await has /run/inner; "
                  "n=0; for i in 1 2 3; do echo -1 > mzinit; await has mzinit; done; settle; has mzinit && echo kept; "
                  "while has mzinit; do echo -1 > mzinit 2>/dev/null; settle; n=$((n + 1)); sleep 0.1; "
                  "[ $n -lt 50 ] || break; done; has mzinit || echo gone")
        result = below_init(script)
        self.assert_output(result, "kept\ngone\n")
        restored = result.stderr.count(self.put_back)
        self.assertLessEqual(restored, 10, result.stderr)
        self.assertGreaterEqual(restored, 5, result.stderr)

    def test_registering_anew_is_not_disturbed(self):
        result = below_init("for i in 1 2 3 4 5 6 7 8 9 10; do mzinit register --flags POF || exit; done; sed -n 3p mzinit")
        self.assert_output(result, "flags: POF\n")
        self.assertEqual(result.stderr, "")

    def test_unmounting_does_not_drop_the_rules(self):
        result = below_init(f"cd /; umount {MISC} 2>/dev/null || echo busy; umount -l {MISC}; mzinit status; echo $?; "
                            f"mount -t binfmt_misc none {MISC}; cd {MISC}; mzinit status >&2 && echo -1 > mzinit && await has mzinit")
        self.assert_output(result, "busy\n3\n")
        self.assertIn(self.put_back, result.stderr)

    def test_is_put_back_though_its_directory_is_not_mounted_any_more(self):
        result = below_init(f"umount -l {MISC}; echo -1 > mzinit; await has mzinit; echo back")
        self.assert_output(result, "back\n")

    def test_init_that_looks_after_a_rule_waits_without_a_timeout(self):
        result = below_init("settle; settle; while read number rest < /proc/1/syscall && [ $number = running ]; do :; done; "
                            "cat /proc/1/syscall; grep -h 'it_value' /proc/1/fdinfo/*; "
                            "grep -E 'RssAnon|VmRSS' /proc/1/status; ls /proc/1/fd | wc -l")
        self.assertEqual(result.returncode, 0, result.stderr)
        words = result.stdout.split("\n")[0].split()
        if os.uname().machine == "x86_64":
            poll, no_timeout = "7", "0xffffffff"
            self.assertEqual((words[0], words[3][-10:]), (poll, no_timeout), result.stdout)
        self.assertIn("it_value: (0, 0)", result.stdout)
        memory = {name: int(size) for name, size in re.findall(r"(\w+):\s+(\d+) kB", result.stdout)}
        print(f"init that looks after a rule: {memory}")
        if not bridges.SANITIZED:
            self.assertLessEqual(memory["RssAnon"], 200)
            self.assertLessEqual(memory["VmRSS"], 2048)

    def test_init_that_looks_after_a_rule_still_forwards_and_reaps(self):
        result = below_init("(exec sleep 0) & for i in 1 2 3 4 5; do settle; done; sh -c '(sh -c true &) ; exit 0'; "
                            "settle; await sh -c '! grep -q zombie /proc/[0-9]*/status'; exit 37")
        self.assertEqual(result.returncode, 37, result.stderr)


class Subcommands(TestCase):
    def test_rule_is_registered_and_works(self):
        result = below_init("mzinit status && mzinit status --json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        sentence, state = result.stdout.splitlines()
        self.assertEqual(sentence, f"registered: MZ files are run by {MZINIT} (rule mzinit, flags PF)")
        own_rule = {"name": "mzinit", "enabled": True, "interpreter": MZINIT, "matches": "all"}
        self.assertEqual(json.loads(state), {"binfmt_misc_mounted": True, "binfmt_misc_enabled": True, "protected": False,
                                             "registered": True, "enabled": True, "interpreter": MZINIT, "flags": "PF",
                                             "embedded": None, "com": False, "batch": False, "mz_rules": [own_rule],
                                             "kernel_tells_interpreters": True})

    def test_kernel_starts_it_for_a_file_and_it_says_what_the_file_is(self):
        result = below_init("cd $(mktemp -d) && printf 'MZ is text' > a.exe && chmod 755 a.exe && ./a.exe; echo $?; rm -r $PWD")
        self.assertEqual(result.stdout, "126\n")
        self.assertIn("it is text", result.stderr)

    def test_exit_statuses(self):
        for script, status in (("mzinit register", 0),
                               ("mzinit register --flags POF --replace", 0),
                               ("mzinit unregister", 0),
                               ("mzinit unregister; mzinit unregister", 5),
                               ("mzinit unregister; mzinit status", 5),
                               ("mzinit unregister; mzinit register", 0),
                               ("echo 0 > mzinit; mzinit status", 7),
                               ("echo 0 > status; mzinit status", 7),
                               ("echo 0 > status; mzinit register", 7),
                               ("mzinit register --interpreter /bin/true", 6),
                               ("mzinit register --interpreter /bin/true --replace", 8),
                               ("mzinit register --interpreter /nonexistent --name x", 1),
                               ("mzinit register --interpreter relative", 2),
                               ("mzinit register --flags F", 2),
                               ("mzinit register --no-such-option", 2),
                               ("mzinit register --flags P --embed-config", 2),
                               ("mzinit register --embed-config", 1),
                               ("mzinit status --mount-point /tmp", 3),
                               ("mzinit register --mount-point /tmp", 3),
                               ("mzinit unregister --mount-point /tmp", 3),
                               ("chmod 0 register; $powerless $mzinit register --name x", 4),
                               ("chmod 0 mzinit; $powerless $mzinit unregister", 4),
                               ("$powerless $mzinit register --protect", 4),
                               ("mount --bind register register; mount -o remount,ro,bind register; "
                                "mzinit register --name x", 4),
                               (f"umount -l {MISC}; mzinit register", 3)):
            with self.subTest(script):
                result = below_init(script)
                self.assertEqual(result.returncode, status, result.stderr)

    def test_a_rule_that_cannot_be_kept_does_not_cost_the_old_one(self):
        result = below_init("mzinit register --replace --interpreter /nonexistent; mzinit status")
        self.assertEqual(result.returncode, 0)

    def test_rule_of_another_interpreter_that_is_asked_first_is_noticed(self):
        result = below_init(f"mzinit unregister; echo ':b:M::MZ::{MZINIT}:F' > register; mzinit register --name c; "
                            "echo ':z:M::MZ::/bin/false:PF' > register; mzinit register --name z --replace "
                            "--interpreter /bin/echo")
        self.assertEqual(result.returncode, 8)
        self.assertIn("something else than mzinit", result.stderr)

    def test_each_failure_is_told_in_a_sentence(self):
        for script, sentence in (
                ("mzinit status --mount-point /tmp", "binfmt_misc is not mounted on /tmp: mount -t binfmt_misc binfmt_misc /tmp "
                                                     "(if that fails, the kernel module binfmt_misc is missing)"),
                ("chmod 0 register; $powerless $mzinit register --name x",
                 f"register {MZINIT}: Permission denied (rules can be changed by root, in a user namespace by its root)"),
                ("mzinit register --interpreter /bin/true", f"rule mzinit exists for another interpreter, {MZINIT} "
                                                            "(register --replace, or unregister first)"),
                ("mzinit register --interpreter /nonexistent", "interpreter /nonexistent does not exist"),
                ("MZINIT_CONF=/nonexistent mzinit register --embed-config",
                 "cannot embed the configuration: read /nonexistent: No such file or directory"),
                ("setarch --uname-2.6 $mzinit register --embed-config",
                 "--embed-config needs Linux 5.12: this kernel does not tell an interpreter that it is one")):
            with self.subTest(script):
                self.assertEqual(below_init(script).stderr, f"mzinit: {sentence}\n")

    @unittest.skipIf(EMULATED, "the emulated machine has binfmt_misc, and one table")
    def test_namespace_that_may_not_mount_is_told(self):
        # As on a kernel before 6.7.
        result = run([*NAMESPACES, "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", MZINIT, "--register", "--",
                      "true"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("a user namespace needs Linux 6.7 for rules of its own", result.stderr)

    def test_kernel_that_does_not_tell_interpreters_is_named(self):
        result = below_init("setarch --uname-2.6 $mzinit register; echo $?; setarch --uname-2.6 $mzinit status --json")
        registered, state = result.stdout.splitlines()
        self.assertEqual(registered, "0")
        self.assertIn("this kernel is older than 5.12", result.stderr)
        self.assertFalse(json.loads(state)["kernel_tells_interpreters"])

    @unittest.skipIf(EMULATED, "the emulated machine has one table")
    def test_machines_own_rules_are_out_of_reach(self):
        before = os.listdir(MISC) if os.path.isdir(MISC) else None
        self.assertEqual(below_init("true").returncode, 0)
        self.assertEqual(os.listdir(MISC) if os.path.isdir(MISC) else None, before)


class Rivals(TestCase):
    """Other rules for MZ files: those of Wine and mono, here with a script that says which of them was asked."""
    names = ("before", "mzinit", "after")

    def register_three(self, script):
        prepare = ("mzinit unregister; "
                   "for n in before after; do printf '#!/bin/sh\\necho %s\\n' $n > /run/$n; chmod 755 /run/$n; done; "
                   "printf MZ > /run/program; chmod 755 /run/program; "
                   "echo ':after:M::MZ::/run/after:' > register; mzinit register 2>/dev/null; "
                   "echo ':before:M::MZ::/run/before:' > register; ")
        return below_init(prepare + script)

    def test_order_in_status_is_that_in_which_the_kernel_asks_them(self):
        result = self.register_three("mzinit status --json; /run/program; echo -1 > before; mzinit status --json; /run/program; "
                                     "echo $?; mzinit unregister; mzinit status --json; /run/program")
        first, answer_first, second, answer_second, third, answer_third = result.stdout.splitlines()
        self.assertEqual([rule["name"] for rule in json.loads(first)["mz_rules"]], ["before", "mzinit", "after"])
        self.assertEqual(answer_first, "before")
        self.assertEqual([rule["name"] for rule in json.loads(second)["mz_rules"]], ["mzinit", "after"])
        self.assertEqual(answer_second, "126")  # ours: it is no program
        self.assertEqual([rule["name"] for rule in json.loads(third)["mz_rules"]], ["after"])
        self.assertEqual(answer_third, "after")

    def test_order_is_right_however_the_rules_came_there(self):
        # Names that were looked up before, removed, and registered again.
        result = below_init("""
            mzinit unregister
            for n in c a d b e; do cat $n 2>/dev/null; printf '#!/bin/sh\\necho %s\\n' $n > /run/$n; chmod 755 /run/$n
            echo ":$n:M::MZ::/run/$n:" > register; done
            for n in d c; do echo -1 > $n; echo ":$n:M::MZ::/run/$n:" > register; done
            printf MZ > /run/program; chmod 755 /run/program
            mzinit status | sed 's/^rule \\(.\\) .*/\\1/'
            for i in 1 2 3 4 5; do n=$(/run/program); echo $n; echo -1 > $n; done""")
        lines = result.stdout.splitlines()
        self.assertEqual(lines[1:6], ["c", "d", "e", "b", "a"])
        self.assertEqual(lines[6:], lines[1:6])

    def test_are_named_by_status(self):
        result = self.register_three("mzinit status; echo 0 > after; mzinit status | tail -n 1")
        self.assertEqual(result.stdout, f"registered: MZ files are run by {MZINIT} (rule mzinit, flags PF)\n"
                                        "rule before (/run/before) is for MZ files too, and is asked before ours\n"
                                        "rule after (/run/after) is for MZ files too, and is asked after ours\n"
                                        "rule after (/run/after) is for MZ files too, but is switched off\n")

    def test_are_warned_of_by_register_which_is_asked_first_then(self):
        result = self.register_three("mzinit register; echo $?; /run/program; echo $?")
        self.assertEqual(result.stdout, "0\n126\n")
        self.assertEqual(result.stderr.splitlines()[:2],
                         ["mzinit: rule before (/run/before) is for MZ files too, and is asked after ours",
                          "mzinit: rule after (/run/after) is for MZ files too, and is asked after ours"])

    def test_rules_by_name_and_with_a_longer_magic_are_named_others_are_not(self):
        result = below_init("echo ':ape:M::MZqFpD::/bin/true:' > register; echo ':by-name:E::exe::/bin/true:' > register; "
                            "echo ':elf:M::\\x7fELF\\x01::/bin/true:' > register; mzinit register --com; mzinit status")
        self.assertEqual(result.stdout.splitlines()[1:],
                         ["files called .com are run by mzinit too (rules mzinit-com, mzinit-COM)",
                          "rule by-name (/bin/true) is for files called .exe too, and is asked after ours",
                          "rule ape (/bin/true) is for some MZ files too, and is asked after ours"])


class Protection(TestCase):
    def test_keeps_all_rules_from_being_removed_or_switched_off_at_once(self):
        result = below_init("mzinit register --protect; (echo -1 > status) 2>&1 | grep -o 'Read-only file system'; "
                            "(echo 0 > status) 2>/dev/null || echo refused; mzinit status | tail -n 1; mzinit status --json")
        *lines, state = result.stdout.splitlines()
        self.assertEqual(lines, ["Read-only file system", "refused",
                                 "protected: all rules at once cannot be removed or switched off here"])
        self.assertTrue(json.loads(state)["protected"])

    def test_is_undone_by_unregister(self):
        result = below_init("mzinit register --protect; mzinit register --protect; mzinit unregister; "
                            "echo -1 > status && echo writable; grep -c /status /proc/self/mounts")
        self.assertEqual(result.stdout, "writable\n0\n")

    def test_is_a_setting_for_register_and_init(self):
        with bridges.TemporaryDirectory() as directory:
            conf = os.path.join(directory, "mzinit.conf")
            with open(conf, "w", encoding="ascii") as file:
                file.write("[boot]\nprotect_binfmt = yes\n")
            environment = dict(os.environ, MZINIT_CONF=conf)
            result = below_init("mzinit status | tail -n 1; mzinit unregister; mzinit register; mzinit status | tail -n 1",
                                env=environment)
        self.assert_output(result, 2 * "protected: all rules at once cannot be removed or switched off here\n")

    def test_leaves_the_rule_to_its_guard(self):
        result = below_init("mzinit register --protect; echo -1 > mzinit; await has mzinit; echo back")
        self.assert_output(result, "back\n")


class Launches(TestCase):
    """Programs that run: by a Linux agent beside init (it serves only the root of its own namespaces), whose runner starts
    the command given as arguments."""

    def setUp(self):
        directory = bridges.TemporaryDirectory()
        self.directory = directory.__enter__()
        self.addCleanup(directory.__exit__)
        self.runner = fake_programs.write_runner(self.directory)
        self.program = fake_programs.write_pe64(os.path.join(self.directory, "p.exe"))
        self.conf = os.path.join(self.directory, "guest.conf")

    def start_agent(self, endpoint, more=""):
        """The part of a script that does, and writes the configuration file that names the agent."""
        ready = os.path.join(self.directory, "ready")
        if endpoint == "unix":
            options = f"--listen unix:{self.directory}/agent.sock"
        else:
            # Nothing is passed there: this agent has to see the program by itself.
            options = f"--listen tcp:127.0.0.1:0 --key-file {bridges.make_key(self.directory)} --map /={self.directory}/root"
        return (f"{bridges.HOSTBRIDGE} {options} --ready-file {ready} --runner 'pe64={self.runner} %p' "
                f"</dev/null >{self.directory}/agent.log 2>&1 & await has {ready}\n"
                f"printf '[host]\\nendpoints = %s\\n{more}' \"$(cat {ready})\" > {self.conf}\n")

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path


class OpenedPrograms(Launches):
    """--flags POF: the kernel hands over the program as it has opened it."""
    weak = "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "

    def below_init_with_agent(self, script):
        return below_init(self.start_agent("unix") + f"export MZINIT_CONF={self.conf}\n" + script)

    def test_program_that_cannot_be_read_runs(self):
        os.chmod(self.program, 0o111)
        result = self.below_init_with_agent(f"{self.weak} {self.program} true; echo $?; mzinit register --flags POF; "
                                            f"{self.weak} {self.program} echo ran")
        self.assert_output(result, "126\nran\n")

    def test_path_is_not_opened_a_second_time(self):
        script = (f"mzinit register --flags FLAGS; strace -f -e trace=open,openat,execve -o /run/trace {self.program} true; "
                  f"grep -c 'open.*\"{self.program}\"' /run/trace")
        self.assertEqual(self.below_init_with_agent(script.replace("FLAGS", "PF")).stdout, "1\n")
        self.assertEqual(self.below_init_with_agent(script.replace("FLAGS", "POF")).stdout, "0\n")

    def test_descriptor_is_not_inherited(self):
        # A fallback that takes our place: an emulator for DOS programs.
        emulator = self.write("emu2", "#!/bin/sh\nls -C /proc/self/fd\n", 0o755)
        header = bytearray(512)
        header[:10] = b"MZ" + bytes([0, 0, 1, 0, 0, 0, 2, 0])
        dos = os.path.join(self.directory, "dos.exe")
        with open(dos, "wb") as file:
            file.write(header)
        os.chmod(dos, 0o755)
        environment = dict(os.environ, PATH=f"{os.path.dirname(emulator)}:{os.environ['PATH']}",
                           MZINIT_CONF=self.write("dos.conf", "[route]\ndos = dosbox\n"))
        for flags in ("PF", "POF"):
            result = below_init(f"mzinit register --flags {flags}; {dos}", env=environment)
            self.assertEqual(result.stdout.split(), ["0", "1", "2", "3"], (flags, result.stderr))  # 3 is ls's own


class EmbeddedConfiguration(Launches):
    """A root directory with nothing in it but a program, and what an agent's endpoint needs."""

    def chroot(self, script, endpoint, register="mzinit register --embed-config", own_conf=None):
        """The script, with the root directory as $root."""
        if bridges.SANITIZED:
            self.skipTest("the sanitized program is dynamic, and cannot run in such a directory")
        root = os.path.join(self.directory, "root")
        os.mkdir(root)
        os.rename(self.program, os.path.join(root, "p.exe"))
        prepare = self.start_agent(endpoint, "key = /key\\n" if endpoint == "tcp" else "")
        if endpoint == "unix":
            # The socket, at the same path as outside.
            os.makedirs(root + self.directory)
            prepare += f"mount --bind {self.directory} {root}{self.directory}; "
        else:
            shutil.copy(bridges.make_key(self.directory), os.path.join(root, "key"))
        if own_conf is not None:
            os.mkdir(os.path.join(root, "etc"))
            with open(os.path.join(root, "etc", "mzinit.conf"), "w", encoding="ascii") as file:
                file.write(own_conf)
        return below_init(f"{prepare} mount -t tmpfs tmpfs /var/lib; MZINIT_CONF={self.conf}; export MZINIT_CONF; "
                          f"{register} || exit; unset MZINIT_CONF; root={root}; cd /; {script}")

    def test_program_runs_where_neither_mzinit_nor_its_configuration_can_be_seen(self):
        for endpoint in ("unix", "tcp"):
            with self.subTest(endpoint):
                self.setUp()
                result = self.chroot("chroot $root /p.exe echo without; mkdir $root/proc; "
                                     "mount -t proc proc $root/proc && chroot $root /p.exe echo with; "
                                     "echo in | chroot $root /p.exe cat; chroot $root /p.exe sh -c 'exit 7'; echo $?", endpoint)
                self.assert_output(result, "without\nwith\nin\n7\n")

    def test_without_it_the_agent_is_not_found_there(self):
        result = self.chroot("chroot $root /p.exe true; echo $?", "unix", register="mzinit register")
        self.assert_output(result, "125\n")
        self.assertIn("/run/mzinit/hostbridge.sock", result.stderr)

    def test_status_says_so_and_register_goes_back(self):
        result = self.chroot("mzinit status; mzinit status --json; mzinit register && mzinit status && "
                             f"MZINIT_CONF={self.directory}/guest.conf mzinit register --embed-config && "
                             f"MZINIT_CONF={self.directory}/guest.conf mzinit register --embed-config && mzinit status", "unix")
        sentence, state, plain, again = result.stdout.splitlines()
        embedded = ("registered: MZ files are run by a copy of mzinit with its configuration, embedded in memory "
                    "(rule mzinit, flags PF)")
        self.assertEqual((sentence, again), (embedded, embedded), result.stderr)
        self.assertEqual(json.loads(state)["embedded"], "memory")
        self.assertEqual(plain, f"registered: MZ files are run by {MZINIT} (rule mzinit, flags PF)")

    def test_file_of_the_root_directory_counts_for_more(self):
        result = self.chroot("chroot $root /p.exe true; echo $?", "unix", own_conf="[host]\nendpoints = unix:/own.sock\n")
        self.assert_output(result, "125\n")
        self.assertIn("/own.sock", result.stderr)

    def test_file_that_is_named_counts_for_more(self):
        result = self.chroot("MZINIT_CONF=/named chroot $root /p.exe true; echo $?", "unix")
        self.assert_output(result, "125\n")
        self.assertIn("read /named: No such file or directory", result.stderr)

    def test_memory_that_cannot_be_executed_is_replaced_by_a_file(self):
        noexec = "/proc/sys/vm/memfd_noexec"
        if not os.path.exists(noexec):
            self.skipTest("this kernel has no vm.memfd_noexec (Linux 6.3)")
        result = self.chroot(f"mzinit status --json; stat -c %a /var/lib/mzinit/*; chroot $root /p.exe echo ran; "
                             "mzinit unregister; ls /var/lib/mzinit", "unix", f"echo 2 > {noexec}; mzinit register --embed-config")
        state, mode, ran = result.stdout.splitlines()
        self.assertEqual(json.loads(state)["interpreter"], "/var/lib/mzinit/interpreter.mzinit")
        self.assertEqual(json.loads(state)["embedded"], "file")
        self.assertEqual((mode, ran), ("755", "ran"), result.stderr)

    def test_memory_is_used_where_it_must_be_asked_for(self):
        noexec = "/proc/sys/vm/memfd_noexec"
        if not os.path.exists(noexec):
            self.skipTest("this kernel has no vm.memfd_noexec (Linux 6.3)")
        result = self.chroot("mzinit status --json; chroot $root /p.exe echo ran", "unix",
                             f"echo 1 > {noexec}; mzinit register --embed-config")
        state, ran = result.stdout.splitlines()
        self.assertEqual((json.loads(state)["embedded"], ran), ("memory", "ran"), result.stderr)

    def test_configuration_that_does_not_fit_is_refused(self):
        conf = self.write("large.conf", "# a comment\n" * 1400)
        result = below_init(f"MZINIT_CONF={conf} mzinit register --embed-config")
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"mzinit: cannot embed the configuration: {MZINIT}: the configuration has 16800 bytes, and at most "
                             "16360 can be embedded\n"))

    def test_configuration_with_a_key_in_it_is_refused(self):
        conf = self.write("key.conf", f"[host]\nkey = /etc/mzinit/key\n# default {64 * '7'}\n")
        result = below_init(f"MZINIT_CONF={conf} mzinit register --embed-config")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it contains what looks like a key", result.stderr)

    def test_init_that_registers_it_puts_it_back(self):
        conf = self.write("boot.conf", f"[host]\nendpoints = unix:{self.directory}/agent.sock\n[boot]\nembed_config = yes\n")
        result = below_init(f"unset MZINIT_CONF; {self.start_agent('unix')} echo -1 > status; await has mzinit; "
                            f"mzinit status; {self.program} echo ran", env=dict(os.environ, MZINIT_CONF=conf))
        self.assertEqual(result.returncode, 0, result.stderr)
        sentence, ran = result.stdout.splitlines()
        self.assertIn("embedded in memory", sentence)
        self.assertEqual(ran, "ran")


if __name__ == "__main__":
    if not EMULATED and not bridges.has_private_binfmt_misc():
        bridges.exec_in_guest([sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    limited_tests.main()
