// SPDX-License-Identifier: MIT
#include "hostbridge/host_machine_win.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

namespace v1 = mzinit::v1;
using interop::ImageDescription;
using interop::ImageKind;
using interop::Machine;
using interop::Managed;
using interop::Subsystem;

ImageDescription program(Machine machine, unsigned bits) {
    ImageDescription image;
    image.kind = ImageKind::pe;
    image.machine = machine;
    image.subsystem = Subsystem::windows_console;
    image.bits = bits;
    return image;
}

ImageDescription other(ImageKind kind) {
    ImageDescription image;
    image.kind = kind;
    return image;
}

const HostMachine full(Machine::amd64, true);
const HostMachine without_32_bit(Machine::amd64, false);
const HostMachine arm(Machine::arm64, true);

v1::LaunchErrorCode code_of(const HostMachine& machine, const ImageDescription& image) {
    const auto refusal = machine.refusal(image);
    return refusal ? refusal->code : v1::LAUNCH_ERROR_UNSPECIFIED;
}

TEST(HostMachine, RunsProgramsOfItsOwnProcessor) {
    EXPECT_FALSE(full.refusal(program(Machine::amd64, 64)));
    EXPECT_FALSE(arm.refusal(program(Machine::arm64, 64)));
    ImageDescription gui = program(Machine::amd64, 64);
    gui.subsystem = Subsystem::windows_gui;
    EXPECT_FALSE(full.refusal(gui));
}

TEST(HostMachine, Runs32BitProgramsOnlyWithIts32BitHalf) {
    EXPECT_FALSE(full.refusal(program(Machine::i386, 32)));
    const auto refusal = without_32_bit.refusal(program(Machine::i386, 32));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, v1::LAUNCH_ERROR_WRONG_MACHINE);
    EXPECT_EQ(refusal->host_code, 216u);
    EXPECT_NE(refusal->text.find("32-bit programs are not supported on this host"), std::string::npos) << refusal->text;
}

TEST(HostMachine, RunsPureDotNetWhateverItsHeaderSays) {
    ImageDescription image = program(Machine::i386, 32);
    image.managed = Managed::il;
    EXPECT_FALSE(without_32_bit.refusal(image));
    image.managed = Managed::mixed;
    EXPECT_EQ(code_of(without_32_bit, image), v1::LAUNCH_ERROR_WRONG_MACHINE);
}

TEST(HostMachine, EmulatesTheOlderProcessorsOnArmOnly) {
    EXPECT_FALSE(arm.refusal(program(Machine::amd64, 64)));
    EXPECT_FALSE(arm.refusal(program(Machine::i386, 32)));
    EXPECT_EQ(code_of(full, program(Machine::arm64, 64)), v1::LAUNCH_ERROR_WRONG_MACHINE);
    EXPECT_EQ(code_of(full, program(Machine::riscv, 64)), v1::LAUNCH_ERROR_WRONG_MACHINE);
}

TEST(HostMachine, RefusesLibrariesAndOtherSubsystems) {
    ImageDescription library = program(Machine::amd64, 64);
    library.is_dll = true;
    EXPECT_EQ(code_of(full, library), v1::LAUNCH_ERROR_BAD_FORMAT);
    for (const Subsystem subsystem :
         {Subsystem::native, Subsystem::efi, Subsystem::posix, Subsystem::boot_application}) {
        ImageDescription image = program(Machine::amd64, 64);
        image.subsystem = subsystem;
        EXPECT_EQ(code_of(full, image), v1::LAUNCH_ERROR_BAD_FORMAT);
    }
}

TEST(HostMachine, RefusesOtherKindsAndSaysWhatTheyAre) {
    for (const ImageKind kind : {ImageKind::damaged, ImageKind::le, ImageKind::vxd, ImageKind::ape,
                                 ImageKind::linux_kernel, ImageKind::efi_zboot}) {
        const auto refusal = full.refusal(other(kind));
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->code, v1::LAUNCH_ERROR_BAD_FORMAT);
        EXPECT_EQ(refusal->host_code, 193u);
        EXPECT_TRUE(refusal->text.starts_with(interop::describe(other(kind)))) << refusal->text;
    }
    EXPECT_EQ(code_of(full, other(ImageKind::dos)), v1::LAUNCH_ERROR_WRONG_MACHINE);
    EXPECT_EQ(code_of(full, other(ImageKind::ne)), v1::LAUNCH_ERROR_WRONG_MACHINE);
}

TEST(HostMachine, LeavesFilesWithoutMzToTheirNames) {
    EXPECT_FALSE(full.refusal(other(ImageKind::not_mz)));
    EXPECT_FALSE(full.refusal(other(ImageKind::batch)));
}

TEST(HostMachine, KnowsTheMachineItRunsOn) {
    EXPECT_FALSE(HostMachine::detect().refusal(program(Machine::amd64, 64)));
    EXPECT_TRUE(HostMachine::detect().refusal(program(Machine::ia64, 64)));
}

}  // namespace
}  // namespace hostbridge
