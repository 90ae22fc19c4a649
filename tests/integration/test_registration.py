# SPDX-License-Identifier: MIT
"""The rule for MZ files: register, unregister and status, and the init that puts a lost rule back. Every test has a table
of its own, in a user namespace; on kernels before Linux 6.7 all of this runs inside the emulated guest."""

import json
import os
import re
import subprocess
import sys
import unittest

import bridges
from bridges import EMULATED, HANG_GUARD, MZINIT

MISC = "/proc/sys/fs/binfmt_misc"
NAMESPACES = ["unshare", "-mpf" if EMULATED else "-Urmpf", "--mount-proc", "--kill-child"]

# What is marked as unregistered must not get into the machine's /run. The emulated machine has one table for all tests.
PREPARE = "mount -t tmpfs tmpfs /run; " + (f"mount -t binfmt_misc none {MISC}; echo -1 > {MISC}/status; " if EMULATED else "")

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

    def test_init_that_looks_after_a_rule_still_forwards_and_reaps(self):
        result = below_init("(exec sleep 0) & for i in 1 2 3 4 5; do settle; done; sh -c '(sh -c true &) ; exit 0'; "
                            "settle; await sh -c '! grep -q zombie /proc/[0-9]*/status'; exit 37")
        self.assertEqual(result.returncode, 37, result.stderr)

    def test_init_that_looks_after_nothing_holds_no_descriptors_for_it(self):
        result = run([*NAMESPACES, MZINIT, "--", "ls", "/proc/1/fd"])
        self.assertEqual(result.stdout.split(), ["0", "1", "2"])


class Subcommands(TestCase):
    def test_rule_is_registered_and_works(self):
        result = below_init("mzinit status && mzinit status --json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        sentence, state = result.stdout.splitlines()
        self.assertEqual(sentence, f"registered: MZ files are run by {MZINIT} (rule mzinit, flags PF)")
        self.assertEqual(json.loads(state), {"binfmt_misc_mounted": True, "binfmt_misc_enabled": True, "registered": True,
                                             "enabled": True, "interpreter": MZINIT, "flags": "PF", "com": False,
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
                               ("mzinit status --mount-point /tmp", 3),
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

    @unittest.skipIf(EMULATED, "the emulated machine has one table")
    def test_machines_own_rules_are_out_of_reach(self):
        before = os.listdir(MISC) if os.path.isdir(MISC) else None
        self.assertEqual(below_init("true").returncode, 0)
        self.assertEqual(os.listdir(MISC) if os.path.isdir(MISC) else None, before)


if __name__ == "__main__":
    if not EMULATED and not bridges.has_private_binfmt_misc():
        bridges.exec_in_guest([sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    unittest.main()
