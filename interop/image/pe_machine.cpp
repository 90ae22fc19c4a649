// SPDX-License-Identifier: MIT
#include "interop/image/pe_machine.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace interop {
namespace {

using namespace std::string_view_literals;

struct MachineCode {
    std::uint16_t code;
    Machine machine;
    unsigned bits;
    const char* detail = "";
};

// Microsoft "PE Format", Machine Types; CHPE (hybrid x86 code) is the predecessor of ARM64EC.
constexpr MachineCode machine_codes[] = {
    {0x014C, Machine::i386, 32},      {0x8664, Machine::amd64, 64},
    {0xAA64, Machine::arm64, 64},     {0x3A64, Machine::arm64, 32, "CHPE"},
    {0x01C4, Machine::arm, 32},       {0x01C0, Machine::arm, 32},
    {0x01C2, Machine::arm, 32},       {0x0200, Machine::ia64, 64},
    {0x0EBC, Machine::ebc, 0},        {0x5032, Machine::riscv, 32},
    {0x5064, Machine::riscv, 64},     {0x5128, Machine::riscv, 64},
    {0x6232, Machine::loongarch, 32}, {0x6264, Machine::loongarch, 64},
    {0x0166, Machine::mips, 32},      {0x0168, Machine::mips, 32},
    {0x0169, Machine::mips, 32},      {0x0266, Machine::mips, 32},
    {0x0366, Machine::mips, 32},      {0x0466, Machine::mips, 32},
    {0x0184, Machine::alpha, 32},     {0x0284, Machine::alpha, 64},
    {0x01A2, Machine::sh, 32},        {0x01A3, Machine::sh, 32},
    {0x01A4, Machine::sh, 32},        {0x01A6, Machine::sh, 32},
    {0x01A8, Machine::sh, 32},        {0x01F0, Machine::powerpc, 32},
    {0x01F1, Machine::powerpc, 32},   {0x01F2, Machine::powerpc, 32},
};

// .NET code compiled in advance for another system has its machine XORed with one of these (dotnet/runtime,
// "ReadyToRun format").
struct PrecompiledTarget {
    std::uint16_t tag;
    const char* detail;
};
constexpr PrecompiledTarget precompiled_targets[] = {
    {0x7B79, "precompiled for Linux"},  {0x4644, "precompiled for macOS"}, {0xADC4, "precompiled for FreeBSD"},
    {0x1993, "precompiled for NetBSD"}, {0x1992, "precompiled for SunOS"},
};

// What .NET compiles for in advance.
constexpr std::uint16_t dotnet_codes[] = {0x014C, 0x8664, 0xAA64, 0x01C4};

const MachineCode* find_code(std::uint16_t code) {
    const auto* known = std::ranges::find(machine_codes, code, &MachineCode::code);
    return known == std::end(machine_codes) ? nullptr : known;
}

}  // namespace

std::optional<PeMachine> find_pe_machine(std::uint16_t code) {
    if (const MachineCode* known = find_code(code)) return PeMachine{known->machine, known->bits, known->detail};
    for (const PrecompiledTarget& target : precompiled_targets) {
        const auto bare = static_cast<std::uint16_t>(code ^ target.tag);
        if (std::ranges::find(dotnet_codes, bare) == std::end(dotnet_codes)) continue;
        const MachineCode* known = find_code(bare);
        return PeMachine{known->machine, known->bits, target.detail, true};
    }
    return std::nullopt;
}

std::optional<PeMachine> read_pe_machine(ImageReader& file, std::uint64_t header) {
    if (!file.matches(header, "PE\0\0"sv)) return std::nullopt;
    return find_pe_machine(file.u16(header + 4));
}

const char* machine_name(Machine machine) {
    switch (machine) {
        case Machine::unknown: return "an unknown machine";
        case Machine::i386: return "x86";
        case Machine::amd64: return "x86-64";
        case Machine::arm64: return "ARM64";
        case Machine::arm: return "ARM";
        case Machine::ia64: return "Itanium";
        case Machine::ebc: return "EFI byte code";
        case Machine::riscv: return "RISC-V";
        case Machine::loongarch: return "LoongArch";
        case Machine::mips: return "MIPS";
        case Machine::alpha: return "Alpha";
        case Machine::sh: return "SuperH";
        case Machine::powerpc: return "PowerPC";
    }
    return "an unknown machine";
}

}  // namespace interop
