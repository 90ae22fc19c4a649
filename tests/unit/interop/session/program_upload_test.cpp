// SPDX-License-Identifier: MIT
#include "interop/session/program_upload.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "interop/session/progress_line.h"
#include "tests/unit/proto/wire/wire_fixture.h"

namespace interop {
namespace {

using proto::stream_upload;

ProgramPart part_of(const std::string& name, std::string_view contents, std::uint64_t more = 0) {
    ProgramPart part{name, UniqueFd(memfd_create(name.c_str(), MFD_CLOEXEC)), contents.size() + more};
    EXPECT_EQ(write(part.fd.get(), contents.data(), contents.size()), static_cast<ssize_t>(contents.size()));
    return part;
}

std::vector<ProgramPart> parts_of(ProgramPart first, ProgramPart second) {
    std::vector<ProgramPart> parts;
    parts.push_back(std::move(first));
    parts.push_back(std::move(second));
    return parts;
}

/// A client that the agent, which grants 400,000 bytes, has asked for the manifest.
class ProgramUploadTest : public ::testing::Test {
  protected:
    static constexpr std::uint32_t credit = 400'000;

    static proto::GreetingOptions options(std::uint8_t nonce) {
        auto options = proto::greeting_options(nonce, credit);
        options.capabilities |= proto::capability::uploads;
        return options;
    }

    void SetUp() override {
        const proto::AgentHandshake agent(options(2), nullptr);
        hear(agent.greeting_frame());
        mzinit::v1::Launch launch;
        launch.set_can_upload(true);
        ASSERT_TRUE(client.send_launch(launch));
        hear(proto::control_frame([](auto& m) { m.mutable_manifest_request(); }));
        client.output().clear();
    }

    void hear(std::string_view bytes) {
        const auto received = proto::receive(client, bytes);
        ASSERT_TRUE(received && received->has_value());
    }

    mzinit::v1::Manifest describe(ProgramUpload& upload) {
        auto described = upload.describe();
        for (; described && !*described; described = upload.describe()) {
        }
        EXPECT_TRUE(described);
        const auto frames = proto::frames_in(proto::taken(client.output()));
        return frames.empty() ? mzinit::v1::Manifest() : frames.at(0).control().manifest();
    }

    void want(ProgramUpload& upload, std::vector<std::uint32_t> indices) {
        hear(proto::control_frame([&](auto& m) {
            for (const std::uint32_t index : indices) m.mutable_files_wanted()->add_indices(index);
        }));
        upload.want(std::move(indices));
    }

    /// What was sent of the files, and whether the end was.
    std::pair<std::string, bool> send_all(ProgramUpload& upload) {
        while (upload.send()) {
        }
        std::pair<std::string, bool> sent;
        for (const auto& frame : proto::frames_in(proto::taken(client.output()))) {
            EXPECT_EQ(frame.stream, stream_upload);
            sent.first += frame.payload;
            sent.second = frame.payload.empty();
        }
        return sent;
    }

    proto::ClientProtocol client{options(1), std::nullopt, proto::ClientHandshake::KeyPolicy::if_asked};
};

TEST_F(ProgramUploadTest, DescribesAndSendsWhatIsWanted) {
    const std::string large(300'000, 'l');
    ProgramUpload upload(parts_of(part_of("a.exe", large), part_of("b.dll", "")), client);
    const auto manifest = describe(upload);
    ASSERT_EQ(manifest.files_size(), 2);
    EXPECT_EQ(manifest.files(0).name(), "a.exe");
    EXPECT_EQ(manifest.files(0).size(), 300'000u);
    EXPECT_EQ(manifest.files(0).sha256(), proto::as_bytes(proto::sha256(large)));
    EXPECT_EQ(manifest.files(1).size(), 0u);
    EXPECT_EQ(manifest.files(1).sha256(), proto::as_bytes(proto::sha256("")));
    EXPECT_FALSE(upload.send()) << "nothing is wanted yet";
    want(upload, {0, 1});
    EXPECT_EQ(send_all(upload), std::pair(large, true));
    EXPECT_EQ(upload.progress().done, 300'000u);
    EXPECT_FALSE(upload.send());
}

TEST_F(ProgramUploadTest, DescribesInStepsSoThatTheLoopGoesOn) {
    ProgramUpload upload(parts_of(part_of("a.exe", std::string(600'000, 'a')), part_of("b.dll", "b")), client);
    int steps = 0;
    for (auto described = upload.describe(); described && !*described; described = upload.describe()) ++steps;
    EXPECT_GE(steps, 3);
}

TEST_F(ProgramUploadTest, WaitsForCredit) {
    const std::string large(500'000, 'l');
    ProgramUpload upload(parts_of(part_of("a.exe", "a"), part_of("b.dll", large)), client);
    describe(upload);
    want(upload, {1});
    EXPECT_EQ(send_all(upload), std::pair(large.substr(0, credit), false));
    hear(proto::credit_frame(stream_upload, credit));
    EXPECT_EQ(send_all(upload), std::pair(large.substr(credit), true));
}

TEST_F(ProgramUploadTest, EndsEarlyIfAFileHasBecomeShorter) {
    auto parts = parts_of(part_of("a.exe", "0123456789"), part_of("b.dll", "b"));
    const int file = parts[0].fd.get();
    ProgramUpload upload(std::move(parts), client);
    describe(upload);
    want(upload, {0, 1});
    ASSERT_EQ(ftruncate(file, 4), 0);
    EXPECT_EQ(send_all(upload), std::pair(std::string("0123"), true));
    EXPECT_FALSE(client.agent_lacks_program()) << "the end was sent";
}

TEST_F(ProgramUploadTest, SendsNoMoreThanItHasDescribedOfAFileThatGrows) {
    auto parts = parts_of(part_of("a.exe", "0123"), part_of("b.dll", "b"));
    const int file = parts[0].fd.get();
    ProgramUpload upload(std::move(parts), client);
    ASSERT_EQ(pwrite(file, "456", 3, 4), 3);
    EXPECT_EQ(describe(upload).files(0).size(), 4u);
    want(upload, {0, 1});
    EXPECT_EQ(send_all(upload), std::pair(std::string("0123b"), true));
}

TEST_F(ProgramUploadTest, DescribesWhatIsThereOfAFileThatShrankBefore) {
    ProgramUpload upload(parts_of(part_of("a.exe", "0123", 6), part_of("b.dll", "b")), client);
    const auto manifest = describe(upload);
    EXPECT_EQ(manifest.files(0).size(), 4u);
    EXPECT_EQ(manifest.files(0).sha256(), proto::as_bytes(proto::sha256("0123")));
}

TEST_F(ProgramUploadTest, SaysWhichFileCannotBeRead) {
    auto parts = parts_of(part_of("a.exe", "a"), part_of("b.dll", "b"));
    parts[1].fd = UniqueFd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    ProgramUpload upload(std::move(parts), client);
    auto described = upload.describe();
    ASSERT_TRUE(described && !*described);
    described = upload.describe();
    ASSERT_FALSE(described);
    EXPECT_EQ(described.error().message(), "read b.dll: Bad file descriptor");
}

TEST(ProgressText, SaysHowFarItIs) {
    EXPECT_EQ(progress_text("a.exe", "sending", 3u << 20, 12u << 20),
              "mzinit: sending a.exe [#####...............] 3.0 of 12.0 MiB");
    EXPECT_EQ(progress_text("a.exe", "reading", 0, 0), "mzinit: reading a.exe [####################] 0.0 of 0.0 MiB");
    EXPECT_NE(progress_text("a.exe", "sending", UINT64_MAX, UINT64_MAX), "");
    EXPECT_EQ(progress_text("\x1b[2J", "sending", 1, 2).find('\x1b'), std::string::npos);
}

TEST(ProgressText, FitsTheTerminal) {
    EXPECT_EQ(cut_to_fit("abcdef", 0), "abcdef") << "not known";
    EXPECT_EQ(cut_to_fit("abcdef", 7), "abcdef");
    EXPECT_EQ(cut_to_fit("abcdef", 6), "abcde");
    EXPECT_EQ(cut_to_fit("abc\xc3\xbc", 5), "abc") << "no half of a character";
    EXPECT_EQ(cut_to_fit("\xc3\xbc", 2), "");
}

}  // namespace
}  // namespace interop
