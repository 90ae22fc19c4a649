// SPDX-License-Identifier: MIT
#include "interop/image/com_name.h"

#include "proto/base/ascii_case.h"

namespace interop {

bool has_com_suffix(std::string_view path) {
    constexpr std::string_view suffix = ".com";
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name.size() <= suffix.size()) return false;
    return proto::equals_ignoring_case(name.substr(name.size() - suffix.size()), suffix);
}

bool is_linux_program(std::string_view head) {
    return head.starts_with(
               "\x7F"
               "ELF") ||
           head.starts_with("#!");
}

ImageDescription consider_name(const ImageDescription& image, std::string_view path, std::string_view head,
                               std::uint64_t size) {
    if (image.kind != ImageKind::not_mz || !has_com_suffix(path)) return image;
    ImageDescription considered;
    if (is_linux_program(head)) {
        considered.detail = "it is a program for Linux, which runs it itself";
    } else if (size == 0) {
        considered.detail = "it is empty";
    } else if (size > largest_com_program) {
        considered.detail = "it is called a COM program, but those have at most 65,280 bytes";
    } else {
        considered.kind = ImageKind::dos;
        considered.bits = 16;
    }
    return considered;
}

}  // namespace interop
