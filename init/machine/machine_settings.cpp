// SPDX-License-Identifier: MIT
#include "init/machine/machine_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "init/machine/command_words.h"
#include "interop/os/read_file.h"
#include "interop/route/configuration.h"
#include "interop/route/configuration_keys.h"
#include "interop/route/ini_settings.h"
#include "interop/text/kernel_command_line.h"

namespace init {
namespace {

using interop::IniSetting;

constexpr std::string_view service_prefix = "service ";
constexpr std::size_t longest_service_name = interop::cut_ini_section - service_prefix.size() - 1;
constexpr std::chrono::seconds longest_time{24 * 3600};
constexpr std::size_t largest_kernel_command_line = 64u << 10;
constexpr const char* systemd = "/lib/systemd/systemd";

std::optional<Restart> parse_restart(std::string_view value) {
    if (value == "no") return Restart::never;
    if (value == "on-abnormal") return Restart::on_abnormal;
    if (value == "on-failure") return Restart::on_failure;
    if (value == "always") return Restart::always;
    return std::nullopt;
}

std::optional<std::chrono::seconds> parse_seconds(std::string_view value) {
    unsigned seconds = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    const bool is_number = problem == std::errc() && end == value.data() + value.size();
    if (!is_number || std::chrono::seconds(seconds) > longest_time) return std::nullopt;
    return std::chrono::seconds(seconds);
}

/// It becomes the name of a file.
bool is_service_name(std::string_view name) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    constexpr std::string_view not_in_front = "_-.";
    return !name.empty() && name.size() <= longest_service_name &&
           name.find_first_not_of(letters) == std::string_view::npos &&
           not_in_front.find(name.front()) == std::string_view::npos;
}

/// WSL takes a command in double quotes for the command in them. To a shell it would be a program with blanks in its name.
std::string_view without_quotes(std::string_view command) {
    const bool is_quoted = command.size() >= 2 && command.front() == '"' && command.find('"', 1) == command.size() - 1;
    return is_quoted ? command.substr(1, command.size() - 2) : command;
}

class Reader {
  public:
    MachineSettings read(std::string_view text) {
        const auto wrong_lines = interop::read_ini(text, [this](const IniSetting& setting) {
            set(setting);
            return interop::IniReading::go_on;
        });
        // Not all of them on the console, if it is no configuration at all.
        if (!wrong_lines.empty()) warn(wrong_lines.front(), "neither [section] nor name = value");
        settings_.command = command_words(without_quotes(command_line_));
        finish_services();
        return std::move(settings_);
    }

  private:
    struct ServiceText {
        std::size_t line;
        ServiceSettings settings;
        std::string command_line;
    };

    void warn(std::size_t line, std::string_view what) {
        settings_.warnings.push_back(interop::at_ini_line(line, what));
    }

    void warn_of_value(const IniSetting& setting, std::string_view wanted) {
        warn(setting.line,
             std::string(setting.name) + " = " + std::string(setting.value) + ": wanted " + std::string(wanted));
    }

    void set(const IniSetting& setting) {
        const bool is_boot = setting.section == "boot";
        if (!is_boot && !setting.section.starts_with(service_prefix)) return;
        IniSetting taken = setting;
        if (!setting.continues) is_left_out_ = false;
        if (setting.is_cut) {
            const auto* const key = interop::find_configuration_key(setting.section, setting.name);
            const bool may_go_on = key != nullptr && key->lines == interop::ValueLines::several;
            warn(setting.line, "longer than " + std::to_string(interop::longest_ini_line) + " bytes; " +
                                   std::string(setting.name) + " is ignored" +
                                   (may_go_on ? ", go on in an indented line" : ""));
            is_left_out_ = true;
            // A command that lacks its end could do anything: there is none then.
            if (setting.name != "command") return;
            taken.value = {};
            taken.continues = false;
        } else if (is_left_out_) {
            return;
        }
        is_boot ? set_boot(taken) : set_service(taken);
    }

    /// A value that may go on in indented lines.
    static void set_text(std::string& target, const IniSetting& setting) {
        if (!setting.continues) target.clear();
        if (!target.empty()) target += ' ';
        target += setting.value;
    }

    void set_switch(bool& target, const IniSetting& setting) {
        if (const auto value = interop::parse_switch(setting.value)) {
            target = *value;
        } else {
            warn_of_value(setting, "yes or no");
        }
    }

    void set_boot(const IniSetting& setting) {
        const std::string_view name = setting.name;
        if (name == "command") {
            set_text(command_line_, setting);
        } else if (name == "init") {
            set_path(settings_.handover, setting);
        } else if (name == "systemd") {
            bool wanted = false;
            set_switch(wanted, setting);
            if (wanted) settings_.handover = systemd;
        } else if (name == "hostname") {
            settings_.hostname = setting.value;
        } else if (name == "modules") {
            if (!setting.continues) settings_.modules.clear();
            for (const std::string_view word : interop::split_list(setting.value)) settings_.modules.emplace_back(word);
        } else if (name == "register") {
            set_switch(settings_.registers, setting);
        } else if (name == "broker") {
            set_broker(setting);
        } else if (name == "timeout" || name == "stop_timeout") {
            set_time(setting);
        } else if (interop::find_configuration_key("boot", name) == nullptr) {
            warn(setting.line, "the key " + std::string(name) + " of [boot] is not known and is ignored");
        }
    }

    void set_path(std::string& target, const IniSetting& setting) {
        if (setting.value.starts_with('/')) {
            target = setting.value;
        } else {
            warn_of_value(setting, "a path from the root directory");
        }
    }

    void set_broker(const IniSetting& setting) {
        if (setting.value == "auto") {
            settings_.broker = BrokerStart::if_key_exists;
        } else if (const auto value = interop::parse_switch(setting.value)) {
            settings_.broker = *value ? BrokerStart::always : BrokerStart::never;
        } else {
            warn_of_value(setting, "auto, yes or no");
        }
    }

    void set_time(const IniSetting& setting) {
        const auto time = parse_seconds(setting.value);
        if (!time) return warn_of_value(setting, "a number of seconds, from 1 to a day's");
        if (setting.name == "timeout") {
            settings_.timeout = *time == std::chrono::seconds(0) ? std::nullopt : time;
        } else {
            settings_.grace = *time;
        }
    }

    /// The service whose section this is; null if it cannot be one.
    ServiceText* find_service(const IniSetting& setting) {
        const std::string_view name = setting.section.substr(service_prefix.size());
        const auto known = std::ranges::find(
            services_, name, [](const ServiceText& text) { return std::string_view(text.settings.name); });
        if (known != services_.end()) return &*known;
        if (setting.section == refused_section_) return nullptr;
        if (is_service_name(name) && services_.size() < MachineSettings::most_services) {
            services_.push_back({.line = setting.line, .settings = {.name = std::string(name)}});
            return &services_.back();
        }
        refused_section_ = setting.section;
        warn(setting.line, is_service_name(name) ? "too many services, [" + refused_section_ + "] is ignored"
                                                 : "[" + refused_section_ +
                                                       "] is ignored: the name of a service begins with a letter or "
                                                       "a digit, may have \"_\", \"-\", \".\" besides, and at most " +
                                                       std::to_string(longest_service_name) + " of all");
        return nullptr;
    }

    void set_service(const IniSetting& setting) {
        ServiceText* const service = find_service(setting);
        if (service == nullptr) return;
        if (setting.name == "command") {
            set_text(service->command_line, setting);
        } else if (setting.name == "log") {
            set_path(service->settings.log, setting);
        } else if (setting.name == "restart") {
            const auto restart = parse_restart(setting.value);
            if (!restart) return warn_of_value(setting, "no, on-abnormal, on-failure or always");
            service->settings.restart = *restart;
        } else {
            warn(setting.line, "the key " + std::string(setting.name) + " of [" + std::string(setting.section) +
                                   "] is not known and is ignored");
        }
    }

    void finish_services() {
        for (ServiceText& service : services_) {
            service.settings.command = command_words(service.command_line);
            if (service.settings.command.empty()) {
                warn(service.line, "[service " + service.settings.name + "] has no command and is ignored");
            } else {
                settings_.services.push_back(std::move(service.settings));
            }
        }
    }

    MachineSettings settings_;
    std::string command_line_;
    std::vector<ServiceText> services_;
    std::string refused_section_;
    bool is_left_out_ = false;  // The setting that is looked at, with the lines that go on with it.
};

}  // namespace

MachineSettings parse_machine_settings(std::string_view configuration, std::string_view kernel_command_line) {
    MachineSettings settings = Reader().read(configuration);
    // What to run is a question of this start of the machine, so whoever started it has the last word.
    if (const auto command = interop::kernel_parameter(kernel_command_line, "mzinit.exec")) {
        settings.command = command_words(*command);
        settings.kernel_names_command = true;
    }
    if (const auto handover = interop::kernel_parameter(kernel_command_line, "boot.init")) {
        const bool is_path = handover->empty() || handover->starts_with('/');
        if (is_path) settings.handover = *handover;
        if (!is_path)
            settings.warnings.push_back("the kernel's command line: boot.init=" + *handover +
                                        " is no path from the root directory");
    }
    return settings;
}

MachineSettings load_machine_settings() {
    const auto command_line = interop::read_file("/proc/cmdline", largest_kernel_command_line).value_or("");
    const char* const variable = std::getenv("MZINIT_CONF");
    const std::string wanted = interop::configuration_files(variable == nullptr ? "" : variable, command_line).front();
    const auto file = interop::read_configuration_file();
    const bool is_missing = !file && file.error().code == std::errc::no_such_file_or_directory;
    MachineSettings settings = parse_machine_settings(file ? std::string_view(file->text) : "", command_line);
    if (file) {
        for (std::string& warning : settings.warnings) {
            if (warning.starts_with("line ")) warning.insert(0, file->source + ": ");
        }
        if (file->source != wanted) {
            settings.warnings.push_back("there is no " + wanted + ", going on with " + file->source);
        }
    } else if (!is_missing || wanted != interop::default_configuration_file) {
        settings.warnings.push_back("going on without a configuration: " + file.error().message());
    }
    return settings;
}

}  // namespace init
