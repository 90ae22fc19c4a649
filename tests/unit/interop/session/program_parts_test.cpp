// SPDX-License-Identifier: MIT
#include "interop/session/program_parts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../image/sample_images.h"
#include "proto/wire/limits.h"

namespace interop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::importing_program;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

class ProgramParts : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
        // The program's path has no links in it, and messages have the program's path.
        directory_ = std::filesystem::canonical(directory_);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

    void write(const std::string& name, std::string_view bytes = "x") {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream file(path(name), std::ios::binary);
        file << bytes;
        ASSERT_TRUE(file.good()) << name;
    }

    /// An image that imports DLLs of these names.
    void write_image(const std::string& name, const std::vector<std::string>& imports = {}) {
        write(name, importing_program(imports).bytes());
    }

    void write_managed_image(const std::string& name, const std::vector<std::string>& assemblies = {},
                             const std::vector<std::string>& modules = {}) {
        write(name, testing::managed_image(assemblies, modules).bytes());
    }

    proto::Result<std::vector<ProgramPart>> find(const std::string& name, const std::vector<std::string>& with = {}) {
        program_ = open_program_file(path(name), UniqueFd()).value();
        return find_program_parts(program_, with);
    }

    /// The names of the parts, in their order.
    std::vector<std::string> names(const std::string& name, const std::vector<std::string>& with = {}) {
        auto parts = find(name, with);
        if (!parts) return {"error: " + parts.error().message()};
        std::vector<std::string> names;
        for (const ProgramPart& part : *parts) names.push_back(part.name);
        return names;
    }

    std::string error(const std::string& name, const std::vector<std::string>& with = {}) {
        const auto parts = find(name, with);
        return parts ? "none" : parts.error().message();
    }

    std::string directory_ = ::testing::TempDir() + "parts-XXXXXX";
    ProgramFile program_;
};

TEST_F(ProgramParts, AreTheProgramAloneIfItNeedsNothingOfItsDirectory) {
    write_image("alone.exe", {"KERNEL32.dll", "msvcrt.dll"});
    write_image("other.dll");
    write("notes.txt");
    EXPECT_THAT(names("alone.exe"), ElementsAre("alone.exe"));
}

TEST_F(ProgramParts, AreOpenForReadingAndOfTheirSize) {
    write_image("a.exe", {"b.dll"});
    write("b.dll", "twelve bytes");
    auto parts = find("a.exe");
    ASSERT_EQ(parts.value().size(), 2U);
    EXPECT_EQ(parts->front().size, program_.size);
    EXPECT_EQ(parts->back().size, 12U);
    char bytes[20];
    EXPECT_EQ(::pread(parts->back().fd.get(), bytes, sizeof bytes, 0), 12);
    EXPECT_EQ(std::string(bytes, 12), "twelve bytes");
    EXPECT_EQ(::pread(parts->front().fd.get(), bytes, 2, 0), 2);
    EXPECT_EQ(std::string(bytes, 2), "MZ");
    for (const ProgramPart& part : *parts) {
        EXPECT_EQ(::fcntl(part.fd.get(), F_GETFD), FD_CLOEXEC);
        EXPECT_EQ(::fcntl(part.fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    }
}

TEST_F(ProgramParts, DllsAreFollowedToWhatTheyImport) {
    write_image("a.exe", {"one.dll", "KERNEL32.dll"});
    write_image("one.dll", {"two.dll", "one.dll", "USER32.dll"});
    write_image("two.dll", {"three.dll", "one.dll"});
    write_image("three.dll", {"a.exe"});
    write_image("four.dll");
    EXPECT_THAT(names("a.exe"), ElementsAre("a.exe", "one.dll", "two.dll", "three.dll"));
}

TEST_F(ProgramParts, DllsAreFollowedToWhatTheyForwardTo) {
    write_image("a.exe", {"one.dll"});
    write("one.dll", testing::forwarding_dll({"KERNEL32.Sleep", "two.foo", "two.bar"}).bytes());
    write("two.dll", testing::forwarding_dll({"three.drv.foo", "a.foo"}).bytes());
    write_image("three.drv");
    EXPECT_THAT(names("a.exe"), ElementsAre("a.exe", "one.dll", "two.dll", "three.drv"));
}

TEST_F(ProgramParts, AreFoundWithoutRegardToCaseButTheNameAsWrittenComesFirst) {
    write_image("a.exe", {"Engine.DLL", "exact.dll", "\u00C4.dll"});
    write_image("engine.dll");
    write_image("EXACT.DLL");
    write_image("exact.dll", {"ENGINE.dll"});
    write_image("\u00E4.dll");
    EXPECT_THAT(names("a.exe"), ElementsAre("a.exe", "engine.dll", "exact.dll", "\u00E4.dll"));
}

TEST_F(ProgramParts, OfSeveralThatDifferInCaseTheFirstByItsBytesIsTaken) {
    write_image("a.exe", {"x.dll"});
    write("X.dll", "1");
    write("X.Dll", "two");
    auto parts = find("a.exe");
    ASSERT_EQ(parts.value().size(), 2U);
    EXPECT_EQ(parts->back().name, "X.Dll");
}

TEST_F(ProgramParts, LieBesideTheFileThatALinkLeadsTo) {
    write_image("real/tool.exe", {"one.dll"});
    write_image("real/one.dll");
    write_image("links/one.dll", {"two.dll"});
    write_image("links/two.dll");
    std::filesystem::create_symlink("../real/tool.exe", path("links/shortcut.exe"));
    EXPECT_THAT(names("links/shortcut.exe"), ElementsAre("tool.exe", "one.dll"));
}

TEST_F(ProgramParts, AreTheFilesThatLinksBesideTheProgramLeadTo) {
    write_image("a.exe", {"one.dll", "dangling.dll"});
    write("elsewhere/real.dll", "123");
    std::filesystem::create_symlink("elsewhere/real.dll", path("one.dll"));
    std::filesystem::create_symlink("nowhere", path("dangling.dll"));
    auto parts = find("a.exe");
    ASSERT_EQ(parts.value().size(), 2U);
    EXPECT_EQ(parts->back().name, "one.dll");
    EXPECT_EQ(parts->back().size, 3U);
}

TEST_F(ProgramParts, AreRegularFilesOnly) {
    write_image("a.exe", {"directory.dll", "fifo.dll"});
    std::filesystem::create_directory(path("directory.dll"));
    ASSERT_EQ(::mkfifo(path("fifo.dll").c_str(), 0600), 0);
    EXPECT_THAT(names("a.exe"), ElementsAre("a.exe"));
    EXPECT_EQ(error("a.exe", {path("fifo.dll")}), "--with " + path("fifo.dll") + ": neither a file nor a directory");
}

TEST_F(ProgramParts, ThatAreNamedAfterTheProgram) {
    write_image("a.exe", {"b.dll"});
    write_image("b.dll");
    write("data");
    for (const char* name : {"a.exe.manifest", "a.exe.config", "a.exe.local", "b.dll.manifest"}) write(name);
    for (const char* other : {"a.manifest", "a.dll", "a.pdb", "b.dll.local", "data.config"}) write(other);
    EXPECT_THAT(names("a.exe", {path("data")}), UnorderedElementsAre("a.exe", "data", "b.dll", "a.exe.manifest",
                                                                     "a.exe.config", "a.exe.local", "b.dll.manifest"));
}

TEST_F(ProgramParts, OfADotnetProgramAreTheAssembliesAndLibrariesThatItRefersTo) {
    write_managed_image("P.exe", {"mscorlib", "Lib.One", "Program2"}, {"native", "Kernel32"});
    write_managed_image("Lib.One.dll", {"mscorlib", "lib.two"}, {"other.dll"});
    write_managed_image("Lib.Two.dll", {"Lib.One"});
    write_managed_image("Program2.exe");
    write_image("native.dll", {"deep.dll"});
    for (const char* name : {"native", "other.dll", "deep.dll", "P.exe.config", "Lib.One.dll.config"}) write(name);
    for (const char* unasked : {"Lib.Three.dll", "Lib.One.exe", "P.dll", "P.deps.json"}) write(unasked);
    EXPECT_THAT(names("P.exe"),
                UnorderedElementsAre("P.exe", "Lib.One.dll", "Lib.Two.dll", "Program2.exe", "native.dll", "other.dll",
                                     "deep.dll", "P.exe.config", "Lib.One.dll.config"));
}

TEST_F(ProgramParts, OfDotnetAreLeftToTheHostsWhereTheyAreNotThere) {
    write_managed_image("P.exe", {"mscorlib", "System.Core"}, {"user32.dll"});
    EXPECT_THAT(names("P.exe"), ElementsAre("P.exe"));
}

TEST_F(ProgramParts, OfAnApphostAreItsAssemblyAndSettings) {
    write_image("App.exe");
    write_managed_image("App.dll", {"System.Runtime", "Lib"});
    for (const char* name : {"App.deps.json", "App.dll.config", "App.runtimeconfig.json", "Lib.dll"}) write(name);
    for (const char* other : {"Other.dll", "Other.deps.json", "App.pdb"}) write(other);
    EXPECT_THAT(names("App.exe"), UnorderedElementsAre("App.exe", "App.dll", "App.deps.json", "App.dll.config",
                                                       "App.runtimeconfig.json", "Lib.dll"));
}

// .NET starts nothing if a file is missing that the list has, and takes the directory for complete if there is no list.
TEST_F(ProgramParts, OfAnApphostAreAllThatItsListHasAndTheListOnlyIfAllOfThatIsThere) {
    write_image("App.exe");
    write_managed_image("App.dll");
    for (const char* name : {"App.runtimeconfig.json", "coreclr.dll", "Plugin.dll"}) write(name);
    const std::vector<std::string> files{"App.exe", "App.runtimeconfig.json", "App.dll", "coreclr.dll", "Plugin.dll"};
    std::vector<std::string> with_list = files;
    with_list.emplace_back("App.deps.json");
    write("App.deps.json", R"({"a": {"App.dll": {}, "x/coreclr.dll": {}}, "lib/net8.0/Plugin.dll": {}})");
    EXPECT_THAT(names("App.exe"), UnorderedElementsAreArray(with_list));
    write("App.deps.json", R"({"a": {"App.dll": {}, "coreclr.dll": {}, "Plugin.dll": {}, "Missing.dll": {}}})");
    EXPECT_THAT(names("App.exe"), UnorderedElementsAreArray(files));
    write("App.deps.json",
          R"({"a": {"coreclr.dll": {}, "Plugin.dll": {}, "runtimeTargets": {"runtimes/App.dll": {}}}})");
    EXPECT_THAT(names("App.exe"), UnorderedElementsAreArray(files));
    // The user knows better.
    EXPECT_THAT(names("App.exe", {path("App.deps.json")}), UnorderedElementsAreArray(with_list));
}

TEST_F(ProgramParts, OfWinesOwnProgramsAreNotWinesLibraries) {
    write("a.exe", importing_program({"ucrtbase.dll", "mine.dll"}).text(0x40, "Wine builtin DLL").bytes());
    write("ucrtbase.dll", importing_program({}).text(0x40, "Wine builtin DLL").bytes());
    write("comctl32.dll", importing_program({}).text(0x40, "Wine placeholder DLL").bytes());
    write_image("mine.dll", {"comctl32.dll"});
    EXPECT_THAT(names("a.exe"), ElementsAre("a.exe", "mine.dll"));
    EXPECT_THAT(names("a.exe", {path("comctl32.dll")}), ElementsAre("a.exe", "comctl32.dll", "mine.dll"));
}

TEST_F(ProgramParts, OfADosProgramAreWhatIsGivenWithIt) {
    write("game.exe", testing::dos_program().bytes());
    write("game.exe.config");
    write("data");
    EXPECT_THAT(names("game.exe", {path("data")}), ElementsAre("game.exe", "data"));
}

TEST_F(ProgramParts, GivenWithItComeByTheLastPartOfTheirPaths) {
    write_image("a.exe");
    write("else/where/data.bin", "1234");
    std::filesystem::create_symlink("data.bin", path("else/where/link.bin"));
    EXPECT_THAT(names("a.exe", {path("else/where/data.bin"), path("else/where/link.bin")}),
                ElementsAre("a.exe", "data.bin", "link.bin"));
}

TEST_F(ProgramParts, GivenAsADirectoryAreItsRegularFiles) {
    write_image("a.exe");
    for (const char* name : {"d/one", "d/.two", "d/sub/three"}) write(name);
    std::filesystem::create_symlink("one", path("d/link"));
    std::filesystem::create_symlink("sub", path("d/directory"));
    std::filesystem::create_symlink("nowhere", path("d/dangling"));
    ASSERT_EQ(::mkfifo(path("d/fifo").c_str(), 0600), 0);
    EXPECT_THAT(names("a.exe", {path("d")}), ElementsAre("a.exe", ".two", "link", "one"));
    EXPECT_THAT(names("a.exe", {path("d/sub/")}), ElementsAre("a.exe", "three"));
}

TEST_F(ProgramParts, GivenWithItMayLieBesideIt) {
    write_image("a.exe", {"b.dll"});
    write_image("b.dll");
    write("data");
    EXPECT_THAT(names("a.exe", {directory_, path("data"), path("a.exe")}), ElementsAre("a.exe", "b.dll", "data"));
}

TEST_F(ProgramParts, GivenWithItTakeThePlaceOfWhatLiesBesideIt) {
    write_image("a.exe", {"b.dll"});
    write("b.dll", "1");
    write("debug/B.dll", "123");
    auto parts = find("a.exe", {path("debug/B.dll")});
    ASSERT_EQ(parts.value().size(), 2U);
    EXPECT_EQ(parts->back().name, "B.dll");
    EXPECT_EQ(parts->back().size, 3U);
}

TEST_F(ProgramParts, GivenWithItAreFollowedToWhatTheyImport) {
    write_image("a.exe");
    write_image("plugins/plugin.dll", {"base.dll", "helper.dll"});
    write_image("plugins/helper.dll");
    write_image("base.dll");
    EXPECT_THAT(names("a.exe", {path("plugins/plugin.dll")}), ElementsAre("a.exe", "plugin.dll", "base.dll"));
}

TEST_F(ProgramParts, GivenWithItHaveToBeThereAndBeTellable) {
    write_image("a.exe");
    for (const char* name : {"x/data", "y/DATA", "y/A.EXE", "z/a:b", "z2/nul.txt", "z3/dot."}) write(name);
    EXPECT_EQ(error("a.exe", {path("gone")}), "--with " + path("gone") + ": No such file or directory");
    EXPECT_EQ(error("a.exe", {""}), "--with : No such file or directory");
    EXPECT_EQ(error("a.exe", {"/dev/null"}), "--with /dev/null: neither a file nor a directory");
    EXPECT_EQ(error("a.exe", {path("x/data"), path("y/DATA")}),
              path("x/data") + " and " + path("y/DATA") +
                  " cannot both be sent with it: the host would take their names for the same");
    EXPECT_THAT(error("a.exe", {path("y/A.EXE")}), HasSubstr("cannot both be sent"));
    for (const char* name : {"z/a:b", "z2/nul.txt", "z3/dot."}) {
        EXPECT_EQ(error("a.exe", {path(name)}), "--with " + path(name) + ": no file on the host can have this name");
    }
    EXPECT_EQ(error("a.exe", {path("z")}), "--with " + path("z/a:b") + ": no file on the host can have this name");
}

TEST_F(ProgramParts, ProgramWithANameThatWindowsCannotHaveIsRefused) {
    for (const char* name : {"what?.exe", "aux.exe", "not UTF-8 \xE9.exe"}) {
        write_image(name);
        EXPECT_EQ(error(name),
                  std::string("it cannot be sent to the host, where no file can be called \"") + name + "\"");
    }
}

/// Root may read everything: as long as this lives, it is another user, who owns the directory and what is in it.
class Unprivileged {
  public:
    explicit Unprivileged(const std::string& directory) {
        if (::geteuid() != 0) return;
        for (const auto& entry : std::filesystem::directory_iterator(directory)) give_away(entry.path());
        give_away(directory);
        EXPECT_EQ(::seteuid(nobody), 0);
        is_changed_ = true;
    }
    ~Unprivileged() {
        if (is_changed_) {
            EXPECT_EQ(::seteuid(0), 0);
        }
    }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;

  private:
    static constexpr uid_t nobody = 65534;
    static void give_away(const std::filesystem::path& path) {
        EXPECT_EQ(::lchown(path.c_str(), nobody, 0), 0) << path;
    }

    bool is_changed_ = false;
};

TEST_F(ProgramParts, ThatCannotBeReadAreAnError) {
    write_image("a.exe", {"secret.dll"});
    write("secret.dll");
    const Unprivileged user(directory_);
    ASSERT_EQ(::chmod(path("secret.dll").c_str(), 0), 0);
    EXPECT_EQ(error("a.exe"), "open " + path("secret.dll") + ": Permission denied");
    EXPECT_EQ(error("a.exe", {path("secret.dll")}), "--with " + path("secret.dll") + ": Permission denied");
}

TEST_F(ProgramParts, AreFoundAsTheyAreWrittenWhereTheDirectoryMayNotBeRead) {
    write_image("a.exe", {"b.dll", "C.dll"});
    write_image("b.dll");
    write_image("c.dll");
    const Unprivileged user(directory_);
    ASSERT_EQ(::chmod(directory_.c_str(), 0311), 0);
    const auto found = names("a.exe");
    ASSERT_EQ(::chmod(directory_.c_str(), 0700), 0);
    EXPECT_THAT(found, ElementsAre("a.exe", "b.dll"));
}

TEST_F(ProgramParts, AreAtMostAsManyAsTheProtocolAllows) {
    write_image("a.exe");
    for (std::size_t i = 1; i < proto::limits::max_manifest_files; ++i) write("d/" + std::to_string(i));
    EXPECT_EQ(names("a.exe", {path("d")}).size(), proto::limits::max_manifest_files);
    write("d/one more");
    EXPECT_EQ(error("a.exe", {path("d")}), "more than 239 files would have to be sent with it");
}

TEST_F(ProgramParts, AreAtMostAsLargeAsTheProtocolAllows) {
    write_image("a.exe");
    // In memory a file may be as large as its numbers can say.
    const UniqueFd sparse(::memfd_create("sparse", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(sparse.get(), proto::limits::max_upload_size), 0);
    const std::string name = "/proc/self/fd/" + std::to_string(sparse.get());
    EXPECT_EQ(error("a.exe", {name}), name + " is too large to be sent");
}

TEST_F(ProgramParts, ForWhichNoDescriptorsAreLeftAreAnErrorThatSaysSo) {
    write_image("a.exe");
    for (int i = 0; i < 40; ++i) write("d/" + std::to_string(i));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ASSERT_GE(next, 0);
    ::close(next);
    const rlimit few{static_cast<rlim_t>(next) + 20, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const std::string message = error("a.exe", {path("d")});
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(message, "more files have to be sent with it than may be open at once (see ulimit -n)");
}

}  // namespace
}  // namespace interop
