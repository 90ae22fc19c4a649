// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/image/identify.h"
#include "proto/base/result.h"

namespace interop {

/// The kind under which a runner for `image` is looked up: "pe64", "pe32", "dotnet", "dos", "win16" or "batch". Empty if
/// nothing could run it: a DLL, a driver, an EFI program, a kernel, a damaged file, another processor's program.
/// A mixed-mode program counts as one of its width: only Windows and Wine can load its native half.
std::string_view runner_kind(const ImageDescription& image);

/// Whether `image` is a program of Windows for users, but for a processor that is not x86 or x86-64.
bool is_for_another_processor(const ImageDescription& image);

/// What of Wine is installed.
struct WineInstallation {
    bool runs_64_bit = false;
    bool runs_32_bit = false;
    std::string starter{};     ///< Path of "wine", or of "wine64" where that is all there is.
    std::string starter_64{};  ///< Path of "wine64"; may be empty.
};

/// Which command runs which kind of program. Pure: nothing is looked up on the system.
class RunnerTable {
  public:
    /// pe64, pe32 and batch by Wine; win16 too, where it runs 32-bit programs; dotnet by mono where that is installed.
    static RunnerTable with_defaults(const WineInstallation& wine, bool has_mono);

    /// Takes "KIND=COMMAND", the argument of --runner; an empty command removes the kind. See expand_command().
    proto::Result<void> set(std::string_view assignment);

    /// The command for `image`: that of its kind, for a .NET program without one that of a PE of its width. Null if
    /// there is none.
    [[nodiscard]] const std::string* find(const ImageDescription& image) const;

    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& commands() const { return commands_; }

  private:
    [[nodiscard]] const std::string* find_kind(std::string_view kind) const;

    std::vector<std::pair<std::string, std::string>> commands_;
};

/// The words of a command, separated by blanks; double quotes keep blanks together. %p becomes `program` (which is
/// added at the end if it is nowhere), %% a percent sign.
proto::Result<std::vector<std::string>> expand_command(std::string_view command, std::string_view program);

/// Why a program is not started at all.
struct RunnerRefusal {
    enum class Reason { bad_format, wrong_machine };

    Reason reason;
    std::string text;  ///< What the file is and what is missing, one line.
};

/// Why `image` cannot be run with these runners, or nothing. Wine itself would end with 0 and without a word for a
/// 32-bit program that it has no loader for, so `wine` is asked first.
std::optional<RunnerRefusal> runner_refusal(const ImageDescription& image, const RunnerTable& table,
                                            const WineInstallation& wine);

/// Whether only a Wine with a 32-bit part can run `image`, which runner_kind() knows.
bool needs_32_bit_wine(const ImageDescription& image);

/// Why `wine` cannot run a program that runner_kind() knows, with the command that installs what is missing; empty if it
/// can.
std::string wine_problem(const ImageDescription& image, const WineInstallation& wine);

}  // namespace interop
