// SPDX-License-Identifier: MIT
#include "interop/image/suffix_kind.h"

#include <array>

#include "proto/base/ascii_case.h"

namespace interop {

namespace {

struct Suffix {
    std::string_view text;
    ImageKind kind;
};

constexpr std::array<Suffix, 3> suffixes{
    {{".com", ImageKind::dos}, {".bat", ImageKind::batch}, {".cmd", ImageKind::batch}}};

ImageDescription consider_com_program(std::uint64_t size) {
    ImageDescription considered;
    if (size == 0) {
        considered.detail = "it is empty";
    } else if (size > largest_com_program) {
        considered.detail = "it is called a COM program, but those have at most 65,280 bytes";
    } else {
        considered.kind = ImageKind::dos;
        considered.bits = 16;
    }
    return considered;
}

/// cmd.exe reads bytes of a code page: of UTF-16 it would try to run every character.
bool is_utf16(std::string_view head) { return head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF"); }

ImageDescription consider_batch_file(std::string_view head) {
    ImageDescription considered;
    if (is_utf16(head)) {
        considered.detail = "it is called a batch file, but it is UTF-16, which cmd.exe does not read";
    } else {
        considered.kind = ImageKind::batch;
    }
    return considered;
}

}  // namespace

std::optional<ImageKind> suffix_kind(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    for (const Suffix& suffix : suffixes) {
        if (name.size() <= suffix.text.size()) continue;
        if (proto::equals_ignoring_case(name.substr(name.size() - suffix.text.size()), suffix.text)) return suffix.kind;
    }
    return std::nullopt;
}

bool is_linux_program(std::string_view head) {
    return head.starts_with(
               "\x7F"
               "ELF") ||
           head.starts_with("#!");
}

ImageDescription consider_name(const ImageDescription& image, std::string_view path, std::string_view head,
                               std::uint64_t size) {
    const auto promised = suffix_kind(path);
    if (image.kind != ImageKind::not_mz || !promised) return image;
    if (is_linux_program(head)) {
        ImageDescription considered;
        considered.detail = "it is a program for Linux, which runs it itself";
        return considered;
    }
    return *promised == ImageKind::batch ? consider_batch_file(head) : consider_com_program(size);
}

}  // namespace interop
