// SPDX-License-Identifier: MIT
#include "interop/session/sibling_files.h"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "interop/os/list_directory.h"
#include "interop/text/windows_file_name.h"

namespace interop {

// By O_PATH also where only the names of files may be used, but not read.
SiblingFiles::SiblingFiles(const std::string& directory)
    : directory_(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

void SiblingFiles::list() {
    is_listed_ = true;
    auto names = list_directory(directory_.get());
    if (!names) return;
    for (std::string& name : *names) {
        if (is_windows_file_name(name)) names_.emplace(windows_comparison_form(name), std::move(name));
    }
}

bool SiblingFiles::is_there(const std::string& name) const {
    return directory_ && faccessat(directory_.get(), name.c_str(), F_OK, 0) == 0;
}

std::optional<std::string> SiblingFiles::find(std::string_view name) {
    if (!is_windows_file_name(name)) return std::nullopt;
    std::string exact(name);
    if (is_there(exact)) return exact;
    if (!is_listed_ && directory_) list();
    // Of equal keys the first is the first that was put in.
    const auto found = names_.lower_bound(windows_comparison_form(name));
    if (found == names_.end() || found->first != windows_comparison_form(name)) return std::nullopt;
    return found->second;
}

}  // namespace interop
