// SPDX-License-Identifier: MIT
#include "interop/route/effective_settings.h"

#include <algorithm>
#include <array>
#include <optional>

#include "interop/route/ini_settings.h"
#include "interop/text/kernel_command_line.h"

namespace interop {
namespace {

struct Value {
    std::string text;
    std::string source;
};

/// What the text says of one key in one section.
struct Written {
    const ConfigurationKey* key;
    std::string section;
    std::vector<Value> values;  // more than one only if each line is one
};

/// A key that the kernel's command line has too.
struct KernelParameter {
    std::string_view section;
    std::string_view key;
    std::string_view name;
    bool overrides_file;  ///< What a machine runs is a question of this start of it, not of its file.
};

constexpr std::array kernel_parameters{
    KernelParameter{"host", "endpoints", "mzinit.host", false},
    KernelParameter{"boot", "command", "mzinit.exec", true},
    KernelParameter{"boot", "init", "boot.init", true},
};

class Collector {
  public:
    explicit Collector(const SettingSources& sources) : sources_(sources) {
        read_ini(sources.text, [this](const IniSetting& setting) {
            take(setting);
            return IniReading::go_on;
        });
    }

    std::vector<EffectiveSetting> collect() {
        for (const ConfigurationKey& key : configuration_keys()) {
            if (key.section != "service") collect(key, std::string(key.section));
        }
        for (const std::string& service : services_) {
            for (const ConfigurationKey& key : configuration_keys()) {
                if (key.section == "service") collect(key, service);
            }
        }
        return std::move(settings_);
    }

  private:
    void take(const IniSetting& setting) {
        const ConfigurationKey* const key = find_configuration_key(setting.section, setting.name);
        if (!setting.continues) is_left_out_ = false;
        // As those who read the file do, the lines that go on with it are left out as well.
        if (sources_.wrong_lines.contains(setting.line)) is_left_out_ = true;
        if (key == nullptr) return;
        if (is_left_out_) {
            Written* const written = find(*key, setting.section);
            // Of a command that lacks its end nothing is run.
            if (setting.is_cut && key->name == "command" && written != nullptr) written->values.clear();
            return;
        }
        std::string section(setting.section);
        if (key->section == "service" && std::ranges::find(services_, section) == services_.end()) {
            services_.push_back(section);
        }
        Written& written = find_or_add(*key, std::move(section));
        if (key->name == "init" || key->name == "systemd") forget_other_init(*key, setting.value);
        std::string source = std::string(sources_.name) + ":" + std::to_string(setting.line);
        if (setting.continues && !written.values.empty()) {
            std::string& text = written.values.back().text;
            if (!text.empty()) text += ' ';
            text += setting.value;
            return;
        }
        if (key->lines != ValueLines::each) written.values.clear();
        written.values.push_back({std::string(setting.value), std::move(source)});
    }

    /// Both name an init: the last one counts.
    void forget_other_init(const ConfigurationKey& key, std::string_view value) {
        const bool names_one = key.name == "init" || parse_switch(value).value_or(false);
        Written* const other = find(*find_configuration_key("boot", key.name == "init" ? "systemd" : "init"), "boot");
        if (names_one && other != nullptr) other->values.clear();
    }

    Written* find(const ConfigurationKey& key, std::string_view section) {
        const auto found = std::ranges::find_if(
            written_, [&](const Written& written) { return written.key == &key && written.section == section; });
        return found == written_.end() ? nullptr : &*found;
    }

    Written& find_or_add(const ConfigurationKey& key, std::string section) {
        if (Written* const written = find(key, section)) return *written;
        return written_.emplace_back(Written{&key, std::move(section), {}});
    }

    void collect(const ConfigurationKey& key, const std::string& section) {
        std::vector<Value> values;
        if (const Written* const written = find(key, section)) values = written->values;
        if (const auto stronger = override_of(key, values)) values = {*stronger};
        // The file has no word for none.
        const bool has_none = key.name == "init" && !values.empty() && values.back().text.empty();
        for (Value& value : values) add(key, section, std::move(value), !has_none);
        if (!values.empty() || key.reader == KeyReader::nobody) return;
        // Whoever names groups means those only.
        const bool is_default_off = key.name == "allow_users" && is_written("allow_groups");
        const bool has_value = (!key.default_value.empty() && !is_default_off);
        add(key, section, {has_value ? std::string(key.default_value) : "", "default"}, has_value);
    }

    bool is_written(std::string_view name) const {
        return std::ranges::any_of(written_, [&](const Written& written) { return written.key->name == name; });
    }

    /// What counts in place of the values of the text, if something does.
    std::optional<Value> override_of(const ConfigurationKey& key, const std::vector<Value>& values) const {
        const bool is_endpoints = key.section == "host" && key.name == "endpoints";
        if (is_endpoints && !sources_.mzinit_host.empty())
            return Value{std::string(sources_.mzinit_host), "MZINIT_HOST"};
        if (key.name == "systemd" && !values.empty() && kernel_parameter(sources_.kernel_command_line, "boot.init")) {
            return Value{std::string(key.default_value), "kernel command line: boot.init="};
        }
        for (const KernelParameter& parameter : kernel_parameters) {
            if (parameter.section != key.section || parameter.key != key.name) continue;
            const bool text_counts = !parameter.overrides_file && !values.empty() && !values.back().text.empty();
            auto value = text_counts ? std::nullopt : kernel_parameter(sources_.kernel_command_line, parameter.name);
            if (!value || (value->empty() && !parameter.overrides_file)) continue;
            return Value{as_in_a_file(*value), "kernel command line: " + std::string(parameter.name) + "="};
        }
        // A list of no endpoints is none, and the default counts.
        if (is_endpoints && !values.empty() && values.back().text.empty()) {
            return Value{std::string(key.default_value), "default"};
        }
        return std::nullopt;
    }

    /// A command's ";" would begin a comment there.
    static std::string as_in_a_file(const std::string& value) {
        const bool needs_quotes = find_ini_comment(value, 0) != std::string_view::npos;
        return needs_quotes && value.find('"') == std::string::npos ? '"' + value + '"' : value;
    }

    void add(const ConfigurationKey& key, const std::string& section, Value value, bool has_value) {
        settings_.push_back({&key, section, std::move(value.text), has_value, std::move(value.source)});
    }

    const SettingSources& sources_;
    bool is_left_out_ = false;  // the setting that is looked at, with the lines that go on with it
    std::vector<Written> written_;
    std::vector<std::string> services_;
    std::vector<EffectiveSetting> settings_;
};

}  // namespace

std::vector<EffectiveSetting> effective_settings(const SettingSources& sources) { return Collector(sources).collect(); }

}  // namespace interop
