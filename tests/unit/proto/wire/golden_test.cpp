// SPDX-License-Identifier: MIT
// The bytes of the released versions: tests/golden/README.md.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/proto/wire/golden_frames.h"
#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

const std::string golden_directory = MZINIT_TESTS_DIRECTORY "/golden/v1/";

std::string read_golden(const std::string& name) {
    std::ifstream file(golden_directory + name, std::ios::binary);
    EXPECT_TRUE(file) << golden_directory << name << " is missing";
    return {std::istreambuf_iterator<char>(file), {}};
}

class Golden : public ::testing::TestWithParam<GoldenFrame> {};

TEST_P(Golden, EncodersWriteTheseBytes) {
    const GoldenFrame& golden = GetParam();
    if (std::getenv("MZINIT_WRITE_GOLDEN") != nullptr) {
        std::ofstream(golden_directory + golden.file, std::ios::binary) << golden.bytes;
        GTEST_SKIP() << "written, not compared";
    }
    EXPECT_EQ(read_golden(golden.file), golden.bytes);
}

TEST_P(Golden, DecodersReadTheseBytes) {
    const auto frames = frames_in(read_golden(GetParam().file));
    const auto expected = frames_in(GetParam().bytes);
    ASSERT_EQ(frames.size(), 1u);
    ASSERT_EQ(expected.size(), 1u);
    EXPECT_EQ(frames[0].type, expected[0].type);
    EXPECT_EQ(frames[0].stream, expected[0].stream);
    if (frames[0].type == FrameType::control) {
        EXPECT_EQ(frames[0].control().SerializeAsString(), expected[0].control().SerializeAsString());
        EXPECT_EQ(frames[0].control().body_case(), expected[0].control().body_case());
    } else {
        EXPECT_EQ(frames[0].payload, expected[0].payload);
    }
}

INSTANTIATE_TEST_SUITE_P(V1, Golden, ::testing::ValuesIn(golden_frames()),
                         [](const auto& tested) { return tested.param.file.substr(0, tested.param.file.find('.')); });

TEST(GoldenHandshake, AgentAcceptsTheRecordedClient) {
    AgentProtocol agent(golden_agent_options(), lookup_of(golden_key()));
    EXPECT_EQ(taken(agent.output()), read_golden("greeting_agent.bin"));
    feed(agent.decoder(), read_golden("greeting_client.bin") + read_golden("authenticate_client.bin"));
    ASSERT_TRUE(agent.receive());
    EXPECT_TRUE(agent.authenticated());
    EXPECT_EQ(agent.output(), read_golden("authenticate_agent.bin"));
}

TEST(GoldenHandshake, ClientAcceptsTheRecordedAgent) {
    ClientProtocol client(golden_client_options(), golden_key(), ClientHandshake::KeyPolicy::required);
    EXPECT_EQ(taken(client.output()), read_golden("greeting_client.bin"));
    ASSERT_TRUE(receive(client, read_golden("greeting_agent.bin")));
    EXPECT_EQ(taken(client.output()), read_golden("authenticate_client.bin"));
    const auto ready = receive(client, read_golden("authenticate_agent.bin"));
    ASSERT_TRUE(ready && ready->has_value());
    EXPECT_TRUE(std::holds_alternative<client_event::Ready>(**ready));
}

}  // namespace
}  // namespace proto
