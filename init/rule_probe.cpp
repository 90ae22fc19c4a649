// SPDX-License-Identifier: MIT
#include "init/rule_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include "init/memory_file.h"
#include "init/messages.h"
#include "interop/os/spawn.h"
#include "interop/os/unique_fd.h"

namespace init {
namespace {

using interop::UniqueFd;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds answer_deadline{5000};
constexpr std::string_view tiny_file = "MZ mzinit rule probe: not a program\n";

std::string answer_to(std::string_view token) { return "mzinit " MZINIT_VERSION " " + std::string(token) + "\n"; }

std::string make_token() {
    std::uint64_t number = 0;
    // It need not be a secret, so that a machine that has no entropy yet does not have to wait for it.
    if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number = static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count());
    }
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

/// A file without a name, in memory; where memory files cannot be made or executed, in a directory.
UniqueFd make_nameless_file() {
    UniqueFd file = make_executable_memory_file("mzinit-rule-probe");
    for (const char* directory : {"/run", "/tmp", "/var/tmp", "/var/lib", "/"}) {
        struct statvfs status {};
        // /run usually is a file system from which nothing may be executed.
        if (file || ::statvfs(directory, &status) != 0 || (status.f_flag & ST_NOEXEC) != 0) continue;
        file.reset(::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700));
    }
    return file;
}

/// The tiny file, which can be executed but no longer be written to: that would be ETXTBSY.
proto::Result<UniqueFd> make_tiny_file() {
    const UniqueFd file = make_nameless_file();
    if (!file || ::write(file.get(), tiny_file.data(), tiny_file.size()) < 0 || ::fchmod(file.get(), 0700) != 0) {
        return proto::errno_error(errno, "make a file to execute");
    }
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    UniqueFd readable(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!readable) return proto::errno_error(errno, "open " + path);
    return readable;
}

/// What arrives until the end, the deadline, or more than an answer can have.
std::string read_answer(int fd, std::size_t limit) {
    const auto deadline = steady_clock::now() + answer_deadline;
    std::string answer;
    char buffer[64];
    while (answer.size() <= limit) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count <= 0) break;
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    return answer;
}

proto::Result<std::string> run_tiny_file(const std::string& token, std::size_t answer_size) {
    const auto file = make_tiny_file();
    if (!file) return file.error();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const UniqueFd answers(ends[0]);
    UniqueFd child_output(ends[1]);
    char* const no_environment[] = {nullptr};

    interop::SpawnRequest request;
    request.program_fd = file->get();
    request.arguments = {std::string(probe_name), token};
    request.environment = no_environment;
    request.standard_output = child_output.get();
    request.standard_error = child_output.get();
    request.own_process_group = true;
    const auto child = interop::spawn(request);
    if (!child) return child.error();
    child_output.reset();

    std::string answer = read_answer(answers.get(), answer_size);
    ::kill(-*child, SIGKILL);  // Another interpreter may not have understood that it should end.
    while (::waitpid(*child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return answer;
}

std::string explain(const proto::Error& error) {
    if (error.code.value() == ENOEXEC) return "no rule was applied to an MZ file";
    if (error.code.value() == ENOENT)
        return "the interpreter cannot be executed in this root directory (flag F would help)";
    if (error.code.value() == EACCES) return "an MZ file, or the interpreter, may not be executed";
    return error.message();
}

}  // namespace

proto::Result<void> probe_rule() {
    const std::string token = make_token();
    const std::string expected = answer_to(token);
    const auto answer = run_tiny_file(token, expected.size());
    if (!answer) return proto::Error{answer.error().code, explain(answer.error())};
    if (*answer == expected) return {};
    if (answer->starts_with("mzinit ")) {
        return proto::errno_error(EPROTO, "another version of mzinit was started for an MZ file");
    }
    return proto::errno_error(EPROTO,
                              "something else than mzinit was started for an MZ file: another rule is asked first");
}

bool answer_probe(std::string_view argv0, std::string_view token) {
    if (argv0 != probe_name || token.empty()) return false;
    print(answer_to(token));
    return true;
}

}  // namespace init
