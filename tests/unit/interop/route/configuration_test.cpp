// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

TEST(Configuration, EmptyTextGivesTheDefaults) {
    const auto configuration = parse_configuration("").value();
    EXPECT_TRUE(configuration.endpoints.empty());
    EXPECT_TRUE(configuration.key_file.empty());
    EXPECT_EQ(configuration.routes.by_kind, Routes{}.by_kind);
    EXPECT_EQ(configuration.dos.line_ends, DosOptions::LineEnds::keep);
    EXPECT_EQ(configuration.wine_exit_object, default_exit_object);
    EXPECT_TRUE(configuration.warnings.empty());
}

TEST(Configuration, ReadsEndpointsInOrder) {
    const auto configuration =
        parse_configuration("# comment\n[host]\nendpoints = unix:/run/a, tcp:127.0.0.1:1 vsock:2:3\nkey = /etc/k\n")
            .value();
    ASSERT_EQ(configuration.endpoints.size(), 3u);
    EXPECT_EQ(to_string(configuration.endpoints[0]), "unix:/run/a");
    EXPECT_EQ(to_string(configuration.endpoints[2]), "vsock:2:3");
    EXPECT_EQ(configuration.key_file, "/etc/k");
}

TEST(Configuration, ReadsWhetherTheHostsPathIsAppended) {
    EXPECT_FALSE(parse_configuration("")->append_windows_path);
    EXPECT_FALSE(parse_configuration("[interop]\nenabled = true\n")->append_windows_path);
    for (const char* value : {"true", "True", "yes", "1"}) {
        EXPECT_TRUE(parse_configuration(std::string("[interop]\nappendWindowsPath = ") + value)->append_windows_path)
            << value;
    }
    EXPECT_TRUE(parse_configuration("[interop]\nappendwindowspath=true\n")->append_windows_path);
    EXPECT_FALSE(
        parse_configuration("[interop]\nappendWindowsPath = true\nappendWindowsPath = false\n")->append_windows_path);
    const auto bad = parse_configuration("[interop]\nappendWindowsPath = maybe\n");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message(), "line 2: wanted appendWindowsPath = true or false");
}

TEST(Configuration, ReadsWhetherProgramsAreSentToTheHost) {
    EXPECT_EQ(parse_configuration("[host]\nupload = never\n")->upload, UploadMode::never);
    EXPECT_EQ(parse_configuration("[host]\nupload = auto\n")->upload, UploadMode::automatic);
    for (const char* wrong : {"", "no", "always", "Never"}) {
        const auto refused = parse_configuration("[host]\nupload = " + std::string(wrong) + "\n");
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().message(), "line 2: wanted upload = auto or never");
    }
}

TEST(Configuration, ReadsTheNameThatWindowsHasForThisSystem) {
    EXPECT_EQ(parse_configuration("[host]\nname = Ubuntu-24.04\n")->share_name, "Ubuntu-24.04");
    EXPECT_EQ(parse_configuration("")->share_name, "");
    for (const char* name : {"", "a/b", "a\\b", ".."}) {
        const auto configuration = parse_configuration(std::string("[host]\nname = ") + name + "\n");
        ASSERT_FALSE(configuration) << name;
        EXPECT_EQ(configuration.error().message(), "line 2: wanted name = a name that Windows allows");
    }
}

TEST(Configuration, IndentedLinesGoOnWithAList) {
    const auto configuration = parse_configuration("[host]\nendpoints = unix:/a\n  unix:/b\n").value();
    EXPECT_EQ(configuration.endpoints.size(), 2u);
}

TEST(Configuration, ReadsRoutesAndMappings) {
    const auto configuration =
        parse_configuration("[route]\npe = wine, host\n[path]\nmap = /mnt/c=C:\\\nmap = /=Z:\\\n").value();
    EXPECT_EQ(configuration.routes.of(ProgramKind::pe), (Route{Backend::wine, Backend::host}));
    ASSERT_EQ(configuration.path_map.size(), 2u);
    EXPECT_EQ(configuration.path_map[0].first, "/mnt/c");
    EXPECT_EQ(configuration.path_map[0].second, "C:\\");
}

TEST(Configuration, ReadsARouteForEachKind) {
    const auto routes = parse_configuration(
                            "[route]\npe = wine\ndotnet = mono host\ndos = dosbox, host?\nwin16 = wine\nape = native\n"
                            "batch = wine host\nother_machine = host\n")
                            .value()
                            .routes;
    EXPECT_EQ(routes.of(ProgramKind::pe), Route{Backend::wine});
    EXPECT_EQ(routes.of(ProgramKind::dotnet), (Route{Backend::mono, Backend::host}));
    EXPECT_EQ(routes.of(ProgramKind::dos), (Route{Backend::dosbox, Backend::host_if_offered}));
    EXPECT_EQ(routes.of(ProgramKind::win16), Route{Backend::wine});
    EXPECT_EQ(routes.of(ProgramKind::batch), (Route{Backend::wine, Backend::host}));
    EXPECT_EQ(routes.of(ProgramKind::ape), Route{Backend::native});
    EXPECT_EQ(routes.of(ProgramKind::other_machine), Route{Backend::host});
}

TEST(Configuration, IndentedLinesGoOnWithARoute) {
    const auto configuration = parse_configuration("[route]\ndotnet = mono,\n  wine\n  host\n").value();
    EXPECT_EQ(configuration.routes.of(ProgramKind::dotnet), (Route{Backend::mono, Backend::wine, Backend::host}));
}

TEST(Configuration, ARouteToNoneIsEmpty) {
    const auto configuration = parse_configuration("[route]\ndos = none\n").value();
    EXPECT_EQ(configuration.routes.of(ProgramKind::dos), Route{});
    EXPECT_EQ(configuration.routes.of(ProgramKind::pe), Routes{}.of(ProgramKind::pe));
}

TEST(Configuration, ReadsHowDosLinesEndAndWhereTheExitObjectIs) {
    const auto configuration =
        parse_configuration("[dos]\nline_ends = convert\n[wine]\nexit_object = /opt/libmzexit.so\n").value();
    EXPECT_EQ(configuration.dos.line_ends, DosOptions::LineEnds::convert);
    EXPECT_EQ(configuration.wine_exit_object, "/opt/libmzexit.so");
    EXPECT_EQ(parse_configuration("[wine]\nexit_object =\n")->wine_exit_object, "");
}

TEST(Configuration, WarnsOfASectionThatNobodyReads) {
    const auto warnings = parse_configuration("[host]\nkey = /k\n\n[hosst]\nkey = /l\nendpoints = x\n")->warnings;
    EXPECT_EQ(warnings, std::vector<std::string>{"line 5: the section [hosst] is not known and is ignored"});
}

TEST(Configuration, WarnsOfASettingBeforeAnySection) {
    const auto warnings = parse_configuration("key = /k\n")->warnings;
    EXPECT_EQ(warnings, std::vector<std::string>{"line 1: a setting outside any section is ignored"});
}

TEST(Configuration, LeavesTheSectionsOfOtherPartsAlone) {
    for (const char* section : {"interop", "automount", "boot", "service web", "broker", "network", "user", "wsl2",
                                "gpu", "time", "path", "dos", "wine"}) {
        const auto configuration = parse_configuration(std::string("[") + section + "]\n[host]\nkey = /k\n");
        ASSERT_TRUE(configuration) << section;
        EXPECT_TRUE(configuration->warnings.empty()) << section;
    }
    EXPECT_TRUE(parse_configuration("[boot]\nanything = 1\n")->warnings.empty());
    EXPECT_TRUE(parse_configuration("[network]\ngenerateHosts = false\n")->warnings.empty());
    EXPECT_TRUE(parse_configuration("[service web]\nanything = 1\n")->warnings.empty());
}

std::string problem_with(const std::string& text) {
    const auto configuration = parse_configuration(text);
    return configuration ? "none" : configuration.error().message();
}

TEST(Configuration, NamesTheLineThatIsWrong) {
    EXPECT_NE(problem_with("[route]\npe = host, magic\n").find("line 2: unknown backend \"magic\""), std::string::npos);
    EXPECT_NE(problem_with("[host]\nendpoints = nonsense\n").find("line 2: endpoint \"nonsense\""), std::string::npos);
    EXPECT_NE(problem_with("[dos]\nline_ends = both\n").find("line 2: wanted line_ends"), std::string::npos);
    EXPECT_NE(problem_with("\nnot a setting\n").find("line 2: neither"), std::string::npos);
}

/// "GUEST|HOST" for each, then the warnings.
std::vector<std::string> maps_and_warnings(const std::string& text) {
    const auto configuration = parse_configuration(text).value();
    std::vector<std::string> lines;
    for (const auto& [guest, host] : configuration.path_map) lines.push_back(guest + "|" + host);
    lines.insert(lines.end(), configuration.warnings.begin(), configuration.warnings.end());
    return lines;
}

TEST(Configuration, AMapThatTranslatesNothingIsIgnoredWithAWarningAndTheOthersCount) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(
        maps_and_warnings("[path]\nmap = /a=foo\nmap = /b=B:\\\nmap = /c=/srv\nmap = /d=\nmap = D:\\=/d\n  /e=E:\n"),
        (Lines{"/b|B:\\", "/e|E:", "line 2: \"foo\" is no absolute path of a host; the map is ignored",
               "line 4: the host of the maps before it is Windows; the map is ignored",
               "line 5: \"\" is no absolute path of a host; the map is ignored",
               "line 6: wanted map = /GUEST=HOST; it is ignored"}));
    EXPECT_EQ(maps_and_warnings("[path]\nmap = /a=/srv\nmap = /b=B:\\\nmap = /c=C:x\nmap = /d=//server/share\n"),
              (Lines{"/a|/srv", "/d|//server/share",
                     "line 3: the host of the maps before it is not Windows; the map is ignored",
                     "line 4: \"C:x\" is no absolute path of a host; the map is ignored"}));
}

TEST(Configuration, AMapMayHaveBlanksQuotesAndAComment) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(maps_and_warnings(
                  "[path]\nmap = /mnt/c = C:\\\nmap = /d=D:\\  # note\nmap = /e = \"E:\\a # b\" # c\nmap = /f=F:\\C# "
                  "#1\nmap = /my files = G:\\my files #\nmap = /h=\\\\server\\share\n"),
              (Lines{"/mnt/c|C:\\", "/d|D:\\", "/e|E:\\a # b", "/f|F:\\C# #1", "/my files|G:\\my files",
                     "/h|\\\\server\\share"}));
}

TEST(Configuration, RefusesABackendThatCannotRunTheKindAndSaysWhichCan) {
    EXPECT_EQ(problem_with("[route]\ndos = host?, mono\n"),
              "line 2: mono cannot run programs of this kind (possible for dos: host, host?, dosbox, or none)");
    EXPECT_EQ(problem_with("[route]\n\npe = dosbox\n"),
              "line 3: dosbox cannot run programs of this kind (possible for pe: host, host?, wine, or none)");
    EXPECT_NE(problem_with("[route]\nape = wine\n").find("possible for ape: native, host"), std::string::npos);
    EXPECT_NE(problem_with("[route]\nother_machine = wine\n").find("possible for other_machine: host"),
              std::string::npos);
    EXPECT_NE(problem_with("[route]\npe = host none\n").find("unknown backend \"none\""), std::string::npos);
    EXPECT_NE(problem_with("[route]\npe = host, host\n").find("host is in the route twice"), std::string::npos);
    EXPECT_NE(problem_with("[route]\npe =\n").find("the route is empty"), std::string::npos);
}

TEST(Configuration, NamesTheLineThatGoesOnWithABadValue) {
    EXPECT_NE(problem_with("[route]\ndotnet = mono,\n  wine,\n  dosbox\n").find("line 4: dosbox cannot run"),
              std::string::npos);
}

TEST(Configuration, RefusesALineThatTheReaderWouldCut) {
    EXPECT_NE(problem_with("[host]\nkey = /" + std::string(300, 'x') + "\n").find("line 2: longer than 197 bytes"),
              std::string::npos);
}

TEST(Configuration, LongLinesOfOthersAndLongCommentsAreNoConcernOfLaunches) {
    const std::string much(300, 'x');
    EXPECT_EQ(problem_with("# " + much + "\n[boot]\ncommand = " + much + "\n[user]\ndefault = " + much + "\n"), "none");
}

TEST(Configuration, WarnsOfAKeyThatNobodyReadsAndGoesOn) {
    const auto configuration = parse_configuration(
        "[host]\nendpoint = unix:/b\n  unix:/c\nkey = /k\n[route]\nexe = host\n[interop]\nenable = false\n");
    ASSERT_TRUE(configuration);
    EXPECT_EQ(configuration->warnings,
              (std::vector<std::string>{"line 2: the key endpoint of [host] is not known and is ignored",
                                        "line 6: the key exe of [route] is not known and is ignored",
                                        "line 8: the key enable of [interop] is not known and is ignored"}));
    EXPECT_TRUE(configuration->endpoints.empty());
    EXPECT_EQ(configuration->key_file, "/k");
    EXPECT_TRUE(configuration->routes.enabled);
}

TEST(Configuration, ReadingFindsEverythingThatIsWrongInTheOrderOfTheLines) {
    const auto reading = read_configuration(
        "nonsense\n[dos]\nline_ends = both\n[hosst]\nkey = 1\n[host]\nkeys = 2\nkey = /k\n[route]\npe = magic\n  "
        "wine\n");
    using enum ConfigurationFinding::Severity;
    ASSERT_EQ(reading.findings.size(), 5u);
    const std::pair<std::size_t, ConfigurationFinding::Severity> expected[] = {
        {1, error}, {3, error}, {5, warning}, {7, warning}, {10, error}};
    for (std::size_t i = 0; i < reading.findings.size(); ++i) {
        EXPECT_EQ(reading.findings[i].line, expected[i].first) << reading.findings[i].what;
        EXPECT_EQ(reading.findings[i].severity, expected[i].second) << reading.findings[i].what;
    }
    EXPECT_EQ(reading.configuration.key_file, "/k");
    EXPECT_EQ(reading.configuration.routes.by_kind, Routes{}.by_kind);
}

TEST(Configuration, AWslConfIsReadAsWslReadsIt) {
    const auto configuration =
        parse_configuration(
            "# a wsl.conf\n[automount]\nenabled = true\nroot = \"/win\"  # drives\noptions = "
            "\"metadata,umask=22\"\nmountFsTab=true\n[network]\ngenerateHosts = false\n[interop]\n"
            "enabled=False # no programs\nappendwindowspath = 1\n[user]\ndefault = me\n[boot]\nsystemd = "
            "true\n[gpu]\nenabled = true\n[time]\nuseWindowsTimezone = true\n")
            .value();
    EXPECT_EQ(configuration.warnings, std::vector<std::string>{});
    EXPECT_EQ(configuration.automount_root, "/win/");
    EXPECT_FALSE(configuration.routes.enabled);
    EXPECT_TRUE(configuration.append_windows_path);
    const auto defaults = parse_configuration("").value();
    EXPECT_EQ(defaults.automount_root, "");
    EXPECT_TRUE(defaults.routes.enabled);
    EXPECT_FALSE(defaults.append_windows_path);
}

TEST(Configuration, SectionsAndKeysAreComparedWithoutCase) {
    const auto configuration =
        parse_configuration(
            "[Interop]\nEnabled = false\n[Network]\nHostname = x\n[Boot]\nSystemd = true\n[HOST]\nKEY = /k\n")
            .value();
    EXPECT_EQ(configuration.warnings, std::vector<std::string>{});
    EXPECT_FALSE(configuration.routes.enabled);
    EXPECT_EQ(configuration.key_file, "/k");
}

TEST(Configuration, AWslConfMayBeIndented) {
    const auto configuration =
        parse_configuration("[automount]\n  enabled = true\n  root = /win\n[host]\n  key = /x\n  upload = never\n")
            .value();
    EXPECT_EQ(configuration.warnings, std::vector<std::string>{});
    EXPECT_EQ(configuration.automount_root, "/win/");
    EXPECT_EQ(configuration.key_file, "/x");
    EXPECT_EQ(configuration.upload, UploadMode::never);
}

TEST(Configuration, RefusesBadValuesOfWslsKeys) {
    EXPECT_EQ(problem_with("[interop]\nenabled = perhaps\n"), "line 2: wanted enabled = true or false");
    EXPECT_EQ(problem_with("[interop]\nappendWindowsPath =\n"), "line 2: wanted appendWindowsPath = true or false");
    EXPECT_EQ(problem_with("[automount]\nroot = mnt\n"), "line 2: wanted root = /PATH");
}

TEST(Configuration, AnyBytesAreReadWithoutHarm) {
    std::string every_byte = "[host]\nkey = ";
    for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
    for (const std::string& text : {every_byte, std::string(1 << 20, 'x'), std::string(1 << 16, '['),
                                    std::string("[path]\nmap =\n"), std::string("[path]\nmap = /\n")}) {
        EXPECT_FALSE(read_configuration(text).findings.empty());
    }
    // Empty lines, as far as the reader goes.
    EXPECT_TRUE(read_configuration(std::string(1 << 20, '\0')).findings.empty());
}

using Paths = std::vector<std::string>;

std::vector<std::string> endpoints_of(const Configuration& configuration) {
    std::vector<std::string> endpoints;
    for (const Endpoint& endpoint : configuration.endpoints) endpoints.push_back(to_string(endpoint));
    return endpoints;
}

TEST(Configuration, KeyThatIsWrittenAgainReplacesItsList) {
    const auto configuration =
        parse_configuration("[host]\nendpoints = unix:/a\nendpoints = unix:/b\n  unix:/c\n").value();
    EXPECT_EQ(endpoints_of(configuration), (std::vector<std::string>{"unix:/b", "unix:/c"}));
    const auto routes = parse_configuration("[route]\npe = host\npe = wine\n").value().routes;
    EXPECT_EQ(routes.of(ProgramKind::pe), Route{Backend::wine});
}

// Where endpoints come from, strongest first: the variable, the file, the kernel's command line, the default.
TEST(Configuration, EndpointsAreThoseOfTheStrongestSource) {
    constexpr const char* in_file = "[host]\nendpoints = unix:/file\n";
    constexpr const char* by_kernel = "quiet mzinit.host=unix:/kernel\n";
    const struct {
        const char* variable;
        const char* file;
        const char* kernel_command_line;
        const char* endpoint;
        bool is_named;
    } table[] = {
        {"unix:/variable", in_file, by_kernel, "unix:/variable", true},
        {"unix:/variable", "", "", "unix:/variable", true},
        {"", in_file, by_kernel, "unix:/file", true},
        {"", in_file, "", "unix:/file", true},
        {"", "", by_kernel, "unix:/kernel", true},
        {"", "[host]\nendpoints =\n", by_kernel, "unix:/kernel", true},
        {"", "", "mzinit.host=", default_endpoint, false},
        {"", "", "mzinit.host2=unix:/other", default_endpoint, false},
        {"", "", "", default_endpoint, false},
    };
    for (const auto& row : table) {
        const auto settled =
            settle_endpoints(parse_configuration(row.file).value(), row.variable, row.kernel_command_line);
        const std::string what = std::string(row.variable) + "|" + row.file + "|" + row.kernel_command_line;
        ASSERT_TRUE(settled) << what;
        EXPECT_EQ(endpoints_of(*settled), std::vector<std::string>{row.endpoint}) << what;
        EXPECT_EQ(settled->names_endpoints, row.is_named) << what;
    }
}

TEST(Configuration, KernelCommandLineMayNameSeveralEndpoints) {
    EXPECT_EQ(endpoints_of(settle_endpoints({}, "", "mzinit.host=vsock:2:5000,tcp:gateway:5000").value()),
              (std::vector<std::string>{"vsock:2:5000", "tcp:gateway:5000"}));
    EXPECT_EQ(endpoints_of(settle_endpoints({}, "", "mzinit.host=\"unix:/a unix:/b\"").value()),
              (std::vector<std::string>{"unix:/a", "unix:/b"}));
}

TEST(Configuration, BadEndpointNamesItsSource) {
    EXPECT_EQ(settle_endpoints({}, "nonsense", "mzinit.host=unix:/k").error().message().find("MZINIT_HOST: "), 0u);
    EXPECT_EQ(settle_endpoints({}, "", "mzinit.host=nonsense")
                  .error()
                  .message()
                  .find("the kernel's command line: mzinit.host: "),
              0u);
}

TEST(Configuration, BadEndpointOfAWeakerSourceDoesNotMatter) {
    const auto file = parse_configuration("[host]\nendpoints = unix:/file\n").value();
    EXPECT_TRUE(settle_endpoints(file, "", "mzinit.host=nonsense"));
}

TEST(Configuration, FileOfTheVariableIsTheOnlyOne) {
    EXPECT_EQ(configuration_files("/variable.conf", "mzinit.conf=/kernel.conf"), Paths{"/variable.conf"});
}

TEST(Configuration, FileOfTheKernelsCommandLineComesBeforeTheUsualOne) {
    EXPECT_EQ(configuration_files("", "mzinit.conf=/kernel.conf quiet\n"),
              (Paths{"/kernel.conf", default_configuration_file}));
    EXPECT_EQ(configuration_files("", "mzinit.conf= mzinit.conf.d=/x"), Paths{default_configuration_file});
    EXPECT_EQ(configuration_files("", ""), Paths{default_configuration_file});
}

}  // namespace
}  // namespace interop
