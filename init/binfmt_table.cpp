// SPDX-License-Identifier: MIT
#include "init/binfmt_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "interop/os/mount.h"
#include "interop/os/read_file.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

constexpr std::size_t longest_file = 4096;

// The kernel takes what one write(2) brings as the whole command.
proto::Result<void> write_command(const std::string& path, std::string_view command, const std::string& doing) {
    const interop::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return proto::errno_error(errno, doing);
    if (::write(file.get(), command.data(), command.size()) < 0) return proto::errno_error(errno, doing);
    return {};
}

}  // namespace

proto::Result<BinfmtTable> BinfmtTable::open(std::string directory) {
    if (!interop::is_binfmt_misc_mounted(directory))
        return proto::errno_error(ENODEV, "find binfmt_misc on " + directory);
    return BinfmtTable(std::move(directory));
}

proto::Result<bool> BinfmtTable::is_enabled() const {
    const auto text = interop::read_file(directory_ + "/status", longest_file);
    if (!text) return text.error();
    return text->starts_with("enabled");
}

proto::Result<std::optional<RegisteredRule>> BinfmtTable::find(const std::string& name) const {
    const auto text = interop::read_file(directory_ + "/" + name, longest_file);
    if (!text && text.error().code == std::errc::no_such_file_or_directory) return std::optional<RegisteredRule>();
    if (!text) return text.error();
    auto rule = parse_registered_rule(*text);
    if (!rule) return proto::errno_error(EPROTO, "understand " + directory_ + "/" + name);
    return rule;
}

proto::Result<void> BinfmtTable::add(const BinfmtRule& rule) const {
    const auto line = format_rule(rule);
    if (!line) return line.error();
    return write_command(directory_ + "/register", *line, "register " + rule.interpreter);
}

proto::Result<void> BinfmtTable::remove(const std::string& name) const {
    return write_command(directory_ + "/" + name, "-1", "remove rule " + name);
}

}  // namespace init
