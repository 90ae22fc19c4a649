// SPDX-License-Identifier: MIT
#include "interop/text/dotnet_assets.h"

#include <optional>
#include <set>

#include "interop/text/windows_file_name.h"

namespace interop {
namespace {

/// The next string of a JSON text, which goes on behind it; nothing if there is none.
std::optional<std::string_view> take_string(std::string_view& text) {
    const auto begin = text.find('"');
    if (begin == std::string_view::npos) return std::nullopt;
    for (auto end = begin + 1; end < text.size(); ++end) {
        if (text[end] == '\\') {
            ++end;
        } else if (text[end] == '"') {
            const auto string = text.substr(begin + 1, end - begin - 1);
            text.remove_prefix(end + 1);
            return string;
        }
    }
    return std::nullopt;
}

bool names_an_image(std::string_view file) {
    const auto form = windows_comparison_form(file);
    return form.ends_with(u".DLL") || form.ends_with(u".EXE");
}

}  // namespace

DotnetAssets read_dotnet_assets(std::string_view text) {
    DotnetAssets assets;
    std::set<std::string_view> seen;
    while (const auto string = take_string(text)) {
        if (*string == "runtimeTargets" || *string == "resources") assets.has_subdirectories = true;
        // The directories are those of the package that the file was in.
        const std::string_view file = string->substr(string->rfind('/') + 1);
        if (is_windows_file_name(file) && names_an_image(file) && seen.insert(file).second)
            assets.files.emplace_back(file);
    }
    return assets;
}

}  // namespace interop
