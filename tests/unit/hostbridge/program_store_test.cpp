// SPDX-License-Identifier: MIT
#include "hostbridge/program_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "hostbridge/uv/file.h"

namespace hostbridge {
namespace {

struct File {
    std::string name;
    std::string contents;
};

ManifestEntry entry_for(const File& file) { return {file.name, file.contents.size(), proto::sha256(file.contents)}; }

std::vector<ManifestEntry> manifest_of(const std::vector<File>& files) {
    std::vector<ManifestEntry> entries;
    for (const File& file : files) entries.push_back(entry_for(file));
    return entries;
}

std::string contents_of(const std::string& path) {
    const auto file = hold_file(path);
    if (!file) return "(cannot be opened)";
    std::string contents(1 << 21, '\0');
    contents.resize((*file)->read_at(0, contents).value());
    return contents;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.find_last_of("/\\")); }

bool exists(const std::string& path) { return uv::stat_link(path).has_value(); }

void overwrite(const std::string& path, const std::string& contents) {
    const auto status = uv::stat_link(path);
    ASSERT_TRUE(status);
    // Not another file in its place: all links to this one are to be wrong.
    uv_fs_t request{};
    uv_fs_chmod(nullptr, &request, path.c_str(), 0600, nullptr);
    uv_fs_req_cleanup(&request);
    const uv::Descriptor file(uv_fs_open(nullptr, &request, path.c_str(), UV_FS_O_WRONLY | UV_FS_O_TRUNC, 0, nullptr));
    uv_fs_req_cleanup(&request);
    ASSERT_TRUE(file);
    ASSERT_TRUE(uv::write_all(file.get(), contents));
}

class ProgramStoreTest : public testing::Test {
  protected:
    ProgramStoreTest() : directory_(testing::TempDir() + random_name().value()), root_(directory_ + "/a/store") {
        EXPECT_TRUE(uv::make_directory(directory_, 0700));
    }
    ~ProgramStoreTest() override { remove_from_store(directory_); }

    // Sends what is wanted of them; how many files that was is added to sent_.
    proto::Result<StoredProgram> put(const ProgramStore& store, const std::vector<File>& files) {
        auto upload = store.begin(manifest_of(files));
        if (!upload) return upload.error();
        for (const std::uint32_t index : upload->wanted()) {
            ++sent_;
            if (auto written = upload->write(files[index].contents); !written) return written.error();
            if (auto ended = upload->end_file(); !ended) return ended.error();
        }
        return upload->finish();
    }

    // Lets the program be used longer ago than anything else.
    void let_be_old(const std::string& program, double seconds) {
        ASSERT_TRUE(uv::set_times(directory_of(program), seconds));
    }

    std::size_t count(const std::string& name) { return uv::list_directory(root_ + "/" + name).value().size(); }

    std::string directory_;
    std::string root_;
    int sent_ = 0;
};

TEST_F(ProgramStoreTest, PutsTheFilesOfAProgramIntoOneDirectory) {
    const ProgramStore store(root_, 1000);
    const auto program = put(store, {{"tool.exe", "program"}, {"a.dll", "library"}, {"empty", ""}});
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(program->path()), "program");
    EXPECT_TRUE(program->path().ends_with("tool.exe"));
    auto names = uv::list_directory(directory_of(program->path())).value();
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"a.dll", "empty", "tool.exe"}));
    EXPECT_EQ(count("incoming"), 0u);
}

TEST_F(ProgramStoreTest, WantsNothingTheSecondTime) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    const std::string first = put(store, files).value().path();
    EXPECT_EQ(sent_, 2);
    EXPECT_EQ(put(ProgramStore(root_, 1000), files).value().path(), first);
    EXPECT_EQ(sent_, 2);
}

TEST_F(ProgramStoreTest, StoresWhatTwoProgramsShareOnce) {
    const ProgramStore store(root_, 1000);
    ASSERT_TRUE(put(store, {{"one.exe", "first"}, {"shared.dll", "library"}}));
    auto upload = store.begin(manifest_of({{"two.exe", "second"}, {"other name.dll", "library"}})).value();
    ASSERT_EQ(upload.wanted().size(), 1u);
    EXPECT_EQ(upload.wanted().front(), 0u);
    ASSERT_TRUE(upload.write("second") && upload.end_file());
    const auto program = upload.finish();
    ASSERT_TRUE(program);
    EXPECT_EQ(contents_of(directory_of(program->path()) + "/other name.dll"), "library");
    EXPECT_EQ(count("files"), 3u);
}

TEST_F(ProgramStoreTest, WantsAContentThatHasTwoNamesOnce) {
    const ProgramStore store(root_, 1000);
    const auto program = put(store, {{"tool.exe", "same"}, {"copy.exe", "same"}});
    ASSERT_TRUE(program);
    EXPECT_EQ(sent_, 1);
    EXPECT_EQ(contents_of(directory_of(program->path()) + "/copy.exe"), "same");
}

TEST_F(ProgramStoreTest, ReplacesWhatWasTamperedWith) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    const std::string path = put(store, files).value().path();
    overwrite(directory_of(path) + "/a.dll", "librarY");
    auto upload = store.begin(manifest_of(files)).value();
    ASSERT_EQ(upload.wanted().size(), 1u);
    EXPECT_EQ(upload.wanted().front(), 1u);
    ASSERT_TRUE(upload.write("library") && upload.end_file());
    const auto program = upload.finish();
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(directory_of(program->path()) + "/a.dll"), "library");
    EXPECT_TRUE(store.begin(manifest_of(files)).value().wanted().empty());
}

TEST_F(ProgramStoreTest, ReplacesAFileWhileAnotherProgramUsesTheRightOne) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"shared.dll", "library"}};
    const std::string library = directory_of(put(store, files).value().path()) + "/shared.dll";
    ASSERT_TRUE(uv::remove_file(library));
    ASSERT_TRUE(uv::write_all(uv::create_file(library, 0700).value().get(), "another"));
    const auto user = put(store, {{"user.exe", "user"}, {"shared.dll", "library"}});
    ASSERT_TRUE(user) << user.error().message();
    const auto program = put(store, files);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(library), "library");
}

TEST_F(ProgramStoreTest, ReplacesWhatShouldBeAFileAndIsNone) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    const std::string path = put(store, files).value().path();
    const std::string content = root_ + "/files/" + proto::to_hex(proto::sha256("program"));
    for (const std::string& each : {path, content}) {
        ASSERT_TRUE(uv::remove_file(each));
        ASSERT_TRUE(uv::make_directory(each, 0700) && uv::create_file(each + "/in it", 0600));
    }
    const auto program = put(store, files);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(sent_, 3);
    for (const std::string& each : {path, content}) EXPECT_EQ(contents_of(each), "program");
}

TEST_F(ProgramStoreTest, ReplacesWhatShouldBeADirectoryAndIsNone) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    const std::string path = put(store, files).value().path();
    remove_from_store(directory_of(path));
    ASSERT_TRUE(uv::create_file(directory_of(path), 0600));
    const auto program = put(store, files);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(path), "program");
    EXPECT_EQ(sent_, 2);  // The contents were there.
}

TEST_F(ProgramStoreTest, RefusesANameThatIsTooLongForItsPlace) {
    const std::string name(250, 'x');
    std::string deep = root_;
    while (deep.size() < 3900) deep += "/" + std::string(90, 'd');
    const auto refused = put(ProgramStore(deep, 1000), {{name + ".exe", "program"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(store_failure(refused.error()).code, mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
}

TEST_F(ProgramStoreTest, DoesNotSpreadWhatWasTamperedWith) {
    const ProgramStore store(root_, 1000);
    const std::string path = put(store, {{"one.exe", "program"}, {"a.dll", "library"}}).value().path();
    overwrite(directory_of(path) + "/a.dll", "librarY");
    const auto program = put(store, {{"two.exe", "another"}, {"a.dll", "library"}});
    ASSERT_TRUE(program);
    EXPECT_EQ(sent_, 4);
    EXPECT_EQ(contents_of(directory_of(program->path()) + "/a.dll"), "library");
}

TEST_F(ProgramStoreTest, SendsAgainWhatWasLost) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    const std::string path = put(store, files).value().path();
    ASSERT_TRUE(uv::remove_file(path));
    const auto contents = uv::list_directory(root_ + "/files").value();
    for (const std::string& name : contents) {
        ASSERT_TRUE(uv::remove_file(root_ + "/files/" + name));
    }
    EXPECT_EQ(contents_of(put(store, files).value().path()), "program");
    EXPECT_EQ(sent_, 3);  // a.dll was in the program's directory
}

TEST_F(ProgramStoreTest, RefusesAFileThatIsNotWhatTheManifestSays) {
    const ProgramStore store(root_, 1000);
    for (const std::string sent : {"prograM", "progra", "", "programs"}) {
        auto upload = store.begin(manifest_of({{"tool.exe", "program"}})).value();
        auto outcome = upload.write(sent);
        if (outcome) outcome = upload.end_file();
        ASSERT_FALSE(outcome) << sent;
        EXPECT_EQ(store_failure(outcome.error()).code, mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH);
    }
    EXPECT_EQ(count("files"), 0u);
    EXPECT_EQ(count("incoming"), 0u);
}

TEST_F(ProgramStoreTest, LeavesNothingOfAnUploadThatIsGivenUp) {
    const ProgramStore store(root_, 1000);
    {
        auto upload = store.begin(manifest_of({{"tool.exe", "program"}, {"a.dll", "library"}})).value();
        ASSERT_TRUE(upload.write("program") && upload.end_file() && upload.write("lib"));
        EXPECT_EQ(count("incoming"), 2u);  // the directory, and the reservation
    }
    EXPECT_EQ(count("incoming"), 0u);
    EXPECT_EQ(count("files"), 0u);
    EXPECT_EQ(count("programs"), 0u);
}

TEST_F(ProgramStoreTest, RemovesWhatAnUploadEndedByForceHasLeftBehind) {
    const ProgramStore store(root_, 1000);
    ASSERT_TRUE(put(store, {{"tool.exe", "program"}}));
    const std::string left = root_ + "/incoming/0123456789abcdef";
    ASSERT_TRUE(uv::make_directory(left, 0700) && uv::create_file(left + "/tool.exe", 0700) &&
                uv::create_file(left + ".990", 0600) &&
                uv::create_file(root_ + "/incoming/0000456789abcdef.990", 0600));
    auto other = store.begin(manifest_of({{"other.exe", "other"}}));
    ASSERT_TRUE(other) << other.error().message();
    ASSERT_TRUE(put(store, {{"tool.exe", "another"}}));
    EXPECT_FALSE(exists(left));
    EXPECT_EQ(count("incoming"), 2u);  // of the upload under way
}

TEST_F(ProgramStoreTest, CountsTwoUploadsOfTheSameTogether) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}, {"a.dll", "library"}};
    auto first = store.begin(manifest_of(files)).value();
    auto second = store.begin(manifest_of(files)).value();
    for (Upload* upload : {&first, &second}) {
        for (const File& file : files) ASSERT_TRUE(upload->write(file.contents) && upload->end_file());
    }
    const auto one = first.finish();
    const auto other = second.finish();
    ASSERT_TRUE(one && other) << other.error().message();
    EXPECT_EQ(one->path(), other->path());
    EXPECT_EQ(contents_of(one->path()), "program");
    EXPECT_EQ(count("incoming"), 0u);
}

TEST_F(ProgramStoreTest, LetsManyStoreAtTheSameTime) {
    constexpr std::size_t size = 1 << 18;
    const ProgramStore store(root_, 64 * size);
    const std::vector<File> one{{"a.exe", std::string(size, 'a')}, {"shared.dll", std::string(size, 's')}};
    const std::vector<File> other{{"b.exe", std::string(size, 'b')}, {"shared.dll", std::string(size, 's')}};
    std::array<std::string, 8> errors;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < errors.size(); ++i) {
        threads.emplace_back([&, i] {
            const auto& files = i % 2 == 0 ? one : other;
            auto upload = store.begin(manifest_of(files));
            proto::Result<void> outcome;
            for (const std::uint32_t index : upload ? upload->wanted() : std::span<const std::uint32_t>()) {
                if (outcome) outcome = upload->write(files[index].contents);
                if (outcome) outcome = upload->end_file();
            }
            if (!upload) {
                errors[i] = upload.error().message();
            } else if (!outcome) {
                errors[i] = outcome.error().message();
            } else if (const auto program = upload->finish(); !program) {
                errors[i] = program.error().message();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const std::string& error : errors) EXPECT_EQ(error, "");
    EXPECT_EQ(count("files"), 3u);
    EXPECT_EQ(count("programs"), 2u);
    // Windows removes no name of a file that a program holds, as the programs here do until their threads end. That is left to
    // the next upload.
    ASSERT_TRUE(store.begin(manifest_of({{"another.exe", "another"}})));
    EXPECT_EQ(count("incoming"), 0u);
}

TEST_F(ProgramStoreTest, RemovesWhatWasUsedLongestAgoToMakeRoom) {
    const ProgramStore store(root_, 250);
    const std::string shared(50, 's');
    const std::string old_path = put(store, {{"a.exe", std::string(100, 'a')}}).value().path();
    const std::string new_path = put(store, {{"b.exe", std::string(100, 'b')}, {"s.dll", shared}}).value().path();
    let_be_old(new_path, 2000);
    let_be_old(old_path, 1000);
    const std::string third_path = put(store, {{"c.exe", std::string(100, 'c')}, {"s.dll", shared}}).value().path();
    EXPECT_FALSE(exists(old_path));
    EXPECT_TRUE(exists(new_path));
    EXPECT_TRUE(exists(third_path));
    EXPECT_EQ(count("files"), 3u);
}

TEST_F(ProgramStoreTest, TakesUseForUse) {
    const ProgramStore store(root_, 250);
    const std::vector<File> first{{"a.exe", std::string(100, 'a')}};
    const std::string first_path = put(store, first).value().path();
    const std::string second_path = put(store, {{"b.exe", std::string(100, 'b')}}).value().path();
    let_be_old(first_path, 1000);
    let_be_old(second_path, 2000);
    ASSERT_TRUE(put(store, first));
    ASSERT_TRUE(put(store, {{"c.exe", std::string(100, 'c')}}));
    EXPECT_TRUE(exists(first_path));
    EXPECT_FALSE(exists(second_path));
}

TEST_F(ProgramStoreTest, RemovesNothingThatIsInUse) {
    const ProgramStore store(root_, 250);
    std::optional<StoredProgram> used = put(store, {{"a.exe", std::string(200, 'a')}}).value();
    let_be_old(used->path(), 1000);
    const auto refused = put(ProgramStore(root_, 250), {{"b.exe", std::string(200, 'b')}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(store_failure(refused.error()).code, mzinit::v1::LAUNCH_ERROR_HOST_FAILURE);
    EXPECT_EQ(contents_of(used->path()), std::string(200, 'a'));
    const std::string path = used->path();
    used.reset();
    EXPECT_TRUE(put(store, {{"b.exe", std::string(200, 'b')}}));
    EXPECT_FALSE(exists(path));
    EXPECT_EQ(count("incoming"), 0u);
}

TEST_F(ProgramStoreTest, CountsWhatIsUnderWay) {
    const ProgramStore store(root_, 250);
    auto under_way = store.begin(manifest_of({{"a.exe", std::string(200, 'a')}}));
    ASSERT_TRUE(under_way);
    EXPECT_FALSE(store.begin(manifest_of({{"b.exe", std::string(100, 'b')}})));
    EXPECT_TRUE(store.begin(manifest_of({{"c.exe", std::string(50, 'c')}})));
    { const auto given_up = std::move(*under_way); }
    EXPECT_TRUE(store.begin(manifest_of({{"b.exe", std::string(100, 'b')}})));
}

TEST_F(ProgramStoreTest, CountsWhatAProgramHasWrittenBesideItself) {
    const ProgramStore store(root_, 250);
    const std::string path = put(store, {{"a.exe", std::string(100, 'a')}}).value().path();
    const auto log = uv::create_file(directory_of(path) + "/log", 0600);
    ASSERT_TRUE(log && uv::write_all(log->get(), std::string(100, 'l')));
    ASSERT_TRUE(put(store, {{"b.exe", std::string(100, 'b')}}));
    EXPECT_FALSE(exists(path));
}

TEST_F(ProgramStoreTest, LetsNoProgramFindWhatTheOneBeforeHasWrittenBesideIt) {
    const ProgramStore store(root_, 1000);
    const std::vector<File> files{{"tool.exe", "program"}};
    std::string left;
    {
        const auto running = put(store, files);
        ASSERT_TRUE(running);
        left = directory_of(running->path()) + "/version.dll";
        ASSERT_TRUE(uv::create_file(left, 0600));
        ASSERT_TRUE(uv::make_directory(directory_of(running->path()) + "/sub", 0700));
        ASSERT_TRUE(put(store, files));
        EXPECT_TRUE(exists(left));  // It is in use.
    }
    const auto program = put(store, files);
    ASSERT_TRUE(program);
    EXPECT_EQ(uv::list_directory(directory_of(program->path())).value(), std::vector<std::string>{"tool.exe"});
}

TEST_F(ProgramStoreTest, IgnoresWhatIsNotItsOwn) {
    const ProgramStore store(root_, 250);
    ASSERT_TRUE(put(store, {{"a.exe", std::string(100, 'a')}}));
    for (const std::string name : {"/readme", "/files/readme", "/programs/readme", "/incoming/readme"}) {
        const auto file = uv::create_file(root_ + name, 0600);
        ASSERT_TRUE(file && uv::write_all(file->get(), std::string(1000, 'x')));
    }
    ASSERT_TRUE(put(store, {{"b.exe", std::string(200, 'b')}}));
    for (const std::string name : {"/readme", "/files/readme", "/programs/readme", "/incoming/readme"}) {
        EXPECT_TRUE(exists(root_ + name)) << name;
    }
}

TEST_F(ProgramStoreTest, RefusesNamesThatAreNone) {
    const ProgramStore store(root_, 1000);
    for (const std::string name :
         {"", ".", "..", "a/b", "a\\b", "c:x", "nul", "COM1.dll", "dot.", "blank ", "st*r", "new\nline", "\xff.exe"}) {
        const auto refused = store.begin(manifest_of({{"tool.exe", "program"}, {name, "x"}}));
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(store_failure(refused.error()).code, mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED) << name;
    }
    EXPECT_FALSE(store.begin(manifest_of({{"Tool.exe", "program"}, {"tOOL.EXE", "x"}})));
    EXPECT_FALSE(
        store.begin(manifest_of({{"\xc3\xa4.exe", "program"}, {"\xc3\x84.exe", "x"}})));  // a, A with diaeresis
    EXPECT_TRUE(store.begin(manifest_of({{"\xc3\xa4.exe", "program"}, {"a.exe", "x"}})));
}

TEST_F(ProgramStoreTest, TakesAsManyFilesAsTheProtocolAllows) {
    const ProgramStore store(root_, 100'000);
    std::vector<File> files;
    for (int i = 0; i < 240; ++i) files.push_back({std::to_string(i) + ".dll", "contents " + std::to_string(i)});
    const auto program = put(store, files);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(contents_of(directory_of(program->path()) + "/239.dll"), "contents 239");
    files.push_back({"last.dll", "last"});
    EXPECT_FALSE(store.begin(manifest_of(files)));
    EXPECT_FALSE(store.begin({}));
}

TEST_F(ProgramStoreTest, RefusesMoreThanItKeeps) {
    const auto refused = ProgramStore(root_, 10).begin(manifest_of({{"a.exe", "six by"}, {"b.dll", "tes, 2"}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(store_failure(refused.error()).code, mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED);
    EXPECT_TRUE(ProgramStore(root_, 12).begin(manifest_of({{"a.exe", "six by"}, {"b.dll", "tes, 2"}})));
    EXPECT_FALSE(ProgramStore(root_, 0).begin(manifest_of({{"a.exe", ""}})));
    std::vector<ManifestEntry> huge = manifest_of({{"a.exe", "a"}, {"b.exe", "b"}, {"c.exe", "c"}});
    for (auto& entry : huge) entry.size = ~std::uint64_t{0} / 2;
    EXPECT_FALSE(ProgramStore(root_, ~std::uint64_t{0} - 1).begin(huge));
}

TEST_F(ProgramStoreTest, TellsManifestsApart) {
    const auto digest = [](const std::vector<File>& files) { return manifest_digest(manifest_of(files)); };
    const auto one = digest({{"a", "x"}, {"b", "y"}});
    EXPECT_EQ(one, digest({{"a", "x"}, {"b", "y"}}));
    EXPECT_NE(one, digest({{"b", "y"}, {"a", "x"}}));
    EXPECT_NE(one, digest({{"A", "x"}, {"b", "y"}}));
    EXPECT_NE(one, digest({{"a", "x"}}));
    EXPECT_EQ(proto::to_hex(digest({{"a.exe", "x"}})),
              proto::to_hex(proto::sha256(std::string("\5\0\0\0a.exe\1\0\0\0\0\0\0\0", 17) +
                                          std::string(proto::as_bytes(proto::sha256("x"))))));
}

}  // namespace
}  // namespace hostbridge
