// SPDX-License-Identifier: MIT
#include "init/registration_settings.h"

#include <ini.h>

#include <optional>
#include <system_error>

#include "interop/route/configuration.h"

namespace init {
namespace {

std::optional<bool> parse_switch(std::string_view value) {
    if (value == "yes" || value == "true") return true;
    if (value == "no" || value == "false") return false;
    return std::nullopt;
}

int handle(void* user, const char* section, const char* name, const char* value) {
    auto& settings = *static_cast<RegistrationSettings*>(user);
    if (std::string_view(section) != "boot") return 1;
    bool* const target = std::string_view(name) == "protect_binfmt" ? &settings.protect
                         : std::string_view(name) == "embed_config" ? &settings.embed_config
                                                                    : nullptr;
    if (target == nullptr) return 1;
    if (const auto wanted = parse_switch(value)) {
        *target = *wanted;
    } else {
        settings.warnings.push_back("[boot] " + std::string(name) + " = " + value + ": neither yes nor no");
    }
    return 1;
}

}  // namespace

RegistrationSettings parse_registration_settings(std::string_view configuration) {
    RegistrationSettings settings;
    ::ini_parse_string(std::string(configuration).c_str(), handle, &settings);
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
