// SPDX-License-Identifier: MIT
#include "hostbridge/launch_preparation.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "proto/wire/authentication.h"
#include "temporary_directory.h"

namespace hostbridge {
namespace {

using mzinit::v1::Launch;

std::string dos_program() {
    std::string program(64, '\0');
    program.replace(0, 2, "MZ");
    program[2] = 64;  // bytes in the last page
    program[4] = 1;   // pages
    program[8] = 2;   // paragraphs of the header
    return program;
}

class LaunchPreparation : public testing::Test {
  protected:
    LaunchPreparation() : map_(interop::PathFlavour::posix) {
        context_.map = &map_;
        write("tool.exe", contents_);
        launch_.set_program("/guest/tool.exe");
        launch_.set_program_size(contents_.size());
        launch_.set_program_head_sha256(std::string(proto::as_bytes(proto::sha256(contents_))));
        launch_.set_working_directory("/guest");
    }

    void write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
    void map(const std::string& guest, const std::string& host) { ASSERT_TRUE(map_.add({guest, host})); }
    uv::Descriptor open(const std::string& path) { return uv::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }
    ProcessRequest prepare_well() {
        auto outcome = prepare_launch(launch_, descriptors_, context_);
        if (auto* failure = std::get_if<LaunchFailure>(&outcome)) ADD_FAILURE() << failure->text;
        auto* prepared = std::get_if<PreparedLaunch>(&outcome);
        return prepared != nullptr ? std::move(prepared->request) : ProcessRequest{};
    }
    mzinit::v1::LaunchErrorCode prepare_badly() {
        auto outcome = prepare_launch(launch_, descriptors_, context_);
        auto* failure = std::get_if<LaunchFailure>(&outcome);
        return failure != nullptr ? failure->code : mzinit::v1::LAUNCH_ERROR_UNSPECIFIED;
    }

    TemporaryDirectory directory_;
    std::string contents_ = "MZ but nothing else";
    interop::PathMap map_;
    Launch launch_;
    LaunchDescriptors descriptors_;
    LaunchContext context_;
};

TEST_F(LaunchPreparation, FindsAProgramThroughTheAgentsMap) {
    map("/guest", directory_.path());
    const auto request = prepare_well();
    EXPECT_EQ(request.program, directory_ / "tool.exe");
    EXPECT_EQ(request.working_directory, directory_.path());
    EXPECT_EQ(request.image.kind, interop::ImageKind::damaged);
}

TEST_F(LaunchPreparation, PrefersTheAgentsMapToTheGuestsTranslation) {
    map("/guest", directory_.path());
    launch_.set_host_program("/somewhere/else.exe");
    EXPECT_EQ(prepare_well().program, directory_ / "tool.exe");
}

TEST_F(LaunchPreparation, UsesTheGuestsTranslationWithoutAMap) {
    launch_.set_host_program(directory_ / "tool.exe");
    launch_.set_host_working_directory(directory_.path());
    EXPECT_EQ(prepare_well().program, directory_ / "tool.exe");
}

TEST_F(LaunchPreparation, TriesTheGuestsOwnPathOnTheSameKernelOnly) {
    launch_.set_program(directory_ / "tool.exe");
    launch_.set_working_directory(directory_.path());
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
    context_.same_kernel = true;
    EXPECT_EQ(prepare_well().program, directory_ / "tool.exe");
}

TEST_F(LaunchPreparation, RefusesAnotherFileAtThatPath) {
    map("/guest", directory_.path());
    write("tool.exe", "MZ but nothing ELSE");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(LaunchPreparation, RefusesAFileOfAnotherLength) {
    map("/guest", directory_.path());
    launch_.set_program_size(contents_.size() + 1);
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(LaunchPreparation, TakesAProgramThatIsMissingHereForAnotherFile) {
    map("/guest", directory_.path());
    launch_.set_program("/guest/none.exe");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
    launch_.set_program("/guest/tool.exe/none.exe");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(LaunchPreparation, RefusesADirectory) {
    map("/guest", directory_.path());
    launch_.set_program("/guest/");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED);
}

TEST_F(LaunchPreparation, DoesNotHangOnAFifo) {
    map("/guest", directory_.path());
    ASSERT_EQ(::mkfifo((directory_ / "fifo.exe").c_str(), 0600), 0);
    launch_.set_program("/guest/fifo.exe");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED);
}

TEST_F(LaunchPreparation, StartsAPassedProgramWhereItSeesTheSameFile) {
    map("/guest", directory_.path());
    descriptors_.program = open(directory_ / "tool.exe");
    launch_.set_program_size(0);  // the descriptor is the better witness
    EXPECT_EQ(prepare_well().program, directory_ / "tool.exe");
}

TEST_F(LaunchPreparation, StartsAPassedProgramFromTheStoreWhereItSeesAnotherFile) {
    map("/guest", directory_.path());
    write("other.exe", dos_program());
    const ProgramStore store(directory_ / "store", 1000);
    context_.store = &store;
    descriptors_.program = open(directory_ / "other.exe");
    const std::string program = prepare_well().program;
    EXPECT_TRUE(program.starts_with(directory_ / "store")) << program;
    EXPECT_TRUE(program.ends_with("/tool.exe")) << program;
}

TEST_F(LaunchPreparation, AsksForAProgramThatItDoesNotSeeIfTheClientWouldSendIt) {
    const ProgramStore store(directory_ / "store", 1000);
    context_.store = &store;
    context_.can_ask_for_upload = true;
    context_.fallback_directory = "/";
    const auto asks = [&] {
        return std::holds_alternative<UploadNeeded>(prepare_launch(launch_, descriptors_, context_));
    };
    EXPECT_TRUE(asks());  // There is no path.
    map("/guest", directory_.path());
    EXPECT_FALSE(asks());
    write("tool.exe", "MZ but nothing ELSE");
    EXPECT_TRUE(asks());
    std::filesystem::remove(directory_ / "tool.exe");
    EXPECT_TRUE(asks());
    write("other.exe", dos_program());
    descriptors_.program = open(directory_ / "other.exe");
    EXPECT_TRUE(asks());  // It was passed, but not what it needs.
    launch_.set_working_directory("/elsewhere");
    context_.fallback_directory.clear();
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
}

TEST_F(LaunchPreparation, AsksForAProgramThatItSeesIfSomethingHasToGoWithIt) {
    const ProgramStore store(directory_ / "store", 1000);
    context_.store = &store;
    context_.can_ask_for_upload = true;
    map("/guest", directory_.path());
    launch_.set_must_upload(true);
    EXPECT_TRUE(std::holds_alternative<UploadNeeded>(prepare_launch(launch_, descriptors_, context_)));
    descriptors_.program = open(directory_ / "tool.exe");
    EXPECT_TRUE(std::holds_alternative<UploadNeeded>(prepare_launch(launch_, descriptors_, context_)));
}

TEST_F(LaunchPreparation, StartsAProgramThatTheClientHasSent) {
    launch_.set_working_directory("/elsewhere");
    context_.fallback_directory = "/";
    const ProgramStore store(directory_ / "store", 1000);
    const auto start = [&](const std::string& contents) {
        write("sent.exe", contents);
        const auto file = open(directory_ / "sent.exe");
        return prepare_launch(launch_, descriptors_, context_, store.store_passed(file.get(), "tool.exe").value());
    };
    auto outcome = start(contents_);
    auto* prepared = std::get_if<PreparedLaunch>(&outcome);
    ASSERT_NE(prepared, nullptr);
    ASSERT_TRUE(prepared->stored);
    EXPECT_EQ(prepared->request.program, prepared->stored->path());
    // Not what the Launch has described.
    outcome = start("MZ and something else");
    const auto* failure = std::get_if<LaunchFailure>(&outcome);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->code, mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(LaunchPreparation, AsksThePolicyAboutTheFinalPath) {
    map("/guest", directory_.path());
    ASSERT_EQ(::symlink("tool.exe", (directory_ / "link.exe").c_str()), 0);
    ASSERT_EQ(::symlink(".", (directory_ / "here").c_str()), 0);
    const auto denial = LaunchPolicy::parse("deny program=**/tool.exe\nallow", interop::PathFlavour::posix).value();
    const auto other = LaunchPolicy::parse("deny program=**/link.exe\nallow", interop::PathFlavour::posix).value();
    for (const char* name : {"tool.exe", "link.exe", "here/tool.exe", "here/../here/link.exe", "./tool.exe"}) {
        launch_.set_program(std::string("/guest/") + name);
        context_.policy = &denial;
        EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY) << name;
        context_.policy = &other;
        const auto request = prepare_well();
        EXPECT_TRUE(request.program.ends_with("/tool.exe")) << request.program;
        EXPECT_NE(request.program_file, nullptr);
    }
}

TEST_F(LaunchPreparation, RunsAsABatchFileWhatIsCalledSoHere) {
    map("/guest", directory_.path());
    contents_ = "@echo off\r\n";
    launch_.set_program_size(contents_.size());
    launch_.set_program_head_sha256(std::string(proto::as_bytes(proto::sha256(contents_))));
    write("x.bat", contents_);
    write("x", contents_);
    launch_.set_program("/guest/x.bat");
    EXPECT_EQ(prepare_well().image.kind, interop::ImageKind::batch);
    launch_.set_program("/elsewhere/x.bat");
    launch_.set_host_program(directory_ / "x");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_BAD_FORMAT);
}

TEST_F(LaunchPreparation, LetsNobodyWhoIsBoundToProgramsChooseWhatIsLoadedWithThem) {
    map("/guest", directory_.path());
    const auto programs = LaunchPolicy::parse("allow program=**/tool.exe", interop::PathFlavour::posix).value();
    const auto peers = LaunchPolicy::parse("allow", interop::PathFlavour::posix).value();
    auto& variable = *launch_.add_environment();
    variable.set_value("/guest/evil.so");
    for (const char* name : {"LD_PRELOAD", "ld_preload", "WINEPREFIX"}) {
        variable.set_name(name);
        context_.policy = &programs;
        EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY) << name;
        context_.policy = &peers;
        EXPECT_EQ(prepare_well().environment.size(), 1U);
    }
    variable.set_name("OTHER");
    context_.policy = &programs;
    EXPECT_EQ(prepare_well().environment.size(), 1U);
}

TEST_F(LaunchPreparation, TakesWhatTheStoreHasForTheGuestsWhateverPathLeadsThere) {
    const ProgramStore store(directory_ / "store", 1000);
    write("passed.exe", contents_);
    const auto file = open(directory_ / "passed.exe");
    const auto stored = store.store_passed(file.get(), "tool.exe").value();
    ASSERT_EQ(::symlink((directory_ / "store").c_str(), (directory_ / "link").c_str()), 0);
    const auto policy = LaunchPolicy::parse("deny origin=guest\nallow", interop::PathFlavour::posix).value();
    context_.policy = &policy;
    context_.store_directory = directory_ / "link";
    launch_.set_working_directory("/");
    map("/", "/");
    launch_.set_program(stored.path());
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY);
    launch_.set_program(directory_ / "tool.exe");
    EXPECT_EQ(prepare_well().program, directory_ / "tool.exe");
}

TEST_F(LaunchPreparation, AsksThePolicyAboutWhatTheClientSends) {
    const ProgramStore store(directory_ / "store", 1000);
    context_.store = &store;
    context_.fallback_directory = "/";
    launch_.set_working_directory("/elsewhere");
    write("sent.exe", contents_);
    write("passed.exe", dos_program());
    const auto file = open(directory_ / "sent.exe");
    const auto denial = LaunchPolicy::parse("deny origin=guest\nallow", interop::PathFlavour::posix).value();
    // That the store's own path fits means nothing.
    const auto hosts = LaunchPolicy::parse("allow program=/**", interop::PathFlavour::posix).value();
    const auto guests = LaunchPolicy::parse("deny program=/**\nallow", interop::PathFlavour::posix).value();
    const auto is_refused = [](const Preparation& outcome) {
        const auto* failure = std::get_if<LaunchFailure>(&outcome);
        return failure != nullptr && failure->code == mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY;
    };
    const auto sent = [&] { return store.store_passed(file.get(), "tool.exe").value(); };
    for (const auto* refusing : {&denial, &hosts}) {
        context_.policy = refusing;
        EXPECT_TRUE(is_refused(prepare_launch(launch_, descriptors_, context_, sent())));
        // Before anything is sent, or stored.
        context_.can_ask_for_upload = true;
        EXPECT_TRUE(is_refused(prepare_launch(launch_, descriptors_, context_)));
        context_.can_ask_for_upload = false;
        const ProgramStore empty(directory_ / "empty", 1000);
        context_.store = &empty;
        LaunchDescriptors passed;
        passed.program = open(directory_ / "passed.exe");
        EXPECT_TRUE(is_refused(prepare_launch(launch_, passed, context_)));
        EXPECT_FALSE(std::filesystem::exists(directory_ / "empty"));
        context_.store = &store;
    }
    context_.policy = &guests;
    EXPECT_TRUE(std::holds_alternative<PreparedLaunch>(prepare_launch(launch_, descriptors_, context_, sent())));
}

TEST_F(LaunchPreparation, StoresNothingThatIsNoProgram) {
    const ProgramStore store(directory_ / "store", 1000);
    context_.store = &store;
    for (const std::string& text : {contents_, std::string("text"), std::string()}) {
        write("other.exe", text);
        descriptors_.program = open(directory_ / "other.exe");
        EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_BAD_FORMAT);
    }
    descriptors_.program = open(directory_.path());
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "store"));
}

TEST_F(LaunchPreparation, RefusesAPassedProgramThatItCannotKeep) {
    descriptors_.program = open(directory_ / "tool.exe");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
}

TEST_F(LaunchPreparation, FallsBackToTheFallbackDirectoryAndNamesTheGuests) {
    map("/guest", directory_.path());
    launch_.set_working_directory("/elsewhere");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
    context_.fallback_directory = "/";
    const auto request = prepare_well();
    EXPECT_EQ(request.working_directory, "/");
    ASSERT_EQ(request.environment.size(), 1u);
    EXPECT_EQ(request.environment.front(), (std::pair<std::string, std::string>("MZINIT_CWD", "/elsewhere")));
}

TEST_F(LaunchPreparation, RefusesAPassedWorkingDirectoryThatIsNone) {
    map("/guest", directory_.path());
    descriptors_.working_directory = open(directory_ / "tool.exe");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY);
}

TEST_F(LaunchPreparation, PutsListsOfPathsTogetherByTheTablesOfTheProgram) {
    map("/guest", directory_.path());
    const auto add = [this](const char* name, std::initializer_list<std::pair<const char*, const char*>> paths) {
        auto& variable = *launch_.add_environment();
        variable.set_name(name);
        for (const auto& [guest, host] : paths) {
            auto& path = *variable.add_paths();
            path.set_guest(guest);
            path.set_host(host);
        }
    };
    add("MIXED", {{"/guest/a", "G:\\a"}, {"", "sub\\b"}, {"/other/c", "O:\\c"}, {"/none", ""}, {"/guest", ""}});
    add("NONE", {{"/none", ""}});
    const auto lists = prepare_well().path_lists;
    ASSERT_EQ(lists.size(), 2u);
    EXPECT_EQ(lists[0].name, "MIXED");
    EXPECT_EQ(lists[0].paths, (std::vector<std::string>{directory_ / "a", "sub\\b", "O:\\c", directory_.path()}));
    EXPECT_TRUE(lists[1].paths.empty());
    context_.same_kernel = true;
    EXPECT_EQ(prepare_well().path_lists.at(1).paths, std::vector<std::string>{"/none"});
    launch_.mutable_environment(1)->mutable_paths(0)->set_host(std::string("a\0b", 3));
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
}

TEST_F(LaunchPreparation, RefusesNulBytesAndImpossibleVariables) {
    map("/guest", directory_.path());
    launch_.add_argv(std::string("a\0b", 3));
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
    launch_.clear_argv();
    launch_.add_environment()->set_name("A=B");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
    launch_.mutable_environment(0)->set_name("");
    EXPECT_EQ(prepare_badly(), mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
}

class MatchDescriptors : public testing::Test {
  protected:
    static PassedDescriptors passed(int count) {
        PassedDescriptors descriptors;
        for (int i = 0; i < count; ++i) descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        return descriptors;
    }
    Launch launch_;
};

TEST_F(MatchDescriptors, PutsEachInItsPlace) {
    launch_.add_descriptors(mzinit::v1::DESCRIPTOR_STDERR);
    launch_.add_descriptors(mzinit::v1::DESCRIPTOR_PROGRAM);
    auto descriptors = passed(2);
    const int first = descriptors[0].get();
    const int second = descriptors[1].get();
    const auto sorted = match_descriptors(launch_, std::move(descriptors));
    ASSERT_TRUE(sorted);
    EXPECT_EQ(sorted->streams[2].get(), first);
    EXPECT_EQ(sorted->program.get(), second);
    EXPECT_FALSE(sorted->working_directory);
}

TEST_F(MatchDescriptors, RefusesTooManyAndTooFew) {
    launch_.add_descriptors(mzinit::v1::DESCRIPTOR_PROGRAM);
    EXPECT_FALSE(match_descriptors(launch_, passed(0)));
    EXPECT_FALSE(match_descriptors(launch_, passed(2)));
}

TEST_F(MatchDescriptors, RefusesAKindThatComesTwiceOrIsUnknown) {
    launch_.add_descriptors(mzinit::v1::DESCRIPTOR_STDIN);
    launch_.add_descriptors(mzinit::v1::DESCRIPTOR_STDIN);
    EXPECT_FALSE(match_descriptors(launch_, passed(2)));
    launch_.set_descriptors(1, static_cast<mzinit::v1::Descriptor>(99));
    EXPECT_FALSE(match_descriptors(launch_, passed(2)));
}

}  // namespace
}  // namespace hostbridge
