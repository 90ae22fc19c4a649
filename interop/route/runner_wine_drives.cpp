// SPDX-License-Identifier: MIT
#include "interop/route/runner_wine_drives.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "interop/os/list_directory.h"
#include "interop/os/unique_fd.h"

namespace interop {
namespace {

std::string link_target(int directory, const std::string& name) {
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    while (target.size() > 1 && target.back() == '/') target.pop_back();
    return target;
}

/// Whether "." or ".." is in it, or a name is empty: then the text does not say where it leads.
bool has_detours(std::string_view path) {
    for (std::size_t start = 0; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view name = path.substr(start, end - start);
        if (name.empty() || name == "." || name == "..") return true;
        start = end + 1;
    }
    return false;
}

/// The links are read and not followed: what is behind one may be a network that does not answer. The path of a program has no links in
/// it, so that a target which has some leads to no program, and another drive is taken.
std::string directory_of(const std::string& prefix, const std::string& target) {
    constexpr std::string_view beside = "../";
    if (target == "/") return target;
    if (target.starts_with('/')) return has_detours(std::string_view(target).substr(1)) ? std::string() : target;
    if (!target.starts_with(beside) || has_detours(std::string_view(target).substr(beside.size()))) return {};
    return prefix + "/" + target.substr(beside.size());
}

bool leads_to(const WineDrive& drive, std::string_view path) {
    if (!path.starts_with(drive.directory)) return false;
    const std::string_view rest = below_drive(path, drive);
    return rest.empty() || rest.front() == '/';
}

}  // namespace

std::string_view below_drive(std::string_view path, const WineDrive& drive) {
    return drive.directory == "/" ? path : path.substr(drive.directory.size());
}

const WineDrive* closest_drive(std::string_view path, const std::vector<WineDrive>& drives) {
    const WineDrive* closest = nullptr;
    for (const WineDrive& drive : drives) {
        if (!leads_to(drive, path)) continue;
        if (closest == nullptr || drive.directory.size() > closest->directory.size()) closest = &drive;
    }
    return closest;
}

std::vector<WineDrive> find_wine_drives(const std::string& prefix) {
    const std::string place = prefix + "/dosdevices";
    const UniqueFd directory(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory && ::access(place.c_str(), F_OK) != 0) return {{'Z', "/"}};
    const auto names = list_directory(directory.get());
    if (!names) return {};
    std::vector<WineDrive> drives;
    for (const std::string& name : *names) {
        // "z::" is the device behind the drive.
        if (name.size() != 2 || name[1] != ':' || name[0] < 'a' || name[0] > 'z') continue;
        std::string target = directory_of(prefix, link_target(directory.get(), name));
        if (!target.empty()) drives.push_back({static_cast<char>(name[0] - 'a' + 'A'), std::move(target)});
    }
    return drives;
}

}  // namespace interop
