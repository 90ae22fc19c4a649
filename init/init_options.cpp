// SPDX-License-Identifier: MIT
#include "init/init_options.h"

#include <getopt.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "interop/os/string_pointers.h"

namespace init {
namespace {

enum LongOption : int { option_register = 256, option_version };

constexpr option mzinit_long_options[] = {
    {"register", no_argument, nullptr, option_register},
    {"verbose", no_argument, nullptr, 'v'},
    {"version", no_argument, nullptr, option_version},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0},
};
constexpr option tini_long_options[] = {
    {"version", no_argument, nullptr, option_version},
    {nullptr, 0, nullptr, 0},
};
constexpr option dumb_init_long_options[] = {
    {"help", no_argument, nullptr, 'h'},          {"single-child", no_argument, nullptr, 'c'},
    {"rewrite", required_argument, nullptr, 'r'}, {"verbose", no_argument, nullptr, 'v'},
    {"version", no_argument, nullptr, 'V'},       {nullptr, 0, nullptr, 0},
};

/// What getopt_long(3) is called with: options stop at the first operand, and an argument that is missing is told.
struct Grammar {
    const char* letters;
    const option* words;
};

Grammar grammar_of(Personality personality) {
    switch (personality) {
        case Personality::tini: return {"+:hvwgle:p:s", tini_long_options};
        case Personality::dumb_init: return {"+:hvVcr:", dumb_init_long_options};
        case Personality::mzinit: break;
    }
    return {"+:hvwgle:p:s", mzinit_long_options};
}

proto::Error refusal(std::string text) { return proto::errno_error(EINVAL, std::move(text)); }

proto::Error bad_value(char option, const char* value) {
    return proto::errno_error(bad_option_value, std::string("Not a valid option for -") + option + ": " + value);
}

/// A whole decimal number from `lowest` to `highest`.
std::optional<int> parse_number(std::string_view text, int lowest, int highest) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < lowest || number > highest) {
        return std::nullopt;
    }
    return number;
}

/// "SIGTERM", "TERM" or "15".
std::optional<int> parse_signal(std::string_view text) {
    if (const auto number = parse_number(text, 1, SignalRewrites::highest)) return number;
    if (text.starts_with("SIG")) text.remove_prefix(3);
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        const char* name = ::sigabbrev_np(signal);
        if (name != nullptr && text == name) return signal;
    }
    return std::nullopt;
}

bool add_rewrite(SignalRewrites& rewrites, std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto from = parse_number(text.substr(0, colon), 1, SignalRewrites::highest);
    const auto to = parse_number(text.substr(colon + 1), 0, SignalRewrites::highest);
    return from && to && rewrites.set(*from, *to);
}

constexpr const char* rewrite_help =
    "Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 64, or 0 to drop the signal.\n"
    "This option can be specified multiple times.\n"
    "Use --help for full usage.";

proto::Result<void> apply_option(InitOptions& options, int letter, const char* argument) {
    switch (letter) {
        case 'h': options.request = InitOptions::Request::help; break;
        case 'l': options.request = InitOptions::Request::license; break;
        case 'V':
        case option_version: options.request = InitOptions::Request::version; break;
        case option_register: options.register_rule = true; break;
        case 'v': ++options.verbosity; break;
        case 'w': options.warn_of_orphans = true; break;
        case 'g': options.signal_group = true; break;
        case 's': options.subreaper = true; break;
        case 'c': options.own_session = false; break;
        case 'r':
            if (!add_rewrite(options.rewrites, argument)) return refusal(rewrite_help);
            break;
        case 'e': {
            const auto code = parse_number(argument, 0, 255);
            if (!code) return bad_value('e', argument);
            options.successes.set(static_cast<std::size_t>(*code));
            break;
        }
        case 'p': {
            const auto signal = parse_signal(argument);
            if (!signal) return bad_value('p', argument);
            options.parent_death_signal = *signal;
            break;
        }
        default: break;
    }
    return {};
}

void apply_environment(InitOptions& options, Personality personality, const EnvironmentLookup& environment) {
    if (personality == Personality::dumb_init) {
        options.own_session = environment("DUMB_INIT_SETSID") != "0";
        if (environment("DUMB_INIT_DEBUG") == "1") options.verbosity = 2;
        return;
    }
    // The empty value counts too, as with tini.
    options.subreaper = environment("TINI_SUBREAPER").has_value();
    options.signal_group = environment("TINI_KILL_PROCESS_GROUP").has_value();
    if (const auto text = environment("TINI_VERBOSITY")) {
        options.verbosity = static_cast<unsigned>(parse_number(*text, 0, 9).value_or(0));
    }
}

/// getopt_long's own sentences, which it would print by itself and for argv[0].
std::string fault_text(const std::string& program, int found, const char* word) {
    const bool is_word = std::string_view(word).starts_with("--") && word[2] != '\0';
    const std::string what =
        is_word ? "'" + std::string(word) + "'" : "-- '" + std::string(1, static_cast<char>(optopt)) + "'";
    if (found == ':') return program + ": option requires an argument " + what;
    return program + ": " + (is_word ? "unrecognized option " : "invalid option ") + what;
}

void finish_dumb_init(InitOptions& options) {
    if (!options.own_session) return;
    options.signal_group = true;
    // A session without a shell of its own has nobody who would continue what these stop, and a group in it that is
    // orphaned ignores them.
    for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        if (!options.rewrites.is_set(signal)) options.rewrites.set(signal, SIGSTOP);
    }
}

}  // namespace

proto::Result<InitOptions> parse_init_options(Personality personality, const std::vector<std::string>& argv,
                                              const EnvironmentLookup& environment) {
    InitOptions options;
    options.personality = personality;
    apply_environment(options, personality, environment);
    const std::vector<char*> words = interop::pointers_to(argv);
    const Grammar grammar = grammar_of(personality);
    opterr = 0;
    optind = 0;  // glibc: start anew
    while (true) {
        const int current = optind == 0 ? 1 : optind;
        const int found =
            ::getopt_long(static_cast<int>(argv.size()), words.data(), grammar.letters, grammar.words, nullptr);
        if (found == -1) break;
        if (found == '?' || found == ':') {
            return refusal(fault_text(argv.front(), found, words[static_cast<std::size_t>(current)]));
        }
        if (auto applied = apply_option(options, found, optarg); !applied) return applied.error();
    }
    if (!argv.empty()) options.command.assign(argv.begin() + optind, argv.end());
    if (personality == Personality::dumb_init) finish_dumb_init(options);
    return options;
}

InitOptions parse_kernel_arguments(const std::vector<std::string>& arguments) {
    InitOptions options;
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        if (*argument == "--") continue;
        if (argument->starts_with('/')) {
            options.command.assign(argument, arguments.end());
            break;
        }
        if (*argument == "--register") options.register_rule = true;
        if (*argument == "-v" || *argument == "--verbose") ++options.verbosity;
    }
    return options;
}

std::string init_usage(Personality personality) {
    if (personality == Personality::dumb_init) {
        return "Usage: dumb-init [option] command [[arg] ...]\n"
               "\n"
               "Starts the command in a session of its own, passes every signal on to all of it, buries what its\n"
               "descendants leave, and exits with its status.\n"
               "\n"
               "  -c, --single-child   signals go to the command only, and it stays in this session\n"
               "  -r, --rewrite s:r    pass signal s on as signal r; r = 0 drops it; may be repeated\n"
               "  -v, --verbose        say on standard error what is done\n"
               "  -h, --help           print this\n"
               "  -V, --version        print the version\n";
    }
    std::string text = personality == Personality::tini
                           ? "Usage: tini [OPTIONS] PROGRAM -- [ARGS] | --version\n"
                           : "Usage: mzinit [OPTIONS] [--] COMMAND [ARGUMENT...]\n"
                             "       mzinit register | unregister | status | run | "
                             "identify | path | broker | report | config | doctor | shims  (see --help of each)\n";
    text +=
        "\n"
        "Starts a command, forwards signals to it, adopts and buries what its descendants leave, and exits with\n"
        "its status: 128+N if signal N killed it, 126 if it cannot be executed, 127 if there is none.\n"
        "\n";
    if (personality == Personality::mzinit) {
        text +=
            "  --register      first make this kernel run Windows and DOS programs (needs a PID and user namespace\n"
            "                  of its own, or to be root)\n"
            "  --verbose       the same as -v\n";
    }
    return text +
           "  -s              adopt orphans also where this is not PID 1 (TINI_SUBREAPER)\n"
           "  -p SIGNAL       get this signal, and pass it on, when the parent of this process dies\n"
           "  -v              say what is done; may be repeated (TINI_VERBOSITY)\n"
           "  -w              say which orphans were reaped\n"
           "  -g              signals go to the whole process group of the command (TINI_KILL_PROCESS_GROUP)\n"
           "  -e CODE         report this exit code (0 to 255) as 0; may be repeated\n"
           "  -l              print the license\n"
           "  -h              print this\n"
           "  --version       print the version\n";
}

std::string missing_command_text(Personality personality, const std::string& argv0) {
    if (personality != Personality::dumb_init) return init_usage(personality);
    return "Usage: " + argv0 + " [option] program [args]\nTry " + argv0 + " --help for full usage.\n";
}

std::string version_line(Personality personality) {
    switch (personality) {
        // What is before " - " is read by programs (Docker among them) to know the options.
        case Personality::tini: return "tini version 0.19.0 - mzinit " MZINIT_VERSION "\n";
        case Personality::dumb_init: return "dumb-init v1.2.5 - mzinit " MZINIT_VERSION "\n";
        case Personality::mzinit: break;
    }
    return "mzinit " MZINIT_VERSION "\n";
}

}  // namespace init
