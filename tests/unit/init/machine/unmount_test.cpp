// SPDX-License-Identifier: MIT
#include "init/machine/unmount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace init {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A line of mountinfo.
std::string mount(const std::string& path, const std::string& type) {
    return "36 35 98:0 / " + path + " rw,noatime shared:1 - " + type + " /dev/vda rw,errors=continue\n";
}

TEST(UnmountOrder, IsThatOfMountingReversed) {
    EXPECT_THAT(unmount_order(mount("/home", "ext4") + mount("/home/a", "xfs") + mount("/mnt", "9p")),
                ElementsAre("/mnt", "/home/a", "/home"));
}

TEST(UnmountOrder, OfNothingIsEmpty) {
    EXPECT_THAT(unmount_order(""), IsEmpty());
    EXPECT_THAT(unmount_order("\n\n"), IsEmpty());
}

TEST(UnmountOrder, RootDirectoryIsLeftOut) {
    EXPECT_THAT(unmount_order(mount("/", "ext4") + mount("/", "overlay")), IsEmpty());
}

TEST(UnmountOrder, FileSystemsOfTheKernelAreLeftOutInTheirPlaces) {
    const std::pair<const char*, const char*> table[] = {
        {"/proc", "proc"},        {"/proc/sys/fs/binfmt_misc", "binfmt_misc"},
        {"/sys", "sysfs"},        {"/sys/fs/cgroup", "cgroup2"},
        {"/dev", "devtmpfs"},     {"/dev/pts", "devpts"},
        {"/dev/shm", "tmpfs"},    {"/run", "tmpfs"},
        {"/run/user/0", "tmpfs"},
    };
    for (const auto& [path, type] : table) EXPECT_THAT(unmount_order(mount(path, type)), IsEmpty()) << path;
}

TEST(UnmountOrder, OthersAreNotLeftOut) {
    const std::pair<const char*, const char*> table[] = {
        {"/process", "ext4"},  {"/system", "ext4"},        {"/device", "ext4"},
        {"/runtime", "tmpfs"}, {"/srv/proc", "proc"},      {"/srv/dev", "devtmpfs"},
        {"/tmp", "tmpfs"},     {"/run/media/usb", "vfat"}, {"/run/a", "tmpfs2"},
    };
    for (const auto& [path, type] : table) EXPECT_THAT(unmount_order(mount(path, type)), ElementsAre(path)) << path;
}

TEST(UnmountOrder, MountsOverOneAnotherAreEachInIt) {
    EXPECT_THAT(unmount_order(mount("/a", "ext4") + mount("/a", "ext4") + mount("/a/b", "ext4")),
                ElementsAre("/a/b", "/a", "/a"));
}

TEST(UnmountOrder, OptionalFieldsMayBeAnyNumber) {
    for (const char* fields :
         {"", "shared:1 ", "master:2 ", "shared:1 master:2 propagate_from:3 unbindable new:-:x "}) {
        const std::string line = "36 35 98:0 / /a rw " + std::string(fields) + "- ext4 /dev/vda rw\n";
        EXPECT_THAT(unmount_order(line), ElementsAre("/a")) << fields;
    }
}

TEST(UnmountOrder, TypeIsThatAfterTheSeparator) {
    EXPECT_THAT(unmount_order("36 35 0:5 / /run/a rw tmpfs - ext4 tmpfs rw\n"), ElementsAre("/run/a"));
    EXPECT_THAT(unmount_order("36 35 0:5 / /run/a rw ext4 - tmpfs ext4 rw\n"), IsEmpty());
    EXPECT_THAT(unmount_order("36 35 0:5 / /run/a rw - fuse.sshfs - tmpfs\n"), ElementsAre("/run/a"));
}

TEST(UnmountOrder, EscapesOfTheKernelAreUndoneOnce) {
    const std::pair<const char*, const char*> table[] = {
        {R"(/a\040b)", "/a b"},        {R"(/a\011b\012c)", "/a\tb\nc"}, {R"(/a\043b)", "/a#b"},
        {R"(/a\134b)", R"(/a\b)"},     {R"(/a\134040b)", R"(/a\040b)"}, {R"(/a\040)", "/a "},
        {R"(/\303\244)", "/\xC3\xA4"}, {R"(/\040\040)", "/  "},         {R"(/\377)", "/\xFF"},
    };
    for (const auto& [escaped, path] : table) {
        EXPECT_THAT(unmount_order(mount(escaped, "ext4")), ElementsAre(path)) << escaped;
    }
}

TEST(UnmountOrder, WhatIsNoEscapeIsKept) {
    for (const char* path : {R"(/a\)", R"(/a\0)", R"(/a\04)", R"(/a\08b)", R"(/a\400)", R"(/a\4ab)", R"(/\xA0)"}) {
        EXPECT_THAT(unmount_order(mount(path, "ext4")), ElementsAre(path)) << path;
    }
}

TEST(UnmountOrder, TruncatedLinesAreLeftOut) {
    const std::string line = "36 35 98:0 / /a rw - ext4";
    for (std::size_t size = 0; size < line.find("ext4"); ++size) {
        const std::string text = mount("/b", "ext4") + line.substr(0, size) + "\n" + mount("/c", "ext4");
        EXPECT_THAT(unmount_order(text), ElementsAre("/c", "/b")) << size;
    }
}

TEST(UnmountOrder, LastLineNeedsNoEnd) { EXPECT_THAT(unmount_order("36 35 98:0 / /a rw - ext4"), ElementsAre("/a")); }

}  // namespace
TEST(Unmount, SwapAreasAreTheFirstWordsBelowTheHeading) {
    EXPECT_THAT(init::swap_areas("Filename\t\t\tType\t\tSize\tUsed\tPriority\n"
                                 "/dev/vda2                               partition\t1024\t0\t-2\n"
                                 "/swap\\040file                            file\t\t1024\t0\t-3\n"),
                ElementsAre("/dev/vda2", "/swap file"));
}

TEST(Unmount, NoSwapAreasAreNone) {
    for (const char* text : {"", "Filename\tType\n", "Filename", "Filename\n\n"}) {
        EXPECT_THAT(init::swap_areas(text), ElementsAre()) << text;
    }
}

}  // namespace init
