// SPDX-License-Identifier: MIT
#include "init/binfmt_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace init {
namespace {

using interop::UniqueFd;

constexpr std::size_t longest_file = 4096;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

proto::Result<BinfmtTable> BinfmtTable::open(std::string directory) {
    const auto missing = [&] { return proto::errno_error(ENODEV, "find binfmt_misc on " + directory); };
    UniqueFd descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct statfs kind {};
    struct stat status {};
    if (!descriptor || ::fstatfs(descriptor.get(), &kind) != 0 || kind.f_type != BINFMTFS_MAGIC) return missing();
    if (::fstat(descriptor.get(), &status) != 0) return missing();
    return BinfmtTable(std::move(directory), std::move(descriptor), status.st_dev);
}

proto::Result<std::string> BinfmtTable::read(const std::string& name) const {
    const std::string doing = "read " + directory_ + "/" + name;
    const UniqueFd file(::openat(descriptor_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return proto::errno_error(errno, doing);
    std::array<char, longest_file> text;
    const ssize_t length = ::read(file.get(), text.data(), text.size());
    if (length < 0) return proto::errno_error(errno, doing);
    return std::string(text.data(), static_cast<std::size_t>(length));
}

// The kernel takes what one write(2) brings as the whole command.
proto::Result<void> BinfmtTable::write(const std::string& name, std::string_view command,
                                       const std::string& doing) const {
    const UniqueFd file(::openat(descriptor_.get(), name.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return proto::errno_error(errno, doing);
    if (::write(file.get(), command.data(), command.size()) < 0) return proto::errno_error(errno, doing);
    return {};
}

proto::Result<bool> BinfmtTable::is_enabled() const {
    const auto text = read("status");
    if (!text) return text.error();
    return text->starts_with("enabled");
}

proto::Result<std::optional<RegisteredRule>> BinfmtTable::find(const std::string& name) const {
    const auto text = read(name);
    if (!text && text.error().code == std::errc::no_such_file_or_directory) return std::optional<RegisteredRule>();
    if (!text) return text.error();
    auto rule = parse_registered_rule(*text);
    if (!rule) return proto::errno_error(EPROTO, "understand " + directory_ + "/" + name);
    rule->name = name;
    return rule;
}

proto::Result<std::vector<RegisteredRule>> BinfmtTable::list() const {
    const std::string doing = "list " + directory_;
    // A description of its own, with a position of its own.
    UniqueFd own(::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return proto::errno_error(errno, doing);
    const std::unique_ptr<DIR, CloseDirectory> entries(::fdopendir(own.get()));
    if (!entries) return proto::errno_error(errno, doing);
    (void)own.release();  // It belongs to `entries` now.
    // The kernel puts a new rule at the head of its list, and a new file at the head of its directory's: the order is
    // the same (measured, and proved by execution in tests/integration/test_registration.py).
    std::vector<RegisteredRule> rules;
    while (const dirent* entry = ::readdir(entries.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == ".." || name == "register" || name == "status") continue;
        const auto rule = find(name);
        if (rule && rule->has_value()) rules.push_back(**rule);
    }
    return rules;
}

proto::Result<void> BinfmtTable::add(const BinfmtRule& rule) const {
    const auto line = format_rule(rule);
    if (!line) return line.error();
    return write("register", *line, "register " + rule.interpreter);
}

proto::Result<void> BinfmtTable::remove(const std::string& name) const {
    return write(name, "-1", "remove rule " + name);
}

}  // namespace init
