// SPDX-License-Identifier: MIT
#include "interop/image/dos_extender.h"

#include <string_view>

namespace interop {
namespace {

struct Mark {
    std::string_view bytes;
    DosExtender extender;
};

// Right behind the DOS header.
constexpr Mark stub_starts[] = {
    {"go32stub", {"DJGPP", 32}},
    {"32STUB", {"Borland 32STUB", 32}},
    {"emx", {"emx", 32}},
    {"$WdX", {"WDOSX", 32}},
};

// At e_lfanew: formats that only an extender reads.
constexpr Mark signatures[] = {
    {"P2", {"Phar Lap 286", 16}}, {"P3", {"Phar Lap 386", 32}}, {"MP", {"Phar Lap 386", 32}},
    {"DL", {"DOS/16M", 16}},      {"BW", {"DOS/4GW", 32}},
};

// Anywhere in the stub. The stubs of other extenders may mention DOS/4G, so it comes last.
constexpr Mark stub_texts[] = {
    {"PMODE/W", {"PMODE/W", 32}}, {"STUB/32A", {"DOS/32A", 32}},  {"STUB/32C", {"DOS/32A", 32}},
    {"DOS/32A", {"DOS/32A", 32}}, {"CauseWay", {"CauseWay", 32}}, {"DOS/4G", {"DOS/4GW", 32}},
};

// Watcom's own stub looks for DOS/4GW, but its name is in everything that its compiler made: it tells something only
// of a file that an extender must read.
constexpr Mark watcom_stub = {"WATCOM", {"DOS/4GW", 32}};

}  // namespace

std::optional<DosExtender> find_dos_extender(ImageReader& file, const DosHeader& header, bool has_new_header) {
    for (const Mark& mark : stub_starts) {
        if (file.matches(header.header_size(), mark.bytes)) return mark.extender;
    }
    if (header.new_header != 0) {
        for (const Mark& mark : signatures) {
            if (file.matches(header.new_header, mark.bytes)) return mark.extender;
        }
    }
    // The program's own text is no mark: OS/2's may speak of DOS.
    const std::string_view stub = has_new_header ? file.head().substr(0, header.new_header) : file.head();
    for (const Mark& mark : stub_texts) {
        if (stub.find(mark.bytes) != std::string_view::npos) return mark.extender;
    }
    if (has_new_header && stub.find(watcom_stub.bytes) != std::string_view::npos) return watcom_stub.extender;
    return std::nullopt;
}

}  // namespace interop
