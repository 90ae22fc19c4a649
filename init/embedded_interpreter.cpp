// SPDX-License-Identifier: MIT
#include "init/embedded_interpreter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "init/memory_file.h"
#include "interop/os/read_file.h"
#include "interop/route/configuration.h"
#include "interop/route/embedded_configuration.h"

namespace init {
namespace {

using interop::UniqueFd;

constexpr std::size_t largest_program = 256u << 20;  // with what a sanitizer and debug information add
constexpr std::size_t key_digits = 64;               // PROTOCOL.md: 32 bytes
constexpr std::string_view memory_prefix = "/proc/self/fd/";
constexpr std::string_view file_prefix = "/var/lib/mzinit/interpreter.";
constexpr const char* state_directory = "/var/lib/mzinit";

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

proto::Result<void> write_program(int fd, std::string_view bytes, const std::string& doing) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return proto::errno_error(errno, doing);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fchmod(fd, 0755) != 0) return proto::errno_error(errno, doing);
    return {};
}

proto::Result<EmbeddedInterpreter> place_in_memory(const std::string& bytes) {
    const std::string doing = "make a program in memory";
    UniqueFd written = make_executable_memory_file("mzinit");
    if (!written) return proto::errno_error(errno, doing);
    if (auto done = write_program(written.get(), bytes, doing); !done) return done.error();
    UniqueFd readable(
        ::open((std::string(memory_prefix) + std::to_string(written.get())).c_str(), O_RDONLY | O_CLOEXEC));
    if (!readable) return proto::errno_error(errno, doing);
    // A file that somebody could write to cannot be executed: the first descriptor is closed before anything else.
    written.reset();
    std::string path = std::string(memory_prefix) + std::to_string(readable.get());
    return EmbeddedInterpreter{std::move(path), std::move(readable)};
}

proto::Result<EmbeddedInterpreter> place_in_file(const std::string& bytes, const std::string& rule_name) {
    const std::string path = std::string(file_prefix) + rule_name;
    const std::string unfinished = path + ".new";
    const std::string doing = "write " + path;
    for (const char* directory : {"/var", "/var/lib", state_directory}) ::mkdir(directory, 0755);
    ::unlink(unfinished.c_str());  // of a call that was interrupted
    UniqueFd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0755));
    if (!file) return proto::errno_error(errno, doing);
    auto done = write_program(file.get(), bytes, doing);
    if (done && ::fsync(file.get()) != 0) done = proto::errno_error(errno, doing);
    file.reset();
    if (done && ::rename(unfinished.c_str(), path.c_str()) != 0) done = proto::errno_error(errno, doing);
    if (!done) {
        ::unlink(unfinished.c_str());
        return done.error();
    }
    return EmbeddedInterpreter{path, {}};
}

}  // namespace

Embedding embedding_of(std::string_view interpreter) {
    if (interpreter.starts_with(memory_prefix)) return Embedding::memory;
    return interpreter.starts_with(file_prefix) ? Embedding::file : Embedding::none;
}

proto::Result<void> check_embeddable(std::string_view configuration) {
    const auto parsed = interop::parse_configuration(configuration);
    if (!parsed) return parsed.error();
    if (!parsed->key_file.empty() && parsed->key_file.front() != '/') {
        return proto::stated_error("[host] key is not the absolute path of a key file");
    }
    std::size_t digits = 0;
    for (const char c : configuration) {
        digits = is_hex_digit(c) ? digits + 1 : 0;
        if (digits == key_digits) {
            return proto::stated_error("it contains what looks like a key, which every user could read then");
        }
    }
    return {};
}

proto::Result<std::string> embed_current_configuration(const std::string& program) {
    const auto configuration = interop::read_configuration_file();
    if (!configuration) return configuration.error();
    if (const auto checked = check_embeddable(configuration->text); !checked) {
        return proto::stated_error(configuration->source + ": " + checked.error().message());
    }
    auto bytes = interop::read_file(program, largest_program);
    if (!bytes) return bytes.error();
    if (const auto embedded = interop::embed_configuration(*bytes, configuration->text); !embedded) {
        return proto::stated_error(program + ": " + embedded.error().message());
    }
    return bytes;
}

proto::Result<EmbeddedInterpreter> place_interpreter(Embedding where, const std::string& bytes,
                                                     const std::string& rule_name) {
    return where == Embedding::memory ? place_in_memory(bytes) : place_in_file(bytes, rule_name);
}

void remove_interpreter_file(const std::string& rule_name) { ::unlink((std::string(file_prefix) + rule_name).c_str()); }

}  // namespace init
