// SPDX-License-Identifier: MIT
#include "interop/text/dotnet_assets.h"

#include <gmock/gmock.h>

namespace interop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view of_one_package = R"({
  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0", "signature": ""},
  "targets": {".NETCoreApp,Version=v8.0": {
    "App/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.3"}, "runtime": {"App.dll": {}}},
    "Newtonsoft.Json/13.0.3": {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {"fileVersion": "13.0.3.27908"}}}}},
  "libraries": {"App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "Newtonsoft.Json/13.0.3": {"path": "newtonsoft.json/13.0.3", "hashPath": "newtonsoft.json.13.0.3.nupkg.sha512"}}
})";

TEST(DotnetAssets, AreTheFilesOfAllPackagesWithoutTheirDirectories) {
    const DotnetAssets assets = read_dotnet_assets(of_one_package);
    EXPECT_THAT(assets.files, ElementsAre("App.dll", "Newtonsoft.Json.dll"));
    EXPECT_FALSE(assets.has_subdirectories);
}

TEST(DotnetAssets, AreNativeFilesAsWellAndEachOnce) {
    const auto assets =
        read_dotnet_assets(R"({"runtime": {"a.DLL": {}}, "native": {"x/createdump.exe": {}, "y/a.DLL": {}}})");
    EXPECT_THAT(assets.files, ElementsAre("a.DLL", "createdump.exe"));
}

TEST(DotnetAssets, OfOtherSystemsAndLanguagesLieInDirectoriesBelow) {
    EXPECT_TRUE(
        read_dotnet_assets(R"({"runtimeTargets": {"runtimes/win/native/e.dll": {"rid": "win"}}})").has_subdirectories);
    EXPECT_TRUE(
        read_dotnet_assets(R"({"resources": {"lib/de/A.resources.dll": {"locale": "de"}}})").has_subdirectories);
    EXPECT_FALSE(read_dotnet_assets(R"({"runtimeTarget": {}, "resources.dll": {}})").has_subdirectories);
}

TEST(DotnetAssets, AreNotFoundInStringsWithEscapesOrOutsideOfStrings) {
    EXPECT_THAT(
        read_dotnet_assets(R"({"a\"b.dll": 1, "c\\": 2, "d\\e.dll": 3, f.dll, "ok.dll": 4, "..dll.": 5})").files,
        ElementsAre("ok.dll"));
}

TEST(DotnetAssets, OfAnyBytesAreWhatIsThere) {
    for (const std::string_view text :
         {"", "\"", "\"a.dll", "\"a.dll\\", "\"a.dll\\\"", "{}", "\xFF\"\xFF.dll\"", "\"/\"", "\".dll"}) {
        EXPECT_THAT(read_dotnet_assets(text).files, IsEmpty()) << text;
    }
    for (std::size_t size = 0; size < of_one_package.size(); ++size) {
        EXPECT_LE(read_dotnet_assets(of_one_package.substr(0, size)).files.size(), 2U);
    }
}

}  // namespace
}  // namespace interop
