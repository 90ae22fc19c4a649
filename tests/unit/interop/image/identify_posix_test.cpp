// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "interop/image/identify.h"
#include "interop/os/unique_fd.h"

namespace interop {
namespace {

TEST(IdentifyFile, LeavesPositionOfDescriptorAlone) {
    std::string path = ::testing::TempDir() + "identify-XXXXXX";
    const UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
    ASSERT_TRUE(file);
    ::unlink(path.c_str());
    ASSERT_EQ(::write(file.get(), "MZ text\n", 8), 8);
    ASSERT_EQ(::lseek(file.get(), 3, SEEK_SET), 3);
    EXPECT_EQ(identify_image(file.get(), 8).kind, ImageKind::damaged);
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 3);
}

TEST(IdentifyFile, UnreadableDescriptorIsNotMz) { EXPECT_EQ(identify_image(-1, 100).kind, ImageKind::not_mz); }

}  // namespace
}  // namespace interop
