// SPDX-License-Identifier: MIT
#include "interop/text/command_line.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "interop/text/utf16.h"
#include "proto/base/ascii_case.h"

namespace interop {
namespace {

class CommandLineCategory final : public std::error_category {
  public:
    const char* name() const noexcept override { return "mzinit command line"; }

    std::string message(int value) const override {
        switch (static_cast<CommandLineFault>(value)) {
            case CommandLineFault::too_long: return "argument list too long";
            case CommandLineFault::not_utf8: return "not valid UTF-8, which Windows programs cannot be given";
            case CommandLineFault::embedded_nul: return "contains a NUL byte";
            case CommandLineFault::quote_in_program_name: return "a program's own name cannot contain \"";
            case CommandLineFault::unsafe_for_cmd:
                return "contains a character that a batch file cannot be given safely";
            case CommandLineFault::garbled_by_locale:
                return "is not ASCII, which Wine reads wrongly in this locale; LC_ALL=C.UTF-8, or another one for "
                       "UTF-8 "
                       "that is installed, helps";
        }
        return "unknown command line fault";
    }
};

proto::Error fault(CommandLineFault code, std::string doing) { return {make_error_code(code), std::move(doing)}; }

std::string argument_name(std::size_t index) { return "argument " + std::to_string(index); }

proto::Result<std::u16string> to_units(std::string_view text, const std::string& what) {
    if (text.find('\0') != std::string_view::npos) return fault(CommandLineFault::embedded_nul, what);
    std::optional<std::u16string> units = utf8_to_utf16(text);
    if (!units) return fault(CommandLineFault::not_utf8, what);
    return std::move(*units);
}

constexpr std::u16string_view white_space = u" \t\r\n\v";

/// `""` is safe only as a whole argument: inside quotes the C runtime and CommandLineToArgvW disagree about it.
void append_quoted(std::u16string& line, std::u16string_view argument) {
    if (!argument.empty() && argument.find_first_of(u" \t\r\n\v\"") == std::u16string_view::npos) {
        line += argument;
        return;
    }
    line += u'"';
    std::size_t backslashes = 0;
    for (const char16_t unit : argument) {
        if (unit == u'\\') {
            ++backslashes;
            continue;
        }
        // Backslashes are special only before a quote: there each is doubled, and one more escapes the quote.
        line.append(unit == u'"' ? backslashes * 2 + 1 : backslashes, u'\\');
        backslashes = 0;
        line += unit;
    }
    line.append(backslashes * 2, u'\\');
    line += u'"';
}

proto::Result<std::u16string> program_name(std::string_view argv0) {
    proto::Result<std::u16string> name = to_units(argv0, argument_name(0));
    if (!name) return name;
    if (name->find(u'"') != std::u16string::npos) {
        return fault(CommandLineFault::quote_in_program_name, argument_name(0));
    }
    if (name->empty() || name->find_first_of(white_space) != std::u16string::npos) {
        name->insert(0, 1, u'"');
        *name += u'"';
    }
    return name;
}

proto::Result<std::u16string> checked_length(std::u16string line, std::size_t limit) {
    // The NUL counts.
    if (line.size() >= limit) {
        return fault(CommandLineFault::too_long, "command line over " + std::to_string(limit - 1) + " characters");
    }
    return line;
}

/// A quote, a percent sign or an end of line has no escape that cmd.exe honours everywhere; of the other control
/// characters only the tab is known to be harmless.
bool is_unsafe_for_cmd(std::u16string_view text) {
    return std::any_of(text.begin(), text.end(), [](char16_t unit) {
        return unit == u'"' || unit == u'%' || (unit < 0x20 && unit != u'\t') || unit == 0x7F;
    });
}

/// Which arguments cmd.exe leaves alone without quotes: a list of what is known to be safe, because the list of
/// what is not (`&|<>^(),;=!` and more) has grown before.
bool is_plain_for_cmd(std::u16string_view argument) {
    return !argument.empty() && argument.back() != u'\\' &&
           std::all_of(argument.begin(), argument.end(), [](char16_t unit) {
               const bool is_alphanumeric =
                   (unit >= u'0' && unit <= u'9') || (unit >= u'A' && unit <= u'Z') || (unit >= u'a' && unit <= u'z');
               return is_alphanumeric || std::u16string_view(u"#$*+-./:?@\\_").find(unit) != std::u16string_view::npos;
           });
}

void append_for_cmd(std::u16string& line, std::u16string_view argument) {
    if (is_plain_for_cmd(argument)) {
        line += argument;
        return;
    }
    line += u'"';
    line += argument;
    // The batch file may hand its arguments to a program, for which a backslash before the quote is an escape.
    const std::size_t last_other = argument.find_last_not_of(u'\\');
    const std::size_t trailing =
        last_other == std::u16string_view::npos ? argument.size() : argument.size() - last_other - 1;
    line.append(trailing, u'\\');
    line += u'"';
}

}  // namespace

const std::error_category& command_line_category() noexcept {
    static const CommandLineCategory category;
    return category;
}

std::string windows_argv0(std::string_view exec_path, std::string_view argv0) {
    if (argv0 != exec_path) return std::string(argv0);
    return std::string(argv0.substr(argv0.rfind('/') + 1));  // npos + 1 is 0
}

proto::Result<std::u16string> build_command_line(const std::vector<std::string>& argv) {
    CHECK(!argv.empty());
    proto::Result<std::u16string> line = program_name(argv[0]);
    if (!line) return line;
    for (std::size_t index = 1; index < argv.size(); ++index) {
        const proto::Result<std::u16string> argument = to_units(argv[index], argument_name(index));
        if (!argument) return argument.error();
        *line += u' ';
        append_quoted(*line, *argument);
        // Here too, so that a huge list is refused before it has been copied twice.
        if (line->size() >= max_command_line_units) break;
    }
    return checked_length(std::move(*line), max_command_line_units);
}

std::string raw_command_tail(const std::vector<std::string>& arguments) {
    std::string tail;
    for (const std::string& argument : arguments) tail += (&argument == &arguments.front() ? "" : " ") + argument;
    return tail;
}

proto::Result<std::u16string> build_raw_command_line(std::string_view argv0, std::string_view tail) {
    proto::Result<std::u16string> line = program_name(argv0);
    if (!line) return line;
    const proto::Result<std::u16string> units = to_units(tail, "raw arguments");
    if (!units) return units.error();
    if (!units->empty()) {
        *line += u' ';
        *line += *units;
    }
    return checked_length(std::move(*line), max_command_line_units);
}

bool is_batch_file(std::string_view windows_path) {
    std::string_view name = windows_path.substr(windows_path.find_last_of("\\/") + 1);
    // "x.bat:stream" and "x.bat::$DATA" open (parts of) the same file; "C:x.bat" has its name behind the colon.
    if (const bool has_drive = name.size() > 1 && name[1] == ':'; has_drive) name.remove_prefix(2);
    name = name.substr(0, name.find(':'));
    name = name.substr(0, name.find_last_not_of(". ") + 1);
    if (name.size() < 4) return false;
    const std::string_view suffix = name.substr(name.size() - 4);
    return proto::equals_ignoring_case(suffix, ".bat") || proto::equals_ignoring_case(suffix, ".cmd");
}

proto::Result<std::u16string> build_batch_command(std::string_view script, const std::vector<std::string>& argv) {
    const proto::Result<std::u16string> path = to_units(script, "batch file's name");
    if (!path) return path;
    if (is_unsafe_for_cmd(*path)) return fault(CommandLineFault::unsafe_for_cmd, "batch file's name");
    std::u16string line = u'"' + *path + u'"';
    for (std::size_t index = 1; index < argv.size(); ++index) {
        const proto::Result<std::u16string> argument = to_units(argv[index], argument_name(index));
        if (!argument) return argument.error();
        if (is_unsafe_for_cmd(*argument)) return fault(CommandLineFault::unsafe_for_cmd, argument_name(index));
        line += u' ';
        append_for_cmd(line, *argument);
        if (line.size() >= max_batch_command_line_units) break;
    }
    return checked_length(std::move(line), max_batch_command_line_units);
}

proto::Result<std::u16string> build_batch_command_line(std::string_view script, const std::vector<std::string>& argv) {
    const proto::Result<std::u16string> command = build_batch_command(script, argv);
    if (!command) return command;
    // /d: no AutoRun commands from the registry; /v:off: no !variables!; /e:on: the command extensions that quoting
    // relies on. cmd.exe takes off the outermost pair of quotes behind /c.
    return checked_length(u"cmd.exe /e:ON /v:OFF /d /c \"" + *command + u'"', max_batch_command_line_units);
}

}  // namespace interop
