# SPDX-License-Identifier: MIT
"""The Debian packages that cpack makes of the release build: which files they have, and that those name each other right."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import bridges
from bridges import BUILD, EMULATED, HANG_GUARD
import limited_tests


def cached(name):
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
        match = re.search(rf"^{name}:\w+=(.*)$", cache.read(), re.MULTILINE)
    return match.group(1) if match else ""


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
                          timeout=HANG_GUARD, **options).stdout


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = bridges.TemporaryDirectory()
        cls.directory = directory.__enter__()
        cls.addClassCleanup(directory.__exit__)
        run("cpack", "-G", "DEB", "-B", cls.directory, cwd=BUILD)
        cls.packages = {}
        for name in os.listdir(cls.directory):
            if name.endswith(".deb"):
                cls.packages[name.split("_")[0]] = os.path.join(cls.directory, name)

    def files(self, package):
        """Path -> mode of the files, without directories."""
        lines = run("dpkg-deb", "-c", self.packages[package]).splitlines()
        entries = [(line.split()[0], line.split()[5].removeprefix(".")) for line in lines]
        return {path: mode for mode, path in entries if not mode.startswith("d")}

    def unpack(self, package):
        target = os.path.join(self.directory, package)
        if not os.path.exists(target):
            run("dpkg-deb", "-R", self.packages[package], target)
        return target

    def read(self, package, path):
        with open(os.path.join(self.unpack(package), path.lstrip("/")), encoding="utf-8") as file:
            return file.read()

    def test_there_is_one_of_each_component(self):
        self.assertEqual(set(self.packages), {"mzinit", "hostbridge"})

    def test_guest_has_the_program_its_rule_and_its_units(self):
        files = self.files("mzinit")
        units = {path for path in files if re.fullmatch(r"/usr/lib/systemd/system/mzinit-[a-z]+\.service", path)}
        self.assertIn("/usr/lib/systemd/system/mzinit-register.service", units)
        self.assertEqual(set(files) - units,
                         {"/usr/sbin/mzinit", "/usr/bin/mzpath", "/usr/lib/binfmt.d/mzinit.conf", "/usr/share/doc/mzinit/copyright",
                          "/usr/share/bash-completion/completions/mzinit"})
        modes = {"/usr/sbin/mzinit": "-rwxr-xr-x", "/usr/bin/mzpath": "lrwxrwxrwx"}
        for path, mode in files.items():
            self.assertEqual(mode, modes.get(path, "-rw-r--r--"), path)

    def test_link_leads_to_the_program(self):
        link = os.path.join(self.unpack("mzinit"), "usr/bin/mzpath")
        self.assertEqual(os.path.realpath(link), os.path.join(os.path.realpath(self.unpack("mzinit")), "usr/sbin/mzinit"))
        self.assertIn("Usage: mzpath ", run(link, "--help"))

    def test_host_has_the_agent_and_the_object_for_wine(self):
        files = self.files("hostbridge")
        libraries = {path for path in files if re.fullmatch(r"/usr/lib/([\w-]+/)?mzinit/libmzexit\.so", path)}
        self.assertEqual(len(libraries), 1)
        self.assertLessEqual({"/usr/bin/hostbridge", "/usr/share/doc/hostbridge/copyright"}, set(files))

    def test_packages_can_be_installed_together(self):
        self.assertFalse(set(self.files("mzinit")) & set(self.files("hostbridge")))

    def test_program_looks_for_the_object_where_the_other_package_has_it(self):
        library = next(path for path in self.files("hostbridge") if path.endswith("libmzexit.so"))
        with open(os.path.join(self.unpack("mzinit"), "usr/sbin/mzinit"), "rb") as program:
            self.assertIn(library.encode() + b"\0", program.read())

    def test_rule_is_what_register_makes_with_the_installed_program(self):
        rules = [line for line in self.read("mzinit", "/usr/lib/binfmt.d/mzinit.conf").splitlines() if not line.startswith("#")]
        self.assertEqual(rules, [":mzinit:M::MZ::/usr/sbin/mzinit:PF"])

    def test_rule_is_one_that_the_kernel_takes(self):
        if EMULATED or not bridges.has_private_binfmt_misc():
            self.skipTest("this kernel has no rules per user namespace (Linux 6.7)")
        conf = os.path.join(self.unpack("mzinit"), "usr/lib/binfmt.d/mzinit.conf")
        misc = "/proc/sys/fs/binfmt_misc"
        script = (f"mount -t binfmt_misc none {misc}; mount -t tmpfs none /usr/sbin; cp {self.unpack('mzinit')}/usr/sbin/mzinit "
                  f"/usr/sbin; grep -v '^#' {conf} > {misc}/register && /usr/sbin/mzinit status")
        self.assertIn("registered: MZ files are run by /usr/sbin/mzinit",
                      run("unshare", "-Urmpf", "--mount-proc", "sh", "-c", script))

    def test_units_are_understood_by_systemd(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        for path in self.files("mzinit"):
            if path.endswith(".service"):
                unit = os.path.join(self.unpack("mzinit"), path.lstrip("/"))
                # Where the program is not installed, that is the one complaint.
                said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=HANG_GUARD).stdout
                complaints = [line for line in said.splitlines()
                              if os.path.basename(unit) in line and "is not executable" not in line]
                self.assertEqual(complaints, [], said)

    def test_maintainer_scripts_are_shell_and_leave_other_machines_alone(self):
        control = os.path.join(self.unpack("mzinit"), "DEBIAN")
        for name in ("postinst", "prerm"):
            run("sh", "-n", os.path.join(control, name))
        self.assertIn("/usr/sbin/mzinit register", self.read("mzinit", "DEBIAN/postinst"))
        self.assertIn("/usr/sbin/mzinit unregister", self.read("mzinit", "DEBIAN/prerm"))
        if EMULATED or not bridges.has_private_binfmt_misc():
            return
        # In a user namespace, where the installed program would say that it was started.
        script = ("mount -t tmpfs none /run; mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; mount -t tmpfs none /usr/sbin; "
                  f"printf '#!/bin/sh\\necho started $*\\n' > /usr/sbin/mzinit; chmod 755 /usr/sbin/mzinit; {control}/postinst "
                  f"configure; {control}/prerm remove; {control}/prerm upgrade 1; "
                  "echo ':mzinit:M::MZ::/usr/sbin/mzinit:PF' > /proc/sys/fs/binfmt_misc/register; "
                  f"{control}/prerm upgrade 1; {control}/prerm remove")
        self.assertEqual(run("unshare", "-Urmpf", "--mount-proc", "sh", "-c", script), "started unregister\n")

    def test_each_says_in_the_control_file_what_it_is(self):
        for package, field in (("mzinit", "otherosfs"), ("hostbridge", "otherosfs")):
            self.assertEqual(run("dpkg-deb", "-f", self.packages[package], "Package").strip(), package)
            self.assertEqual(run("dpkg-deb", "-f", self.packages[package], "Section").strip(), field)
        self.assertIn("libc6", run("dpkg-deb", "-f", self.packages["hostbridge"], "Depends"))


if __name__ == "__main__":
    for tool in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed", flush=True)
            sys.exit(bridges.SKIP)
    if cached("CMAKE_BUILD_TYPE") != "MinSizeRel" or bridges.SANITIZED:
        print("skipped: packages are made of the release build", flush=True)
        sys.exit(bridges.SKIP)
    limited_tests.main()
