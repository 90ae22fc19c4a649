// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "interop/text/path_map.h"
#include "proto/base/result.h"

namespace hostbridge {

/// A pattern of absolute paths, as `program=` in a policy has it. `?` stands for one character, `*` for any number of them within a
/// component, `**` for any number of components; a blank and a comma are written as `?`. In the Windows flavour both
/// slashes are the same, and so are a letter's cases; in the other everything is bytes. Pure.
class ProgramPattern {
  public:
    /// Refuses what no final path can ever fit: a rule that seems to deny something must not be empty.
    static proto::Result<ProgramPattern> parse(std::string_view text, interop::PathFlavour flavour);

    /// `path` is final: absolute, without links, `.` and `..`, 8.3 names or what else gives a file a second name.
    [[nodiscard]] bool matches(std::string_view path) const;

  private:
    std::u16string units_;
    interop::PathFlavour flavour_ = interop::PathFlavour::posix;
};

}  // namespace hostbridge
