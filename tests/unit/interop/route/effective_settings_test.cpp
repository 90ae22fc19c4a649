// SPDX-License-Identifier: MIT
#include "interop/route/effective_settings.h"

#include <gmock/gmock.h>

namespace interop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "value from source" for each setting of that key; "nothing from source" where nothing is in force.
std::vector<std::string> in_force(const SettingSources& sources, std::string_view section, std::string_view name) {
    std::vector<std::string> found;
    for (const EffectiveSetting& setting : effective_settings(sources)) {
        if (setting.section != section || setting.key->name != name) continue;
        found.push_back((setting.has_value ? setting.value : "nothing") + " from " + setting.source);
    }
    return found;
}

SettingSources file(std::string_view text) {
    return {.text = text, .name = "/f", .mzinit_host = "", .kernel_command_line = "", .wrong_lines = {}};
}

TEST(EffectiveSettings, WithoutAFileAreTheDefaults) {
    const auto settings = effective_settings({});
    for (const EffectiveSetting& setting : settings) {
        EXPECT_EQ(setting.source, "default");
        EXPECT_EQ(setting.value, setting.key->default_value);
        EXPECT_EQ(setting.has_value, !setting.key->default_value.empty());
        EXPECT_NE(setting.key->reader, KeyReader::nobody);
    }
    EXPECT_GT(settings.size(), 20u);
}

TEST(EffectiveSettings, OfTheFileNameTheirLine) {
    const auto sources = file("[host]\nkey = /a\nkey = /b\n[route]\npe = wine,\n  host\n");
    EXPECT_THAT(in_force(sources, "host", "key"), ElementsAre("/b from /f:3"));
    EXPECT_THAT(in_force(sources, "route", "pe"), ElementsAre("wine, host from /f:5"));
    EXPECT_THAT(in_force(sources, "route", "dos"), ElementsAre("host?, dosbox from default"));
}

TEST(EffectiveSettings, KeyThatAddsHasAllItsValues) {
    EXPECT_THAT(in_force(file("[path]\nmap = /a=A:\\\nmap = /b=B:\\\n"), "path", "map"),
                ElementsAre("/a=A:\\ from /f:2", "/b=B:\\ from /f:3"));
    EXPECT_THAT(in_force(file(""), "path", "map"), ElementsAre("nothing from default"));
}

TEST(EffectiveSettings, EndpointsComeFromTheStrongestSource) {
    const struct {
        const char* variable;
        const char* text;
        const char* kernel;
        const char* expected;
    } table[] = {
        {"unix:/v", "[host]\nendpoints = unix:/f\n", "mzinit.host=unix:/k", "unix:/v from MZINIT_HOST"},
        {"", "[host]\nendpoints = unix:/f\n", "mzinit.host=unix:/k", "unix:/f from /f:2"},
        {"", "", "mzinit.host=unix:/k", "unix:/k from kernel command line: mzinit.host="},
        {"", "[host]\nendpoints =\n", "mzinit.host=unix:/k", "unix:/k from kernel command line: mzinit.host="},
        {"", "[host]\nendpoints =\n", "", "unix:/run/mzinit/hostbridge.sock from default"},
        {"", "", "mzinit.host=", "unix:/run/mzinit/hostbridge.sock from default"},
    };
    for (const auto& row : table) {
        SettingSources sources = file(row.text);
        sources.mzinit_host = row.variable;
        sources.kernel_command_line = row.kernel;
        EXPECT_THAT(in_force(sources, "host", "endpoints"), ElementsAre(row.expected)) << row.text << row.kernel;
    }
}

TEST(EffectiveSettings, KernelsCommandLineDecidesWhatAMachineRuns) {
    SettingSources sources = file("[boot]\ncommand = a\ninit = /b\n");
    EXPECT_THAT(in_force(sources, "boot", "command"), ElementsAre("a from /f:2"));
    sources.kernel_command_line = "mzinit.exec=\"x y\" boot.init=";
    EXPECT_THAT(in_force(sources, "boot", "command"), ElementsAre("x y from kernel command line: mzinit.exec="));
    EXPECT_THAT(in_force(sources, "boot", "init"), ElementsAre("nothing from kernel command line: boot.init="));
}

TEST(EffectiveSettings, WrongLinesCountForNothing) {
    SettingSources sources = file("[boot]\ntimeout = 5\ntimeout = soon\nregister = maybe\n");
    sources.wrong_lines = {3, 4};
    EXPECT_THAT(in_force(sources, "boot", "timeout"), ElementsAre("5 from /f:2"));
    EXPECT_THAT(in_force(sources, "boot", "register"), ElementsAre("yes from default"));
}

TEST(EffectiveSettings, LinesThatGoOnWithAWrongOneCountForNothing) {
    SettingSources sources =
        file("[host]\nendpoints = unix:/a\nendpoints = nowhere\n  unix:/b\n[route]\npe = wine,\n  magic\n  host\n");
    sources.wrong_lines = {3, 7};
    EXPECT_THAT(in_force(sources, "host", "endpoints"), ElementsAre("unix:/a from /f:2"));
    EXPECT_THAT(in_force(sources, "route", "pe"), ElementsAre("wine, from /f:6"));
}

TEST(EffectiveSettings, TheLastInitThatIsNamedCounts) {
    const auto first = file("[boot]\nsystemd = yes\ninit = /b\n");
    EXPECT_THAT(in_force(first, "boot", "init"), ElementsAre("/b from /f:3"));
    EXPECT_THAT(in_force(first, "boot", "systemd"), ElementsAre("no from default"));
    auto second = file("[boot]\ninit = /b\nsystemd = yes\n");
    EXPECT_THAT(in_force(second, "boot", "init"), ElementsAre("nothing from default"));
    EXPECT_THAT(in_force(second, "boot", "systemd"), ElementsAre("yes from /f:3"));
    EXPECT_THAT(in_force(file("[boot]\ninit = /b\nsystemd = no\n"), "boot", "init"), ElementsAre("/b from /f:2"));
    second.kernel_command_line = "boot.init=/c";
    EXPECT_THAT(in_force(second, "boot", "init"), ElementsAre("/c from kernel command line: boot.init="));
    EXPECT_THAT(in_force(second, "boot", "systemd"), ElementsAre("no from kernel command line: boot.init="));
}

TEST(EffectiveSettings, EveryServiceHasItsOwn) {
    const auto sources = file("[service web]\ncommand = a\n[service db]\ncommand = b\nrestart = no\n");
    EXPECT_THAT(in_force(sources, "service web", "restart"), ElementsAre("on-failure from default"));
    EXPECT_THAT(in_force(sources, "service db", "restart"), ElementsAre("no from /f:5"));
    EXPECT_THAT(in_force(file(""), "service", "restart"), IsEmpty());
}

TEST(EffectiveSettings, GroupsThatAreNamedReplaceTheUsersOfTheDefault) {
    EXPECT_THAT(in_force(file("[broker]\nallow_groups = 100\n"), "broker", "allow_users"),
                ElementsAre("nothing from default"));
}

TEST(EffectiveSettings, WslsOwnKeysAreThereOnlyIfWritten) {
    EXPECT_THAT(in_force(file("[automount]\nOptions = x\n"), "automount", "options"), ElementsAre("x from /f:2"));
    EXPECT_THAT(in_force(file(""), "automount", "options"), IsEmpty());
}

}  // namespace
}  // namespace interop
