// SPDX-License-Identifier: MIT
#include "proto/wire/client_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

namespace event = client_event;
using mzinit::v1::ControlMessage;

std::string agent_greeting(std::uint32_t credit = limits::default_initial_credit) {
    return AgentHandshake(greeting_options(2, credit), nullptr).greeting_frame();
}

std::string reporting_agent_greeting() { return AgentHandshake(reporting_options(2), nullptr).greeting_frame(); }

mzinit::v1::Report some_report() {
    mzinit::v1::Report report;
    report.set_command("/bin/sh \xff");
    report.set_signal(mzinit::v1::SIGNAL_KILL);
    return report;
}

std::string reply_frame(std::uint32_t relayed = 7) {
    return control_frame([&](auto& m) { m.mutable_launch_reply()->set_relayed_streams(relayed); });
}

std::string exit_frame(std::uint32_t code, std::uint64_t consumed = 0) {
    return control_frame([&](auto& m) {
        m.mutable_exit_status()->set_code(code);
        m.mutable_exit_status()->set_stdin_consumed(consumed);
    });
}

std::string consumed_frame(std::uint64_t total) {
    return control_frame([&](auto& m) { m.mutable_stdin_consumed()->set_total(total); });
}

std::string stdin_closed_frame(std::uint32_t stream = 0) {
    return control_frame([&](auto& m) { m.mutable_stream_closed()->set_stream(stream); });
}

template <typename Event>
Event expect_event(Result<std::optional<ClientEvent>> received) {
    EXPECT_TRUE(received && received->has_value());
    if (!received || !received->has_value() || !std::holds_alternative<Event>(**received)) {
        ADD_FAILURE() << "another event";
        return Event{};
    }
    return std::get<Event>(std::move(**received));
}

bool accepts_silently(ClientProtocol& client, std::string_view bytes) {
    const auto received = receive(client, bytes);
    return received && !received->has_value();
}

/// A client brought to a point of its life.
class ClientProtocolTest : public ::testing::Test {
  protected:
    void ready(std::uint32_t agent_credit = limits::default_initial_credit) {
        expect_event<event::Ready>(receive(client, agent_greeting(agent_credit)));
        taken(client.output());
    }

    void launch() {
        ready();
        ASSERT_TRUE(client.send_launch({}));
        taken(client.output());
    }

    void run(std::uint32_t relayed = 7) {
        launch();
        expect_event<event::Launched>(receive(client, reply_frame(relayed)));
    }

    std::vector<OwnedFrame> sent() { return frames_in(taken(client.output())); }

    ClientProtocol client{greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked};
};

// --- the beginning

TEST_F(ClientProtocolTest, GreetsWithoutWaiting) {
    EXPECT_TRUE(sent().at(0).control().has_greeting());
    EXPECT_FALSE(client.greeted());
    ready();
    EXPECT_TRUE(client.greeted());
}

TEST_F(ClientProtocolTest, DoesNotCountABadGreetingAsOne) {
    EXPECT_TRUE(fault_after(client, reply_frame()));
    EXPECT_FALSE(client.greeted());
}

TEST_F(ClientProtocolTest, RefusesWhatOnlyAClientSends) {
    const std::vector<void (*)(ControlMessage&)> messages = {
        [](auto& m) { m.mutable_greeting(); }, [](auto& m) { m.mutable_authenticate(); },
        [](auto& m) { m.mutable_launch(); },   [](auto& m) { m.mutable_info_request(); },
        [](auto& m) { m.mutable_signal(); },   [](auto& m) { m.mutable_resize(); },
        [](auto& m) { m.mutable_report(); }};
    for (const auto fill : messages) {
        ClientProtocol fresh(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
        expect_event<event::Ready>(receive(fresh, agent_greeting()));
        ASSERT_TRUE(fresh.send_launch({}));
        expect_event<event::Launched>(receive(fresh, reply_frame()));
        EXPECT_EQ(fault_after(fresh, control_frame(fill)), PeerFault::unexpected_message);
    }
}

TEST_F(ClientProtocolTest, RefusesAnswersToWhatItNeverAsked) {
    for (const auto& frame :
         {reply_frame(), exit_frame(0), data_frame(1, "x"), consumed_frame(0), credit_frame(0, 1), stdin_closed_frame(),
          control_frame([](auto& m) { m.mutable_launch_error(); }), control_frame([](auto& m) { m.mutable_info(); }),
          control_frame([](auto& m) { m.mutable_report_taken(); }),
          control_frame([](auto& m) { m.mutable_progress(); })}) {
        ClientProtocol fresh(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
        expect_event<event::Ready>(receive(fresh, agent_greeting()));
        EXPECT_EQ(fault_after(fresh, frame), PeerFault::unexpected_message);
    }
}

TEST_F(ClientProtocolTest, RefusesTheAnswerToTheOtherQuestion) {
    launch();
    const auto info_frame = control_frame([](auto& m) { m.mutable_info(); });
    const auto taken_frame = control_frame([](auto& m) { m.mutable_report_taken(); });
    EXPECT_EQ(fault_after(client, info_frame), PeerFault::unexpected_message);
    for (const auto& frame :
         {reply_frame(), control_frame([](auto& m) { m.mutable_launch_error(); }), info_frame, taken_frame}) {
        if (frame != info_frame) {
            ClientProtocol asking(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
            expect_event<event::Ready>(receive(asking, agent_greeting()));
            asking.send_info_request();
            EXPECT_EQ(fault_after(asking, frame), PeerFault::unexpected_message);
        }
        if (frame != taken_frame) {
            ClientProtocol reporting(reporting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
            expect_event<event::Ready>(receive(reporting, reporting_agent_greeting()));
            reporting.send_report(some_report());
            EXPECT_EQ(fault_after(reporting, frame), PeerFault::unexpected_message);
        }
    }
}

TEST_F(ClientProtocolTest, ReportsAndEndsWhenTheReportIsTaken) {
    ClientProtocol reporting(reporting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(reporting, reporting_agent_greeting()));
    taken(reporting.output());
    reporting.send_report(some_report());
    EXPECT_EQ(frames_in(reporting.output()).at(0).control().report().command(), "/bin/sh \xff");
    EXPECT_FALSE(reporting.ended());
    expect_event<event::ReportTaken>(receive(reporting, control_frame([](auto& m) { m.mutable_report_taken(); })));
    EXPECT_TRUE(reporting.ended());
}

TEST_F(ClientProtocolTest, FindsNoCapabilityToReportUnlessBothSidesHaveIt) {
    ClientProtocol reporting(reporting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(reporting, agent_greeting()));
    EXPECT_EQ(reporting.agreement().capabilities & capability::reports, 0u);
    expect_event<event::Ready>(receive(client, reporting_agent_greeting()));
    EXPECT_EQ(client.agreement().capabilities & capability::reports, 0u);
}

TEST_F(ClientProtocolTest, HandsOverInfoAndEnds) {
    ready();
    client.send_info_request();
    const auto info = expect_event<event::InfoReceived>(
        receive(client, control_frame([](auto& m) { m.mutable_info()->set_system("windows"); })));
    EXPECT_EQ(info.info.system(), "windows");
    EXPECT_TRUE(client.ended());
}

TEST_F(ClientProtocolTest, AsksForNames) {
    ready();
    mzinit::v1::InfoRequest request;
    request.set_names(true);
    request.set_prefix("cl");
    client.send_info_request(request);
    const auto sent = frames_in(client.output()).back().control().info_request();
    EXPECT_TRUE(sent.names());
    EXPECT_EQ(sent.prefix(), "cl");
}

TEST_F(ClientProtocolTest, TakesNoMoreNamesThanThereMayBe) {
    const auto info_with = [](std::size_t names) {
        return control_frame([names](auto& m) {
            for (std::size_t i = 0; i < names; ++i) m.mutable_info()->add_names("a.exe");
        });
    };
    ready();
    client.send_info_request();
    EXPECT_EQ(fault_after(client, info_with(limits::max_offered_names + 1)), PeerFault::malformed_message);
}

TEST_F(ClientProtocolTest, SaysThatALaunchIsTooLargeAndSendsNothing) {
    ready();
    mzinit::v1::Launch launch;
    launch.add_argv(std::string(limits::max_control_length, 'x'));
    EXPECT_FALSE(client.send_launch(launch));
    EXPECT_EQ(client.output(), "");
}

TEST_F(ClientProtocolTest, HandsOverProgressAndLaunchError) {
    launch();
    feed(client.decoder(), control_frame([](auto& m) { m.mutable_progress()->set_text("scanning"); }));
    EXPECT_EQ(expect_event<event::Progressed>(client.receive()).text, "scanning");
    const auto failed = expect_event<event::LaunchFailed>(receive(client, control_frame([](auto& m) {
                                                                      m.mutable_launch_error()->set_code(
                                                                          static_cast<mzinit::v1::LaunchErrorCode>(99));
                                                                  })));
    EXPECT_EQ(static_cast<int>(failed.error.code()), 99) << "codes of later versions are kept";
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(accepts_silently(client, "anything at all"));
}

TEST_F(ClientProtocolTest, TakesADetachedProgramAsTheAnswerToWhomAskedForOne) {
    const std::string detached = control_frame([](auto& m) {
        m.mutable_launch_reply()->set_process_id(5);
        m.mutable_launch_reply()->set_detached(true);
    });
    expect_event<event::Ready>(receive(client, agent_greeting()));
    mzinit::v1::Launch request;
    request.set_detach(true);
    ASSERT_TRUE(client.send_launch(request));
    EXPECT_TRUE(expect_event<event::Launched>(receive(client, detached)).reply.detached());
    expect_event<event::Exited>(receive(client, exit_frame(0)));
    EXPECT_TRUE(client.ended());
    ClientProtocol other(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(other, agent_greeting()));
    ASSERT_TRUE(other.send_launch({}));
    EXPECT_EQ(fault_after(other, detached), PeerFault::malformed_message);
}

TEST_F(ClientProtocolTest, KnowsThatARefusalBeforeTheReplyStartedNothing) {
    std::string refused;
    append_refused(refused, mzinit::v1::REFUSAL_SHUTTING_DOWN, "going down");
    launch();
    EXPECT_FALSE(receive(client, refused));
    EXPECT_TRUE(client.refused());
    ClientProtocol running(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(running, agent_greeting()));
    ASSERT_TRUE(running.send_launch({}));
    expect_event<event::Launched>(receive(running, reply_frame()));
    EXPECT_FALSE(receive(running, refused));
    EXPECT_FALSE(running.refused()) << "a program runs";
}

TEST_F(ClientProtocolTest, ReportsARefusalWheneverItComes) {
    std::string refused;
    append_refused(refused, mzinit::v1::REFUSAL_SHUTTING_DOWN, "going down");
    run();
    const auto received = receive(client, refused);
    ASSERT_FALSE(received);
    EXPECT_NE(received.error().message().find("going down"), std::string::npos);
    EXPECT_FALSE(client.receive()) << "an error is final";
}

// --- standard input

TEST_F(ClientProtocolTest, SendsInputAsFarAsItWasGranted) {
    ready(5);
    ASSERT_TRUE(client.send_launch({}));
    EXPECT_EQ(client.sendable(), 0u) << "not before the reply";
    expect_event<event::Launched>(receive(client, reply_frame()));
    taken(client.output());
    EXPECT_EQ(client.sendable(), 5u);
    client.send_stdin("abcde");
    EXPECT_EQ(client.sendable(), 0u);
    expect_event<event::StdinCredit>(receive(client, credit_frame(0, 7)));
    EXPECT_EQ(client.sendable(), 7u);
    client.send_stdin_end();
    client.send_stdin_end();
    EXPECT_EQ(client.sendable(), 0u);
    EXPECT_EQ(taken(client.output()), data_frame(0, "abcde") + data_frame(0, ""));
}

TEST_F(ClientProtocolTest, RefusesGrantsThatOverflowOrAreForOutput) {
    run();
    EXPECT_EQ(fault_after(client, credit_frame(0, limits::max_outstanding_credit)), PeerFault::credit_exceeded);
    ClientProtocol other(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(other, agent_greeting()));
    ASSERT_TRUE(other.send_launch({}));
    expect_event<event::Launched>(receive(other, reply_frame()));
    EXPECT_EQ(fault_after(other, credit_frame(1, 1)), PeerFault::unexpected_message);
}

TEST_F(ClientProtocolTest, TakesGrantsThatCrossTheEndOfInput) {
    run();
    client.send_stdin_end();
    expect_event<event::StdinCredit>(receive(client, credit_frame(0, 1)));
    EXPECT_EQ(client.sendable(), 0u);
}

TEST_F(ClientProtocolTest, SendsNoInputThatIsNotRelayed) {
    run(6);
    EXPECT_EQ(client.sendable(), 0u);
    client.send_stdin_end();
    EXPECT_EQ(client.output(), "");
    EXPECT_EQ(fault_after(client, stdin_closed_frame()), PeerFault::unexpected_message);
}

TEST_F(ClientProtocolTest, BelievesOnlyCountsThatCanBe) {
    run();
    client.send_stdin("abcde");
    EXPECT_EQ(expect_event<event::StdinConsumed>(receive(client, consumed_frame(3))).total, 3u);
    EXPECT_EQ(expect_event<event::StdinConsumed>(receive(client, consumed_frame(3))).total, 3u);
    EXPECT_EQ(fault_after(client, consumed_frame(2)), PeerFault::malformed_message) << "the count fell";
}

TEST_F(ClientProtocolTest, RefusesMoreConsumedThanSent) {
    run();
    client.send_stdin("abcde");
    EXPECT_EQ(fault_after(client, consumed_frame(6)), PeerFault::malformed_message);
}

TEST_F(ClientProtocolTest, ReportsOnceThatTheProgramReadsNoMore) {
    run();
    expect_event<event::StdinClosed>(receive(client, stdin_closed_frame()));
    EXPECT_TRUE(accepts_silently(client, stdin_closed_frame()));
}

TEST_F(ClientProtocolTest, TakesAStreamClosedThatCrossesTheEndOfInput) {
    run();
    client.send_stdin_end();
    const auto received = receive(client, stdin_closed_frame());
    EXPECT_TRUE(received);
}

TEST_F(ClientProtocolTest, RefusesStreamClosedForOutput) {
    run();
    EXPECT_EQ(fault_after(client, stdin_closed_frame(1)), PeerFault::unexpected_message);
}

// --- output

TEST_F(ClientProtocolTest, HandsOverOutputAndItsEnd) {
    run();
    feed(client.decoder(), data_frame(1, "out") + data_frame(2, "err") + data_frame(1, ""));
    auto data = expect_event<event::OutputData>(client.receive());
    EXPECT_EQ(std::pair(data.stream, data.bytes), std::pair(std::uint8_t{1}, std::string_view("out")));
    data = expect_event<event::OutputData>(client.receive());
    EXPECT_EQ(std::pair(data.stream, data.bytes), std::pair(std::uint8_t{2}, std::string_view("err")));
    EXPECT_EQ(expect_event<event::OutputEnded>(client.receive()).stream, 1);
    EXPECT_EQ(fault_after(client, data_frame(1, "x")), PeerFault::data_after_end);
}

TEST_F(ClientProtocolTest, RefusesOutputOnStreamsThatAreNotRelayed) {
    run(5);
    EXPECT_EQ(fault_after(client, data_frame(1, "x")), PeerFault::unexpected_message);
}

TEST_F(ClientProtocolTest, RefusesDataOnStandardInput) {
    run();
    EXPECT_EQ(fault_after(client, data_frame(0, "x")), PeerFault::unexpected_message);
}

TEST_F(ClientProtocolTest, RefusesMoreOutputThanItGranted) {
    ClientProtocol small(greeting_options(1, 4), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(small, agent_greeting()));
    ASSERT_TRUE(small.send_launch({}));
    expect_event<event::Launched>(receive(small, reply_frame()));
    expect_event<event::OutputData>(receive(small, data_frame(1, "1234")));
    taken(small.output());
    small.output_delivered(1, 4);
    EXPECT_EQ(small.output(), credit_frame(1, 4));
    expect_event<event::OutputData>(receive(small, data_frame(1, "5678")));
    EXPECT_EQ(fault_after(small, data_frame(1, "9")), PeerFault::credit_exceeded);
}

TEST_F(ClientProtocolTest, DropsOutputThatCrossedItsStreamClosed) {
    run();
    expect_event<event::OutputData>(receive(client, data_frame(1, std::string(limits::max_data_length, 'x'))));
    client.send_stream_closed(1);
    client.send_stream_closed(1);
    EXPECT_EQ(sent().size(), 1u);
    EXPECT_TRUE(accepts_silently(client, data_frame(1, std::string(limits::max_data_length, 'x'))));
    client.output_delivered(1, limits::max_data_length);
    EXPECT_EQ(client.output(), "") << "no credit is granted for a closed stream";
    EXPECT_EQ(expect_event<event::OutputEnded>(receive(client, data_frame(1, ""))).stream, 1);
}

TEST_F(ClientProtocolTest, StillCountsOutputAfterStreamClosed) {
    run();
    client.send_stream_closed(1);
    for (std::uint32_t count = 0; count < limits::default_initial_credit; count += limits::max_data_length) {
        EXPECT_TRUE(accepts_silently(client, data_frame(1, std::string(limits::max_data_length, 'y'))));
    }
    EXPECT_EQ(fault_after(client, data_frame(1, "x")), PeerFault::credit_exceeded);
}

TEST_F(ClientProtocolTest, DoesNotCloseAStreamThatHasEnded) {
    run();
    expect_event<event::OutputEnded>(receive(client, data_frame(1, "")));
    client.send_stream_closed(1);
    EXPECT_EQ(client.output(), "");
}

// --- the end

TEST_F(ClientProtocolTest, EndsWithTheExitStatus) {
    run();
    client.send_stdin("abc");
    feed(client.decoder(), data_frame(1, "") + data_frame(2, "") + exit_frame(0x12345600, 2));
    expect_event<event::OutputEnded>(client.receive());
    expect_event<event::OutputEnded>(client.receive());
    const auto exited = expect_event<event::Exited>(client.receive());
    EXPECT_EQ(exited.status.code(), 0x12345600u);
    EXPECT_EQ(exited.status.stdin_consumed(), 2u);
    EXPECT_TRUE(client.ended());
}

TEST_F(ClientProtocolTest, RefusesAnExitStatusBeforeTheEndOfOutput) {
    run();
    expect_event<event::OutputEnded>(receive(client, data_frame(1, "")));
    EXPECT_EQ(fault_after(client, exit_frame(0)), PeerFault::unexpected_message);
}

TEST_F(ClientProtocolTest, RefusesAnExitStatusWithoutAStatus) {
    run(1);
    EXPECT_EQ(fault_after(client, control_frame([](auto& m) { m.mutable_exit_status(); })),
              PeerFault::malformed_message);
}

TEST_F(ClientProtocolTest, RefusesAnExitStatusWithAnImpossibleCount) {
    run(1);
    client.send_stdin("abc");
    EXPECT_EQ(fault_after(client, exit_frame(0, 4)), PeerFault::malformed_message);
    ClientProtocol passed(greeting_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
    expect_event<event::Ready>(receive(passed, agent_greeting()));
    ASSERT_TRUE(passed.send_launch({}));
    expect_event<event::Launched>(receive(passed, reply_frame(0)));
    EXPECT_EQ(fault_after(passed, exit_frame(0, 1)), PeerFault::malformed_message) << "nothing was relayed";
}

TEST_F(ClientProtocolTest, SendsNothingAfterTheExitStatus) {
    run(1);
    expect_event<event::Exited>(receive(client, exit_frame(0)));
    client.send_stdin_end();
    client.send_signal(mzinit::v1::SIGNAL_INT);
    client.send_resize(1, 1);
    EXPECT_EQ(client.sendable(), 0u);
    EXPECT_EQ(client.output(), "");
}

TEST_F(ClientProtocolTest, AnswersPingsAndForwardsSignals) {
    run();
    EXPECT_TRUE(accepts_silently(client, ping_frame(5)));
    client.send_signal(mzinit::v1::SIGNAL_TERM);
    client.send_resize(25, 100);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[0].control().pong().token(), 5u);
    EXPECT_EQ(frames[1].control().signal().signal(), mzinit::v1::SIGNAL_TERM);
    EXPECT_EQ(frames[2].control().resize().columns(), 100u);
}

TEST_F(ClientProtocolTest, RepeatsItsError) {
    run();
    EXPECT_EQ(fault_after(client, data_frame(0, "x")), PeerFault::unexpected_message);
    EXPECT_EQ(fault_after(client, data_frame(1, "fine")), PeerFault::unexpected_message);
}

}  // namespace
}  // namespace proto
