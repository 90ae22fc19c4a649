// SPDX-License-Identifier: MIT
#include "hostbridge/program_name.h"

#include <algorithm>
#include <array>

#include "proto/base/ascii_case.h"

namespace hostbridge {
namespace {

using proto::equals_ignoring_case;

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
    return text.size() > end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool is_absolute(std::string_view directory, char separator) {
    if (separator == ':') return directory.starts_with('/');
    const bool has_drive = directory.size() > 2 && directory[1] == ':' && (directory[2] == '\\' || directory[2] == '/');
    return has_drive || directory.starts_with("\\\\");
}

}  // namespace

std::vector<std::string> startable_extensions(std::string_view path_ext) {
    static constexpr std::array<std::string_view, 4> startable{".com", ".exe", ".bat", ".cmd"};
    std::vector<std::string> extensions;
    while (!path_ext.empty()) {
        const std::string_view extension = path_ext.substr(0, path_ext.find(';'));
        path_ext.remove_prefix(std::min(path_ext.size(), extension.size() + 1));
        for (const std::string_view known : startable) {
            const bool is_new = std::find(extensions.begin(), extensions.end(), known) == extensions.end();
            if (is_new && equals_ignoring_case(extension, known)) extensions.emplace_back(known);
        }
    }
    if (extensions.empty()) extensions.assign(startable.begin(), startable.end());
    return extensions;
}

bool has_one_of(std::string_view name, const std::vector<std::string>& extensions) {
    return std::any_of(extensions.begin(), extensions.end(),
                       [name](const std::string& extension) { return ends_with_ignoring_case(name, extension); });
}

std::vector<std::string> candidate_names(std::string_view name, const std::vector<std::string>& extensions) {
    std::vector<std::string> names;
    if (has_one_of(name, extensions)) names.emplace_back(name);
    for (const std::string& extension : extensions) names.push_back(std::string(name) + extension);
    return names;
}

std::vector<std::string> search_directories(std::string_view search_path, char separator) {
    std::vector<std::string> directories;
    while (!search_path.empty()) {
        std::string_view directory = search_path.substr(0, search_path.find(separator));
        search_path.remove_prefix(std::min(search_path.size(), directory.size() + 1));
        if (directory.size() >= 2 && directory.front() == '"' && directory.back() == '"') {
            directory = directory.substr(1, directory.size() - 2);
        }
        if (is_absolute(directory, separator)) directories.emplace_back(directory);
    }
    return directories;
}

}  // namespace hostbridge
