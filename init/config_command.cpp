// SPDX-License-Identifier: MIT
#include "init/config_command.h"

#include <algorithm>
#include <cstdlib>

#include "init/machine/machine_settings.h"
#include "init/messages.h"
#include "init/registration_settings.h"
#include "interop/os/read_file.h"
#include "interop/route/ini_settings.h"
#include "interop/text/printable.h"

namespace init {
namespace {

using interop::ConfigurationFinding;
using interop::EffectiveSetting;

constexpr int exit_problem = 1;
constexpr int exit_usage = 2;
constexpr std::size_t largest_file = 256u << 10;
constexpr std::size_t largest_kernel_command_line = 64u << 10;

constexpr std::string_view usage =
    "Usage: mzinit config check [FILE]\n"
    "       mzinit config show [--explain]\n"
    "\n"
    "check: says what is wrong with FILE, or with the configuration in force, a line each: FILE:LINE: WHAT.\n"
    "show: prints every key with the value in force, and where that comes from.\n"
    "\n"
    "  --explain  also say what each key means\n";

int fail(int exit_status, const std::string& reason) {
    warn_user(interop::printable_line("config: " + reason));
    return exit_status;
}

std::string_view environment_value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string kernel_command_line() {
    return interop::read_file("/proc/cmdline", largest_kernel_command_line).value_or("");
}

/// The warnings of a reader that has them as sentences: "line 3: WHAT".
void add_warnings(std::vector<ConfigurationFinding>& findings, const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        const auto line = interop::split_ini_line(warning);
        if (line) findings.push_back({line->first, ConfigurationFinding::Severity::warning, std::string(line->second)});
    }
}

/// Where a line can be broken at the latest, at a blank, so that what follows goes on with it, and nothing is read as a comment; npos
/// if nowhere. "NAME =" stays whole.
std::size_t find_break(const EffectiveSetting& setting, std::string_view line, std::size_t latest) {
    for (auto blank = line.rfind(' ', latest); blank != std::string_view::npos && blank > 0;
         blank = line.rfind(' ', blank - 1)) {
        const std::string_view rest = line.substr(blank + 1);
        // Only one blank is put there again.
        const bool is_single = line[blank - 1] != ' ' && !rest.starts_with(' ');
        if (is_single && line[blank - 1] != '=' && interop::goes_on(setting.section, setting.key->name, rest) &&
            interop::find_ini_comment(line.substr(0, blank), 0) == std::string_view::npos) {
            return blank;
        }
    }
    return std::string_view::npos;
}

/// A setting with blanks in its value, as one that goes on in indented lines.
std::string in_several_lines(const EffectiveSetting& setting, std::string_view line) {
    constexpr std::string_view indent = "    ";
    std::string text;
    while (line.size() + indent.size() > interop::longest_ini_line ||
           interop::find_ini_comment(line, 0) != std::string_view::npos) {
        const auto blank = find_break(setting, line, interop::longest_ini_line - indent.size());
        if (blank == std::string_view::npos) break;
        text += std::string(line.substr(0, blank)) + "\n" + std::string(indent);
        line.remove_prefix(blank + 1);
    }
    return text + std::string(line) + "\n";
}

/// "FILE:LINE: WHAT" for each, and "SOURCE: WHAT" for what is wrong elsewhere.
std::vector<std::string> problems_of(const interop::ConfigurationText& configuration) {
    std::vector<std::string> problems;
    for (const ConfigurationFinding& finding : check_configuration(configuration.text)) {
        problems.push_back(configuration.source + ":" + std::to_string(finding.line) + ": " + finding.what);
    }
    return problems;
}

std::vector<std::string> problems_elsewhere(const interop::ConfigurationText& configuration) {
    std::vector<std::string> problems;
    const std::string command_line = kernel_command_line();
    const auto settled = interop::settle_endpoints(interop::read_configuration(configuration.text).configuration,
                                                   environment_value("MZINIT_HOST"), command_line);
    if (!settled) problems.push_back(settled.error().message());
    const MachineSettings of_kernel = parse_machine_settings("", command_line);
    problems.insert(problems.end(), of_kernel.warnings.begin(), of_kernel.warnings.end());
    return problems;
}

int report(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) print(interop::printable_line(problem) + "\n");
    return problems.empty() ? 0 : exit_problem;
}

int check_file(const std::string& path) {
    auto text = interop::read_file(path, largest_file);
    if (!text) return fail(exit_problem, text.error().message());
    return report(problems_of({std::move(*text), path}));
}

int check_in_force() {
    const auto found = interop::find_configuration();
    if (!found) return fail(exit_problem, found.error().message());
    std::vector<std::string> problems = problems_of(*found);
    for (std::string& problem : problems_elsewhere(*found)) problems.push_back(std::move(problem));
    return report(problems);
}

int show_in_force(bool explain) {
    const auto found = interop::find_configuration();
    if (!found) return fail(exit_problem, found.error().message());
    const std::string command_line = kernel_command_line();
    interop::SettingSources sources{.text = found->text,
                                    .name = found->source,
                                    .mzinit_host = environment_value("MZINIT_HOST"),
                                    .kernel_command_line = command_line,
                                    .wrong_lines = {}};
    for (const ConfigurationFinding& finding : check_configuration(found->text))
        sources.wrong_lines.insert(finding.line);
    print(format_settings(interop::effective_settings(sources), explain));
    std::vector<std::string> problems = problems_of(*found);
    for (std::string& problem : problems_elsewhere(*found)) problems.push_back(std::move(problem));
    for (const std::string& problem : problems) warn_user(interop::printable_line(problem));
    return problems.empty() ? 0 : exit_problem;
}

}  // namespace

std::vector<ConfigurationFinding> check_configuration(std::string_view text) {
    std::vector<ConfigurationFinding> findings = interop::read_configuration(text).findings;
    add_warnings(findings, parse_machine_settings(text, "").warnings);
    add_warnings(findings, parse_registration_settings(text).warnings);
    std::ranges::stable_sort(findings, {}, &ConfigurationFinding::line);
    // A line that is no setting is found by everybody.
    const auto is_same = [](const auto& a, const auto& b) { return a.line == b.line && a.what == b.what; };
    findings.erase(std::unique(findings.begin(), findings.end(), is_same), findings.end());
    return findings;
}

std::string format_settings(const std::vector<EffectiveSetting>& settings, bool explain) {
    std::string text;
    std::string_view section;
    for (const EffectiveSetting& setting : settings) {
        if (setting.section != section) {
            text += (text.empty() ? "[" : "\n[") + interop::printable_line(setting.section) + "]\n";
            section = setting.section;
        }
        if (explain) text += "# " + std::string(setting.key->meaning) + "\n";
        const std::string name(setting.key->name);
        std::string source = setting.source;
        if (!setting.has_value)
            source += ": " + std::string(setting.key->default_note.empty() ? "none" : setting.key->default_note);
        if (setting.key->reader == interop::KeyReader::nobody) source += ", for WSL only";
        const std::string line = setting.has_value
                                     ? name + " = " + interop::printable_line(setting.value, setting.value.size())
                                     : ";" + name + " =";
        source = interop::printable_line(source);
        const std::string with_source = line + "  ; " + source + "\n";
        // The reader of the file would cut it, or not take the source for a comment.
        const bool is_read_back = with_source.size() <= interop::longest_ini_line &&
                                  interop::find_ini_comment(with_source, 1) == line.size() + 2;
        text += is_read_back ? with_source : "# " + source + "\n" + in_several_lines(setting, line);
    }
    return text;
}

int run_config(const std::vector<std::string>& words) {
    const std::string action = words.empty() ? "" : words.front();
    const std::string argument = words.size() > 1 ? words[1] : "";
    if (action == "--help" || action == "-h" || argument == "--help" || argument == "-h") {
        print(usage);
        return 0;
    }
    const bool is_option = argument.starts_with('-');
    if (action == "check" && words.size() == 1) return check_in_force();
    if (action == "check" && words.size() == 2 && !is_option) return check_file(words[1]);
    if (action == "show" && words.size() == 1) return show_in_force(false);
    if (action == "show" && words.size() == 2 && argument == "--explain") return show_in_force(true);
    print_error(usage);
    return exit_usage;
}

}  // namespace init
