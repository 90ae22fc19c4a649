// SPDX-License-Identifier: MIT
#include "init/registration_settings.h"

#include <system_error>

#include "interop/route/configuration.h"
#include "interop/route/ini_settings.h"

namespace init {
namespace {

bool* find_switch(RegistrationSettings& settings, std::string_view name) {
    if (name == "protect_binfmt") return &settings.protect;
    if (name == "embed_config") return &settings.embed_config;
    return nullptr;
}

}  // namespace

RegistrationSettings parse_registration_settings(std::string_view configuration) {
    RegistrationSettings settings;
    interop::read_ini(configuration, [&settings](const interop::IniSetting& setting) {
        bool* const target = setting.section == "boot" ? find_switch(settings, setting.name) : nullptr;
        if (target == nullptr) return interop::IniReading::go_on;
        if (const auto wanted = interop::parse_switch(setting.value)) {
            *target = *wanted;
        } else {
            settings.warnings.push_back(interop::at_ini_line(
                setting.line,
                "[boot] " + std::string(setting.name) + " = " + std::string(setting.value) + ": neither yes nor no"));
        }
        return interop::IniReading::go_on;
    });
    return settings;
}

RegistrationSettings load_registration_settings() {
    const auto file = interop::read_configuration_file();
    if (!file) {
        RegistrationSettings none;
        if (file.error().code != std::errc::no_such_file_or_directory) none.warnings.push_back(file.error().message());
        return none;
    }
    auto settings = parse_registration_settings(file->text);
    for (std::string& warning : settings.warnings) warning.insert(0, file->source + ": ");
    return settings;
}

}  // namespace init
