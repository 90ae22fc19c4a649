// SPDX-License-Identifier: MIT
#include "proto/wire/detach_rules.h"

#include <gtest/gtest.h>

namespace {

using mzinit::v1::Launch;
using mzinit::v1::LaunchReply;

TEST(DetachRules, AnyLaunchIsARequestThatIsNotToBeDetached) {
    Launch launch;
    launch.set_terminal_streams(7);
    launch.add_descriptors(mzinit::v1::DESCRIPTOR_STDIN);
    EXPECT_TRUE(proto::is_detach_request(launch));
}

TEST(DetachRules, DetachedProgramHasNoStreamsOfItsClient) {
    Launch launch;
    launch.set_detach(true);
    launch.add_descriptors(mzinit::v1::DESCRIPTOR_PROGRAM);
    launch.add_descriptors(mzinit::v1::DESCRIPTOR_WORKING_DIRECTORY);
    EXPECT_TRUE(proto::is_detach_request(launch));
    for (const auto stream :
         {mzinit::v1::DESCRIPTOR_STDIN, mzinit::v1::DESCRIPTOR_STDOUT, mzinit::v1::DESCRIPTOR_STDERR}) {
        Launch passing = launch;
        passing.add_descriptors(stream);
        EXPECT_FALSE(proto::is_detach_request(passing)) << stream;
    }
    launch.set_terminal_streams(3);
    EXPECT_FALSE(proto::is_detach_request(launch));
}

TEST(DetachRules, DetachedIsAnAnswerOnlyToWhomAskedForItAndWithoutStreams) {
    LaunchReply reply;
    EXPECT_TRUE(proto::is_answer_to_detach_request(reply, true));  // of an agent that does not know it
    reply.set_detached(true);
    EXPECT_TRUE(proto::is_answer_to_detach_request(reply, true));
    EXPECT_FALSE(proto::is_answer_to_detach_request(reply, false));
    reply.set_relayed_streams(2);
    EXPECT_FALSE(proto::is_answer_to_detach_request(reply, true));
    reply.set_relayed_streams(0);
    reply.set_terminal(mzinit::v1::TERMINAL_KIND_POSIX);
    EXPECT_FALSE(proto::is_answer_to_detach_request(reply, true));
}

}  // namespace
