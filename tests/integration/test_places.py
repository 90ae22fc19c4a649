# SPDX-License-Identifier: MIT
"""Where a program is started, by which name, and with which environment: what the host sees, what it does not, and what it is told.
Over passed descriptors, over tcp, and on hostbridge.exe. The agents see only some directories, as the host of a machine does."""

import os
import shlex
import shutil
import stat
import subprocess
import unittest

import bridges
import fake_programs
import limited_tests
from bridges import SAMPLES

FALLBACK, SHARED, ELSEWHERE = "fallback", "shared", "elsewhere"
# As root, but without the right to enter every directory.
WITHOUT_CAPABILITIES = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]


def on_windows(path):
    return "Z:" + path.replace("/", "\\")


class PlaceTests:
    passes_descriptors = False
    windows = False

    @classmethod
    def setUpClass(cls):
        cls.directory = os.path.realpath(cls.enterClassContext(bridges.TemporaryDirectory()))
        for name in (FALLBACK, SHARED, ELSEWHERE, "root/etc", "root/bin", "bound", "tmpfs"):
            os.makedirs(os.path.join(cls.directory, name))
        cls.bridge = cls.enterClassContext(cls.start())
        cls.environment = dict(bridges.wine_environment(), **cls.bridge.environment)
        # Where the host cannot run it, no Wine of the guest's is to hide that.
        cls.environment["MZINIT_CONF"] = cls.configure("host.conf")

    @classmethod
    def configure(cls, name, *more, key=None):
        conf = os.path.join(cls.directory, name)
        key = key or os.path.join(cls.directory, "key")
        with open(conf, "w", encoding="utf-8") as file:
            file.write("\n".join([f"[host]\nkey = {key}", "[route]\npe = host", *more, ""]))
        return conf

    def setUp(self):
        self.bridge.assert_alive()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def bash(self, script, **variables):
        environment = dict(self.environment, S=SAMPLES, **variables)
        environment["D"] = self.directory
        return bridges.run(["bash", "-c", script], env=environment, cwd=SAMPLES, stdin=subprocess.DEVNULL, capture_output=True)

    def output(self, script, **variables):
        result = self.bash(script, **variables)
        self.assertEqual((result.returncode, result.stderr), (0, b""), script)
        return result.stdout.decode()

    def refusal(self, script, code, reason, **variables):
        result = self.bash(script, **variables)
        self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (code, b"", 1), result.stderr)
        self.assertIn(reason, result.stderr.decode())

    # --- the working directory ---------------------------------------------------------------------------------

    def test_directory_that_the_host_sees(self):
        for name in ("plain", "with blanks and ü 漢", "dots..x", "$x'"):
            with self.subTest(name=name):
                place = self.path(SHARED, name)
                os.makedirs(place, exist_ok=True)
                self.assertEqual(self.output("cd \"$P\" && \"$S/cwd.exe\"", P=place), on_windows(place) + "\n")
                self.assertEqual(self.bash("cd \"$P\" && \"$S/env.exe\" MZINIT_CWD", P=place).returncode, 1)

    def test_directory_that_the_host_does_not_see(self):
        place = on_windows(self.path(ELSEWHERE if self.passes_descriptors else FALLBACK))
        self.assertEqual(self.output("cd $D/elsewhere && $S/cwd.exe"), place + "\n")
        if not self.passes_descriptors:
            self.assertEqual(self.output("cd $D/elsewhere && $S/env.exe MZINIT_CWD"), f"MZINIT_CWD={self.path(ELSEWHERE)}\n")

    def test_deleted_directory(self):
        enter = "mkdir $D/shared/gone && cd $D/shared/gone && rmdir $D/shared/gone && "
        self.assertEqual(self.output(enter + "$S/cwd.exe"), on_windows(self.path(FALLBACK)) + "\n")
        self.assertEqual(self.bash(enter + "$S/env.exe MZINIT_CWD").returncode, 1)  # it has no name any more

    def test_directory_with_a_long_name(self):
        # The longest that Windows and Wine know, one more, and such as Wine by itself ends in with 5, and dies of.
        for size in (256, 257, 430, 3900):
            with self.subTest(size=size):
                place = self.path(SHARED)
                while len(place) < size - 101:
                    place += "/" + "x" * 99
                place += "/" + "y" * (size - len(place) - 1)
                os.makedirs(place, exist_ok=True)
                seen = place if size == 256 else self.path(FALLBACK)
                self.assertEqual(self.output("cd \"$P\" && $S/cwd.exe", P=place), on_windows(seen) + "\n")
                result = self.bash("cd \"$P\" && $S/env.exe MZINIT_CWD", P=place)
                self.assertEqual(result.stdout.decode(), "" if size == 256 else f"MZINIT_CWD={place}\n")

    # --- the program -------------------------------------------------------------------------------------------

    def test_program_by_every_kind_of_name(self):
        os.makedirs(self.path(SHARED, "a b ü"), exist_ok=True)
        shutil.copy(os.path.join(SAMPLES, "hello.exe"), self.path(SHARED, "a b ü", "my prögram.exe"))
        for script in ("cd $D && ln -sf $S/hello.exe link && ./link", "ln -sf $S $D/linked && $D/linked/hello.exe",
                       "cd $S/.. && ./samples/../samples/hello.exe", "cd / && .$S/hello.exe", "PATH=$S:$PATH; cd / && hello.exe",
                       "PATH=$PATH:.; hello.exe", "exec 5<$S/hello.exe; /proc/self/fd/5", "exec 5<$S/hello.exe; /dev/fd/5",
                       "cd \"$D/shared/a b ü\" && './my prögram.exe'"):
            with self.subTest(script=script):
                self.assertEqual(self.output(script), "Hello from Windows!\n")

    def test_program_that_the_host_does_not_see(self):
        script = "cp $S/hello.exe $D/elsewhere && $D/elsewhere/hello.exe"
        self.assertEqual(self.output(script), "Hello from Windows!\n")  # it is sent

    def test_another_program_in_the_place_of_one_that_the_host_sees(self):
        script = "unshare -m sh -c 'mount -t tmpfs none $D/shared && cp $S/hello.exe $D/shared && $D/shared/hello.exe'"
        if self.passes_descriptors:
            self.refusal(script, 125, "not seen to be in the agent's own user and mount namespaces")
        else:
            # Nothing of that name, and something else of that name. It is sent.
            self.assertEqual(self.output(script), "Hello from Windows!\n")
            shutil.copy(os.path.join(SAMPLES, "exit.exe"), self.path(SHARED, "hello.exe"))
            self.assertEqual(self.output(script), "Hello from Windows!\n")

    # --- the environment ---------------------------------------------------------------------------------------

    @unittest.skipIf(bridges.SANITIZED, "a sanitized mzinit is dynamic, and runs in no other root directory")
    def test_in_a_chroot_without_environment(self):
        shutil.copy(os.path.join(SAMPLES, "hello.exe"), self.path("root/bin"))
        shutil.copy(os.path.join(self.directory, "key"), self.path("root/key"))
        os.chmod(self.path("root/key"), stat.S_IRUSR)
        host = on_windows(self.path("root")) if self.windows else self.path("root")
        endpoint = "unix:/agent.sock" if self.passes_descriptors else self.bridge.endpoints[0]
        with open(self.configure("root/etc/mzinit.conf", f"[path]\nmap = /={host}", key="/key"), "a", encoding="utf-8") as file:
            file.write(f"[host]\nendpoints = {endpoint}\n")
        self.assertEqual(self.output("env -i $(command -v chroot) $D/root /bin/hello.exe"), "Hello from Windows!\n")

    def test_in_an_empty_session(self):
        environment = "env -i MZINIT_HOST=\"$MZINIT_HOST\" MZINIT_CONF=\"$MZINIT_CONF\" "
        self.assertEqual(self.output(environment + "$S/hello.exe"), "Hello from Windows!\n")
        # As cron and others start a program: no terminal, a session of its own, everything else in a file.
        self.assertEqual(self.output("cd / && " + environment + "setsid -w $S/hello.exe <&- >$D/out 2>&1; cat $D/out"), "Hello from Windows!\n")

    def test_wslenv_translates_paths(self):
        conf = self.configure("paths.conf", f"[path]\nmap = {self.directory}=Z:\\host")
        variables = {"A": self.path("a b"), "B": f"{self.path('x')}:rel/ative:/none:{self.path('y')}/", "C": "/plain:text", "E": "/none",
                     "WSLENV": "A/p:B/l:C:E/p:F/x", "MZINIT_CONF": conf}
        # An agent on the same kernel sees what no table has.
        none = ";Z:\\none" if self.passes_descriptors else ""
        expected = f"A=Z:\\host\\a b\nB=Z:\\host\\x;rel\\ative{none};Z:\\host\\y\\\nC=/plain:text\nWSLENV={variables['WSLENV']}\n"
        result = self.bash("$S/env.exe A B C WSLENV", **variables)
        self.assertEqual((result.returncode, result.stdout.decode(), result.stderr), (0, expected, b""))
        self.assertEqual(self.bash("$S/env.exe E", **variables).returncode, 0 if self.passes_descriptors else 1)
        result = self.bash("$S/env.exe A B C WSLENV", MZINIT_DEBUG="1", **variables)
        self.assertEqual((result.returncode, result.stdout.decode()), (0, expected))
        self.assertEqual(result.stderr.decode().splitlines(),
                         ['mzinit: WSLENV: "F/x" is not NAME or NAME/FLAGS', "mzinit: WSLENV: B: no path on the host is known here for /none",
                          "mzinit: WSLENV: E: no path on the host is known here for /none"])

    def test_wslenv_without_any_table(self):
        known = f"P={on_windows(SAMPLES)}\n"
        self.assertEqual(self.output("$S/env.exe P", WSLENV="P/p", P=SAMPLES), known)

    def test_no_variable_is_there_twice(self):
        output = self.output("$S/env.exe", WSLENV="PATH:Path:new:NEW:mzinit_agents", Path="C:\\x", new="1", NEW="2", mzinit_agents="guest")
        lines = output.splitlines()
        names = [line.partition("=")[0].upper() for line in lines]
        self.assertEqual((names.count("PATH"), names.count("NEW")), (1, 1))
        self.assertIn("new=2", lines)
        # The agents for Linux have one of their own.
        self.assertEqual([line for line in lines if line.upper().startswith("MZINIT_AGENTS=")],
                         ["mzinit_agents=guest" if self.windows else "MZINIT_AGENTS=guest"])
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_large_environment(self):
        names = [f"V{number}" for number in range(40)]
        variables = {name: name + "ü" * 13_500 for name in names}
        output = self.output("$S/env.exe " + " ".join(names), WSLENV=":".join(names), **variables)
        self.assertGreater(len(output.encode()), 1 << 20)
        self.assertEqual(output, "".join(f"{name}={value}\n" for name, value in variables.items()))

    def test_variable_that_no_program_would_get_whole(self):
        self.assertEqual(len(self.output("$S/env.exe V", WSLENV="V", V="x" * 32_766)), 32_766 + len("V=\n"))
        self.refusal("$S/env.exe V", 126, "environment variable V (longer than 32766 characters)", WSLENV="V", V="x" * 32_767)


class RelayedPlaceTests(PlaceTests):
    """What Wine itself cannot do in a directory that it was handed, and what root of another mount namespace may not."""

    def test_directory_without_a_name_that_anybody_could_use(self):
        enter = f"cd $D/shared && for i in $(seq 45); do mkdir -p {'y' * 100} && cd {'y' * 100} || exit 3; done; "
        self.assertEqual(self.output(enter + "$S/cwd.exe"), on_windows(self.path(FALLBACK)) + "\n")

    def test_program_whose_path_is_too_long_on_the_host(self):
        place = self.path(SHARED, "p" * 130, "q" * 130)
        os.makedirs(place, exist_ok=True)
        shutil.copy(os.path.join(SAMPLES, "hello.exe"), place)
        start = len(self.bridge.log())
        self.assertEqual(self.output('"$P/hello.exe"', P=place), "Hello from Windows!\n")
        if self.windows:
            self.assertIn(" uploaded=", self.bridge.log()[start:])

    def test_directory_whose_name_the_host_would_change(self):
        os.makedirs(self.path(SHARED, "dot"), exist_ok=True)
        for name in ("dot.", "what?", "a*b", "c|d"):
            place = self.path(SHARED, name)
            os.makedirs(place, exist_ok=True)
            with self.subTest(name=name):
                self.assertEqual(self.output('cd "$P" && $S/cwd.exe && $S/env.exe MZINIT_CWD', P=place),
                                 f"{on_windows(self.path(FALLBACK))}\nMZINIT_CWD={place}\n")

    def test_directory_whose_name_is_not_utf8(self):
        for place in (SHARED, ELSEWHERE):
            enter = f"mkdir -p $D/{place}/$'\\xff' && cd $D/{place}/$'\\xff' && "
            if place == ELSEWHERE or self.windows:
                self.assertEqual(self.output(enter + "$S/cwd.exe"), on_windows(self.path(FALLBACK)) + "\n")
            self.assertEqual(self.output(enter + "$S/hello.exe"), "Hello from Windows!\n")

    def test_wslenv_goes_by_the_agents_table(self):
        # The guest's knows other places, and another name for one of them; both have to give way.
        conf = self.configure("table.conf", f"[path]\nmap = {self.directory}=Z:\\host")
        paths = ":".join((SAMPLES, "rel/ative", self.path(SHARED, "x/"), self.path("guest")))
        for value, place in ((paths, on_windows(SAMPLES)), ("rel:" + paths, "rel;" + on_windows(SAMPLES))):
            expected = f"P={place};rel\\ative;{on_windows(self.path(SHARED))}\\x\\;Z:\\host\\guest\n"
            self.assertEqual(self.output("$S/env.exe P", WSLENV="P/l", P=value, MZINIT_CONF=conf), expected)

    def test_bind_mount_of_what_is_configured(self):
        host = on_windows(SAMPLES) if self.windows else SAMPLES
        conf = self.configure("bind.conf", f"[path]\nmap = {SAMPLES}={host}")
        script = "unshare -m sh -c 'mount --bind $S $D/bound && cd $D/bound && ./hello.exe && ./cwd.exe'"
        self.assertEqual(self.output(script, MZINIT_CONF=conf), f"Hello from Windows!\n{on_windows(SAMPLES)}\n")


class LinuxDescriptors(PlaceTests, unittest.TestCase):
    passes_descriptors = True

    @classmethod
    def start(cls):
        bridges.make_key(cls.directory)
        return bridges.start_linux_bridge(cls.directory, "unix", ["--listen", f"unix:{cls.directory}/root/agent.sock",
                                                                  "--fallback-dir", os.path.join(cls.directory, FALLBACK)],
                                          bridges.wine_environment(MZINIT_AGENTS="agent"))


class LinuxTcp(RelayedPlaceTests, unittest.TestCase):
    @classmethod
    def start(cls):
        maps = [f"--map={place}={place}" for place in (SAMPLES, os.path.join(cls.directory, SHARED))]
        return bridges.start_linux_bridge(cls.directory, "tcp", [*maps, "--fallback-dir", os.path.join(cls.directory, FALLBACK)],
                                          bridges.wine_environment(MZINIT_AGENTS="agent"))


@bridges.needs_windows_agent
class WindowsTcp(RelayedPlaceTests, unittest.TestCase):
    windows = True

    @classmethod
    def start(cls):
        maps = [f"{place}={on_windows(place)}" for place in (SAMPLES, os.path.join(cls.directory, SHARED))]
        return bridges.start_windows_bridge(cls.directory, ["--fallback-dir", on_windows(os.path.join(cls.directory, FALLBACK))], maps)


    def test_drive_that_the_guest_has_mounted(self):
        # No user may mount one in a namespace: the table says so in place of the kernel's, for this process.
        table = self.path("mountinfo")
        with open(table, "w", encoding="utf-8") as file:
            file.write("1 0 8:16 / / rw - ext4 /dev/sdb rw\n"
                       f"2 1 0:50 {SAMPLES} {self.directory}/bound rw - 9p z rw,aname=drvfs;path=Z:\\;uid=0\n")
        script = f"unshare -m sh -c 'mount --bind $S $D/bound && cd $D/bound && mount --bind {table} /proc/$$/mountinfo && exec ./%s'"
        self.assertEqual(self.output(script % "hello.exe"), "Hello from Windows!\n")
        self.assertEqual(self.output(script % "cwd.exe"), on_windows(SAMPLES) + "\n")
        self.assertEqual(self.output(script % "env.exe P", WSLENV="P/p", P=self.path("bound", "x")), f"P={on_windows(SAMPLES)}\\x\n")


class WithoutFallbackDirectory(unittest.TestCase):
    def test_a_program_starts_in_the_home_of_the_agents_user(self):
        with bridges.TemporaryDirectory() as directory:
            os.makedirs(f"{directory}/home")
            program = fake_programs.write_pe64(f"{directory}/program.exe")
            with bridges.start_native_bridge(directory, environment=dict(os.environ, HOME=f"{directory}/home")) as bridge:
                tcp = next(endpoint for endpoint in bridge.endpoints if endpoint.startswith("tcp"))
                script = f"mkdir {directory}/gone && cd {directory}/gone && rmdir ../gone && {program} pwd"
                result = bridges.run(["sh", "-c", script], env=dict(os.environ, **dict(bridge.environment, MZINIT_HOST=tcp)), capture_output=True)
            self.assertEqual((result.returncode, result.stdout.decode(), result.stderr), (0, f"{directory}/home\n", b""))


class LockedDirectory(unittest.TestCase):
    """The agent may not enter what its client is in."""

    def test_is_one_that_the_host_does_not_see(self):
        if not shutil.which("setpriv"):
            self.skipTest("setpriv is not installed")
        with bridges.TemporaryDirectory() as directory:
            os.makedirs(f"{directory}/{FALLBACK}")
            program = fake_programs.write_pe64(f"{directory}/program.exe")
            ready, key = f"{directory}/ready", bridges.make_key(directory)
            agent = [bridges.HOSTBRIDGE, "--ready-file", ready, "--listen", "tcp:127.0.0.1:0", "--key-file", key, "--map", "/=/",
                     "--runner", f"pe64={fake_programs.write_runner(directory)} %p", "--fallback-dir", f"{directory}/{FALLBACK}"]
            with bridges.Bridge(WITHOUT_CAPABILITIES + agent, dict(os.environ), ready, f"{directory}/agent.log", key) as bridge:
                script = f"mkdir {directory}/locked && cd {directory}/locked && chmod 0 . && {program} sh -c 'pwd; echo $MZINIT_CWD'"
                result = bridges.run(["sh", "-c", script], env=dict(os.environ, **bridge.environment), capture_output=True)
            self.assertEqual((result.returncode, result.stdout.decode(), result.stderr),
                             (0, f"{directory}/{FALLBACK}\n{directory}/locked\n", b""))


if __name__ == "__main__":
    bridges.run_below_mzinit(__file__)
    limited_tests.main()
