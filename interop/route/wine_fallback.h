// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interop/image/identify.h"

namespace interop {

/// Why Wine on this machine did not take over.
struct FallbackFailure {
    std::string reason;
    int exit_code;
};

/// Becomes Wine running `program` (an absolute path): same process, same descriptors. `depth` goes into MZINIT_DEPTH.
/// Returns only if nothing was started.
FallbackFailure exec_wine(const ImageDescription& image, const std::string& program,
                          const std::vector<std::string>& arguments, unsigned depth);

}  // namespace interop
