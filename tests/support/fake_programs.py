# SPDX-License-Identifier: MIT
"""Programs for tests that need no Wine and no mingw-w64: a file that is a valid 64-bit Windows console program as far as
anybody looks, and a runner that starts the command given in its arguments instead."""

import os
import struct

RUNNER = '#!/bin/sh\nshift\nexec "$@"\n'


def write_pe64(path, size=1024):
    """The smallest file that is PE32+, x86-64, console and executable; `size` bytes long."""
    dos = bytearray(64)
    dos[0:2] = b"MZ"
    struct.pack_into("<H", dos, 0x18, 0x40)
    struct.pack_into("<I", dos, 0x3C, 64)
    optional = bytearray(112 + 16 * 8)
    struct.pack_into("<H", optional, 0, 0x20B)  # PE32+
    struct.pack_into("<I", optional, 16, 0x1000)  # AddressOfEntryPoint
    struct.pack_into("<Q", optional, 24, 0x140000000)  # ImageBase
    struct.pack_into("<II", optional, 32, 0x1000, 0x200)  # alignment of sections, of the file
    struct.pack_into("<HH", optional, 40, 6, 0)
    struct.pack_into("<HH", optional, 48, 6, 0)
    struct.pack_into("<II", optional, 56, 0x2000, 0x200)  # SizeOfImage, SizeOfHeaders
    struct.pack_into("<H", optional, 68, 3)  # console
    struct.pack_into("<I", optional, 108, 16)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, len(optional), 0x22)
    section = struct.pack("<8sIIIIIIHHI", b".text", 0x10, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    image = bytes(dos) + coff + bytes(optional) + section
    with open(path, "wb") as file:
        file.write(image.ljust(size, b"\xc3"))
    os.chmod(path, 0o755)
    return path


def write_runner(directory):
    """A runner for --runner: `program.exe COMMAND ARGUMENT...` executes COMMAND."""
    path = os.path.join(directory, "runner")
    with open(path, "w", encoding="ascii") as file:
        file.write(RUNNER)
    os.chmod(path, 0o755)
    return path


def is_alive(pid):
    """Whether the process exists and is not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
