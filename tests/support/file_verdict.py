# SPDX-License-Identifier: MIT
"""What file(1) says about programs, in the words of `mzinit identify --json`."""

import re
import subprocess

SUBSYSTEMS = {
    "native": "native", "GUI": "windows_gui", "console": "windows_console", "POSIX": "posix", "Windows CE": "windows_ce",
    "EFI application": "efi", "EFI boot service driver": "efi", "EFI runtime driver": "efi", "EFI ROM": "efi", "XBOX": "xbox",
}
MACHINES = {
    "Intel 80386": "i386", "x86-64": "amd64", "Aarch64": "arm64", "ARMv7 Thumb": "arm", "ARM Thumb": "arm", "ARM": "arm",
    "Intel Itanium": "ia64", "EFI byte code": "ebc", "RISC-V 32-bit": "riscv", "RISC-V 64-bit": "riscv",
}
FIELDS = ("kind", "bits", "machine", "dll", "subsystem", "dotnet")
PE = re.compile(r"PE32(?P<plus>\+)? executable (?P<dll>\(DLL\) )?\((?P<subsystem>[^)]+)\) (?P<rest>.*)")


def parse(verdict):
    """One line of `file -b` as a dictionary of FIELDS; of what is no PE file it tells the kind only."""
    pe = PE.match(verdict)
    if pe:
        machine = next((word for name, word in MACHINES.items() if pe["rest"].startswith(name)), pe["rest"])
        return {"kind": "pe", "bits": 64 if pe["plus"] else 32, "machine": machine, "dll": pe["dll"] is not None,
                "subsystem": SUBSYSTEMS.get(pe["subsystem"], pe["subsystem"]), "dotnet": "Mono/.Net assembly" in pe["rest"]}
    for start, kind in (("Linux kernel", "linux_kernel"), ("MS-DOS executable, NE", "ne"), ("MS-DOS executable, LE", "le"),
                        ("MS-DOS executable, LX", "le"), ("MS-DOS executable", "dos"), ("DOS executable (COM)", "dos"),
                        ("COM executable for DOS", "dos"), ("FREE-DOS executable (COM)", "dos")):
        if verdict.startswith(start):
            return {"kind": kind}
    return {"kind": "not_mz"}


def ask(paths):
    """What file(1) says about each path, as printed."""
    listing = "".join(path + "\n" for path in paths)
    lines = subprocess.run(["file", "-b", "--files-from", "-"], input=listing, stdout=subprocess.PIPE, check=True,
                           text=True, errors="replace", timeout=600).stdout.splitlines()
    assert len(lines) == len(paths), "file(1) did not print one line for each file"
    return lines
