// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "interop/os/unique_fd.h"

namespace interop {

/// The files in one directory by name, as a program on Windows would find them: case does not matter. Reads the directory once,
/// when the first name is asked for. Where it may not be read, names are found only as they are written.
class SiblingFiles {
  public:
    /// Of a directory's path. Where there is none, nothing is found.
    explicit SiblingFiles(const std::string& directory);

    /// The name in the directory of what a program calls `name`: the same if it is there, else one that differs in case, the first
    /// by its bytes; nothing if neither is, or Windows could have no such file.
    std::optional<std::string> find(std::string_view name);

    /// The directory, borrowed; -1 if there is none.
    [[nodiscard]] int directory() const noexcept { return directory_.get(); }

  private:
    void list();
    [[nodiscard]] bool is_there(const std::string& name) const;

    UniqueFd directory_;
    bool is_listed_ = false;
    std::multimap<std::u16string, std::string> names_;  // by windows_comparison_form()
};

}  // namespace interop
