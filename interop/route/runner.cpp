// SPDX-License-Identifier: MIT
#include "interop/route/runner.h"

#include <algorithm>
#include <array>

#include "interop/route/runner_wine.h"

namespace interop {
namespace {

constexpr std::array<std::string_view, 6> known_kinds{"pe64", "pe32", "dotnet", "dos", "win16", "batch"};

bool runs_on_this_processor(const ImageDescription& image) {
    // Pure IL is for every processor; its header says i386 or whatever its compiler ran on.
    if (image.managed == Managed::il) return true;
    // ARM64EC says that it is x86-64.
    return image.machine == Machine::i386 || (image.machine == Machine::amd64 && image.detail != "ARM64EC");
}

bool is_program_for_a_user(const ImageDescription& image) {
    return !image.is_dll &&
           (image.subsystem == Subsystem::windows_console || image.subsystem == Subsystem::windows_gui);
}

std::string_view width_kind(const ImageDescription& image) { return image.bits == 64 ? "pe64" : "pe32"; }

}  // namespace

std::string_view runner_kind(const ImageDescription& image) {
    switch (image.kind) {
        case ImageKind::pe:
            if (!is_program_for_a_user(image) || !runs_on_this_processor(image)) return {};
            return image.managed == Managed::il ? "dotnet" : width_kind(image);
        case ImageKind::dos: return image.is_dll ? "" : "dos";
        case ImageKind::ne: return !image.is_dll && image.detail == "Windows" ? "win16" : "";
        case ImageKind::batch: return "batch";
        default: return {};
    }
}

bool is_for_another_processor(const ImageDescription& image) {
    return image.kind == ImageKind::pe && is_program_for_a_user(image) && !runs_on_this_processor(image);
}

RunnerTable RunnerTable::with_defaults(const WineInstallation& wine, bool has_mono) {
    RunnerTable table;
    table.commands_ = {{"pe64", "wine %p"}, {"pe32", "wine %p"}, {"batch", "wine %p"}};
    if (has_mono) table.commands_.emplace_back("dotnet", "mono %p");
    if (wine.runs_32_bit) table.commands_.emplace_back("win16", "wine %p");
    return table;
}

proto::Result<void> RunnerTable::set(std::string_view assignment) {
    const auto equals = assignment.find('=');
    const std::string_view kind = assignment.substr(0, equals);
    if (equals == std::string_view::npos || std::ranges::find(known_kinds, kind) == known_kinds.end()) {
        return proto::stated_error("runner \"" + std::string(assignment) +
                                   "\" (wanted KIND=COMMAND; kinds are pe64, pe32, dotnet, dos, win16, batch)");
    }
    const std::string_view command = assignment.substr(equals + 1);
    if (!command.empty()) {
        if (auto words = expand_command(command, "x"); !words) return words.error();
    }
    std::erase_if(commands_, [&](const auto& entry) { return entry.first == kind; });
    if (!command.empty()) commands_.emplace_back(kind, command);
    return {};
}

const std::string* RunnerTable::find_kind(std::string_view kind) const {
    const auto found =
        std::ranges::find(commands_, kind, [](const auto& entry) -> std::string_view { return entry.first; });
    return found == commands_.end() ? nullptr : &found->second;
}

const std::string* RunnerTable::find(const ImageDescription& image) const {
    const std::string_view kind = runner_kind(image);
    const std::string* command = find_kind(kind);
    return command == nullptr && kind == "dotnet" ? find_kind(width_kind(image)) : command;
}

proto::Result<std::vector<std::string>> expand_command(std::string_view command, std::string_view program) {
    std::vector<std::string> words;
    bool in_word = false;
    bool quoted = false;
    bool has_program = false;
    for (std::size_t i = 0; i < command.size(); ++i) {
        const char c = command[i];
        if (!quoted && (c == ' ' || c == '\t')) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '%' && i + 1 < command.size() && (command[i + 1] == 'p' || command[i + 1] == '%')) {
            ++i;
            has_program = has_program || command[i] == 'p';
            words.back() += command[i] == 'p' ? program : std::string_view("%");
        } else {
            words.back() += c;
        }
    }
    if (quoted || words.empty() || words.front().empty()) {
        return proto::stated_error("runner command \"" + std::string(command) +
                                   "\" (a quote is open, or there is no program)");
    }
    if (!has_program) words.emplace_back(program);
    return words;
}

std::optional<RunnerRefusal> runner_refusal(const ImageDescription& image, const RunnerTable& table,
                                            const WineInstallation& wine) {
    using Reason = RunnerRefusal::Reason;
    const std::string what = "it is " + describe(image);
    if (runner_kind(image).empty()) {
        const bool other_processor = is_for_another_processor(image);
        return RunnerRefusal{other_processor ? Reason::wrong_machine : Reason::bad_format,
                             other_processor ? what + ", which is for another processor" : what};
    }
    const std::string* command = table.find(image);
    if (command == nullptr)
        return RunnerRefusal{Reason::wrong_machine, what + ", and this host has no runner for those"};
    const auto words = expand_command(*command, {});
    if (!words || !is_wine(words->front())) return std::nullopt;
    const std::string problem = wine_problem(image, wine);
    if (problem.empty()) return std::nullopt;
    return RunnerRefusal{Reason::wrong_machine, what + ", and " + problem};
}

bool needs_32_bit_wine(const ImageDescription& image) {
    // 16-bit programs run inside a 32-bit one; .NET programs for any processor are run as 64-bit ones.
    if (image.kind == ImageKind::batch) return false;  // cmd.exe is there in the width of the prefix
    return image.bits != 64 && !(image.managed == Managed::il && image.detail == "any CPU");
}

std::string wine_problem(const ImageDescription& image, const WineInstallation& wine) {
    if (!wine.runs_64_bit && !wine.runs_32_bit) return "Wine is not installed here: apt-get install wine";
    if (needs_32_bit_wine(image) && !wine.runs_32_bit) {
        return "only a 64-bit Wine is installed here: dpkg --add-architecture i386 && apt-get update && apt-get "
               "install "
               "wine32:i386";
    }
    return {};
}

}  // namespace interop
