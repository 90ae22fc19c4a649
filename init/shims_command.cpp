// SPDX-License-Identifier: MIT
#include "init/shims_command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/messages.h"
#include "init/own_program.h"
#include "init/shim_file.h"
#include "interop/os/read_file.h"
#include "interop/os/unique_fd.h"
#include "interop/route/configuration.h"
#include "interop/route/exit_code.h"
#include "interop/route/runner_search.h"
#include "interop/session/host_info.h"
#include "interop/session/run_program.h"
#include "interop/text/printable.h"
#include "interop/text/windows_file_name.h"

namespace init {
namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

int fail(int exit_status, const std::string& reason) {
    warn_user(interop::printable_line("shims: " + reason));
    return exit_status;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::string join(const std::string& directory, const std::string& name) {
    return directory + (directory.ends_with('/') ? "" : "/") + name;
}

/// Of the user or, for root, of everybody; empty if there is no telling.
std::string usual_directory() {
    if (geteuid() == 0) return "/usr/local/bin";
    const std::string home = variable("HOME");
    return home.starts_with('/') ? home + "/.local/bin" : "";
}

std::vector<std::string> path_directories() {
    std::vector<std::string> directories;
    const std::string path = variable("PATH");
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        if (end > begin) directories.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return directories;
}

bool is_same_directory(const std::string& left, const std::string& right) {
    struct stat a {};
    struct stat b {};
    return stat(left.c_str(), &a) == 0 && stat(right.c_str(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// What the shim at `path` stands for; nothing if there is none.
std::optional<std::string> target_of(const std::string& path) {
    struct stat status {};
    // Only what can be one is opened: a FIFO would wait.
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    if (static_cast<std::size_t>(status.st_size) > longest_shim) return std::nullopt;
    const auto text = interop::read_file(path, longest_shim);
    return text ? shim_target(*text) : std::nullopt;
}

/// Says what a shell would do that the user may not expect.
void warn_of_surprises(const std::string& directory, const std::string& name) {
    const std::vector<std::string> path = path_directories();
    const auto is_ours = [&](const std::string& other) { return is_same_directory(other, directory); };
    const auto own = std::find_if(path.begin(), path.end(), is_ours);
    if (own == path.end()) {
        fail(0, directory + " is not on PATH");
        return;
    }
    const auto has_it = [&](const std::string& other) {
        return !is_ours(other) && interop::is_executable_file(join(other, name));
    };
    const auto other = std::find_if(path.begin(), path.end(), has_it);
    if (other == path.end()) return;
    fail(0, other < own ? join(*other, name) + " comes before it on PATH" : name + " now hides " + join(*other, name));
}

/// Puts the file there in one step. Never in the place of one that is no shim.
proto::Result<void> write_shim(const std::string& path, std::string_view text) {
    std::string temporary = path + ".XXXXXX";
    const interop::UniqueFd file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file) return proto::errno_error(errno, "create " + path);
    const bool is_shim = target_of(path).has_value();
    const bool is_written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!is_written || fchmod(file.get(), 0755) != 0 ||
        renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), is_shim ? 0 : RENAME_NOREPLACE) != 0) {
        const int number = errno;
        unlink(temporary.c_str());
        if (number == EEXIST) return proto::stated_error(path + " exists, and is no shim");
        return proto::errno_error(number, "create " + path);
    }
    return {};
}

/// The request's, or the usual one; an exit status, with a message, if there is none.
std::optional<std::string> directory_of(const ShimsRequest& request) {
    const std::string directory = request.directory.empty() ? usual_directory() : request.directory;
    if (directory.empty()) {
        fail(exit_usage, "HOME is not set: say --directory DIR");
        return std::nullopt;
    }
    return directory;
}

void make_directory(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash != std::string::npos && slash > 0) mkdir(path.substr(0, slash).c_str(), 0755);
    // If that failed, so does what comes next, with a reason.
    mkdir(path.c_str(), 0755);
}

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

/// Their lines, sorted; false if the directory cannot be read.
bool list_directory(const std::string& directory) {
    const std::unique_ptr<DIR, CloseDirectory> entries(opendir(directory.c_str()));
    if (!entries) return false;
    std::vector<std::string> lines;
    while (const dirent* entry = readdir(entries.get())) {
        const std::string path = join(directory, entry->d_name);
        if (const auto target = target_of(path))
            lines.push_back(std::string(entry->d_name) + "\t" + *target + "\t" + path + "\n");
    }
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) print(line);
    return true;
}

}  // namespace

int add_shims(const ShimsRequest& request) {
    if (!request.alias.empty() && request.names.size() != 1) return fail(exit_usage, "--as is for one program");
    const auto directory = directory_of(request);
    if (!directory) return exit_usage;
    const auto interpreter = own_program_path();
    if (!interpreter) return fail(exit_failure, interpreter.error().message());
    if (request.directory.empty()) make_directory(*directory);
    int exit_status = 0;
    for (const std::string& host_name : request.names) {
        const std::string& name = request.alias.empty() ? host_name : request.alias;
        const auto text = shim_text(*interpreter, host_name);
        if (!is_shim_name(name) || !is_shim_name(host_name)) {
            const std::string& wrong = is_shim_name(host_name) ? name : host_name;
            exit_status = fail(exit_usage, wrong + " is no name by which a host looks up programs");
        } else if (!text) {
            exit_status = fail(exit_failure, "the kernel takes no interpreter like " + *interpreter);
        } else if (auto written = write_shim(join(*directory, name), *text); !written) {
            exit_status = fail(exit_failure, written.error().message());
        } else {
            warn_of_surprises(*directory, name);
        }
    }
    return exit_status;
}

int remove_shims(const ShimsRequest& request) {
    const auto directory = directory_of(request);
    if (!directory) return exit_usage;
    int exit_status = 0;
    for (const std::string& name : request.names) {
        const std::string path = join(*directory, name);
        if (!is_shim_name(name)) {
            exit_status = fail(exit_usage, name + " is not the name of a shim");
        } else if (!target_of(path)) {
            const bool exists = access(path.c_str(), F_OK) == 0;
            exit_status = fail(exit_failure, exists ? path + " is no shim" : "there is no " + path);
        } else if (unlink(path.c_str()) != 0) {
            exit_status = fail(exit_failure, proto::errno_error(errno, "remove " + path).message());
        }
    }
    return exit_status;
}

int list_shims(const ShimsRequest& request) {
    if (!request.directory.empty()) {
        if (list_directory(request.directory)) return 0;
        return fail(exit_failure, proto::errno_error(errno, "read " + request.directory).message());
    }
    for (const std::string& directory : path_directories()) list_directory(directory);
    return 0;
}

int list_available_programs(const std::string& prefix) {
    // No name of a program begins with anything else; "con" is none itself.
    if (!is_shim_name(prefix + "x")) return 0;
    const std::u16string wanted = interop::windows_comparison_form(prefix);
    if (wanted.empty() && !prefix.empty()) return 0;
    const auto configuration = interop::load_configuration();
    if (!configuration) return fail(exit_failure, configuration.error().message());
    if (!configuration->routes.enabled)
        return fail(exit_failure, "[interop] enabled = false of the configuration forbids programs of the host");
    mzinit::v1::InfoRequest request;
    request.set_names(true);
    request.set_prefix(prefix);
    const auto host = interop::ask_host(*configuration, request);
    if (!host) return fail(exit_failure, host.error().message());
    std::string lines;
    for (const std::string& name : host->info.names()) {
        // The agent may send anything; and whether case makes a difference it knows.
        if (is_shim_name(name) && interop::windows_comparison_form(name).starts_with(wanted)) lines += name + "\n";
    }
    print(lines);
    return 0;
}

int run_shim(const std::vector<std::string>& words) {
    if (words.empty()) return fail(exit_usage, "no file was given");
    const auto target = target_of(words.front());
    if (!target) return fail(interop::exit_code::cannot_run, words.front() + " is no shim");
    interop::ProgramInvocation invocation;
    invocation.path = *target;
    invocation.argv0 = *target;
    invocation.is_host_name = true;
    invocation.arguments.assign(words.begin() + 1, words.end());
    return interop::run_program(std::move(invocation));
}

}  // namespace init
