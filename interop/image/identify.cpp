// SPDX-License-Identifier: MIT
#include "interop/image/identify.h"

#include <algorithm>
#include <string_view>

#include "interop/image/dos_extender.h"
#include "interop/image/dos_header.h"
#include "interop/image/image_reader.h"
#include "interop/image/lookalikes.h"
#include "interop/image/pe.h"
#include "interop/image/segmented.h"

namespace interop {
namespace {

bool is_text(std::string_view bytes) {
    return std::ranges::none_of(bytes, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0x7F || (byte < 0x20 && std::string_view("\t\n\v\f\r\x1B").find(c) == std::string_view::npos);
    });
}

ImageDescription identify_dos(ImageReader& file, const DosHeader& header) {
    std::string fault = find_fault(header, file.file_size());
    if (fault.empty()) {
        const auto extender = find_dos_extender(file, header, false);
        if (!extender) return {.kind = ImageKind::dos, .bits = 16};
        return {.kind = ImageKind::dos, .bits = extender->bits, .detail = extender->name};
    }
    if (is_text(file.head())) fault = "it is text";
    return {.kind = ImageKind::damaged, .detail = std::move(fault)};
}

}  // namespace

ImageDescription identify_image(const ReadAt& read_at, std::uint64_t file_size) {
    ImageReader file(read_at, file_size);
    if (is_ape(file)) return {.kind = ImageKind::ape};
    if (!file.matches(0, "MZ")) return {};
    if (auto lookalike = identify_lookalike(file)) return *std::move(lookalike);
    const DosHeader header = read_dos_header(file);
    if (header.new_header != 0) {
        if (auto pe = identify_pe(file, header.new_header)) return *std::move(pe);
        if (auto segmented = identify_segmented(file, header)) return *std::move(segmented);
    }
    return identify_dos(file, header);
}

}  // namespace interop
