// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "interop/os/unique_fd.h"
#include "interop/route/runner_wine_batch.h"
#include "proto/base/ascii_case.h"

namespace interop {
namespace {

constexpr const char* locale_directory = "/usr/lib/locale/";

/// What counts for the characters: the first that is set and not empty.
std::string locale_of(const VariableLookup& lookup) {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (const auto value = lookup(name); value && !value->empty()) return *value;
    }
    return "C";
}

/// As glibc writes the character set in names of files: "de_DE.utf8" for "de_DE.UTF-8". Empty if it is not UTF-8.
std::string normalized_utf8_locale(const std::string& locale) {
    const auto dot = locale.find('.');
    if (dot == std::string::npos || locale.find('/') != std::string::npos) return {};
    const auto modifier = std::min(locale.find('@', dot), locale.size());
    const std::string set = locale.substr(dot + 1, modifier - dot - 1);
    if (!proto::equals_ignoring_case(set, "UTF-8") && !proto::equals_ignoring_case(set, "UTF8")) return {};
    return locale.substr(0, dot) + ".utf8" + locale.substr(modifier);
}

bool is_in_archive(const std::string& name) {
    const UniqueFd archive(::open((std::string(locale_directory) + "locale-archive").c_str(), O_RDONLY | O_CLOEXEC));
    return archive && locale_archive_has(read_at_of(archive.get()), name);
}

std::string bytes_at(const ReadAt& read_at, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(read_at(offset, std::as_writable_bytes(std::span(bytes))));
    return bytes;
}

/// 0 beyond the end, where nothing of the archive is.
std::uint32_t word_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t value = 0;
    if (bytes.size() >= offset + sizeof value) std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace

bool locale_archive_has(const ReadAt& archive, std::string_view name) {
    // glibc, locale/locarchive.h. The head: magic, serial; offset, used and size of the table of names. Of each entry: hash,
    // offset of the name with its NUL, offset of the locale or 0 if it was deleted.
    constexpr std::uint32_t magic = 0xde020109;
    constexpr std::uint32_t most_entries = 1 << 16;
    constexpr std::size_t entry_size = 12;
    const std::string head = bytes_at(archive, 0, 20);
    const std::uint32_t count = word_at(head, 16);
    if (word_at(head, 0) != magic || count > most_entries) return false;
    const std::string table = bytes_at(archive, word_at(head, 8), count * entry_size);
    std::string wanted(name);
    wanted.push_back('\0');
    for (std::size_t entry = 0; entry < table.size(); entry += entry_size) {
        const std::uint32_t name_offset = word_at(table, entry + 4);
        if (name_offset == 0 || word_at(table, entry + 8) == 0) continue;
        if (bytes_at(archive, name_offset, wanted.size()) == wanted) return true;
    }
    return false;
}

bool has_utf8_locale(const VariableLookup& lookup) {
    // Other places than those below, of which we know nothing.
    for (const char* name : {"LOCPATH", "LOCALE_ARCHIVE"}) {
        if (lookup(name)) return false;
    }
    const std::string locale = locale_of(lookup);
    const std::string normalized = normalized_utf8_locale(locale);
    if (normalized.empty()) return false;
    for (const std::string& name : {locale, normalized}) {
        if (::access((locale_directory + name + "/LC_CTYPE").c_str(), R_OK) == 0) return true;
    }
    return is_in_archive(normalized);
}

}  // namespace interop
