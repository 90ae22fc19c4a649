// SPDX-License-Identifier: MIT
#include "interop/os/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

int exit_code_of(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Runs the program of `request` and returns what it wrote.
std::string output_of(SpawnRequest request) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    request.standard_output = writer.get();
    const auto child = spawn(request);
    EXPECT_TRUE(child.has_value());
    writer.reset();
    std::string text;
    char buffer[256];
    ssize_t count;
    while ((count = ::read(reader.get(), buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<std::size_t>(count));
    EXPECT_EQ(child ? exit_code_of(*child) : -1, 0);
    return text;
}

SpawnRequest shell(const std::string& script) {
    SpawnRequest request;
    request.path = "/bin/sh";
    request.arguments = {"sh", "-c", script};
    return request;
}

TEST(Spawn, StartsProgramWithItsArguments) {
    SpawnRequest request;
    request.path = "/bin/sh";
    request.arguments = {"sh", "-c", "exit $1", "sh", "42"};
    const auto child = spawn(request);
    ASSERT_TRUE(child.has_value());
    EXPECT_EQ(exit_code_of(*child), 42);
}

TEST(Spawn, FailureIsReportedAndLeavesNoChild) {
    SpawnRequest request;
    request.path = "/nonexistent";
    request.arguments = {"x"};
    EXPECT_EQ(spawn(request).error().code.value(), ENOENT);
    request.path = "/etc/passwd";
    EXPECT_EQ(spawn(request).error().code.value(), EACCES);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(Spawn, GivesFilesThatNameNoInterpreterToTheShellIfWanted) {
    const std::string path = ::testing::TempDir() + "/mzinit_spawn_test." + std::to_string(::getpid());
    std::ofstream(path) << "echo $0 $#";
    ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
    SpawnRequest request;
    request.path = path;
    request.arguments = {"name", "a b"};
    const auto refused = spawn(request);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code.value(), ENOEXEC);
    request.shell_for_unknown = true;
    EXPECT_EQ(output_of(request), path + " 1\n");
    ::unlink(path.c_str());
}

TEST(Spawn, ExecutesOpenFile) {
    const UniqueFd program(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
    SpawnRequest request;
    request.program_fd = program.get();
    request.arguments = {"sh", "-c", "exit 5"};
    const auto child = spawn(request);
    ASSERT_TRUE(child.has_value());
    EXPECT_EQ(exit_code_of(*child), 5);
}

TEST(Spawn, ChildInheritsTheSignalStateItIsGiven) {
    SignalState state = SignalState::current();
    ::sigemptyset(&state.blocked);
    ::sigaddset(&state.blocked, SIGUSR1);
    ::sigaddset(&state.ignored, SIGUSR2);
    SpawnRequest request;  // No shell: it would change its mask.
    request.path = "/bin/grep";
    request.arguments = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"};
    request.signals = &state;
    const std::string status = output_of(request);
    char expected[128];
    const auto bit = [](int signal) { return 1ULL << (signal - 1); };
    std::snprintf(expected, sizeof expected, "SigBlk:\t%016llx\n", bit(SIGUSR1));
    EXPECT_NE(status.find(expected), std::string::npos) << status;
    EXPECT_NE(std::stoull(status.substr(status.find("SigIgn:") + 8), nullptr, 16) & bit(SIGUSR2), 0U) << status;
}

TEST(Spawn, ChildHasNoDescriptorsOfOurs) {
    const UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(output_of(shell("test -e /proc/$$/fd/" + std::to_string(other.get()) + " || echo none")), "none\n");
}

TEST(Spawn, OwnProcessGroupIsLedByTheChild) {
    SpawnRequest request = shell("read -r p c s pp g rest < /proc/$$/stat; test $g = $$ && echo leader");
    request.own_process_group = true;
    EXPECT_EQ(output_of(request), "leader\n");
}

class FindProgram : public ::testing::Test {
  protected:
    FindProgram() {
        std::string pattern = ::testing::TempDir() + "find-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        make("plain", 0644);
        make("program", 0755);
        ::mkdir((directory_ + "/folder").c_str(), 0755);
    }
    ~FindProgram() override {
        for (const char* name : {"/plain", "/program"}) ::unlink((directory_ + name).c_str());
        ::rmdir((directory_ + "/folder").c_str());
        ::rmdir(directory_.c_str());
    }
    void make(const std::string& name, mode_t mode) const {
        const std::string path = directory_ + "/" + name;
        std::ofstream(path) << "#!/bin/sh\n";
        ::chmod(path.c_str(), mode);
    }
    std::string directory_;
};

TEST_F(FindProgram, TakesFirstThatCanBeExecuted) {
    const std::string list = "/nonexistent:" + directory_ + ":/bin";
    EXPECT_EQ(*find_program("program", list.c_str()), directory_ + "/program");
    EXPECT_EQ(*find_program("sh", "/nonexistent:/bin"), "/bin/sh");
}

TEST_F(FindProgram, NameWithSlashIsNotSearchedFor) { EXPECT_EQ(*find_program("./x", "/bin"), "./x"); }

TEST_F(FindProgram, SaysWhyThereIsNone) {
    EXPECT_EQ(find_program("plain", directory_.c_str()).error().code.value(), EACCES);
    EXPECT_EQ(find_program("folder", directory_.c_str()).error().code.value(), ENOENT);
    EXPECT_EQ(find_program("none", directory_.c_str()).error().code.value(), ENOENT);
    EXPECT_EQ(find_program("", directory_.c_str()).error().code.value(), ENOENT);
}

TEST_F(FindProgram, UsesSystemDirectoriesWithoutList) { EXPECT_EQ(*find_program("sh", nullptr), "/bin/sh"); }

}  // namespace
}  // namespace interop
