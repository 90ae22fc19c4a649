// SPDX-License-Identifier: MIT
#include "hostbridge/runner_variables.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

TEST(RunnerVariables, KnowsThoseThatLoadersAndRunnersRead) {
    for (const char* name :
         {"LD_PRELOAD", "ld_library_path", "WINEPREFIX", "WineServer", "WINEDLLOVERRIDES", "MONO_PATH", "COR_PROFILER",
          "DOTNET_STARTUP_HOOKS", "Home", "ComSpec", "SystemRoot", "windir", "BASH_FUNC_x%%"}) {
        EXPECT_TRUE(decides_what_is_loaded(name)) << name;
    }
}

TEST(RunnerVariables, LeavesOthersAlone) {
    for (const char* name : {"", "L", "LD", "TEMP", "MY_PATH", "PATH", "WINEDEBUG", "DOTNET_ENVIRONMENT", "ENV",
                             "WSLENV", "LANG", "OLD_LD_PRELOAD", "CORE"}) {
        EXPECT_FALSE(decides_what_is_loaded(name)) << name;
    }
}

}  // namespace
}  // namespace hostbridge
