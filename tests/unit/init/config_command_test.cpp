// SPDX-License-Identifier: MIT
#include "init/config_command.h"

#include <gmock/gmock.h>

#include "init/machine/machine_settings.h"
#include "interop/route/configuration.h"

namespace init {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> problems(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& finding : check_configuration(text))
        lines.push_back(std::to_string(finding.line) + ": " + finding.what);
    return lines;
}

TEST(ConfigCommand, FindsWhatEveryReaderOfTheFileFinds) {
    EXPECT_THAT(
        problems(
            "[boot]\nprotect_binfmt = perhaps\n[host]\nkeys = /k\n[dos]\nline_ends = both\n[service web]\nrestart = "
            "no\n[boot]\ncomand = x\nnonsense\n"),
        ElementsAre("2: [boot] protect_binfmt = perhaps: neither yes nor no",
                    "4: the key keys of [host] is not known and is ignored", "6: wanted line_ends = keep or convert",
                    "8: [service web] has no command and is ignored",
                    "10: the key comand of [boot] is not known and is ignored",
                    "11: neither [section] nor name = value"));
    EXPECT_THAT(problems("[boot]\ncommand = /bin/app\n[interop]\nenabled = false\n"), IsEmpty());
}

TEST(ConfigCommand, WhatIsShownIsAFileThatSaysTheSame) {
    const std::string text =
        "[host]\nendpoints = unix:/a\n  tcp:127.0.0.1:1\nkey = /k\n[path]\nmap = /a=A:\\\nmap = "
        "/b=B:\\\n[interop]\nenabled = "
        "false\n[boot]\ncommand = /bin/app -x\n[service web]\ncommand = httpd\n";
    const interop::SettingSources sources{
        .text = text, .name = "/f", .mzinit_host = "", .kernel_command_line = "", .wrong_lines = {}};
    for (const bool explain : {false, true}) {
        const std::string shown = format_settings(interop::effective_settings(sources), explain);
        EXPECT_THAT(problems(shown), IsEmpty()) << shown;
        const auto configuration = interop::parse_configuration(shown).value();
        ASSERT_EQ(configuration.endpoints.size(), 2u);
        EXPECT_EQ(to_string(configuration.endpoints[1]), "tcp:127.0.0.1:1");
        EXPECT_EQ(configuration.key_file, "/k");
        EXPECT_EQ(configuration.path_map.size(), 2u);
        EXPECT_FALSE(configuration.routes.enabled);
        const MachineSettings machine = parse_machine_settings(shown, "");
        EXPECT_THAT(machine.command, ElementsAre("/bin/app", "-x"));
        ASSERT_EQ(machine.services.size(), 1u);
        EXPECT_EQ(machine.services[0].name, "web");
    }
}

/// "[section] key=value" for all that is in force.
std::vector<std::string> in_force(const std::string& text, std::string_view kernel_command_line) {
    interop::SettingSources sources{
        .text = text, .name = "/f", .mzinit_host = "", .kernel_command_line = kernel_command_line, .wrong_lines = {}};
    for (const auto& finding : check_configuration(text)) sources.wrong_lines.insert(finding.line);
    std::vector<std::string> settings;
    for (const auto& setting : interop::effective_settings(sources)) {
        if (!setting.has_value) continue;
        settings.push_back("[" + setting.section + "] " + std::string(setting.key->name) + "=" + setting.value);
    }
    return settings;
}

TEST(ConfigCommand, WhatIsShownIsInForceIfItIsTheFile) {
    const std::string words(120, 'w');
    const std::string texts[] = {
        "[host]\nname = a\n  b\nendpoints = nowhere\n  unix:/a\n",
        "[path]\nmap = /a=/b\n  /c=/d\nmap = /e = \"/f # g\" # h\nmap = /x=X:\\\n",
        "[Interop]\nEnabled = no # why\n[automount]\n  Options = \"metadata\"\n  root = \"/win\" # where\n",
        "[boot]\ncommand = \"service a start ; service b start\"\nsystemd = yes\ninit = /sbin/other\n",
        "[boot]\ninit = /sbin/other\nsystemd = yes\nmodules = a\n  b c\n",
        "[boot]\ncommand = x\ncommand = y" + std::string(300, 'y') + "\n[broker]\nallow_groups = 1\nallow_users = me\n",
        "[boot]\ncommand = " + words + "\n  " + words + " timeout=5\n  a timeout=5 #b \"c ; d\" e  f " + words + "\n",
        "[boot]\ncommand = say 6\"\n  inches \"a ; b\" c\n",
        "[service web]\ncommand = " + words + "\n  -x [boot] restart=no\n  " + words + "\nrestart = always\n",
    };
    for (const std::string& text : texts) {
        const auto expected = in_force(text, "");
        const interop::SettingSources sources = [&] {
            interop::SettingSources result{
                .text = text, .name = "/\"f\"", .mzinit_host = "", .kernel_command_line = "", .wrong_lines = {}};
            for (const auto& finding : check_configuration(text)) result.wrong_lines.insert(finding.line);
            return result;
        }();
        const std::string shown = format_settings(interop::effective_settings(sources), false);
        EXPECT_EQ(in_force(shown, ""), expected) << shown;
        EXPECT_THAT(problems(shown), IsEmpty()) << shown;
        const MachineSettings machine = parse_machine_settings(shown, "");
        const MachineSettings of_text = parse_machine_settings(text, "");
        EXPECT_EQ(machine.command, of_text.command) << shown;
        EXPECT_EQ(machine.handover, of_text.handover) << shown;
    }
}

TEST(ConfigCommand, CommandOfTheKernelsCommandLineIsShownAsAFileWouldHaveIt) {
    constexpr std::string_view kernel = "mzinit.exec=\"a 'b' ; c\"";
    const interop::SettingSources sources{
        .text = "", .name = "/f", .mzinit_host = "", .kernel_command_line = kernel, .wrong_lines = {}};
    const std::string shown = format_settings(interop::effective_settings(sources), false);
    EXPECT_EQ(parse_machine_settings(shown, "").command, parse_machine_settings("", kernel).command);
    EXPECT_THAT(parse_machine_settings(shown, "").command, ElementsAre("/bin/sh", "-c", "a 'b' ; c"));
}

TEST(ConfigCommand, LongListIsShownInLinesThatCanBeRead) {
    std::string text = "[host]\nendpoints =\n";
    for (int i = 0; i < 40; ++i) text += "  unix:/run/agents/number" + std::to_string(i) + "\n";
    const interop::SettingSources sources{
        .text = text, .name = "/f", .mzinit_host = "", .kernel_command_line = "", .wrong_lines = {}};
    const std::string shown = format_settings(interop::effective_settings(sources), false);
    EXPECT_THAT(problems(shown), IsEmpty()) << shown;
    const auto endpoints = interop::parse_configuration(shown)->endpoints;
    ASSERT_EQ(endpoints.size(), 40u);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        EXPECT_EQ(to_string(endpoints[i]), "unix:/run/agents/number" + std::to_string(i));
    }
}

TEST(ConfigCommand, ShowsWhereAValueComesFromAndWhatNoValueMeans) {
    const interop::SettingSources sources{.text = "[route]\npe = wine\n",
                                          .name = "/etc/mzinit.conf",
                                          .mzinit_host = "unix:/v",
                                          .kernel_command_line = "mzinit.exec=/bin/sh",
                                          .wrong_lines = {}};
    const std::string shown = format_settings(interop::effective_settings(sources), false);
    for (const char* line :
         {"[host]\nendpoints = unix:/v  ; MZINIT_HOST\n", "\npe = wine  ; /etc/mzinit.conf:2\n",
          "\n;key =  ; default: /etc/mzinit/key, else ~/.config/mzinit/key\n",
          "\ncommand = /bin/sh  ; kernel command line: mzinit.exec=\n", "\n;timeout =  ; default: none\n"}) {
        EXPECT_THAT(shown, HasSubstr(line));
    }
    EXPECT_THAT(format_settings(interop::effective_settings(sources), true), HasSubstr("# where agents listen"));
}

}  // namespace
}  // namespace init
