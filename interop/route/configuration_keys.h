// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

/// Every key that the configuration file may have, in one table: reading, checking and showing the file, and the test that
/// compares it with the documents, all go by it. Pure.
namespace interop {

/// Which part of mzinit reads a key.
enum class KeyReader {
    launches,  ///< Whatever runs a program: parse_configuration().
    init,      ///< The init of a machine, and registration.
    nobody,    ///< WSL's alone. It is known so that a wsl.conf can be used as it is.
};

/// Which lines a value may have.
enum class ValueLines {
    one,
    several,  ///< It goes on in indented lines.
    each,     ///< Every line is a value of its own, also an indented one, and all of them count.
};

struct ConfigurationKey {
    std::string_view section;  ///< "service" stands for every [service NAME].
    std::string_view name;
    KeyReader reader;
    std::string_view default_value;  ///< As it would be written in the file; empty: nothing is in force, ...
    std::string_view default_note;   ///< ... or what this says.
    std::string_view meaning;        ///< A clause.
    ValueLines lines = ValueLines::one;
};

/// In the order of the documents.
std::span<const ConfigurationKey> configuration_keys();

/// The key of that name in [section]; null if there is none. Sections and keys are compared without case, as WSL does with its own.
const ConfigurationKey* find_configuration_key(std::string_view section, std::string_view name);

/// What is known of the keys of a section.
enum class SectionKind {
    ours,     ///< All of them.
    foreign,  ///< Nothing: they are WSL's, and none of our business.
    unknown,  ///< Nobody has such a section.
};
SectionKind kind_of_section(std::string_view section);

/// The name of a section as the table has it, "service NAME" with NAME as it is; one that is not known as it is.
std::string canonical_section(std::string_view section);

/// Whether a section, by its canonical name, is [boot] or a [service NAME], which launches have nothing to do with.
bool belongs_to_init(std::string_view section);

}  // namespace interop
