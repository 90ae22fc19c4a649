// SPDX-License-Identifier: MIT
#include "init/command_line.h"

#include <sys/prctl.h>

#include <CLI/CLI.hpp>

#include <variant>

#include "init/broker.h"
#include "init/config_command.h"
#include "init/doctor_command.h"
#include "init/identify_command.h"
#include "init/init_options.h"
#include "init/messages.h"
#include "init/path_command.h"
#include "init/personality.h"
#include "init/registration.h"
#include "init/report_command.h"
#include "init/shims_command.h"
#include "interop/session/run_program.h"
#include "interop/text/printable.h"

namespace init {
namespace {

constexpr int exit_usage = 2;

/// What the user may have written, whatever the subcommand.
struct CommandLine {
    RegistrationRequest registration;
    bool json = false;
    bool route = false;
    std::vector<std::string> files;
    BrokerOptions broker;
    ShimsRequest shims;
};

void add_rule_options(CLI::App& command, CommandLine& line) {
    command.add_option("--name", line.registration.rule.name, "Name of the rule")->capture_default_str();
    command.add_option("--mount-point", line.registration.directory, "Where binfmt_misc is mounted")
        ->capture_default_str();
}

void add_register(CLI::App& app, CommandLine& line) {
    CLI::App* command =
        app.add_subcommand("register", "Make this kernel run MZ files by mzinit, and test that it does");
    add_rule_options(*command, line);
    command->add_option("--interpreter", line.registration.rule.interpreter, "Absolute path; without it, this program");
    command->add_option("--flags", line.registration.rule.flags, "Flags of the rule; P is needed")
        ->capture_default_str();
    command->add_flag("--com", line.registration.com,
                      "Also run files called .com, which are DOS programs by name only");
    command->add_flag("--batch", line.registration.batch, "Also run files called .bat or .cmd, by cmd.exe");
    command->add_flag("--embed-config", line.registration.embed_config,
                      "Register a copy with the configuration in it, for where its file cannot be seen");
    command->add_flag("--protect", line.registration.protect,
                      "Keep others from removing all rules at once, or switching them all off");
    command->add_flag("--replace", line.registration.replace, "Replace a rule that is for another interpreter");
}

void add_broker(CLI::App& app, CommandLine& line) {
    CLI::App* command = app.add_subcommand("broker", "Give users tickets for an agent, so that they need no key");
    command->add_option("--socket", line.broker.socket, "Where to listen; otherwise as configured")->type_name("PATH");
    command->add_option("--key-file", line.broker.key_file, "The agent's key; otherwise as configured")
        ->type_name("FILE");
}

CLI::App* add_shims_command(CLI::App& shims, CommandLine& line, const std::string& name,
                            const std::string& description) {
    CLI::App* command = shims.add_subcommand(name, description);
    command
        ->add_option("--directory", line.shims.directory,
                     "Where they are; otherwise /usr/local/bin for root, and "
                     "~/.local/bin for others")
        ->type_name("DIR");
    return command;
}

void add_shims(CLI::App& app, CommandLine& line) {
    CLI::App& shims = *app.add_subcommand("shims", "Commands here that stand for programs of the host");
    shims.require_subcommand(1);
    CLI::App* add = add_shims_command(shims, line, "add", "Make commands that run NAME on the host");
    add->add_option("--as", line.shims.alias, "What the command is called; otherwise as the program")
        ->type_name("COMMAND");
    add->add_option("NAME", line.shims.names, "Programs that the host looks up, as \"clip\" or \"cmd.exe\"")
        ->required();
    CLI::App* remove = add_shims_command(shims, line, "remove", "Remove such commands");
    remove->add_option("COMMAND", line.shims.names, "Commands that were added")->required();
    add_shims_command(shims, line, "list",
                      "List the command, its program and its file; without --directory, all on PATH");
    shims.add_subcommand("available", "List the programs that the host would find by their names")
        ->add_option("PREFIX", line.shims.prefix, "Only those that begin so");
}

void add_subcommands(CLI::App& app, CommandLine& line) {
    add_register(app, line);
    add_rule_options(*app.add_subcommand("unregister", "Remove the rule"), line);
    CLI::App* status = app.add_subcommand("status", "Say whether MZ files are run by mzinit");
    add_rule_options(*status, line);
    status->add_flag("--json", line.json, "Print a JSON object");
    CLI::App* doctor = app.add_subcommand("doctor", "Look at all that running programs needs, and say what to do");
    add_rule_options(*doctor, line);
    doctor->add_flag("--json", line.json, "Print a JSON object");
    CLI::App* identify = app.add_subcommand("identify", "Say what files are");
    identify->add_flag("--json", line.json, "Print a JSON object per line");
    identify->add_flag("--route", line.route, "Say what would run them, or why nothing would");
    identify->add_option("FILE", line.files, "Files to look at")->required();
    add_broker(app, line);
    add_shims(app, line);
    app.add_subcommand("run", "Run FILE [ARGUMENT...] as the kernel would; see run --help");
}

constexpr const char* run_usage =
    "Usage: mzinit run [--detach] [--interactive] [--pty=auto|always|never] [--text[=ENCODING]] [--raw-args]\n"
    "                  [--upload=auto|never] [--with FILE|DIR]... [--] FILE [ARGUMENT...]\n"
    "       mzinit run --host [--detach] [--pty=auto|always|never] [--text[=ENCODING]] [--raw-args] [--]\n"
    "                  NAME [ARGUMENT...]\n"
    "\n"
    "Runs FILE, a path, as the kernel would have it run, and ends as it does.\n"
    "\n"
    "  --host         run the program that the host has under this NAME, \"clip\" or \"cmd.exe\", and no file of here\n"
    "  --detach       only start it, with no streams of ours, write its process id (the host's) and leave it alone\n"
    "  --interactive  give a DOS program a window\n"
    "  --pty=WHEN     whether a program on the host gets a terminal of its own: auto, if standard input and output "
    "are\n"
    "                 our terminal and we are in its foreground; always; never. Otherwise as configured\n"
    "  --text         turn the output of a program on the host, but not a terminal's, into UTF-8 with LF at the ends "
    "of "
    "lines.\n"
    "                 ENCODING says what it is: auto, utf-16, utf-8, a code page as cp850; never: leave it as it is\n"
    "  --raw-args     write the ARGUMENTs, with a blank between them, into the command line of a program on Windows as "
    "they are,\n"
    "                 for programs that read it in a way of their own: --raw-args cmd.exe '/c \"dir & ver\"'\n"
    "  --upload=WHEN  whether FILE is sent to a host that does not see it, with the DLLs beside it that it needs: "
    "auto;\n"
    "                 never. Otherwise as configured\n"
    "  --with FILE    send FILE, and this file with it, or all files in this directory, so that they are beside the "
    "program\n";

/// Takes one option, and from `words` the word behind it where it is that option's. False if it is not known.
bool take_run_option(const std::string& option, std::vector<std::string>& words,
                     interop::ProgramInvocation& invocation) {
    constexpr std::string_view pty_option = "--pty=";
    constexpr std::string_view text_option = "--text=";
    constexpr std::string_view upload_option = "--upload=";
    constexpr std::string_view with_option = "--with=";
    if (option == "--host") {
        invocation.is_host_name = true;
    } else if (option == "--interactive") {
        invocation.interactive = true;
    } else if (option == "--detach") {
        invocation.detach = true;
    } else if (option == "--raw-args") {
        invocation.raw_arguments = true;
    } else if (option.starts_with(pty_option)) {
        invocation.pty = interop::parse_pty_mode(option.substr(pty_option.size()));
        return invocation.pty.has_value();
    } else if (option == "--text") {
        invocation.text = interop::TextRequest{"auto"};
    } else if (option.starts_with(text_option)) {
        invocation.text = interop::parse_text_request(option.substr(text_option.size()));
        return invocation.text.has_value();
    } else if (option.starts_with(upload_option)) {
        invocation.upload = interop::parse_upload_mode(option.substr(upload_option.size()));
        return invocation.upload.has_value();
    } else if (option.starts_with(with_option)) {
        invocation.with.push_back(option.substr(with_option.size()));
    } else if (option == "--with") {
        // With nothing behind it there is no program either, which is complained of.
        if (words.empty()) return true;
        invocation.with.push_back(words.front());
        words.erase(words.begin());
    } else {
        return false;
    }
    return true;
}

/// Takes the options off; the exit status of one that is not known, with a message, or that asks for help.
std::variant<interop::ProgramInvocation, int> take_run_options(std::vector<std::string>& words) {
    interop::ProgramInvocation invocation;
    while (!words.empty() && words.front().starts_with('-')) {
        const std::string option = words.front();
        words.erase(words.begin());
        if (option == "--") break;
        if (option == "--help" || option == "-h") {
            print(run_usage);
            return 0;
        }
        if (take_run_option(option, words, invocation)) continue;
        warn_user("run: option " + option + " is not known");
        return exit_usage;
    }
    return invocation;
}

/// Whether the options go together; says so if they do not.
bool is_consistent(const interop::ProgramInvocation& invocation) {
    if (invocation.is_host_name && invocation.interactive) {
        warn_user("run: --interactive is for DOS programs of this system, and --host runs none");
        return false;
    }
    if (invocation.with.empty()) return true;
    if (invocation.is_host_name) warn_user("run: --with is for files that are sent, and --host sends none");
    if (invocation.upload == interop::UploadMode::never)
        warn_user("run: --with and --upload=never contradict each other");
    return !invocation.is_host_name && invocation.upload != interop::UploadMode::never;
}

int run_file(std::vector<std::string> words) {
    auto options = take_run_options(words);
    if (const int* const exit_status = std::get_if<int>(&options)) return *exit_status;
    auto* const invocation = std::get_if<interop::ProgramInvocation>(&options);
    if (!is_consistent(*invocation)) return exit_usage;
    if (words.empty() || (invocation->is_host_name && words.front().empty())) {
        warn_user(invocation->is_host_name ? "run: no name was given" : "run: no file was given");
        return exit_usage;
    }
    invocation->path = words.front();
    invocation->argv0 = words.front();
    invocation->arguments.assign(words.begin() + 1, words.end());
    return interop::run_program(std::move(*invocation));
}

int dispatch_shims(const CLI::App& command, const ShimsRequest& request) {
    const std::string& action = command.get_subcommands().front()->get_name();
    if (action == "add") return add_shims(request);
    if (action == "available") return list_available_programs(request.prefix);
    return action == "remove" ? remove_shims(request) : list_shims(request);
}

int dispatch(const CLI::App& app, const CommandLine& line) {
    const CLI::App& command = *app.get_subcommands().front();
    const RegistrationRequest& registration = line.registration;
    if (command.get_name() == "register") return static_cast<int>(register_rule(registration));
    if (command.get_name() == "unregister") {
        return static_cast<int>(unregister_rule(registration.rule.name, registration.directory));
    }
    if (command.get_name() == "status") {
        const StatusFormat format = line.json ? StatusFormat::json : StatusFormat::sentence;
        return static_cast<int>(show_status(registration.rule.name, registration.directory, format));
    }
    if (command.get_name() == "doctor") {
        return run_doctor(registration.rule.name, registration.directory,
                          line.json ? DoctorFormat::json : DoctorFormat::lines);
    }
    if (command.get_name() == "identify") {
        return identify_files(line.files, line.json ? IdentifyFormat::json : IdentifyFormat::sentence,
                              line.route ? IdentifyRoute::show : IdentifyRoute::leave_out);
    }
    if (command.get_name() == "shims") return dispatch_shims(command, line.shims);
    return static_cast<int>(run_broker(line.broker));
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    // PID 1 starts us as /proc/self/exe; ps, top and killall would call the broker "exe".
    ::prctl(PR_SET_NAME, "mzinit");
    const std::string_view path_command = argc > 0 ? path_command_name(argv[0]) : "";
    if (!path_command.empty()) return run_path(std::string(path_command), {argv + 1, argv + argc});
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "--version") {
        print("mzinit " MZINIT_VERSION "\n");
        return 0;
    }
    if (first == "--help" || first == "-h") {
        print(init_usage(Personality::mzinit));
        return 0;
    }
    // Its words are another command's, and must not be taken for options or lists of ours.
    if (first == "config") return run_config({argv + 2, argv + argc});
    if (first == "report") return run_report({argv + 2, argv + argc});
    if (first == "path") return run_path("mzinit: path", {argv + 2, argv + argc});
    if (first == "shim") return run_shim({argv + 2, argv + argc});
    if (first == "run") return run_file({argv + 2, argv + argc});
    CLI::App app("Runs Windows and DOS programs from Linux", "mzinit");
    CommandLine line;
    add_subcommands(app, line);
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        warn_user(interop::printable_line(std::string(first) + ": " + error.what()));
        return exit_usage;
    }
    return dispatch(app, line);
}

}  // namespace init
