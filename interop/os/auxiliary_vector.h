// SPDX-License-Identifier: MIT
#pragma once

#include "interop/os/unique_fd.h"

/// What the kernel says about how this process was started, besides its arguments: getauxval(3).
namespace interop {

/// Whether we are the interpreter of a binfmt_misc rule with flag P: AT_FLAGS has AT_FLAGS_PRESERVE_ARGV0. The
/// arguments are then [interpreter, path, the caller's argv[0], its arguments...]. Kernels before 5.12 never say so.
bool is_binfmt_interpreter() noexcept;

/// Whether this kernel would say so.
bool kernel_tells_interpreters() noexcept;

/// The open program of a rule with flag O, close-on-exec and above the standard descriptors; empty if there is
/// none. Takes it over: call it once, before anything is opened on the standard descriptors.
UniqueFd take_program_descriptor() noexcept;

}  // namespace interop
