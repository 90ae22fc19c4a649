// SPDX-License-Identifier: MIT
#include "init/init_options.h"

#include <cerrno>
#include <string_view>

namespace init {
namespace {

struct Option {
    char letter;  ///< 0: it has none.
    std::string_view word;
    void (*apply)(InitOptions& options);
};

constexpr Option known_options[] = {
    {0, "--register", [](InitOptions& options) { options.register_rule = true; }},
    {'v', "--verbose", [](InitOptions& options) { ++options.verbosity; }},
};

bool apply_word(InitOptions& options, std::string_view word) {
    for (const Option& option : known_options) {
        if (option.word != word) continue;
        option.apply(options);
        return true;
    }
    return false;
}

bool apply_letters(InitOptions& options, std::string_view letters) {
    for (const char letter : letters) {
        bool is_known = false;
        for (const Option& option : known_options) {
            if (option.letter == 0 || option.letter != letter) continue;
            option.apply(options);
            is_known = true;
        }
        if (!is_known) return false;
    }
    return !letters.empty();
}

bool apply(InitOptions& options, std::string_view argument) {
    if (argument.starts_with("--")) return apply_word(options, argument);
    return argument.starts_with('-') && apply_letters(options, argument.substr(1));
}

}  // namespace

proto::Result<InitOptions> parse_init_options(const std::vector<std::string>& arguments, ArgumentSource source) {
    InitOptions options;
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        if (*argument == "--") {
            options.command.assign(argument + 1, arguments.end());
            break;
        }
        const bool is_operand =
            source == ArgumentSource::kernel ? argument->starts_with('/') : !argument->starts_with('-');
        if (is_operand) {
            options.command.assign(argument, arguments.end());
            break;
        }
        // The words of the kernel may look like an option that is written together, but are not.
        InitOptions changed = options;
        if (apply(changed, *argument)) {
            options = std::move(changed);
        } else if (source == ArgumentSource::user) {
            return proto::errno_error(EINVAL, "option " + *argument + " is not known");
        }
    }
    return options;
}

const char* init_usage() {
    return "Usage: mzinit [--register] [-v] [--] COMMAND [ARGUMENT...]\n"
           "       mzinit register | unregister | status | run | identify  (see --help of each)\n"
           "\n"
           "Starts COMMAND, forwards signals to it, adopts and buries what its descendants leave, and exits with\n"
           "its status: 128+N if signal N killed it, 126 if it cannot be executed, 127 if there is none.\n"
           "\n"
           "  --register     first make this kernel run Windows and DOS programs (needs a PID and user namespace\n"
           "                 of its own, or to be root)\n"
           "  -v, --verbose  say on standard error what is done\n";
}

}  // namespace init
