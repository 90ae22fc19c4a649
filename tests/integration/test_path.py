# SPDX-License-Identifier: MIT
"""`mzinit path`, also by the names wslpath and mzpath: every case of WSL's, with mounts in a namespace of our own."""

import os
import shlex
import socket
import unittest

import bridges
import limited_tests

# The mount table of WSL 2: user namespaces cannot mount 9p or drvfs, so this is what the command reads in place of the kernel's.
ROOT = "1 0 8:16 / / rw,relatime - ext4 /dev/sdb rw,discard\n"
DRIVE_C = "20 1 0:50 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/,mmap\n"
DRIVES = ROOT + DRIVE_C
# Directories that there are on the drive, and links.
FILES = "mount -t tmpfs none /mnt && mkdir -p /mnt/c/Users/here && ln -s /mnt/c/Users/here /mnt/c/link && ln -s /etc /mnt/c/out && "


def accepted(listener):
    """The next connection that waits there; None if there is none."""
    try:
        return listener.accept()[0]
    except BlockingIOError:
        return None


class PathTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(bridges.TemporaryDirectory())
        for name in ("wslpath", "mzpath"):
            os.symlink(bridges.MZINIT, os.path.join(cls.directory, name))
        cls.configuration = cls.write("mzinit.conf", f"[host]\nname = D\nendpoints = unix:{cls.directory}/no_agent\n")

    @classmethod
    def write(cls, name, text):
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_path(self, *words, name="wslpath", script="", mountinfo=None, cwd="/", **options):
        """Runs the command after `script`, which may mount what it likes, with the given mount table if it is to have that."""
        options.setdefault("env", dict(os.environ, MZINIT_CONF=self.configuration))
        if mountinfo is not None:
            # Last, since it stands for what was really mounted; exec keeps the process, and with it its table.
            script += f"mount --bind {shlex.quote(self.write('mountinfo', mountinfo))} /proc/$$/mountinfo && "
        command = [bridges.MZINIT, "path"] if name == "mzinit" else [os.path.join(self.directory, name)]
        if script:
            script += f"cd {shlex.quote(cwd)} && exec \"$@\""
            command = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "sh", "-c", script, "sh", *command]
            cwd = "/"
        options.setdefault("capture_output", True)
        return bridges.run([*command, *words], cwd=cwd, **options)

    def translated(self, *words, **options):
        result = self.run_path(*words, **options)
        self.assertEqual((result.returncode, result.stderr), (0, b""), words)
        return result.stdout.decode(errors="surrogateescape")

    def reason(self, *words, **options):
        result = self.run_path(*words, **options)
        self.assertEqual((result.returncode, result.stdout), (1, b""), words)
        return result.stderr.decode()


class WslCases(PathTest):
    """What wslpath gives on WSL, from /mnt/c/Users."""

    def on_drive(self, *words, **options):
        return self.translated(*words, script=FILES, mountinfo=DRIVES, cwd="/mnt/c/Users", **options)

    def check(self, rows, *mode):
        for given, expected in rows:
            with self.subTest(given=given):
                self.assertEqual(self.on_drive(*mode, given), expected + "\n")

    def test_towards_the_guest(self):
        rows = [("C:\\", "/mnt/c/"), ("C:\\Foo", "/mnt/c/Foo"), ("C:\\Foo\\", "/mnt/c/Foo/"), ("C:\\Foo\\bar", "/mnt/c/Foo/bar"),
                ("C:/Foo/bar", "/mnt/c/Foo/bar"), ("foo", "foo"), ("foo\\", "foo/"), (".", "."), ("\\x", "/mnt/c/x"),
                ("C:\\Program Files (x86)\\Common Files", "/mnt/c/Program Files (x86)/Common Files"),
                ("\\\\wsl.localhost\\D", "/"), ("\\\\wsl.localhost\\D\\root", "/root"), ("\\\\wsl$\\D\\proc\\stat", "/proc/stat"),
                ("\\\\?\\C:\\Users\\", "/mnt/c/Users/"), ("C:\\x\uf05c\uf03ay", "/mnt/c/x\\:y"), ("C:\\full\uff1awidth", "/mnt/c/full\uff1awidth")]
        self.check(rows)
        self.check(rows[:3], "-u")
        self.assertEqual(self.on_drive("-a", "foo"), "/mnt/c/Users/foo\n")

    def test_towards_windows(self):
        self.check([("/mnt/c", "C:\\"), ("/mnt/c/", "C:\\"), ("/mnt/c/Users", "C:\\Users"), ("/mnt/c/Users/", "C:\\Users\\"),
                    ("/mnt/c/DOESNOTEXIST/", "C:\\DOESNOTEXIST\\"), ("/mnt/c/x\\:y", "C:\\x\uf05c\uf03ay"),
                    ("/mnt/c/Program Files (x86)/Common Files", "C:\\Program Files (x86)\\Common Files"),
                    ("/", "\\\\wsl.localhost\\D\\"), ("/root", "\\\\wsl.localhost\\D\\root"), ("/proc/1/", "\\\\wsl.localhost\\D\\proc\\1\\"),
                    ("/mnt/c/link", "C:\\Users\\here"), ("/mnt/c/link/", "C:\\Users\\here\\"), ("/mnt/c/out/x", "C:\\out\\x"),
                    ("here", "C:\\Users\\here"), ("gone", "gone"), ("gone/x/", "gone\\x\\")], "-w")
        self.assertEqual(self.on_drive("-w", "/mnt/c/out"), "\\\\wsl.localhost\\D" + os.path.realpath("/etc").replace("/", "\\") + "\n")
        for mode in (["-aw"], ["-wa"], ["-a", "-w"]):
            self.assertEqual(self.on_drive(*mode, "gone"), "C:\\Users\\gone\n")

    def test_mixed(self):
        self.check([("/mnt/c/Users/", "C:/Users/"), ("/root", "//wsl.localhost/D/root"), ("gone/x", "gone/x")], "-m")

    def test_idempotent(self):
        self.check([("/mnt/c/a/../b", "/mnt/c/a/../b"), ("C:\\x", "/mnt/c/x")], "--idempotent")
        self.check([("C:\\a\\..\\b", "C:\\a\\..\\b"), ("/mnt/c/x", "C:\\x")], "-w", "--idempotent")

    def test_failures(self):
        for path in ("\\\\wsl.localhost\\D-other\\foo", "C:foo", "\\\\?\\UNC\\server\\share", "\\\\.\\C:\\x", "C:\\..", "Q:\\x"):
            with self.subTest(path=path):
                self.assertEqual(self.reason(path, script=FILES, mountinfo=DRIVES), f"wslpath: {path}: the guest has no path for it\n")
        self.assertEqual(self.reason("\\x", mountinfo=DRIVES, cwd="/etc"), "wslpath: \\x: the working directory is on no drive\n")

    def test_mounts(self):
        tmp = "30 20 0:9 / /mnt/c/tmp rw - tmpfs tmpfs rw\n"
        for mountinfo, path, expected in (
                (DRIVES + "30 1 0:51 / /my\\040disk rw - drvfs D:\\134 rw\n", "/my disk/x", "D:\\x"),
                (DRIVES + "30 1 0:51 / /mnt/d rw - virtiofs drvfsD0 rw\n", "/mnt/d/x", "D:\\x"),
                (DRIVES + "30 1 0:50 /Users/me /home/me rw - 9p C: rw,aname=drvfs;path=C:\\\n", "/home/me/x", "C:\\Users\\me\\x"),
                (DRIVES + tmp, "/mnt/c/tmp/x", "\\\\wsl.localhost\\D\\mnt\\c\\tmp\\x"),
                (DRIVES + "30 20 0:51 / /mnt/c rw - drvfs D: rw\n", "/mnt/c/x", "D:\\x"),
                (DRIVES + "30 1 0:9 / /mnt rw - tmpfs tmpfs rw\n", "/mnt/c/x", "\\\\wsl.localhost\\D\\mnt\\c\\x")):
            with self.subTest(mountinfo=mountinfo):
                self.assertEqual(self.translated("-w", path, mountinfo=mountinfo), expected + "\n")
        self.reason("C:\\tmp\\x", mountinfo=DRIVES + tmp)


class RealMounts(PathTest):
    """The kernel's own table: bind mounts of what the configuration translates."""

    def test_bind_mount_of_a_configured_directory(self):
        for name in ("data/part", "else where", "plain"):
            os.makedirs(os.path.join(self.directory, name))
        base = os.path.realpath(self.directory)
        conf = self.write("bind.conf", f"[host]\nname = D\n[path]\nmap = {base}/data=D:\\data\n")
        script = f"mount --bind {base}/data/part '{base}/else where' && mount -t tmpfs none {base}/data/part && "
        environment = dict(os.environ, MZINIT_CONF=conf)
        before = f"mount --bind {base}/data/part '{base}/else where' && "
        self.assertEqual(self.translated("-w", f"{base}/else where/x", script=before, env=environment), "D:\\data\\part\\x\n")
        self.assertEqual(self.translated("-w", "x", script=before, cwd=f"{base}/else where", env=environment), "x\n")
        self.assertEqual(self.translated("-w", f"{base}/plain", script=before, env=environment),
                         "\\\\wsl.localhost\\D" + f"{base}/plain".replace("/", "\\") + "\n")
        # The files that were bound are not seen at the configured place any more.
        self.assertEqual(self.translated("-w", f"{base}/else where/x", script=script, env=environment),
                         "\\\\wsl.localhost\\D" + f"{base}/else where/x".replace("/", "\\") + "\n")

    @unittest.skipIf(bridges.SANITIZED, "the sanitizers need /proc")
    def test_without_proc(self):
        self.assertEqual(self.translated("-w", "/etc", script="mount -t tmpfs none /proc && "),
                         "\\\\wsl.localhost\\D" + os.path.realpath("/etc").replace("/", "\\") + "\n")


class Command(PathTest):
    def test_names(self):
        for name, prefix in (("wslpath", "wslpath"), ("mzpath", "mzpath"), ("mzinit", "mzinit: path")):
            with self.subTest(name=name):
                self.assertEqual(self.translated("\\\\wsl$\\D\\etc", name=name), "/etc\n")
                self.assertEqual(self.reason("C:x", name=name), f"{prefix}: C:x: the guest has no path for it\n")

    def test_as_first_process_of_a_namespace(self):
        result = bridges.run(["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-pf", os.path.join(self.directory, "wslpath"),
                              "\\\\wsl$\\D\\etc"], env=dict(os.environ, MZINIT_CONF=self.configuration), capture_output=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"/etc\n", b""))

    def test_usage(self):
        for words in ([], ["-w"], ["-uw", "x"], ["-w", "-m", "x"], ["a", "b"], ["-x", "a"], ["--nothing", "a"]):
            with self.subTest(words=words):
                lines = self.reason(*words).splitlines()
                self.assertTrue(lines[0].startswith("wslpath: "), lines)
                self.assertTrue(lines[1].startswith("Usage: wslpath "), lines)
        for word in ("-h", "--help"):
            self.assertIn("--idempotent", self.translated(word))
        self.assertEqual(self.translated("--", "-w", script="true && ", mountinfo=DRIVES), "-w\n")

    def test_bytes_that_are_not_utf8(self):
        result = self.run_path("-w", b"/tmp/\xff\x1b")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, b"", b"wslpath: /tmp/\xff?: it is not UTF-8\n"))

    def test_full_output(self):
        with open("/dev/full", "w") as full:
            result = self.run_path("\\\\wsl$\\D\\etc", capture_output=False, stdout=full, stderr=bridges.subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (1, b"wslpath: standard output: No space left on device\n"))

    def test_directory_that_was_deleted(self):
        gone = os.path.join(self.directory, "gone")
        script = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec \"$0\" \"$@\""

        def run_there(*words):
            return bridges.run(["sh", "-c", script, os.path.join(self.directory, "wslpath"), *words],
                               env=dict(os.environ, MZINIT_CONF=self.configuration), capture_output=True)

        self.assertEqual(run_there("\\\\wsl$\\D\\etc").stdout, b"/etc\n")
        result = run_there("-u", "x")
        self.assertEqual((result.returncode, result.stderr), (1, b"wslpath: x: the working directory has no path\n"))

    def test_bad_configuration(self):
        conf = self.write("bad.conf", "[host]\nname = a/b\n")
        self.assertEqual(self.reason("x", env=dict(os.environ, MZINIT_CONF=conf)),
                         f"wslpath: x: {conf}: line 2: wanted name = a name that Windows allows\n")

    def test_host_name_is_the_name(self):
        conf = self.write("unnamed.conf", f"[host]\nendpoints = unix:{self.directory}/no_agent\n")
        self.assertEqual(self.translated("-w", "/none", env=dict(os.environ, MZINIT_CONF=conf)),
                         f"\\\\wsl.localhost\\{socket.gethostname()}\\none\n")


class Agent(PathTest):
    def test_is_asked_only_for_what_is_not_known(self):
        path = os.path.join(self.directory, "silent")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.setblocking(False)
            conf = self.write("silent.conf", f"[host]\nname = D\nendpoints = unix:{path}\n[path]\nmap = /data=D:\\data\n")
            options = {"env": dict(os.environ, MZINIT_CONF=conf)}
            self.assertEqual(self.translated("-w", "/data/x", **options), "D:\\data\\x\n")
            self.assertEqual(self.translated("d:\\DATA\\x", **options), "/data/x\n")
            self.assertEqual(self.translated("--idempotent", "/etc", **options), "/etc\n")
            self.translated("-h", **options)
            self.reason("-uw", **options)
            with self.assertRaises(BlockingIOError):
                listener.accept()
            # One that says nothing does not keep the answer from coming.
            self.assertEqual(self.translated("-w", "/none", **options), "\\\\wsl.localhost\\D\\none\n")
            listener.accept()[0].close()

    def test_silent_ones_do_not_add_up(self):
        path = os.path.join(self.directory, "several")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(16)
            listener.setblocking(False)
            conf = self.write("several.conf", "[host]\nname = D\nendpoints =" + f"\n  unix:{path}" * 12 + "\n")
            self.assertEqual(self.translated("-w", "/none", env=dict(os.environ, MZINIT_CONF=conf)), "\\\\wsl.localhost\\D\\none\n")
            # Each would have had its second.
            connections = list(iter(lambda: accepted(listener), None))
            for connection in connections:
                connection.close()
            self.assertIn(len(connections), range(1, 12))

    def test_offers_its_paths(self):
        with bridges.TemporaryDirectory() as directory:
            with bridges.start_native_bridge(directory, "--map", "/data=/export") as bridge:
                options = {"env": dict(os.environ, **bridge.environment)}
                self.assertEqual(self.translated("-w", "/data/x", **options), "/export/x\n")
                self.assertEqual(self.translated("/export/x", **options), "/data/x\n")

    @bridges.needs_windows_agent
    def test_on_windows_offers_its_paths(self):
        with bridges.TemporaryDirectory() as directory, bridges.start_windows_bridge(directory) as bridge:
            options = {"env": dict(os.environ, **bridge.environment)}
            self.assertEqual(self.translated("-w", "/none/x", **options), "Z:\\none\\x\n")
            self.assertEqual(self.translated("-m", "/none/a:b", **options), "Z:/none/a\uf03ab\n")
            self.assertEqual(self.translated("z:\\none\\x", **options), "/none/x\n")
            bridge.assert_alive()


class HostSearchPath(PathTest):
    """[interop] appendWindowsPath: what the command of a container's init gets."""

    PATH = "/usr/bin:/bin"

    def run_init(self, endpoint, append, *command):
        conf = self.write("init.conf", f"[host]\nendpoints = {endpoint}\n[interop]\nappendWindowsPath = {append}\n")
        return bridges.run([bridges.MZINIT, "-s", "--", *(command or ("sh", "-c", "echo $PATH"))], stdin=bridges.subprocess.DEVNULL,
                           env=dict(os.environ, MZINIT_CONF=conf, PATH=self.PATH), capture_output=True)

    def with_agent(self, run_init):
        """The result of a start at which the agent answered in time, which on a busy machine need not be the first."""

        def answered():
            result = run_init()
            return None if b"has not answered within 1000 ms" in result.stderr else result

        return bridges.wait_until(answered, "the agent answers within a second")

    def test_is_appended_as_the_guest_sees_it(self):
        with bridges.TemporaryDirectory() as directory:
            tools = os.path.join(directory, "tools")
            os.makedirs(tools)
            with open(os.path.join(tools, "only-there"), "w") as file:
                file.write("#!/bin/sh\necho found\n")
            os.chmod(file.name, 0o755)
            environment = bridges.wine_environment(PATH="/export/bin:/nowhere:/export/bin/:/export/tools")
            with bridges.start_linux_bridge(directory, "unix", ["--map", "/data=/export", "--map", f"{tools}=/export/tools"],
                                            environment=environment) as bridge:
                result = self.with_agent(lambda: self.run_init(bridge.endpoints[0], "true"))
                self.assertEqual((result.returncode, result.stdout.decode(), result.stderr), (0, f"{self.PATH}:/data/bin:{tools}\n", b""))
                result = self.with_agent(lambda: self.run_init(bridge.endpoints[0], "true", "only-there"))
                self.assertEqual(result.stdout, b"found\n")
                self.assertEqual(self.run_init(bridge.endpoints[0], "false").stdout.decode(), self.PATH + "\n")

    def test_is_no_reason_to_wait_or_to_fail(self):
        path = os.path.join(self.directory, "hanging")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.setblocking(False)
            result = self.run_init(f"unix:{path}", "false")
            self.assertEqual((result.stdout.decode(), result.stderr), (self.PATH + "\n", b""))
            with self.assertRaises(BlockingIOError):
                listener.accept()
            # Twelve endpoints, a second each, would be twelve.
            result = self.run_init("\n  ".join([f"unix:{path}"] * 12), "true", "sh", "-c", "echo $PATH; exit 7")
            self.assertEqual((result.returncode, result.stdout.decode()), (7, self.PATH + "\n"))
            self.assertEqual(result.stderr, b"mzinit: the host's PATH is not appended to ours: the agent has not answered within 1000 ms\n")
            for connection in iter(lambda: accepted(listener), None):
                connection.close()
        result = self.run_init(f"unix:{path}", "true")
        self.assertEqual((result.returncode, result.stdout.decode()), (0, self.PATH + "\n"))
        self.assertIn(b"mzinit: the host's PATH is not appended to ours: no agent answers", result.stderr)

    @bridges.needs_windows_agent
    def test_of_windows_is_in_its_own_form(self):
        with bridges.TemporaryDirectory() as directory, bridges.start_windows_bridge(directory) as bridge:
            with open(bridge.environment["MZINIT_CONF"]) as file:
                key = file.read()
            conf = self.write("windows.conf", key + f"endpoints = {' '.join(bridge.endpoints)}\n[path]\nmap = /mnt/c=C:\\\n"
                              "[interop]\nappendWindowsPath = true\n")
            environment = dict(os.environ, MZINIT_CONF=conf, PATH=self.PATH)
            result = self.with_agent(lambda: bridges.run([bridges.MZINIT, "-s", "--", "sh", "-c", "echo $PATH"], env=environment,
                                                         stdin=bridges.subprocess.DEVNULL, capture_output=True))
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            own, _, appended = result.stdout.decode().strip().partition("/mnt/c/")
            self.assertEqual(own, self.PATH + ":")
            self.assertEqual(appended.split(":")[0].lower(), "windows/system32")


if __name__ == "__main__":
    if not os.path.exists(bridges.MZINIT):
        print(f"skipped: {bridges.MZINIT} has not been built", flush=True)
        raise SystemExit(bridges.SKIP)
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
