// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_batch.h"

#include <algorithm>

#include "interop/text/command_line.h"
#include "interop/text/utf16.h"
#include "interop/text/windows_file_name.h"

namespace interop {
namespace {

constexpr const char* command_variable = "MZINIT_BATCH_COMMAND";
/// MAX_PATH, beyond which cmd.exe runs nothing; the NUL counts.
constexpr std::size_t longest_path = 260;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

std::optional<proto::Error> garbled(const std::string& path, const std::vector<std::string>& arguments) {
    const auto fault = [](std::string what) {
        return proto::Error{make_error_code(CommandLineFault::garbled_by_locale), std::move(what)};
    };
    if (!is_ascii(path)) return fault("batch file's name");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (!is_ascii(arguments[i])) return fault("argument " + std::to_string(i + 1));
    }
    return std::nullopt;
}

}  // namespace

proto::Result<std::string> wine_path(const std::string& path, const std::vector<WineDrive>& drives) {
    const WineDrive* closest = closest_drive(path, drives);
    if (closest == nullptr) return proto::stated_error("no drive of Wine's prefix leads to the batch file");
    std::string translated{closest->letter, ':'};
    std::string_view rest = below_drive(path, *closest);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view name = rest.substr(0, rest.find('/'));
        const bool is_last = name.size() == rest.size();
        if (is_last ? !is_windows_file_name(name) : !has_windows_name_form(name)) {
            return proto::stated_error("\"" + std::string(name) + "\" in the batch file's path is no name for Windows");
        }
        translated += '\\';
        translated += name;
        rest.remove_prefix(name.size());
    }
    return translated;
}

proto::Result<WineBatch> prepare_wine_batch(const std::string& path, const std::vector<std::string>& arguments,
                                            const std::vector<WineDrive>& drives, bool reads_utf8) {
    const auto script = wine_path(path, drives);
    if (!script) return script.error();
    std::vector<std::string> argv{*script};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto command = build_batch_command(*script, argv);
    if (!command) return command.error();
    if (script->size() >= longest_path) return proto::stated_error("the batch file's path is too long for cmd.exe");
    if (!reads_utf8) {
        if (auto problem = garbled(*script, arguments)) return std::move(*problem);
    }
    const std::string reference = std::string("%") + command_variable + "%";
    return WineBatch{.words = {"/e:ON", "/v:OFF", "/d", "/c", reference},
                     .variable = command_variable,
                     .command = utf16_to_utf8(*command)};
}

}  // namespace interop
