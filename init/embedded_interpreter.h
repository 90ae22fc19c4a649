// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "interop/os/unique_fd.h"
#include "proto/base/result.h"

/// A copy of mzinit with its configuration in it (interop/route/embedded_configuration.h), for a rule with flag F: it
/// works where neither the program nor /etc/mzinit.conf can be seen.
namespace init {

/// Where such a copy is.
enum class Embedding {
    none,
    memory,  ///< A memory file, which the kernel keeps as long as the rule.
    file,    ///< Below /var/lib/mzinit, where memory files cannot be executed.
};

/// The path by which the copy is registered. One in memory is /proc/self/fd/N, which means something only in the
/// process that made it and as long as `file` is open.
struct EmbeddedInterpreter {
    std::string path;
    interop::UniqueFd file;
};

/// Which kind of copy a rule's interpreter is, by its path.
Embedding embedding_of(std::string_view interpreter);

/// The bytes of `program` with the configuration file in force in it.
proto::Result<std::string> embed_current_configuration(const std::string& program);

/// Whether the text of a configuration may be copied to where every user can read it; the Error says why not.
proto::Result<void> check_embeddable(std::string_view configuration);

/// Makes the copy with these bytes, in memory or as the file of the rule of that name. Nobody can write to it.
proto::Result<EmbeddedInterpreter> place_interpreter(Embedding where, const std::string& bytes,
                                                     const std::string& rule_name);

/// Removes the file of the rule of that name, if there is one.
void remove_interpreter_file(const std::string& rule_name);

}  // namespace init
