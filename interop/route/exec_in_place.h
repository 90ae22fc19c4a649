// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interop/route/local_launch.h"

namespace interop {

/// This process's environment, to be changed for the program that it becomes: if that fails, the next one gets its own.
class NextEnvironment {
  public:
    /// Ours, with MZINIT_DEPTH.
    explicit NextEnvironment(unsigned depth);

    void set(std::string_view name, std::string_view value);
    /// For a variable that Windows programs read, for which names in another case are the same one.
    void remove_ignoring_case(std::string_view name);
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& variables() const { return variables_; }

  private:
    std::vector<std::string> variables_;  // "NAME=value"
};

/// Becomes the program at `path`: same process, same descriptors. `words` is its argv. Returns only if that failed.
LocalFailure exec_in_place(const std::string& path, const std::vector<std::string>& words,
                           const NextEnvironment& environment);

}  // namespace interop
