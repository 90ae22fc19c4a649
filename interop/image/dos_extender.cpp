// SPDX-License-Identifier: MIT
#include "interop/image/dos_extender.h"

#include <string_view>

namespace interop {
namespace {

struct Mark {
    std::string_view bytes;
    const char* extender;
};

// At e_lfanew: formats that only an extender reads.
constexpr Mark signatures[] = {
    {"P2", "Phar Lap 286"}, {"P3", "Phar Lap 386"}, {"MP", "Phar Lap 386"}, {"DL", "DOS/16M"}, {"BW", "DOS/4GW"},
};

// Right behind the DOS header.
constexpr Mark stub_starts[] = {
    {"go32stub", "DJGPP"},
    {"32STUB", "Borland 32STUB"},
    {"emx", "emx"},
    {"$WdX", "WDOSX"},
};

// Anywhere in the stub. The stubs of other extenders may mention DOS/4G, so it comes last.
constexpr Mark stub_texts[] = {
    {"PMODE/W", "PMODE/W"},   {"STUB/32A", "DOS/32A"}, {"STUB/32C", "DOS/32A"}, {"DOS/32A", "DOS/32A"},
    {"CauseWay", "CauseWay"}, {"DOS/4G", "DOS/4GW"},   {"WATCOM", "DOS/4GW"},
};

}  // namespace

std::string find_dos_extender(ImageReader& file, const DosHeader& header) {
    for (const Mark& mark : stub_starts) {
        if (file.matches(header.header_size(), mark.bytes)) return mark.extender;
    }
    if (header.new_header != 0) {
        for (const Mark& mark : signatures) {
            if (file.matches(header.new_header, mark.bytes)) return mark.extender;
        }
    }
    for (const Mark& mark : stub_texts) {
        if (file.head().find(mark.bytes) != std::string_view::npos) return mark.extender;
    }
    return {};
}

}  // namespace interop
