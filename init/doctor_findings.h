// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "init/doctor_facts.h"

namespace init {

/// One check and how it went.
struct Finding {
    enum class Level {
        ok,
        warning,  ///< Programs run, but not as well as they could, or not for long.
        problem,
    };

    Level level;
    std::string check;    ///< A word that does not change: "rule", "agent". Some come more than once.
    std::string subject;  ///< What was looked at.
    std::string text;     ///< A clause.
    std::string advice;   ///< What to do; empty if nothing is.
};

/// What the facts mean, in the order in which a launch goes. Pure.
std::vector<Finding> diagnose(const DoctorFacts& facts);

bool has_problem(const std::vector<Finding>& findings);

/// The version in what a program prints for --version: "8.0" of "wine-8.0 (Debian 8.0~repack-4)". Empty if there is none.
std::string version_in(std::string_view text);

}  // namespace init
