// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "interop/text/path_map.h"

namespace hostbridge {

/// Names of programs, as they are offered to clients (PROTOCOL.md, section 5): sorted, each once. To Windows the case makes no
/// difference, and of two names that are the same there the first is kept. Pure.
class OfferedNames {
  public:
    explicit OfferedNames(interop::PathFlavour flavour) : flavour_(flavour) {}

    /// Nothing happens if it is no interop::is_windows_file_name(): a client could not ask for it.
    void add(std::string name);

    [[nodiscard]] std::size_t size() const { return names_.size(); }

    /// Those that begin with `prefix`, the first `most` of them.
    [[nodiscard]] std::vector<std::string> starting_with(std::string_view prefix, std::size_t most) const;

  private:
    [[nodiscard]] std::u16string form_of(std::string_view name) const;

    interop::PathFlavour flavour_;
    std::map<std::u16string, std::string> names_;  // by what is compared
};

}  // namespace hostbridge
