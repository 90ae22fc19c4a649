// SPDX-License-Identifier: MIT
#include "init/machine/kernel_modules.h"

#include <gtest/gtest.h>

namespace init {
namespace {

using Files = std::optional<std::vector<std::string>>;

constexpr std::string_view dep =
    "kernel/fs/binfmt_misc.ko:\n"
    "kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz\n"
    "kernel/fs/jbd2/jbd2.ko.xz:\n"
    "kernel/net/9p/9pnet_virtio.ko.zst: kernel/net/9p/9pnet.ko.zst\n"
    "/opt/modules/snd-hda-intel.ko.gz: /opt/modules/snd-hda.ko.gz kernel/sound/soundcore.ko\n"
    "updates/dkms/vboxguest.ko:  kernel/a.ko   kernel/b.ko \n"
    "kernel/last.ko: kernel/a.ko";

TEST(KernelModules, ModuleThatNeedsNoneIsItsFile) {
    EXPECT_EQ(module_files(dep, "binfmt_misc"), (Files{{"kernel/fs/binfmt_misc.ko"}}));
}

TEST(KernelModules, WhatAModuleNeedsIsLoadedBeforeItTheLastFirst) {
    EXPECT_EQ(module_files(dep, "ext4"), (Files{{"kernel/fs/jbd2/jbd2.ko.xz", "kernel/fs/mbcache.ko.xz",
                                                 "kernel/lib/crc16.ko.xz", "kernel/fs/ext4/ext4.ko.xz"}}));
}

TEST(KernelModules, CompressionIsNoPartOfTheName) {
    EXPECT_EQ(module_files(dep, "9pnet_virtio"),
              (Files{{"kernel/net/9p/9pnet.ko.zst", "kernel/net/9p/9pnet_virtio.ko.zst"}}));
}

TEST(KernelModules, DashAndUnderscoreAreTheSame) {
    const Files files{{"kernel/sound/soundcore.ko", "/opt/modules/snd-hda.ko.gz", "/opt/modules/snd-hda-intel.ko.gz"}};
    for (const char* name : {"snd-hda-intel", "snd_hda_intel", "snd-hda_intel"}) {
        EXPECT_EQ(module_files(dep, name), files) << name;
    }
    EXPECT_EQ(module_files(dep, "binfmt-misc"), module_files(dep, "binfmt_misc"));
}

TEST(KernelModules, BlanksBetweenFilesDoNotCount) {
    EXPECT_EQ(module_files(dep, "vboxguest"), (Files{{"kernel/b.ko", "kernel/a.ko", "updates/dkms/vboxguest.ko"}}));
}

TEST(KernelModules, LastLineNeedsNoEnd) {
    EXPECT_EQ(module_files(dep, "last"), (Files{{"kernel/a.ko", "kernel/last.ko"}}));
}

TEST(KernelModules, OnlyTheWholeNameCounts) {
    for (const char* name : {"ext", "ext44", "xt4", "EXT4", "binfmt", "9p", "fs", "kernel", "mbcache", ""}) {
        EXPECT_EQ(module_files(dep, name), std::nullopt) << name;
    }
}

TEST(KernelModules, NameMayBeThatOfAFile) {
    EXPECT_EQ(module_files(dep, "binfmt_misc.ko"), module_files(dep, "binfmt_misc"));
    EXPECT_EQ(module_files(dep, "../x/binfmt_misc.ko.xz"), module_files(dep, "binfmt_misc"));
}

TEST(KernelModules, FirstLineOfAModuleCounts) {
    EXPECT_EQ(module_files("updates/a.ko:\nkernel/a.ko: kernel/b.ko\n", "a"), (Files{{"updates/a.ko"}}));
}

TEST(KernelModules, DamagedLinesAreLeftOut) {
    for (const char* text :
         {"", "\n", "\n\n", ":", ": kernel/a.ko\n", "kernel/a.ko", "kernel/a.ko kernel/b.ko\n", "a"}) {
        EXPECT_EQ(module_files(text, "a"), std::nullopt) << text;
        EXPECT_EQ(module_files(text, ""), std::nullopt) << text;
    }
    EXPECT_EQ(module_files("kernel/a.ko\n\n:\nkernel/b.ko:\n", "b"), (Files{{"kernel/b.ko"}}));
}

TEST(KernelModules, BuiltinOnesAreThoseOfTheList) {
    constexpr std::string_view builtin = "kernel/fs/ext4/ext4.ko\nkernel/net/core/failover.ko\nkernel/drivers/tty-x.ko";
    for (const char* name : {"ext4", "failover", "tty-x", "tty_x"})
        EXPECT_TRUE(is_builtin_module(builtin, name)) << name;
    for (const char* name : {"ext", "core", "ext4x", "tty", "", "kernel"}) {
        EXPECT_FALSE(is_builtin_module(builtin, name)) << name;
    }
}

TEST(KernelModules, EmptyListHasNoBuiltinOnes) {
    for (const char* list : {"", "\n", "\n\n"}) {
        EXPECT_FALSE(is_builtin_module(list, "ext4"));
        EXPECT_FALSE(is_builtin_module(list, ""));
        EXPECT_FALSE(is_builtin_module(list, "fs/"));
    }
}

}  // namespace
}  // namespace init
