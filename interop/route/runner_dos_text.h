// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Line ends between Unix (LF) and DOS (CR LF). Pure.
namespace interop {

/// What a program gets to read: CR LF for each LF that has no CR before it.
class DosInputText {
  public:
    /// How many bytes to take from the source for a read of `count`, so that what becomes of them fits.
    [[nodiscard]] static std::size_t source_size(std::size_t count) { return count < 2 ? 1 : count / 2; }

    /// What a read of `count` bytes gets for `source`, of at most source_size(count). A LF that does not fit, since
    /// only one byte was asked for, is kept: take_kept().
    std::string convert(std::string_view source, std::size_t count);

    /// Whether a LF is waiting, and takes it.
    [[nodiscard]] bool has_kept() const { return has_kept_; }
    void take_kept() { has_kept_ = false; }

  private:
    bool after_cr_ = false;
    bool has_kept_ = false;
};

/// What a program wrote: LF for each CR LF. Other CRs stay.
class DosOutputText {
  public:
    /// A CR at the end waits for what follows it.
    std::string convert(std::string_view written);

    /// What was waiting, at the program's end.
    std::string finish();

  private:
    bool has_cr_ = false;
};

}  // namespace interop
