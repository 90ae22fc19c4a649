// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// How large a NAME.deps.json may be that is looked at, in bytes. That of a program that brings all of .NET has some 50 KiB.
inline constexpr std::size_t largest_dotnet_assets = 4u << 20;

/// What a NAME.deps.json says of the directory of its program.
struct DotnetAssets {
    std::vector<std::string> files;   ///< The DLLs and programs in it, each once, in their order.
    bool has_subdirectories = false;  ///< There are more in directories below: for other systems, or translations.
};

/// Takes from the file what is needed of it, without reading it as JSON: the strings that end like the name of a DLL or a program
/// are such names, and nothing else in it is. Any bytes will do. Pure.
/// Source: dotnet/runtime, docs/design/features/host-probing.md; dotnet/cli, "runtime-configuration-file.md".
DotnetAssets read_dotnet_assets(std::string_view text);

}  // namespace interop
