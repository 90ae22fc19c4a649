// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hostbridge {

/// A directory that is removed with everything in it. POSIX only.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        path_ = testing::TempDir() + "hbXXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) std::abort();
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace hostbridge
