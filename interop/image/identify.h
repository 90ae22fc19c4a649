// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace interop {

enum class ImageKind {
    not_mz,        ///< Does not start with "MZ".
    damaged,       ///< Starts with "MZ" and is nothing that could run; `detail` says why.
    pe,            ///< PE32 or PE32+; see machine, subsystem, bits, is_dll, managed.
    dos,           ///< A DOS program, with or without an extender.
    batch,         ///< A batch file for cmd.exe, which only the file's name tells: consider_name().
    ne,            ///< 16-bit Windows, OS/2 and others; `detail` names the target.
    le,            ///< LE or LX without a DOS extender: OS/2.
    vxd,           ///< A Windows 9x driver (LE) or a collection of them (W3, W4).
    ape,           ///< Actually portable executable: runs natively.
    linux_kernel,  ///< A kernel with an EFI stub; `detail` names its architecture.
    efi_zboot,     ///< A compressed EFI kernel image.
};

enum class Machine { unknown, i386, amd64, arm64, arm, ia64, ebc, riscv, loongarch, mips, alpha, sh, powerpc };

enum class Subsystem {
    unknown,
    native,
    windows_gui,
    windows_console,
    os2,
    posix,
    windows_ce,
    efi,
    xbox,
    boot_application
};

enum class Managed { none, il, mixed };

/// What a file is, as far as starting it is concerned.
struct ImageDescription {
    ImageKind kind = ImageKind::not_mz;
    Machine machine = Machine::unknown;
    Subsystem subsystem = Subsystem::unknown;
    Managed managed = Managed::none;
    bool is_dll = false;
    unsigned bits = 0;     ///< 16, 32 or 64; 0 if the kind has none.
    std::string detail{};  ///< Words for a sentence, such as "its PE header lies outside the file"; may be empty.
};

/// Reads at most `buffer.size()` bytes at `offset` and returns how many it got: fewer at the end of the file,
/// 0 beyond it or on an error.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> buffer)>;

/// ReadAt of an open file, by pread(2). `fd` is borrowed, its position is not moved.
ReadAt read_at_of(int fd);

/// Says what the bytes behind `read_at` are. Reads the first 4 KiB, and more only where the headers point.
/// Never fails: hostile bytes make it say `damaged`.
/// Sources: Microsoft "PE Format", Linux boot protocol, the headers' own documentation.
ImageDescription identify_image(const ReadAt& read_at, std::uint64_t file_size);

/// identify_image of an open file, as by read_at_of().
ImageDescription identify_image(int fd, std::uint64_t file_size);

/// "a 64-bit Windows console program (PE32+, x86-64)", without a final stop; for messages and `mzinit identify`.
std::string describe(const ImageDescription& image);

}  // namespace interop
