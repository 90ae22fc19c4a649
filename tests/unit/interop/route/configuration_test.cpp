// SPDX-License-Identifier: MIT
#include "interop/route/configuration.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

TEST(Configuration, EmptyTextGivesTheDefaults) {
    const auto configuration = parse_configuration("").value();
    EXPECT_TRUE(configuration.endpoints.empty());
    EXPECT_EQ(configuration.pe_route, (std::vector{Backend::host, Backend::wine}));
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

TEST(Configuration, IndentedLinesGoOnWithAList) {
    const auto configuration = parse_configuration("[host]\nendpoints = unix:/a\n  unix:/b\n").value();
    EXPECT_EQ(configuration.endpoints.size(), 2u);
}

TEST(Configuration, ReadsRoutesAndMappings) {
    const auto configuration =
        parse_configuration("[route]\npe = wine, host\n[path]\nmap = /mnt/c=C:\\\nmap = /=Z:\\\n").value();
    EXPECT_EQ(configuration.pe_route, (std::vector{Backend::wine, Backend::host}));
    ASSERT_EQ(configuration.path_map.size(), 2u);
    EXPECT_EQ(configuration.path_map[0].first, "/mnt/c");
    EXPECT_EQ(configuration.path_map[0].second, "C:\\");
}

TEST(Configuration, LeavesUnknownSectionsToOthers) { EXPECT_TRUE(parse_configuration("[later]\nanything = 1\n")); }

std::string problem_with(const std::string& text) {
    const auto configuration = parse_configuration(text);
    return configuration ? "none" : configuration.error().message();
}

TEST(Configuration, NamesTheLineThatIsWrong) {
    EXPECT_NE(
        problem_with("[host]\nendpoints = unix:/a\nendpoint = unix:/b\n").find("line 3: unknown key \"endpoint\""),
        std::string::npos);
    EXPECT_NE(problem_with("[route]\npe = host, magic\n").find("line 2: unknown backend \"magic\""), std::string::npos);
    EXPECT_NE(problem_with("[host]\nendpoints = nonsense\n").find("line 2: endpoint \"nonsense\""), std::string::npos);
    EXPECT_NE(problem_with("\nnot a setting\n").find("line 2: neither"), std::string::npos);
}

TEST(Configuration, RefusesALineThatTheReaderWouldCut) {
    EXPECT_NE(problem_with("[host]\nkey = /" + std::string(300, 'x') + "\n").find("line 2: longer than"),
              std::string::npos);
}

}  // namespace
}  // namespace interop
