// SPDX-License-Identifier: MIT
#include "interop/session/program_parts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/image/imports.h"
#include "interop/image/managed_references.h"
#include "interop/os/list_directory.h"
#include "interop/session/sibling_files.h"
#include "interop/text/dotnet_assets.h"
#include "interop/text/windows_file_name.h"
#include "proto/wire/limits.h"

namespace interop {
namespace {

static_assert(longest_windows_file_name == proto::limits::max_file_name_length);

struct OpenFile {
    UniqueFd fd;
    struct stat status {};
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// With its slash, so that a name can follow.
std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

std::string without_extension(const std::string& name) { return name.substr(0, name.rfind('.')); }

bool is_same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

proto::Error open_error(int number, const std::string& doing) {
    if (number != EMFILE && number != ENFILE) return proto::errno_error(number, doing);
    return proto::stated_error("more files have to be sent with it than may be open at once (see ulimit -n)");
}

/// `doing` as in Error. Neither waits for a FIFO nor takes a terminal.
proto::Result<OpenFile> open_file(int directory, const std::string& name, const std::string& doing) {
    OpenFile file;
    file.fd = UniqueFd(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file.fd || fstat(file.fd.get(), &file.status) != 0) return open_error(errno, doing);
    return file;
}

/// Whether it is a DLL of Wine's own, which stands for one of Windows: beside a program of Wine's they all lie, and Windows must
/// not find them there.
bool is_wine_library(int fd) {
    constexpr std::uint64_t behind_dos_header = 0x40;
    std::array<char, 20> bytes{};
    const std::size_t count = read_at_of(fd)(behind_dos_header, std::as_writable_bytes(std::span(bytes)));
    const std::string_view mark(bytes.data(), count);
    return mark.starts_with("Wine builtin DLL") || mark.starts_with("Wine placeholder DLL");
}

class PartSearch {
  public:
    explicit PartSearch(const ProgramFile& program)
        : program_(program),
          directory_(directory_of(program.absolute_path)),
          siblings_(directory_),
          own_name_(base_name(program.absolute_path)) {}

    proto::Result<std::vector<ProgramPart>> run(const std::vector<std::string>& with) {
        if (auto added = add_program(); !added) return added.error();
        for (const std::string& path : with) {
            if (auto added = add_given(path); !added) return added.error();
        }
        if (auto added = add_companions(); !added) return added.error();
        return std::move(parts_);
    }

  private:
    enum class Origin { given, beside };

    proto::Result<void> add_program() {
        if (!is_windows_file_name(own_name_)) {
            return proto::stated_error("it cannot be sent to the host, where no file can be called \"" + own_name_ +
                                       "\"");
        }
        OpenFile file;
        file.fd = UniqueFd(fcntl(program_.fd.get(), F_DUPFD_CLOEXEC, 0));
        if (!file.fd || fstat(file.fd.get(), &file.status) != 0) return open_error(errno, "send it to the host");
        // What was said about it counts, not what it has become meanwhile.
        file.status.st_size = static_cast<off_t>(program_.size);
        return add(own_name_, std::move(file), Origin::beside, program_.absolute_path);
    }

    proto::Result<void> add_given(const std::string& path) {
        const std::string doing = "--with " + path;
        auto file = open_file(AT_FDCWD, path, doing);
        if (!file) return file.error();
        if (S_ISDIR(file->status.st_mode)) return add_given_directory(path, *file);
        if (!S_ISREG(file->status.st_mode)) return proto::stated_error(doing + ": neither a file nor a directory");
        return add(base_name(path), std::move(*file), Origin::given, path);
    }

    proto::Result<void> add_given_directory(const std::string& path, const OpenFile& directory) {
        const auto names = list_directory(directory.fd.get());
        if (!names) return open_error(names.error().code.value(), "--with " + path);
        for (const std::string& name : *names) {
            const std::string name_path = path + (path.ends_with('/') ? "" : "/") + name;
            // Looked at before it is opened, which does things to devices. What a link leads to may not be there.
            struct stat status {};
            const int result = fstatat(directory.fd.get(), name.c_str(), &status, 0);
            if (result == 0 ? !S_ISREG(status.st_mode) : errno == ENOENT) continue;
            auto file = open_file(directory.fd.get(), name, "--with " + name_path);
            if (!file) return file.error();
            if (!S_ISREG(file->status.st_mode)) continue;
            if (auto added = add(name, std::move(*file), Origin::given, name_path); !added) return added;
        }
        return {};
    }

    /// `path` is for messages.
    proto::Result<void> add(const std::string& name, OpenFile file, Origin origin, const std::string& path) {
        if (!is_windows_file_name(name)) {
            return proto::stated_error("--with " + path + ": no file on the host can have this name");
        }
        const auto [known, is_new] = files_.try_emplace(windows_comparison_form(name), Known{path, file.status});
        if (!is_new) {
            if (origin == Origin::beside || is_same_file(known->second.status, file.status)) return {};
            return proto::stated_error(known->second.path + " and " + path +
                                       " cannot both be sent with it: the host would " +
                                       "take their names for the same");
        }
        if (parts_.size() == proto::limits::max_manifest_files) {
            return proto::stated_error("more than " + std::to_string(proto::limits::max_manifest_files - 1) +
                                       " files would have to be sent with it");
        }
        const auto size = static_cast<std::uint64_t>(file.status.st_size);
        if (size > proto::limits::max_upload_size - all_bytes_)
            return proto::stated_error(path + " is too large to be sent");
        all_bytes_ += size;
        parts_.push_back({name, std::move(file.fd), size});
        return {};
    }

    /// False if there is none, or what has the name is no file.
    proto::Result<bool> add_beside(const std::string& name) {
        if (files_.contains(windows_comparison_form(name))) return true;
        const auto found = siblings_.find(name);
        if (!found) return false;
        auto file = open_file(siblings_.directory(), *found, "open " + directory_ + *found);
        if (!file && file.error().code == std::errc::no_such_file_or_directory) return false;
        if (!file) return file.error();
        if (!S_ISREG(file->status.st_mode) || is_wine_library(file->fd.get())) return false;
        if (auto added = add(*found, std::move(*file), Origin::beside, directory_ + *found); !added)
            return added.error();
        return true;
    }

    proto::Result<void> add_all_beside(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            if (auto added = add_beside(name); !added) return added.error();
        }
        return {};
    }

    proto::Result<bool> add_first_beside(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            auto added = add_beside(name);
            if (!added || *added) return added;
        }
        return false;
    }

    proto::Result<void> add_companions() {
        if (program_.image.kind != ImageKind::pe) return {};
        if (auto added = add_companions_by_name(); !added) return added;
        // Grows while it is gone through: what was found asks for more.
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            if (auto added = add_what_is_asked_for(i); !added) return added;
        }
        return {};
    }

    proto::Result<void> add_what_is_asked_for(std::size_t index) {
        const std::string name = parts_[index].name;
        const std::uint64_t size = parts_[index].size;
        const ReadAt read_at = read_at_of(parts_[index].fd.get());
        const ImageDescription image = identify_image(read_at, size);
        if (image.kind != ImageKind::pe) return {};
        auto wanted = find_imported_dlls(read_at, size);
        std::ranges::move(find_forwarded_dlls(read_at, size), std::back_inserter(wanted));
        wanted.push_back(name + ".manifest");
        wanted.push_back(name + ".config");
        if (auto added = add_all_beside(wanted); !added) return added;
        return image.managed == Managed::none ? proto::Result<void>() : add_managed_references(read_at, size);
    }

    /// Each under the first of the names by which .NET looks for it.
    proto::Result<void> add_managed_references(const ReadAt& read_at, std::uint64_t size) {
        const ManagedReferences references = find_managed_references(read_at, size);
        for (const std::string& name : references.assemblies) {
            if (auto added = add_first_beside({name + ".dll", name + ".exe"}); !added) return added.error();
        }
        for (const std::string& name : references.modules) {
            if (auto added = add_first_beside({name + ".dll", name}); !added) return added.error();
        }
        return {};
    }

    /// What is named after the program. An apphost, the native starter of a .NET program, names its assembly nowhere else that
    /// could be relied on.
    proto::Result<void> add_companions_by_name() {
        const std::string stem = without_extension(own_name_);
        if (auto added = add_beside(own_name_ + ".local"); !added) return added.error();
        const auto settings = add_beside(stem + ".runtimeconfig.json");
        if (!settings) return settings.error();
        if (!*settings) return {};
        if (auto added = add_beside(stem + ".dll"); !added) return added.error();
        return add_dotnet_assets(stem + ".deps.json");
    }

    /// With that file .NET insists on all that it lists. Without it the directory is taken for complete, which is what is left
    /// where something lies in a directory below, or is not there at all.
    proto::Result<void> add_dotnet_assets(const std::string& list) {
        const auto text = read_beside(list);
        if (!text) return {};
        const DotnetAssets assets = read_dotnet_assets(*text);
        bool are_all_there = !assets.has_subdirectories;
        for (const std::string& name : assets.files) {
            const auto added = add_beside(name);
            if (!added) return added.error();
            are_all_there = are_all_there && *added;
        }
        if (!are_all_there) return {};
        if (auto added = add_beside(list); !added) return added.error();
        return {};
    }

    /// The text of a file in the program's directory; nothing if there is none of a sensible size.
    std::optional<std::string> read_beside(const std::string& name) {
        const auto found = siblings_.find(name);
        if (!found) return std::nullopt;
        const auto file = open_file(siblings_.directory(), *found, "");
        if (!file || !S_ISREG(file->status.st_mode) || file->status.st_size > off_t{largest_dotnet_assets})
            return std::nullopt;
        std::string text(static_cast<std::size_t>(file->status.st_size), '\0');
        text.resize(read_at_of(file->fd.get())(0, std::as_writable_bytes(std::span(text))));
        return text;
    }

    struct Known {
        std::string path;
        struct stat status;
    };

    const ProgramFile& program_;
    std::string directory_;
    SiblingFiles siblings_;
    std::string own_name_;
    std::vector<ProgramPart> parts_;
    std::uint64_t all_bytes_ = 0;
    std::map<std::u16string, Known> files_;  // what the parts are, by windows_comparison_form() of their names
};

}  // namespace

proto::Result<std::vector<ProgramPart>> find_program_parts(const ProgramFile& program,
                                                           const std::vector<std::string>& with) {
    return PartSearch(program).run(with);
}

}  // namespace interop
