# SPDX-License-Identifier: MIT
"""`mzinit identify` and real files: does it agree with file(1) about all that Debian's packages have, and does it stay sound
about what is packed, cut off or damaged?"""

import fnmatch
import glob
import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

import bridges
import file_verdict
from bridges import HANG_GUARD, MZINIT, SAMPLES, SAMPLES32, SOURCE
import limited_tests

KERNEL = os.path.join(SOURCE, "build", "guest", "kernel")
UPX = os.environ.get("MZINIT_UPX") or os.path.join(SOURCE, "build", "upx", "usr", "bin", "upx-ucl")
FILES_PER_CALL = 2000

# Where Debian's packages put their MZ files, and how many there are at least: fewer means that they were not looked at.
PACKAGES = {
    "wine64, libwine": (["/usr/lib/*/wine"], 500),
    "mono-runtime, mono-mcs": (["/usr/lib/mono", "/usr/share/mono*"], 8),
    "systemd-boot-efi": (["/usr/lib/systemd/boot/efi"], 2),
    "grub-efi-amd64-bin": (["/usr/lib/grub"], 4),
    "nsis": (["/usr/share/nsis"], 60),
    "mingw-w64": (["/usr/lib/gcc/*-w64-mingw32"], 10),
    "own samples, x86_64": ([SAMPLES], 10),
    "own samples, i686": ([SAMPLES32], 10),
    "linux-image-cloud-amd64": ([os.path.join(KERNEL, "boot")], 1),
}

# Where file(1) is wrong about one of their files: name pattern, field, file(1)'s word, ours, and why. Nothing as of 5.44.
DIFFERENCES = []


def pe(machine=0x8664, subsystem=3, characteristics=0x22, directories=(), content=b""):
    """A PE image of one section at 0x400, mapped at 0x1000, with `content` in it; directories are {index: address}."""
    plus = machine in (0x8664, 0xAA64)
    optional = bytearray(112 + 128 if plus else 96 + 128)
    struct.pack_into("<H", optional, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<II", optional, 32, 0x1000, 0x200)
    struct.pack_into("<II", optional, 56, 0x2000, 0x400)
    struct.pack_into("<H", optional, 68, subsystem)
    struct.pack_into("<I", optional, 108 if plus else 92, 16)
    for index, address in dict(directories).items():
        struct.pack_into("<II", optional, (112 if plus else 96) + 8 * index, address, 72)
    dos = bytearray(0x80)
    struct.pack_into("<2sHHHH", dos, 0, b"MZ", 0x90, 3, 0, 4)
    struct.pack_into("<I", dos, 0x3C, 0x80)
    headers = bytes(dos) + b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), characteristics) + optional
    section = struct.pack("<8sIIIIIIHHI", b".text", 0x400, 0x1000, 0x400, 0x400, 0, 0, 0, 0, 0x60000020)
    return (headers + section).ljust(0x400, b"\0") + content.ljust(0x400, b"\0")


def new_style(signature, system):
    """An NE, LE or LX header behind a DOS stub."""
    image = bytearray(1024)
    struct.pack_into("<2sHHHH", image, 0, b"MZ", 0, 2, 0, 4)
    struct.pack_into("<HHHHH", image, 0x14, 0x10, 0, 0x40, 0, 0)
    struct.pack_into("<I", image, 0x3C, 0x80)
    image[0x80:0x82] = signature
    if signature == b"NE":
        image[0x80 + 0x36] = system
    else:
        struct.pack_into("<H", image, 0x8A, system)
    return bytes(image)


def placed(image, offset, what):
    return image[:offset] + what + image[offset + len(what):]


# Shapes that no package of Debian has: bytes, fields, and why file(1) says something else (None: it agrees).
ARM64EC = struct.pack("<I", 0x140).ljust(0xC8, b"\0") + struct.pack("<Q", 0x140001000)
SHAPES = {
    "arm64.exe": (pe(machine=0xAA64), {"kind": "pe", "bits": 64, "machine": "arm64", "dll": False}, None),
    "driver.sys": (pe(subsystem=1), {"kind": "pe", "subsystem": "native", "dll": False}, None),
    "posix.exe": (pe(machine=0x14C, subsystem=7), {"kind": "pe", "bits": 32, "subsystem": "posix"}, None),
    "win16.exe": (new_style(b"NE", 2), {"kind": "ne", "bits": 16}, None),
    "os2_16.exe": (new_style(b"NE", 1), {"kind": "ne", "bits": 16}, None),
    "os2.exe": (new_style(b"LX", 1), {"kind": "le", "bits": 32}, None),
    "arm64ec.exe": (pe(directories={10: 0x1000}, content=ARM64EC), {"kind": "pe", "machine": "arm64", "detail": "ARM64EC"},
                    "it does not look for the metadata that say that only ARM64 can run it"),
    "outside.exe": (pe(machine=0x14C, directories={14: 0x99990000}), {"kind": "pe", "managed": "none"}, None),
    "driver.vxd": (new_style(b"LE", 4), {"kind": "vxd", "bits": 32}, "it has no kind of its own for VxDs"),
    "program.ape": (placed(pe(), 0, b"MZqFpD='"), {"kind": "ape"}, "it does not know APE, which is PE too"),
    "cut.exe": (pe()[:0x500], {"kind": "damaged"}, "it does not look whether the file is all there"),
    "unlinked.exe": (pe(characteristics=0x20), {"kind": "damaged"}, "it does not ask whether the image was linked"),
    "width.exe": (placed(pe(), 0x84, struct.pack("<H", 0x14C)), {"kind": "damaged"},
                  "it does not see that machine and width contradict each other"),
    "text.exe": (b"MZ is how Mark Zbikowski signed his work.\n", {"kind": "damaged"}, "two letters are enough for it"),
}


def identify(paths):
    """`mzinit identify --json` of any number of files, as dictionaries; checks that it says one thing about each."""
    found = []
    for start in range(0, len(paths), FILES_PER_CALL):
        some = paths[start:start + FILES_PER_CALL]
        result = subprocess.run([MZINIT, "identify", "--json", *some], capture_output=True, timeout=HANG_GUARD)
        if result.returncode != 0 or result.stderr:
            raise AssertionError(f"exit status {result.returncode}: {result.stderr.decode(errors='replace')[:2000]}")
        lines = [json.loads(line) for line in result.stdout.decode(errors="surrogateescape").splitlines()]
        if [line["file"] for line in lines] != some:
            raise AssertionError("not one line for each file, in order")
        found += lines
    return found


def verdict_of(line):
    """A line of `mzinit identify --json` with the fields that file(1) has too."""
    if line["kind"] != "pe":
        return {"kind": line["kind"]}
    return {"kind": "pe", "bits": line["bits"], "machine": line["machine"], "dll": line["dll"],
            "subsystem": line["subsystem"], "dotnet": line["managed"] != "none"}


def differences(paths):
    """(path, field, file(1)'s, ours) of every field in which the two do not agree."""
    for path, theirs, ours in zip(paths, map(file_verdict.parse, file_verdict.ask(paths)), map(verdict_of, identify(paths))):
        if theirs["kind"] != ours["kind"]:
            yield path, "kind", theirs["kind"], ours["kind"]
            continue
        for field in theirs:
            if theirs[field] != ours[field]:
                yield path, field, theirs[field], ours[field]


def starts_with_mz(path):
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"MZ"
    except OSError:
        return False


def mz_files_below(patterns):
    """Every MZ file in these directories, symbolic links left out."""
    directories = [directory for pattern in patterns for directory in glob.glob(pattern)]
    for directory in directories:
        for parent, _, names in os.walk(directory):
            for path in sorted(os.path.join(parent, name) for name in names):
                if not os.path.islink(path) and os.path.isfile(path) and starts_with_mz(path):
                    yield path


def setUpModule():
    # Once per build tree, as for the tests in the emulated guest.
    subprocess.run([os.path.join(SOURCE, "tests", "support", "guest", "fetch_kernel.sh"), KERNEL], check=True,
                   stdout=subprocess.DEVNULL)


class AgreementWithFile(unittest.TestCase):
    """About every MZ file of the packages, field by field."""

    def test_every_file_of_the_packages(self):
        used = set()
        for package, (directories, minimum) in PACKAGES.items():
            with self.subTest(package=package):
                paths = list(mz_files_below(directories))
                self.assertGreaterEqual(len(paths), minimum, f"{package} is not installed, built or fetched")
                unexpected = []
                for path, *difference in differences(paths):
                    known = [i for i, (pattern, *rest, _) in enumerate(DIFFERENCES)
                             if fnmatch.fnmatch(path, pattern) and rest == difference]
                    used.update(known)
                    if not known:
                        unexpected.append((path, *difference))
                self.assertEqual(unexpected, [], "(file, field, file(1)'s, ours)")
        self.assertEqual(used, set(range(len(DIFFERENCES))), "entries of DIFFERENCES that match nothing any more")

    def test_kernel_is_no_program(self):
        kernels = list(mz_files_below(PACKAGES["linux-image-cloud-amd64"][0]))
        self.assertTrue(kernels)
        for line in identify(kernels):
            self.assertEqual((line["kind"], line["bits"]), ("linux_kernel", 64))
            self.assertEqual(line["description"], "a Linux kernel image (x86-64)")

    def test_shapes_that_no_package_has(self):
        with bridges.TemporaryDirectory() as directory:
            paths = {name: os.path.join(directory, name) for name in SHAPES}
            for name, path in paths.items():
                with open(path, "wb") as file:
                    file.write(SHAPES[name][0])
            disagreed = {os.path.basename(path) for path, *_ in differences(list(paths.values()))}
            for name, line in zip(paths, identify(list(paths.values()))):
                _, expected, reason = SHAPES[name]
                with self.subTest(name=name):
                    self.assertEqual({field: line.get(field) for field in expected}, expected)
                    self.assertEqual(name in disagreed, reason is not None, reason)


class MadePrograms(unittest.TestCase):
    """What compilers, assemblers and packers make here and now."""

    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())

    def path(self, name):
        return os.path.join(self.directory, name)

    def need(self, program, package):
        if shutil.which(program) is None:
            self.skipTest(f"{package} is not installed")

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def run_tool(self, *command):
        result = subprocess.run(command, cwd=self.directory, capture_output=True, timeout=HANG_GUARD)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_agreement(self, paths):
        self.assertEqual(list(differences(paths)), [], "(file, field, file(1)'s, ours)")

    def test_dotnet_programs_of_every_platform(self):
        self.need("mcs", "mono-mcs")
        self.write("p.cs", b"class P { static int Main() { return 3; } }")
        cases = {  # Compiler options, and what no field of file(1) tells.
            "any.exe": (["-platform:anycpu"], "il", "any CPU"),
            "any32.exe": (["-platform:anycpu32bitpreferred"], "il", "any CPU, 32-bit preferred"),
            "x86.exe": (["-platform:x86"], "il", None),
            "x64.exe": (["-platform:x64"], "il", None),
            "window.exe": (["-target:winexe"], "il", "any CPU"),
            "library.dll": (["-target:library"], "il", "any CPU"),
        }
        for name, (options, _, _) in cases.items():
            self.run_tool("mcs", *options, f"-out:{name}", "p.cs")
        paths = [self.path(name) for name in cases]
        self.assert_agreement(paths)
        for line, (_, managed, detail) in zip(identify(paths), cases.values()):
            self.assertEqual((line["managed"], line.get("detail")), (managed, detail), line["file"])

    def test_nsis_installer(self):
        self.need("makensis", "nsis")
        self.write("i.nsi", b'OutFile "installer.exe"\nRequestExecutionLevel user\nSection\nSectionEnd\n')
        self.run_tool("makensis", "-V1", "i.nsi")
        self.assert_agreement([self.path("installer.exe")])
        self.assertEqual(identify([self.path("installer.exe")])[0]["description"],
                         "a 32-bit Windows GUI program (PE32, x86)")

    def assemble_dos_programs(self):
        self.need("nasm", "nasm")
        code = b"mov ax, 0x4c05\nint 0x21\ntimes 3000 db 'abcdefgh'\n"
        self.write("com.asm", b"org 0x100\n" + code)
        self.write("exe.asm",
                   b"start: db 'MZ'\ndw (end - start) % 512, (end - start + 511) / 512, 0, 4, 16, 0xffff, 0, 0x1000, 0, 0, 0, 0x1c, 0\n"
                   b"times 64 - ($ - $$) db 0\n" + code + b"end:\n")
        self.run_tool("nasm", "-f", "bin", "-o", "program.com", "com.asm")
        self.run_tool("nasm", "-f", "bin", "-o", "program.exe", "exe.asm")
        return self.path("program.com"), self.path("program.exe")

    def test_dos_programs(self):
        com, exe = self.assemble_dos_programs()
        self.assert_agreement([com, exe])
        self.assertEqual([(line["kind"], line["bits"]) for line in identify([com, exe])], [("dos", 16), ("dos", 16)])

    def test_com_program_is_known_by_its_name_only_and_content_beats_it(self):
        com, exe = self.assemble_dos_programs()
        unnamed = shutil.copyfile(com, self.path("unnamed"))
        windows, mz = self.write("windows.COM", pe()), shutil.copyfile(exe, self.path("mz.com"))
        self.assertEqual([line["kind"] for line in identify([com, unnamed, windows, mz])], ["dos", "not_mz", "pe", "dos"])

    def test_packed_programs_are_what_they_were(self):
        if not os.path.exists(UPX):
            self.skipTest("UPX has not been fetched (tests/support/setup.sh)")
        _, dos = self.assemble_dos_programs()
        originals = [dos, os.path.join(SAMPLES, "hello.exe"), os.path.join(SAMPLES, "gui.exe"),
                     os.path.join(SAMPLES32, "hello32.exe"), "/usr/lib/systemd/boot/efi/systemd-bootx64.efi",
                     "/usr/share/nsis/Stubs/zlib-x86-unicode", "/usr/share/nsis/Bin/RegTool-amd64.bin",
                     *glob.glob("/usr/lib/gcc/*-w64-mingw32/*-posix/libgcc_s*.dll")]
        packed = []
        for number, original in enumerate(originals):
            for option in ("-1", "--lzma"):
                packed.append(shutil.copyfile(original, self.path(f"packed{number}{option}")))
                self.run_tool(UPX, "-qqq", "--force", option, packed[-1])
                self.assertLess(os.path.getsize(packed[-1]), os.path.getsize(original))
        self.assert_agreement(packed)
        before = [verdict_of(line) for line in identify(originals) for _ in range(2)]
        self.assertEqual([verdict_of(line) for line in identify(packed)], before)


class DamagedFiles(unittest.TestCase):
    """Real files cut off and with flipped bits. The sanitizers' build runs this too: a report is a failure."""

    SOURCES = {
        "wine64": "/usr/lib/*/wine/x86_64-windows/notepad.exe",
        "wine_dll": "/usr/lib/*/wine/x86_64-windows/kernel32.dll",
        "mono": "/usr/lib/mono/4.5/mcs.exe",
        "nsis_stub": "/usr/share/nsis/Stubs/zlib-x86-unicode",
        "efi": "/usr/lib/systemd/boot/efi/systemd-bootx64.efi",
        "kernel": os.path.join(KERNEL, "boot", "vmlinuz-*"),
        "sample": os.path.join(SAMPLES, "hello.exe"),
        "sample32": os.path.join(SAMPLES32, "hello32.exe"),
    }

    def setUp(self):
        # In memory: tens of thousands of files.
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="mzinit-identify-", dir=place))
        self.sources = {}
        for name, pattern in self.SOURCES.items():
            paths = glob.glob(pattern)
            self.assertTrue(paths, f"{pattern} is not there")
            with open(paths[0], "rb") as file:
                self.sources[name] = file.read()

    def write(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def assert_sound(self, line):
        self.assertRegex(line["description"], r"\A[ -~]{10,200}\Z")
        self.assertIn(line["bits"], (0, 16, 32, 64))
        if line["kind"] == "damaged":
            self.assertTrue(line["detail"])

    def test_cut_at_every_length(self):
        for name, content in self.sources.items():
            paths = [self.write(f"{name}.{size}", content[:size]) for size in range(1, 1025)]
            for size, line in enumerate(identify(paths), 1):
                with self.subTest(file=name, size=size):
                    self.assert_sound(line)
                    if name == "kernel" and line["kind"] == "linux_kernel":
                        continue
                    # Firmware's, whose sections are not aligned to pages: nothing starts it here, cut or not.
                    if name == "efi" and line["kind"] == "pe" and line["subsystem"] == "efi":
                        continue
                    self.assertEqual(line["kind"], "damaged" if size >= 2 else "not_mz")

    def test_cut_to_nothing_is_an_empty_file(self):
        result = subprocess.run([MZINIT, "identify", "--json", self.write("empty", b"")], capture_output=True, text=True,
                                timeout=HANG_GUARD)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"\Amzinit: .*/empty: Empty file\n\Z")

    def check_flipped(self, name, bits):
        content = bytearray(self.sources[name])
        for start in range(0, len(bits), 1000):
            some, paths = bits[start:start + 1000], []
            for number, bit in enumerate(some):
                content[bit // 8] ^= 1 << bit % 8
                paths.append(self.write(f"{name}.{number}", content))
                content[bit // 8] ^= 1 << bit % 8
            for bit, line in zip(some, identify(paths)):
                with self.subTest(file=name, bit=bit):
                    self.assert_sound(line)
                    self.assertEqual(line["kind"] == "not_mz", bit < 16)

    def test_every_bit_of_the_headers_flipped(self):
        self.check_flipped("sample", range(1024 * 8))
        self.check_flipped("sample32", range(1024 * 8))

    def test_any_bit_flipped(self):
        seeded = random.Random(20240229)
        for name in ("mono", "nsis_stub", "efi", "sample"):
            self.check_flipped(name, seeded.sample(range(len(self.sources[name]) * 8), 1000))


class WhatCannotBeRead(unittest.TestCase):
    def test_one_line_each_and_the_others_are_still_identified(self):
        with bridges.TemporaryDirectory() as directory:
            program, unreadable, empty = (os.path.join(directory, name) for name in ("program.exe", "secret.exe", "empty"))
            for path, content in ((program, pe()), (unreadable, pe()), (empty, b"")):
                with open(path, "wb") as file:
                    file.write(content)
            os.chmod(unreadable, 0)
            os.chmod(directory, 0o755)
            # Root reads everything: not with this capability taken away.
            command = [MZINIT, "identify", directory, unreadable, empty, program]
            if os.access(unreadable, os.R_OK):
                command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]
            result = subprocess.run(command, capture_output=True, text=True, timeout=HANG_GUARD)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stdout, f"{program}: a 64-bit Windows console program (PE32+, x86-64)\n")
            self.assertEqual(result.stderr, f"mzinit: {directory}: Is a directory\nmzinit: {unreadable}: Permission denied\n"
                                            f"mzinit: {empty}: Empty file\n")


if __name__ == "__main__":
    limited_tests.main()
