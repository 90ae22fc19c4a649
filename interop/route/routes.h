// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace interop {

/// A way to get a program running.
enum class Backend {
    host,             ///< An agent.
    host_if_offered,  ///< An agent, if there is one that runs this kind; "host?" in the configuration.
    wine,
    mono,
    dosbox,  ///< The DOS emulator: dosemu2, emu2 or DOSBox.
    native,  ///< The program's own loader for Linux.
};

/// What programs are told apart by when a way is chosen for them.
enum class ProgramKind {
    pe,             ///< Windows programs for x86 and x86-64.
    dotnet,         ///< .NET programs, mixed-mode ones too.
    dos,            ///< DOS programs.
    win16,          ///< 16-bit Windows programs.
    batch,          ///< Batch files for cmd.exe.
    ape,            ///< Actually portable executables.
    other_machine,  ///< Windows programs for other processors.
};
inline constexpr std::size_t program_kind_count = 7;

/// Backends in the order in which they are tried; empty: programs of this kind are refused.
using Route = std::vector<Backend>;

/// [route] of the configuration: a route for each kind of program.
struct Routes {
    bool enabled = true;  ///< [interop] enabled; if not, programs of every kind are refused.
    std::array<Route, program_kind_count> by_kind{
        Route{Backend::host, Backend::wine},
        Route{Backend::host, Backend::mono, Backend::wine},
        Route{Backend::host_if_offered, Backend::dosbox},
        Route{Backend::host_if_offered, Backend::wine},
        Route{Backend::host, Backend::wine},
        Route{Backend::native},
        Route{},
    };

    [[nodiscard]] const Route& of(ProgramKind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] Route& of(ProgramKind kind) { return by_kind[static_cast<std::size_t>(kind)]; }
};

/// As the configuration writes them: "host?", "other_machine".
std::string_view name_of(Backend backend);
std::string_view name_of(ProgramKind kind);

/// The kind that the configuration calls `name`; nothing if there is none.
std::optional<ProgramKind> find_program_kind(std::string_view name);

/// The backends that can run programs of this kind at all.
std::span<const Backend> possible_backends(ProgramKind kind);

/// Reads a list of backends, or "none". An Error's message is a sentence that names what is possible.
proto::Result<Route> parse_route(ProgramKind kind, std::span<const std::string_view> words);

}  // namespace interop
