// SPDX-License-Identifier: MIT
#include "init/report_command.h"

#include <array>
#include <charconv>
#include <csignal>
#include <optional>
#include <string_view>

#include <sys/utsname.h>

#include "init/messages.h"
#include "interop/route/exit_code.h"
#include "interop/text/printable.h"
#include "proto/wire/limits.h"
#include "proto/wire/utf8_text.h"

namespace init {
namespace {

constexpr int exit_usage = 2;
constexpr int highest_exit_code = 255;

constexpr std::string_view usage =
    "Usage: mzinit report [--machine NAME] (--exit-code N | --signal N) [--] COMMAND [ARGUMENT...]\n"
    "Tells the host's agent how COMMAND, which has ended, did so. Runs nothing.\n"
    "\n"
    "  --machine NAME   this machine; its host name otherwise\n"
    "  --exit-code N    COMMAND exited with N, 0 to 255\n"
    "  --signal N       signal N killed COMMAND\n";

/// The words after `report`, taken from the front.
class ReportWords {
  public:
    explicit ReportWords(const std::vector<std::string>& words) : words_(words) {}

    proto::Result<ReportOptions> parse() {
        ReportOptions options;
        while (at_ < words_.size() && words_[at_].starts_with('-')) {
            const std::string_view word = words_[at_++];
            if (word == "--") break;
            if (word == "--help" || word == "-h") return ReportOptions{.wants_help = true, .ended = {}};
            if (auto read = read_option(word, options.ended); !read) return read.error();
        }
        if (exit_code_.has_value() == signal_.has_value()) {
            return proto::stated_error("exactly one of --exit-code and --signal is needed");
        }
        if (at_ == words_.size()) return proto::stated_error("no command was given");
        options.ended.exit_code = exit_code_.value_or(0);
        options.ended.signal = signal_.value_or(0);
        options.ended.words.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        return options;
    }

  private:
    proto::Result<void> read_option(std::string_view word, interop::EndedCommand& ended) {
        const auto equals = std::min(word.find('='), word.size());
        const std::string name(word.substr(0, equals));
        if (name != "--machine" && name != "--exit-code" && name != "--signal") {
            return proto::stated_error("option " + name + " is not known");
        }
        if (equals == word.size() && at_ == words_.size()) return proto::stated_error(name + " needs a value");
        const std::string value = equals == word.size() ? words_[at_++] : std::string(word.substr(equals + 1));
        if (name == "--machine") return read_machine(value, ended);
        return name == "--signal" ? read_number(name, value, {1, SIGRTMAX}, signal_)
                                  : read_number(name, value, {0, highest_exit_code}, exit_code_);
    }

    static proto::Result<void> read_machine(const std::string& name, interop::EndedCommand& ended) {
        constexpr std::size_t limit = proto::limits::max_machine_name_length;
        if (name.empty() || proto::to_utf8_text(name) != name || name.size() > limit) {
            return proto::stated_error("--machine: a name has 1 to " + std::to_string(limit) + " bytes of UTF-8");
        }
        ended.machine = name;
        return {};
    }

    static proto::Result<void> read_number(const std::string& name, std::string_view text, std::array<int, 2> range,
                                           std::optional<int>& number) {
        int value = 0;
        const auto [stopped, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool is_number = problem == std::errc() && stopped == text.data() + text.size();
        if (!is_number || value < range[0] || value > range[1]) {
            return proto::stated_error(name + ": \"" + std::string(text) + "\" is not a number from " +
                                       std::to_string(range[0]) + " to " + std::to_string(range[1]));
        }
        number = value;
        return {};
    }

    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    std::optional<int> exit_code_;
    std::optional<int> signal_;
};

std::string host_name() {
    utsname system{};
    return uname(&system) == 0 ? system.nodename : std::string();
}

int fail(int exit_status, const std::string& reason) {
    // The user's words, or the agent's, may be in it.
    warn_user(interop::printable_line("report: " + reason));
    return exit_status;
}

}  // namespace

proto::Result<ReportOptions> parse_report_options(const std::vector<std::string>& words) {
    return ReportWords(words).parse();
}

int run_report(const std::vector<std::string>& words) {
    auto options = parse_report_options(words);
    if (!options) return fail(exit_usage, options.error().message());
    if (options->wants_help) {
        print(usage);
        return 0;
    }
    if (options->ended.machine.empty()) options->ended.machine = host_name();
    auto configuration = interop::load_configuration();
    if (!configuration) return fail(interop::exit_code::bridge_failed, configuration.error().message());
    for (const std::string& warning : configuration->warnings) warn_user(warning);
    if (auto reported = interop::report_to_host(*configuration, interop::make_report(options->ended)); !reported) {
        return fail(interop::exit_code::bridge_failed, reported.error().message());
    }
    return 0;
}

}  // namespace init
