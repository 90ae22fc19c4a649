// SPDX-License-Identifier: MIT
#include "interop/route/client_key.h"

#include <cerrno>
#include <cstdlib>

#include <string.h>

#include "interop/os/read_file.h"

namespace interop {
namespace {

constexpr std::size_t largest_key_file = 64u << 10;

proto::Result<proto::Key> load_key(const std::string& path) {
    auto text = read_private_file(path, largest_key_file);
    if (!text) return text.error();
    auto keys = proto::parse_key_file(*text);
    explicit_bzero(text->data(), text->size());
    if (!keys) return proto::Error{keys.error().code, path + ": " + keys.error().doing};
    if (keys->empty()) return proto::errno_error(ENOKEY, "read " + path);
    return std::move(keys->front());
}

}  // namespace

proto::Result<proto::Key> load_client_key(const std::string& configured_file) {
    if (!configured_file.empty()) return load_key(configured_file);
    auto key = load_key("/etc/mzinit/key");
    const char* home = std::getenv("HOME");
    if (key || home == nullptr || *home != '/') return key;
    auto own_key = load_key(std::string(home) + "/.config/mzinit/key");
    // A system key that exists and is not for us is no news; one that is there for us and broken is.
    return own_key || own_key.error().code != std::errc::no_such_file_or_directory ? own_key : key;
}

}  // namespace interop
