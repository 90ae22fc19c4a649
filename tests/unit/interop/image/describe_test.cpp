// SPDX-License-Identifier: MIT
// What users read: one sentence for each thing that they may have tried to run, from its bytes.
#include <gtest/gtest.h>

#include "interop/image/identify.h"
#include "sample_images.h"

namespace interop {
namespace {

using testing::new_style_program;
using testing::pe_program;
using testing::SampleFile;

std::string sentence(SampleFile file) { return describe(file.identify()); }

TEST(Describe, Programs) {
    EXPECT_EQ(sentence(pe_program()), "a 64-bit Windows console program (PE32+, x86-64)");
    EXPECT_EQ(sentence(testing::dotnet_program(1)), "a .NET Windows console program (PE32, any CPU)");
    EXPECT_EQ(sentence(new_style_program("NE").u8(0x80 + 0x36, 2)), "a 16-bit program for Windows (NE)");
    EXPECT_EQ(sentence(testing::dos_program()), "a DOS program");
    EXPECT_EQ(sentence(testing::dos_program().text(0x40, "go32stub")), "a DOS program (with the DJGPP extender)");
}

TEST(Describe, ApeProgram) {
    EXPECT_EQ(sentence(pe_program().text(0, "MZqFpD='")),
              "an actually portable executable (APE), which Linux runs itself");
}

TEST(Describe, Libraries) {
    EXPECT_EQ(sentence(pe_program({.characteristics = 0x2022})), "a 64-bit Windows DLL (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.machine = 0x14C, .plus = false, .characteristics = 0x2022})),
              "a 32-bit Windows DLL (PE32, x86)");
    EXPECT_EQ(sentence(testing::dotnet_program(1, {.machine = 0x14C, .plus = false, .characteristics = 0x2102})),
              "a .NET Windows DLL (PE32, any CPU)");
}

TEST(Describe, Firmware) {
    EXPECT_EQ(sentence(pe_program({.subsystem = 10})), "a 64-bit EFI program (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 11})), "a 64-bit EFI program (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 16})), "a 64-bit Windows boot application (PE32+, x86-64)");
}

TEST(Describe, Kernels) {
    SampleFile x86 = pe_program({.subsystem = 10});
    x86.u16(0x1FE, 0xAA55).text(0x202, "HdrS").u16(0x206, 0x20F).u16(0x236, 1);
    EXPECT_EQ(sentence(x86), "a Linux kernel image (x86-64)");
    EXPECT_EQ(sentence(pe_program({.machine = 0xAA64}).text(4, "zimg")),
              "a compressed EFI kernel image (zboot, ARM64)");
}

TEST(Describe, ProgramsForOtherProcessors) {
    EXPECT_EQ(sentence(pe_program({.machine = 0xAA64})), "a 64-bit Windows console program (PE32+, ARM64)");
    EXPECT_EQ(sentence(pe_program({.machine = 0x1C4, .plus = false})), "a 32-bit Windows console program (PE32, ARM)");
    EXPECT_EQ(sentence(testing::hybrid_program(0x8664)), "a 64-bit Windows console program (PE32+, ARM64, ARM64EC)");
    EXPECT_EQ(sentence(pe_program({.machine = 0x1234})),
              "a 64-bit Windows console program (PE32+, an unknown machine)");
}

TEST(Describe, ProgramsForOtherSystems) {
    EXPECT_EQ(sentence(new_style_program("LX").u16(0x8A, 1)), "an OS/2 program (LX)");
    EXPECT_EQ(sentence(new_style_program("NE").u8(0x80 + 0x36, 1)), "a 16-bit program for OS/2 (NE)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 5})), "a 64-bit OS/2 subsystem program (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 7})), "a 64-bit POSIX subsystem program (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 9})), "a 64-bit Windows CE program (PE32+, x86-64)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 14})), "a 64-bit Xbox program (PE32+, x86-64)");
}

TEST(Describe, Drivers) {
    EXPECT_EQ(sentence(new_style_program("LE").u16(0x8A, 4)), "a Windows 9x driver (a virtual device driver)");
    EXPECT_EQ(sentence(new_style_program("W3")), "a Windows 9x driver (a collection of virtual device drivers)");
    EXPECT_EQ(sentence(pe_program({.subsystem = 1})), "a 64-bit Windows driver or native program (PE32+, x86-64)");
}

TEST(Describe, NoPrograms) {
    EXPECT_EQ(sentence(SampleFile().text(0, "#!/bin/sh\n")),
              "not a Windows or DOS program (it does not start with MZ)");
    EXPECT_EQ(sentence(SampleFile().text(0, "MZ\n")),
              "not a program that can run, though it starts with MZ (it is text)");
    EXPECT_EQ(sentence(pe_program().resize(0x90)),
              "not a program that can run, though it starts with MZ (it ends within its PE header)");
}

}  // namespace
}  // namespace interop
