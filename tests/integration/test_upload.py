# SPDX-License-Identifier: MIT
"""Programs that the host does not see, the whole way: from a file system of the guest's alone into the agent's store, and run there.
Over a unix socket, over tcp, and on hostbridge.exe."""

import filecmp
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import unittest

import bridges
import limited_tests
from bridges import SAMPLES, wait_until

LINES = b"first: imported by the program\nsecond: imported by the first\n"
PLUGIN_LINE = b"plug-in: loaded by its name\n"
EXIT_CODE = 42
# So much that it takes half a second or more to send, however late we look.
LARGE = 128 << 20


class UploadTests:
    """The programs lie on a tmpfs of a mount namespace in which the agent is not."""

    arguments = ()
    leaves_litter = False
    windows = False

    @classmethod
    def setUpClass(cls):
        cls.directory = os.path.realpath(cls.enterClassContext(bridges.TemporaryDirectory()))
        for name in ("fallback", "tmpfs"):
            os.mkdir(os.path.join(cls.directory, name))
        cls.prepare()
        cls.bridge = cls.enterClassContext(cls.start(cls.arguments))
        cls.environment = dict(bridges.wine_environment(), **cls.bridge.environment)
        configuration = os.path.join(cls.directory, "mzinit.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f"[host]\nkey = {os.path.join(cls.directory, 'key')}\n[route]\npe = host\n")
        # Where the host cannot run it, no Wine of the guest's is to hide that.
        cls.environment.update(MZINIT_CONF=configuration, D=cls.directory, S=SAMPLES)

    @classmethod
    def prepare(cls):
        pass

    def setUp(self):
        self.bridge.assert_alive()
        self.launches_before = len(self.uploads())

    def command(self, script):
        programs = "cp $S/uses_dlls.exe $S/uses_dlls_*.dll $S/hello.exe $S/exit.exe $D/tmpfs && cd $D/fallback"
        return ["unshare", "-m", "bash", "-c", f"mount -t tmpfs none $D/tmpfs && {programs} && {script}"]

    def shell(self, script):
        return bridges.run(self.command(script), env=self.environment, cwd=SAMPLES, stdin=subprocess.DEVNULL, capture_output=True)

    def start_shell(self, script):
        process = subprocess.Popen(self.command("exec " + script), env=self.environment, cwd=SAMPLES, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def uploads(self):
        """The number of bytes that came for each launch that was logged; None for a program that was not sent."""
        found = []
        for line in self.bridge.log().splitlines():
            if "launch " in line and " result=" in line:
                uploaded = re.search(r" uploaded=(\d+)", line)
                found.append(int(uploaded[1]) if uploaded else None)
        return found

    def uploaded(self, count=1):
        """For each of the last `count` launches."""
        wait_until(lambda: len(self.uploads()) >= self.launches_before + count, "the launch is in the log")
        return self.uploads()[self.launches_before:]

    def stored(self, pattern):
        return glob.glob(os.path.join(self.directory, "cache", pattern))

    def assert_ran(self, result, lines=LINES):
        self.assertEqual((result.returncode, result.stdout.replace(b"\r\n", b"\n"), result.stderr), (EXIT_CODE, lines, b""))

    def assert_refused(self, result, code, reason):
        self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (code, b"", 1), result)
        self.assertRegex(result.stderr.decode(), reason)

    def assert_nothing_is_half_done(self):
        if self.leaves_litter:
            # What was in use when it should have been deleted goes with the next upload.
            self.shell("head -c 100 /dev/urandom >>$D/tmpfs/hello.exe; exec $D/tmpfs/hello.exe")
        wait_until(lambda: not self.stored("incoming/*"), "nothing is left of uploads that did not end")


class StoreTests(UploadTests):
    def test_it_runs_with_its_libraries_and_is_sent_once(self):
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        first, second = self.uploaded(2)
        self.assertIsNotNone(first)
        self.assertEqual(second, 0)
        self.assert_nothing_is_half_done()

    def test_what_is_loaded_by_its_name_has_to_be_named(self):
        self.assertNotEqual(self.shell("exec $D/tmpfs/uses_dlls.exe uses_dlls_plugin.dll").returncode, EXIT_CODE)
        self.assert_ran(self.shell(f"exec {bridges.MZINIT} run --with $D/tmpfs/uses_dlls_plugin.dll "
                                   "$D/tmpfs/uses_dlls.exe uses_dlls_plugin.dll"), LINES + PLUGIN_LINE)

    def test_what_the_host_sees_is_sent_with_what_has_to_be_beside_it(self):
        self.assert_ran(self.shell("cp $S/uses_dlls_plugin.dll $D/tmpfs/beside.dll && exec "
                                   f"{bridges.MZINIT} run --with $D/tmpfs/beside.dll $S/uses_dlls.exe beside.dll"), LINES + PLUGIN_LINE)
        self.assertIsNotNone(self.uploaded()[0])

    def test_it_can_be_forbidden(self):
        self.assert_refused(self.shell(f"exec {bridges.MZINIT} run --upload=never $D/tmpfs/hello.exe"), 126, "no path for it")
        self.assertEqual(self.uploaded(), [None])

    def test_what_the_host_sees_is_not_sent(self):
        self.assertEqual(self.shell("exec $S/hello.exe").returncode, 0)
        self.assertEqual(self.uploaded(), [None])

    def test_another_file_than_the_one_that_the_host_sees_is_sent(self):
        result = self.shell("mount --bind $D/tmpfs/exit.exe $S/hello.exe && exec $S/hello.exe 5")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (5, b"", b""))
        self.assertIsNotNone(self.uploaded()[0])

    def test_a_changed_copy_is_replaced(self):
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        sizes = {os.path.getsize(os.path.join(SAMPLES, name)) for name in ("uses_dlls.exe", "uses_dlls_first.dll")}
        changed = [path for path in self.stored("files/*") if os.path.getsize(path) in sizes]
        self.assertGreaterEqual(len(changed), 2)
        for path in changed:
            os.chmod(path, 0o700)
            with open(path, "r+b") as file:
                file.seek(1000)
                file.write(b"changed")
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        _, repaired, again = self.uploaded(3)
        self.assertEqual((repaired, again), (sum(map(os.path.getsize, changed)), 0))

    def test_a_damaged_copy_is_replaced(self):
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        # Only the names are lost: nothing has to come again.
        for path in self.stored("programs/*/uses_dlls*"):
            os.remove(path)
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        # Of one file everything is: only that one comes again.
        library = os.path.join(SAMPLES, "uses_dlls_first.dll")
        for path in self.stored("programs/*/uses_dlls_first.dll") + self.stored("files/*"):
            if filecmp.cmp(path, library, shallow=False):
                os.remove(path)
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        self.assertEqual(self.uploaded(3)[1:], [0, os.path.getsize(library)])

    def test_what_lies_in_the_place_of_a_file_is_replaced(self):
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        for path in self.stored("programs/*/uses_dlls.exe"):
            os.remove(path)
            os.makedirs(os.path.join(path, "sub"))
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        for path in self.stored("programs/*"):
            shutil.rmtree(path)
            with open(path, "wb"):
                pass
        self.assert_ran(self.shell("exec $D/tmpfs/uses_dlls.exe"))
        self.assertEqual(self.uploaded(3)[1:], [0, 0])

    def test_a_program_with_a_long_name_runs_or_is_refused_in_words(self):
        for size in (180, 250):
            with self.subTest(size=size):
                path = "$D/tmpfs/" + "n" * (size - 4) + ".exe"
                result = self.shell(f"mv $D/tmpfs/exit.exe {path} && exec {path} 5")
                if self.windows and size == 250:
                    self.assert_refused(result, 126, "too long for .*--cache-dir")
                else:
                    self.assertEqual((result.returncode, result.stderr), (5, b""))

    def test_two_that_are_sent_at_once_both_run(self):
        subprocess.run(["bash", "-c", "head -c 3000000 /dev/urandom >$D/random"], env=self.environment, check=True)
        script = "bash -c 'cat $D/random >>$D/tmpfs/uses_dlls.exe; exec $D/tmpfs/uses_dlls.exe'"
        for process in [self.start_shell(script) for _ in range(3)]:
            output, errors = process.communicate(timeout=bridges.HANG_GUARD)
            self.assert_ran(subprocess.CompletedProcess(script, process.returncode, output, errors))
        self.assert_nothing_is_half_done()

    def start_large(self):
        """One whose program is on its way to the agent, and far from having arrived; it is stopped."""
        grow = f"truncate -s {LARGE} $D/tmpfs/hello.exe; head -c 100 /dev/urandom >>$D/tmpfs/hello.exe"
        process = self.start_shell(f"bash -c {shlex.quote(grow + '; exec $D/tmpfs/hello.exe')}")
        wait_until(lambda: any(map(self.has_bytes, self.stored("incoming/*/*") + self.stored("incoming/*"))), "some of it has come")
        process.send_signal(signal.SIGSTOP)
        self.assertTrue(self.stored("incoming/*"), "it was sent before it could be stopped")
        return process

    @staticmethod
    def has_bytes(path):
        try:
            return os.path.isfile(path) and os.path.getsize(path) > 0
        except OSError:
            return False

    def test_a_killed_upload_leaves_nothing(self):
        process = self.start_large()
        process.kill()
        process.wait()
        self.assert_nothing_is_half_done()
        self.assertEqual(self.shell("exec $D/tmpfs/hello.exe").returncode, 0)

    def test_a_file_that_changes_while_it_is_sent_is_not_run(self):
        process = self.start_large()
        program = f"/proc/{process.pid}/root{self.directory}/tmpfs/hello.exe"
        with open(program, "r+b") as file:
            file.seek(LARGE)
            file.write(b"changed")
        process.send_signal(signal.SIGCONT)
        output, errors = process.communicate(timeout=bridges.HANG_GUARD)
        self.assert_refused(subprocess.CompletedProcess("", process.returncode, output, errors), 126, "changed while it was sent")
        self.assert_nothing_is_half_done()

    def test_a_file_that_gets_shorter_while_it_is_sent_is_not_run(self):
        process = self.start_large()
        os.truncate(f"/proc/{process.pid}/root{self.directory}/tmpfs/hello.exe", 1 << 20)
        process.send_signal(signal.SIGCONT)
        output, errors = process.communicate(timeout=bridges.HANG_GUARD)
        self.assert_refused(subprocess.CompletedProcess("", process.returncode, output, errors), 126, "changed")
        self.assert_nothing_is_half_done()


class FullDiskTests(UploadTests):
    """The store is on a file system of 256 KiB."""

    @classmethod
    def prepare(cls):
        store = os.path.join(cls.directory, "cache")
        os.mkdir(store)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", store], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "-l", store], check=True)

    def test_is_an_answer(self):
        script = "head -c 1000000 /dev/zero >>$D/tmpfs/uses_dlls.exe; exec $D/tmpfs/uses_dlls.exe"
        self.assert_refused(self.shell(script), 125, "[Nn]o space|space on the disk|disk is full")
        self.assert_nothing_is_half_done()
        self.bridge.assert_alive()


class SmallCacheTests(UploadTests):
    arguments = ("--cache-size", "500000")

    def test_a_program_that_does_not_fit_is_refused(self):
        script = "head -c 1000000 /dev/zero >>$D/tmpfs/uses_dlls.exe; exec $D/tmpfs/uses_dlls.exe"
        self.assert_refused(self.shell(script), 126, "uses_dlls.exe: ")
        self.assertEqual(self.uploaded(), [0])


class OnLinuxTcp:
    @classmethod
    def start(cls, arguments):
        arguments = [f"--map={SAMPLES}={SAMPLES}", "--fallback-dir", os.path.join(cls.directory, "fallback"), *arguments]
        return bridges.start_linux_bridge(cls.directory, "tcp", arguments)


class OnWindowsTcp:
    leaves_litter = True
    windows = True

    @classmethod
    def start(cls, arguments):
        def on_windows(path):
            return "Z:" + path.replace("/", "\\")

        arguments = ["--fallback-dir", on_windows(f"{cls.directory}/fallback"), *arguments]
        return bridges.start_windows_bridge(cls.directory, arguments, [f"{SAMPLES}={on_windows(SAMPLES)}"])


class LinuxTcp(OnLinuxTcp, StoreTests, unittest.TestCase):
    pass


class LinuxDescriptors(UploadTests, unittest.TestCase):
    """In a changed root directory, since an agent admits nobody of another mount namespace there."""

    @classmethod
    def prepare(cls):
        if bridges.SANITIZED:
            raise unittest.SkipTest("the sanitized program is dynamic, and cannot run in such a directory")
        cls.root = os.path.join(cls.directory, "root")
        os.makedirs(os.path.join(cls.root, "dev"))
        for path in glob.glob(f"{SAMPLES}/uses_dlls*"):
            shutil.copy(path, cls.root)

    @classmethod
    def start(cls, arguments):
        return bridges.start_linux_bridge(cls.directory, "unix", ["--listen", f"unix:{cls.root}/agent.sock", *arguments])

    def test_what_is_passed_is_sent_with_what_has_to_be_beside_it(self):
        beside = shutil.copy(os.path.join(SAMPLES, "uses_dlls_plugin.dll"), os.path.join(self.directory, "beside.dll"))
        self.assert_ran(bridges.run([bridges.MZINIT, "run", "--with", beside, f"{SAMPLES}/uses_dlls.exe", "beside.dll"], env=self.environment,
                                    stdin=subprocess.DEVNULL, capture_output=True), LINES + PLUGIN_LINE)
        self.assertIsNotNone(self.uploaded()[0])

    def run_in_root(self):
        environment = dict(self.environment, MZINIT_HOST="unix:/agent.sock")
        del environment["MZINIT_CONF"]
        return bridges.run(["chroot", self.root, "/uses_dlls.exe"], env=environment, stdin=subprocess.DEVNULL, capture_output=True)

    def test_it_runs_with_its_libraries_and_is_sent_once(self):
        self.assert_ran(self.run_in_root())
        self.assert_ran(self.run_in_root())
        first, second = self.uploaded(2)
        self.assertGreater(first, 0)
        self.assertEqual(second, 0)


class LinuxFullDisk(OnLinuxTcp, FullDiskTests, unittest.TestCase):
    pass


class LinuxSmallCache(OnLinuxTcp, SmallCacheTests, unittest.TestCase):
    pass


@bridges.needs_windows_agent
class WindowsTcp(OnWindowsTcp, StoreTests, unittest.TestCase):
    pass


@bridges.needs_windows_agent
class WindowsFullDisk(OnWindowsTcp, FullDiskTests, unittest.TestCase):
    pass


@bridges.needs_windows_agent
class WindowsSmallCache(OnWindowsTcp, SmallCacheTests, unittest.TestCase):
    pass


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
