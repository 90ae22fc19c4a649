// SPDX-License-Identifier: MIT
#include "init/shim_file.h"

#include <gtest/gtest.h>

namespace init {
namespace {

TEST(ShimFileTest, IsAScriptForMzinit) {
    EXPECT_EQ(shim_text("/usr/sbin/mzinit", "clip.exe"), "#!/usr/sbin/mzinit shim\nclip.exe\n");
}

TEST(ShimFileTest, IsReadBack) {
    for (const auto* name : {"clip", "cmd.exe", "a b.exe", "ü.exe"}) {
        EXPECT_EQ(shim_target(*shim_text("/init", name)), name);
    }
}

TEST(ShimFileTest, NeedsAnInterpreterThatTheKernelCanRead) {
    EXPECT_EQ(shim_text("mzinit", "clip"), std::nullopt);
    EXPECT_EQ(shim_text("/my tools/mzinit", "clip"), std::nullopt);
    EXPECT_EQ(shim_text("/" + std::string(120, 'a'), "clip"), std::nullopt);
    EXPECT_TRUE(shim_text("/" + std::string(119, 'a'), "clip"));
}

TEST(ShimFileTest, OtherFilesAreNone) {
    for (const auto* text :
         {"", "#!/bin/sh\necho\n", "#!/init shim\n", "#!/init shim\n\n", "#!/init shim\nclip", "#!/init shim",
          "#!/init shim\na/b\n", "#!/init shim\nclip\nmore\n", "MZ", "#! /init shims\nclip\n"}) {
        EXPECT_EQ(shim_target(text), std::nullopt) << text;
    }
    EXPECT_EQ(shim_target("#!/init shim\n" + std::string(longest_shim, 'a') + "\n"), std::nullopt);
}

TEST(ShimFileTest, ANameIsNoPathAndNoOption) {
    for (const auto* name : {"", ".", "..", "a/b", "../x", "a\\b", "-x", "a:b", "a\nb", "a*b"}) {
        EXPECT_FALSE(is_shim_name(name)) << name;
    }
    EXPECT_FALSE(is_shim_name(std::string(256, 'a')));
    // The agent would look none of these up.
    for (const auto* name : {"con", "NUL.exe", "a.", "a ", "\xE9.exe", "com1"})
        EXPECT_FALSE(is_shim_name(name)) << name;
    EXPECT_TRUE(is_shim_name("powershell.exe"));
}

}  // namespace
}  // namespace init
