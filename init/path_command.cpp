// SPDX-License-Identifier: MIT
#include "init/path_command.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "init/bounded_question.h"
#include "init/messages.h"
#include "interop/session/guest_paths.h"
#include "interop/session/host_info.h"
#include "interop/session/program_file.h"
#include "interop/text/printable.h"

namespace init {
namespace {

using Mode = interop::PathQuestion::Mode;

/// For all endpoints together; one has as long for its two answers.
constexpr std::chrono::seconds patience{2};
constexpr int exit_failure = 1;  // as WSL's, whatever the reason

std::string usage_of(const std::string& name) {
    const std::string command = name == "mzinit: path" ? "mzinit path" : name;
    return "Usage: " + command +
           " [-a] [-u|-w|-m] [--idempotent] [--] PATH\n"
           "Prints the path by which the host knows a file of this system, or the other way round.\n"
           "\n"
           "  -u            from the host's form to that of this system (otherwise, too)\n"
           "  -w            from the form of this system to the host's\n"
           "  -m            likewise, with / in place of \\\n"
           "  -a            also turn a relative path into an absolute one\n"
           "  --idempotent  print a path that already has the wanted form as it is\n";
}

class PathWords {
  public:
    explicit PathWords(const std::vector<std::string>& words) : words_(words) {}

    proto::Result<PathOptions> parse() {
        bool are_options_over = false;
        for (const std::string& word : words_) {
            if (are_options_over || word.size() < 2 || !word.starts_with('-')) {
                if (std::exchange(has_path_, true)) return proto::stated_error("only one path can be translated");
                options_.question.path = word;
            } else if (word == "--") {
                are_options_over = true;
            } else if (auto read = read_option(word); !read) {
                return read.error();
            }
            if (options_.wants_help) return std::move(options_);
        }
        if (!has_path_) return proto::stated_error("no path was given");
        return std::move(options_);
    }

  private:
    proto::Result<void> read_option(const std::string& word) {
        if (word == "--help") {
            options_.wants_help = true;
            return {};
        }
        if (word == "--idempotent") {
            options_.question.idempotent = true;
            return {};
        }
        if (word.starts_with("--")) return proto::stated_error("option " + word + " is not known");
        for (const char letter : word.substr(1)) {
            if (auto read = read_letter(letter); !read) return read;
        }
        return {};
    }

    proto::Result<void> read_letter(char letter) {
        switch (letter) {
            case 'a': options_.question.absolute = true; return {};
            case 'h': options_.wants_help = true; return {};
            case 'u': return set_mode(Mode::to_guest);
            case 'w': return set_mode(Mode::to_host);
            case 'm': return set_mode(Mode::to_mixed);
            default: return proto::stated_error(std::string("option -") + letter + " is not known");
        }
    }

    proto::Result<void> set_mode(Mode mode) {
        if (std::exchange(has_mode_, true)) return proto::stated_error("only one of -u, -w and -m can be given");
        options_.question.mode = mode;
        return {};
    }

    const std::vector<std::string>& words_;
    PathOptions options_;
    bool has_path_ = false;
    bool has_mode_ = false;
};

std::string host_name() {
    utsname system{};
    return ::uname(&system) == 0 ? system.nodename : std::string();
}

interop::PathTables tables_of(const interop::Configuration& configuration) {
    interop::PathTables tables{interop::guest_path_map(configuration), nullptr, configuration.share_name};
    // The kernel takes any bytes for a host name.
    if (tables.share_name.empty() && interop::is_share_name(host_name())) tables.share_name = host_name();
    tables.ask_agent = [&configuration]() -> std::optional<interop::PathMap> {
        const auto answer = ask_within(patience, [&]() -> proto::Result<std::string> {
            const auto host = interop::ask_host(configuration);
            if (!host) return host.error();
            return host->info.SerializeAsString();
        });
        mzinit::v1::Info info;
        if (!answer || !info.ParseFromString(*answer)) return std::nullopt;
        return interop::agent_path_map(info);
    };
    return tables;
}

interop::GuestFiles guest_files() {
    interop::GuestFiles files;
    files.working_directory = []() -> std::optional<std::string> {
        std::string directory = interop::working_directory();
        return directory.empty() ? std::nullopt : std::optional(std::move(directory));
    };
    files.resolve = [](const std::string& path) -> proto::Result<std::string> {
        char resolved[PATH_MAX];
        if (::realpath(path.c_str(), resolved) == nullptr) return proto::errno_error(errno, "resolve " + path);
        return std::string(resolved);
    };
    return files;
}

proto::Result<std::string> translate(const interop::PathQuestion& question) {
    const auto configuration = interop::load_configuration();
    if (!configuration) return configuration.error();
    const interop::PathTables tables = tables_of(*configuration);
    return interop::translate_path(question, tables, guest_files());
}

/// A line on standard error, and the exit status.
int fail(const std::string& name, const std::string& reason) {
    constexpr std::size_t longest_line = std::size_t{2} * PATH_MAX;
    print_error(interop::printable_line(name + ": " + reason, longest_line) + "\n");
    return exit_failure;
}

}  // namespace

proto::Result<PathOptions> parse_path_options(const std::vector<std::string>& words) {
    return PathWords(words).parse();
}

int run_path(const std::string& name, const std::vector<std::string>& words) {
    const auto options = parse_path_options(words);
    if (!options) {
        fail(name, options.error().message());
        print_error(usage_of(name));
        return exit_failure;
    }
    if (options->wants_help) return print(usage_of(name)) ? 0 : exit_failure;
    const auto translated = translate(options->question);
    if (!translated) return fail(name, options->question.path + ": " + translated.error().message());
    if (!print(*translated + "\n")) return fail(name, std::string("standard output: ") + std::strerror(errno));
    return 0;
}

}  // namespace init
