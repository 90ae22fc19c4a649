// SPDX-License-Identifier: MIT
#include "proto/wire/agent_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

namespace event = agent_event;
using mzinit::v1::ControlMessage;

constexpr std::uint32_t all_streams = 7;

std::string client_greeting(std::uint32_t credit = limits::default_initial_credit) {
    return ClientHandshake(greeting_options(1, credit), {}, ClientHandshake::KeyPolicy::if_asked).greeting_frame();
}

std::string launch_frame() {
    return control_frame([](auto& message) { message.mutable_launch()->set_program("/cat.exe"); });
}

std::string reporting_greeting() {
    return ClientHandshake(reporting_options(1), {}, ClientHandshake::KeyPolicy::if_asked).greeting_frame();
}

std::string report_frame(std::string_view command = "/bin/sh") {
    return control_frame([&](auto& m) {
        m.mutable_report()->set_machine("guest");
        m.mutable_report()->set_command(std::string(command));
        m.mutable_report()->set_code(3);
    });
}

std::string signal_frame(int number) {
    return control_frame(
        [&](auto& m) { m.mutable_signal()->set_signal(static_cast<mzinit::v1::SignalNumber>(number)); });
}

std::string stream_closed_frame(std::uint32_t stream) {
    return control_frame([&](auto& m) { m.mutable_stream_closed()->set_stream(stream); });
}

/// An agent that wants no key, brought to a point of its life.
class AgentProtocolTest : public ::testing::Test {
  protected:
    void greet(std::uint32_t client_credit = limits::default_initial_credit) {
        const auto received = receive(agent, client_greeting(client_credit));
        ASSERT_TRUE(received && !received->has_value());
        taken(agent.output());
    }

    void launch() {
        greet();
        const auto received = receive(agent, launch_frame());
        ASSERT_TRUE(received && received->has_value());
        ASSERT_TRUE(std::holds_alternative<event::LaunchRequested>(**received));
    }

    void run(std::uint32_t relayed = all_streams) {
        launch();
        agent.send_launch_reply(1234, mzinit::v1::IMAGE_KIND_PE32_PLUS, relayed);
        taken(agent.output());
    }

    std::vector<OwnedFrame> sent() { return frames_in(taken(agent.output())); }

    AgentProtocol agent{greeting_options(2), nullptr};
};

template <typename Event>
Event expect_event(Result<std::optional<AgentEvent>> received) {
    EXPECT_TRUE(received && received->has_value());
    if (!received || !received->has_value() || !std::holds_alternative<Event>(**received)) {
        ADD_FAILURE() << "another event";
        return Event{};
    }
    return std::get<Event>(std::move(**received));
}

bool accepts_silently(AgentProtocol& agent, std::string_view bytes) {
    const auto received = receive(agent, bytes);
    return received && !received->has_value();
}

// --- before anything runs

TEST_F(AgentProtocolTest, GreetsWithoutWaiting) {
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(frames[0].control().has_greeting());
    EXPECT_FALSE(agent.authenticated());
    EXPECT_FALSE(agent.requested());
}

TEST_F(AgentProtocolTest, TakesALaunchOnceGreeted) {
    launch();
    EXPECT_TRUE(agent.authenticated());
    EXPECT_TRUE(agent.requested());
}

TEST_F(AgentProtocolTest, TakesTheGreetingAndALargeLaunchInOneRead) {
    const auto large = control_frame([](auto& m) { m.mutable_launch()->add_argv(std::string(1 << 20, 'x')); });
    const auto request = expect_event<event::LaunchRequested>(receive(agent, client_greeting() + large));
    EXPECT_EQ(request.launch.argv(0).size(), 1u << 20);
}

TEST_F(AgentProtocolTest, AnswersAnInfoRequestAndEnds) {
    greet();
    expect_event<event::InfoRequested>(receive(agent, control_frame([](auto& m) { m.mutable_info_request(); })));
    mzinit::v1::Info info;
    info.set_system("linux");
    info.set_search_path("/caf\xe9");
    agent.send_info(info);
    EXPECT_TRUE(agent.ended());
    EXPECT_EQ(sent().at(0).control().info().search_path(), "/caf\xEF\xBF\xBD");
}

TEST_F(AgentProtocolTest, AnswersWithNamesAsManyAsAreAllowed) {
    greet();
    const auto asked = expect_event<event::InfoRequested>(receive(agent, control_frame([](auto& m) {
                                                                      m.mutable_info_request()->set_names(true);
                                                                      m.mutable_info_request()->set_prefix("cl");
                                                                  })));
    EXPECT_TRUE(asked.request.names());
    EXPECT_EQ(asked.request.prefix(), "cl");
    mzinit::v1::Info info;
    for (std::size_t i = 0; i < limits::max_offered_names; ++i) info.add_names("clip.exe");
    agent.send_info(info);
    EXPECT_EQ(static_cast<std::size_t>(sent().at(0).control().info().names_size()), limits::max_offered_names);
}

TEST_F(AgentProtocolTest, TakesAReportAndEnds) {
    AgentProtocol taking(reporting_options(2), nullptr);
    const auto received =
        expect_event<event::ReportReceived>(receive(taking, reporting_greeting() + report_frame("boot \xff")));
    EXPECT_EQ(received.report.machine(), "guest");
    EXPECT_EQ(received.report.command(), "boot \xff");
    EXPECT_EQ(received.report.code(), 3u);
    EXPECT_TRUE(taking.requested());
    taken(taking.output());
    taking.send_report_taken();
    EXPECT_TRUE(taking.ended());
    EXPECT_TRUE(frames_in(taking.output()).at(0).control().has_report_taken());
    EXPECT_TRUE(accepts_silently(taking, report_frame()));
}

TEST_F(AgentProtocolTest, RefusesAReportUnlessBothSidesHaveTheCapability) {
    AgentProtocol without(greeting_options(2), nullptr);
    EXPECT_EQ(fault_after(without, reporting_greeting() + report_frame()), PeerFault::unexpected_message);
    AgentProtocol with(reporting_options(2), nullptr);
    EXPECT_EQ(fault_after(with, client_greeting() + report_frame()), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, RefusesAReportThatBreaksItsRules) {
    AgentProtocol taking(reporting_options(2), nullptr);
    const auto without_status = control_frame([](auto& m) { m.mutable_report()->set_command("/bin/sh"); });
    EXPECT_EQ(fault_after(taking, reporting_greeting() + without_status), PeerFault::malformed_message);
    AgentProtocol other(reporting_options(2), nullptr);
    const auto too_long = report_frame(std::string(limits::max_reported_command_length + 1, 'x'));
    EXPECT_EQ(fault_after(other, reporting_greeting() + too_long), PeerFault::malformed_message);
}

TEST_F(AgentProtocolTest, RefusesAReportBeforeTheProofAndAfterAnotherRequest) {
    AgentProtocol keyed(reporting_options(2), lookup_of(test_key()));
    EXPECT_EQ(fault_after(keyed, reporting_greeting() + report_frame()), PeerFault::unexpected_message);
    AgentProtocol launching(reporting_options(2), nullptr);
    expect_event<event::LaunchRequested>(receive(launching, reporting_greeting() + launch_frame()));
    EXPECT_EQ(fault_after(launching, report_frame()), PeerFault::unexpected_message);
    AgentProtocol reporting(reporting_options(2), nullptr);
    expect_event<event::ReportReceived>(receive(reporting, reporting_greeting() + report_frame()));
    EXPECT_EQ(fault_after(reporting, report_frame()), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, RefusesARequestBeforeTheGreeting) {
    EXPECT_TRUE(fault_after(agent, launch_frame()));
    EXPECT_FALSE(agent.authenticated());
}

TEST_F(AgentProtocolTest, RefusesARequestBeforeTheProof) {
    AgentProtocol keyed(greeting_options(2), lookup_of(test_key()));
    EXPECT_EQ(fault_after(keyed, client_greeting() + launch_frame()), PeerFault::unexpected_message);
    EXPECT_FALSE(keyed.authenticated());
}

TEST_F(AgentProtocolTest, DoesNotLetAnotherTryFollowAWrongProof) {
    AgentProtocol keyed(greeting_options(2), lookup_of(test_key()));
    ClientHandshake client(greeting_options(1), test_key(), ClientHandshake::KeyPolicy::required);
    std::string right_proof;
    ASSERT_TRUE(client.receive(frames_in(keyed.output()).at(0).view(), right_proof));
    const auto wrong = control_frame([](auto& m) { m.mutable_authenticate()->set_proof(std::string(32, 'x')); });
    EXPECT_EQ(fault_after(keyed, client.greeting_frame() + wrong), PeerFault::authentication);
    taken(keyed.output());
    EXPECT_EQ(fault_after(keyed, right_proof), PeerFault::authentication);
    EXPECT_FALSE(keyed.authenticated());
    EXPECT_EQ(keyed.output(), "");
}

TEST_F(AgentProtocolTest, RefusesMoreThanTheLimitBeforeAuthentication) {
    AgentProtocol keyed(greeting_options(2), lookup_of(test_key()));
    ClientHandshake client(greeting_options(1), test_key(), ClientHandshake::KeyPolicy::required);
    ControlMessage greeting = frames_in(client.greeting_frame()).at(0).control();
    greeting.mutable_greeting()->set_software(std::string(3500, 's'));
    const auto proof = control_frame([](auto& m) { m.mutable_authenticate()->set_proof(std::string(1100, 'x')); });
    EXPECT_EQ(fault_after(keyed, control_frame([&](auto& m) { m = greeting; }) + proof),
              PeerFault::too_much_before_authentication);
}

TEST_F(AgentProtocolTest, CountsAnUnfinishedFrameBeforeAuthentication) {
    // A header within the limit, and then a trickle that never ends it: greeting and payload together are over it.
    AgentProtocol keyed(greeting_options(2), lookup_of(test_key()));
    const std::string greeting = client_greeting();
    const auto proof = control_frame([](auto& m) { m.mutable_authenticate()->set_proof(std::string(4080, 'x')); });
    EXPECT_TRUE(accepts_silently(keyed, greeting));
    const std::size_t allowed = limits::max_unauthenticated_bytes - greeting.size();
    EXPECT_TRUE(accepts_silently(keyed, proof.substr(0, allowed)));
    EXPECT_EQ(fault_after(keyed, proof.substr(allowed, 1)), PeerFault::too_much_before_authentication);
}

TEST_F(AgentProtocolTest, RefusesALargeDataFrameBeforeAuthenticationByItsHeader) {
    const auto data = data_frame(0, std::string(5000, 'x'));
    EXPECT_EQ(fault_after(agent, data.substr(0, 8)), PeerFault::frame_too_large);
}

TEST_F(AgentProtocolTest, RefusesWhatAClientMustNotSendBeforeLaunch) {
    for (const auto& frame : {signal_frame(1), stream_closed_frame(1), data_frame(0, "x"), credit_frame(1, 1),
                              control_frame([](auto& m) { m.mutable_resize(); })}) {
        AgentProtocol fresh(greeting_options(2), nullptr);
        EXPECT_EQ(fault_after(fresh, client_greeting() + frame), PeerFault::unexpected_message);
    }
}

TEST_F(AgentProtocolTest, RefusesWhatOnlyAnAgentSends) {
    const std::vector<void (*)(ControlMessage&)> messages = {
        [](auto& m) { m.mutable_greeting(); },     [](auto& m) { m.mutable_authenticate(); },
        [](auto& m) { m.mutable_refused(); },      [](auto& m) { m.mutable_launch_reply(); },
        [](auto& m) { m.mutable_launch_error(); }, [](auto& m) { m.mutable_info(); },
        [](auto& m) { m.mutable_report_taken(); }, [](auto& m) { m.mutable_stdin_consumed(); },
        [](auto& m) { m.mutable_progress(); },     [](auto& m) { m.mutable_exit_status()->set_code(0); }};
    for (const auto fill : messages) {
        AgentProtocol fresh(greeting_options(2), nullptr);
        ASSERT_TRUE(receive(fresh, client_greeting() + launch_frame()));
        fresh.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
        EXPECT_EQ(fault_after(fresh, control_frame(fill)), PeerFault::unexpected_message);
    }
}

// --- while a program is started

TEST_F(AgentProtocolTest, RefusesASecondRequest) {
    launch();
    EXPECT_EQ(fault_after(agent, launch_frame()), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, RefusesDataBeforeTheReply) {
    launch();
    EXPECT_EQ(fault_after(agent, data_frame(0, "early")), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, TakesSignalsAndSizesWhileTheProgramIsStarted) {
    launch();
    EXPECT_EQ(expect_event<event::SignalRequested>(receive(agent, signal_frame(1))).signal, mzinit::v1::SIGNAL_INT);
    const auto size = expect_event<event::Resized>(receive(agent, control_frame([](auto& m) {
                                                               m.mutable_resize()->set_rows(24);
                                                               m.mutable_resize()->set_columns(80);
                                                           })));
    EXPECT_EQ(size.rows, 24u);
    EXPECT_EQ(size.columns, 80u);
}

TEST_F(AgentProtocolTest, LaunchErrorEndsAndDiscardsWhatWasOnItsWay) {
    launch();
    taken(agent.output());
    agent.send_launch_error(mzinit::v1::LAUNCH_ERROR_NOT_FOUND, 2, "no /caf\xe9", false);
    EXPECT_TRUE(agent.ended());
    const auto error = sent().at(0).control().launch_error();
    EXPECT_EQ(error.text(), "no /caf\xEF\xBF\xBD") << "a name that is not UTF-8 must not cost the client the answer";
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(accepts_silently(agent, signal_frame(1) + std::string(100000, '\xff')));
    }
    EXPECT_LT(agent.decoder().prepare(1).size(), 1u << 20) << "what is discarded must not be kept";
    EXPECT_EQ(agent.output(), "");
}

// --- signals and pings

TEST_F(AgentProtocolTest, RefusesSignalsThatAClientMayNotSend) {
    for (const int number : {0, 9, 20, 21, 1000, -1}) {
        AgentProtocol fresh(greeting_options(2), nullptr);
        ASSERT_TRUE(receive(fresh, client_greeting() + launch_frame()));
        EXPECT_EQ(fault_after(fresh, signal_frame(number)), PeerFault::malformed_message) << number;
    }
}

TEST_F(AgentProtocolTest, AnswersPings) {
    run();
    EXPECT_TRUE(accepts_silently(agent, ping_frame(77)));
    EXPECT_EQ(sent().at(0).control().pong().token(), 77u);
    EXPECT_TRUE(accepts_silently(agent, control_frame([](auto& m) { m.mutable_pong(); })));
}

TEST_F(AgentProtocolTest, ClosesOnAClientThatAsksWithoutEndAndNeverReads) {
    run();
    std::string pings;
    for (int i = 0; i < 1000; ++i) {
        pings += ping_frame(i);
    }
    std::error_code fault;
    for (int i = 0; i < 10000 && !fault; ++i) {
        feed(agent.decoder(), pings);
        if (auto received = agent.receive(); !received) fault = received.error().code;
    }
    EXPECT_EQ(fault, PeerFault::flooding);
    EXPECT_LT(agent.output().size(), 8u << 20);
}

// --- standard input

TEST_F(AgentProtocolTest, HandsOverStandardInputAndItsEnd) {
    run();
    feed(agent.decoder(), data_frame(0, "abc") + data_frame(0, ""));
    EXPECT_EQ(expect_event<event::StdinData>(agent.receive()).bytes, "abc");
    expect_event<event::StdinEnded>(agent.receive());
    EXPECT_EQ(fault_after(agent, data_frame(0, "more")), PeerFault::data_after_end);
}

TEST_F(AgentProtocolTest, RefusesASecondEndOfInput) {
    run();
    expect_event<event::StdinEnded>(receive(agent, data_frame(0, "")));
    EXPECT_EQ(fault_after(agent, data_frame(0, "")), PeerFault::data_after_end);
}

TEST_F(AgentProtocolTest, RefusesDataOnStreamsThatAreNotRelayedOrNotInput) {
    run(6);
    EXPECT_EQ(fault_after(agent, data_frame(0, "x")), PeerFault::unexpected_message);
    AgentProtocol other(greeting_options(2), nullptr);
    ASSERT_TRUE(receive(other, client_greeting() + launch_frame()));
    other.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
    EXPECT_EQ(fault_after(other, data_frame(1, "x")), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, DetachedProgramIsConfirmedAndItsStatusFollowsAtOnce) {
    greet();
    const auto requested = expect_event<event::LaunchRequested>(
        receive(agent, control_frame([](auto& m) { m.mutable_launch()->set_detach(true); })));
    EXPECT_TRUE(requested.launch.detach());
    agent.send_detached(1234, mzinit::v1::IMAGE_KIND_PE32_PLUS);
    EXPECT_TRUE(agent.ended());
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 2u);
    const auto reply = frames[0].control().launch_reply();
    EXPECT_EQ(reply.process_id(), 1234u);
    EXPECT_EQ(reply.image_kind(), mzinit::v1::IMAGE_KIND_PE32_PLUS);
    EXPECT_TRUE(reply.detached());
    EXPECT_EQ(reply.relayed_streams(), 0u);
    const auto status = frames[1].control().exit_status();
    EXPECT_EQ(status.how_case(), mzinit::v1::ExitStatus::kCode);
    EXPECT_EQ(status.code(), 0u);
    EXPECT_EQ(status.stdin_consumed(), 0u);
}

TEST_F(AgentProtocolTest, RefusesADetachedLaunchWithStreams) {
    greet();
    EXPECT_EQ(fault_after(agent, control_frame([](auto& m) {
                              m.mutable_launch()->set_detach(true);
                              m.mutable_launch()->set_terminal_streams(7);
                          })),
              PeerFault::malformed_message);
}

TEST_F(AgentProtocolTest, RefusesMoreInputThanItGranted) {
    AgentProtocol small(greeting_options(2, 10), nullptr);
    ASSERT_TRUE(receive(small, client_greeting() + launch_frame()));
    small.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
    expect_event<event::StdinData>(receive(small, data_frame(0, "0123456789")));
    EXPECT_EQ(fault_after(small, data_frame(0, "x")), PeerFault::credit_exceeded);
}

TEST_F(AgentProtocolTest, EndOfInputNeedsNoCredit) {
    AgentProtocol none(greeting_options(2, 0), nullptr);
    ASSERT_TRUE(receive(none, client_greeting() + launch_frame()));
    none.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
    expect_event<event::StdinEnded>(receive(none, data_frame(0, "")));
}

TEST_F(AgentProtocolTest, GrantsInputAgainOnceItWasDelivered) {
    run();
    const std::string half(limits::max_data_length, 'x');
    expect_event<event::StdinData>(receive(agent, data_frame(0, half)));
    agent.stdin_delivered(limits::max_data_length - 1);
    EXPECT_EQ(agent.output(), "");
    agent.stdin_delivered(1);
    EXPECT_EQ(agent.output(), credit_frame(0, limits::max_data_length));
}

TEST_F(AgentProtocolTest, DropsInputThatCrossedItsStreamClosed) {
    run();
    expect_event<event::StdinData>(receive(agent, data_frame(0, std::string(limits::max_data_length, 'x'))));
    agent.send_stdin_closed();
    agent.send_stdin_closed();
    ASSERT_EQ(sent().size(), 1u);
    EXPECT_TRUE(accepts_silently(agent, data_frame(0, std::string(limits::max_data_length, 'y'))));
    agent.stdin_delivered(limits::max_data_length);
    EXPECT_EQ(agent.output(), "") << "no credit is granted for a closed stream";
    expect_event<event::StdinEnded>(receive(agent, data_frame(0, "")));
}

TEST_F(AgentProtocolTest, StillCountsInputAfterStreamClosed) {
    run();
    agent.send_stdin_closed();
    for (std::uint32_t sent_bytes = 0; sent_bytes < limits::default_initial_credit;
         sent_bytes += limits::max_data_length) {
        EXPECT_TRUE(accepts_silently(agent, data_frame(0, std::string(limits::max_data_length, 'y'))));
    }
    EXPECT_EQ(fault_after(agent, data_frame(0, "x")), PeerFault::credit_exceeded);
}

// --- output

TEST_F(AgentProtocolTest, SendsOutputAsFarAsItWasGranted) {
    greet(5);
    expect_event<event::LaunchRequested>(receive(agent, launch_frame()));
    EXPECT_EQ(agent.sendable(1), 0u) << "not before the reply";
    agent.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
    taken(agent.output());
    EXPECT_EQ(agent.sendable(1), 5u);
    agent.send_data(1, "abc");
    EXPECT_EQ(agent.sendable(1), 2u);
    EXPECT_EQ(agent.sendable(2), 5u) << "each stream has its own credit";
    EXPECT_EQ(expect_event<event::CreditGranted>(receive(agent, credit_frame(1, 10))).stream, 1);
    EXPECT_EQ(agent.sendable(1), 12u);
    EXPECT_EQ(agent.output(), data_frame(1, "abc"));
}

TEST_F(AgentProtocolTest, RefusesGrantsThatOverflow) {
    run();
    EXPECT_EQ(fault_after(agent, credit_frame(1, 0xFFFFFFFF)), PeerFault::credit_exceeded);
}

TEST_F(AgentProtocolTest, RefusesGrantsOfNothing) {
    run();
    std::string nothing = credit_frame(1, 1);
    nothing[8] = 0;
    EXPECT_EQ(fault_after(agent, nothing), PeerFault::malformed_frame);
}

TEST_F(AgentProtocolTest, RefusesGrantsForStreamsThatItDoesNotSend) {
    run(3);
    EXPECT_EQ(fault_after(agent, credit_frame(2, 1)), PeerFault::unexpected_message);
    AgentProtocol other(greeting_options(2), nullptr);
    ASSERT_TRUE(receive(other, client_greeting() + launch_frame()));
    other.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, all_streams);
    EXPECT_EQ(fault_after(other, credit_frame(0, 1)), PeerFault::unexpected_message);
}

TEST_F(AgentProtocolTest, TakesGrantsThatCrossTheEndOfTheStream) {
    run();
    agent.send_data(1, "abc");
    agent.send_end(1);
    agent.send_end(1);
    EXPECT_EQ(sent().size(), 2u) << "one end";
    expect_event<event::CreditGranted>(receive(agent, credit_frame(1, 3)));
    EXPECT_EQ(agent.sendable(1), 0u);
}

TEST_F(AgentProtocolTest, ReportsOnceThatAReaderIsGone) {
    run();
    EXPECT_EQ(expect_event<event::ReaderGone>(receive(agent, stream_closed_frame(2))).stream, 2);
    EXPECT_TRUE(accepts_silently(agent, stream_closed_frame(2)));
}

TEST_F(AgentProtocolTest, TakesAStreamClosedThatCrossesTheEndOfTheStream) {
    run();
    agent.send_end(1);
    EXPECT_TRUE(accepts_silently(agent, stream_closed_frame(1)));
}

TEST_F(AgentProtocolTest, RefusesStreamClosedForOtherStreams) {
    for (const std::uint32_t stream : {0u, 2u, 3u, 255u, 257u, 0xFFFFFFFFu}) {
        AgentProtocol fresh(greeting_options(2), nullptr);
        ASSERT_TRUE(receive(fresh, client_greeting() + launch_frame()));
        fresh.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, 3);
        EXPECT_EQ(fault_after(fresh, stream_closed_frame(stream)), PeerFault::unexpected_message) << stream;
    }
}

// --- the end

TEST_F(AgentProtocolTest, EndsWithTheExitStatus) {
    run();
    agent.send_end(1);
    agent.send_end(2);
    agent.send_stdin_consumed(3);
    agent.send_exit_code(0xC0000005, 5);
    EXPECT_TRUE(agent.ended());
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[2].control().stdin_consumed().total(), 3u);
    EXPECT_EQ(frames[3].control().exit_status().code(), 0xC0000005);
    EXPECT_EQ(frames[3].control().exit_status().stdin_consumed(), 5u);
    EXPECT_EQ(agent.sendable(1), 0u);
}

TEST_F(AgentProtocolTest, WritesAnExitCodeOfZero) {
    run(0);
    agent.send_exit_code(0, 0);
    EXPECT_EQ(sent().at(0).control().exit_status().how_case(), mzinit::v1::ExitStatus::kCode);
}

TEST_F(AgentProtocolTest, ReportsADeathBySignal) {
    run(0);
    agent.send_exit_signal(mzinit::v1::SIGNAL_SEGV, 0);
    EXPECT_EQ(sent().at(0).control().exit_status().signal(), mzinit::v1::SIGNAL_SEGV);
}

TEST_F(AgentProtocolTest, CanRefuseInEveryState) {
    agent.send_refused(mzinit::v1::REFUSAL_TOO_MANY_SESSIONS, "full");
    EXPECT_TRUE(agent.ended());
    EXPECT_FALSE(agent.authenticated()) << "a refused stranger is still a stranger";
    EXPECT_EQ(sent().at(1).control().refused().code(), mzinit::v1::REFUSAL_TOO_MANY_SESSIONS);
    EXPECT_TRUE(accepts_silently(agent, client_greeting() + launch_frame()));
}

#if GTEST_HAS_DEATH_TEST
using AgentProtocolDeathTest = AgentProtocolTest;

TEST_F(AgentProtocolDeathTest, ExitStatusBeforeTheEndOfOutputIsOurBug) {
    run();
    agent.send_end(1);
    EXPECT_DEATH(agent.send_exit_code(0, 0), "check failed");
}

TEST_F(AgentProtocolDeathTest, SendingMoreThanWasGrantedIsOurBug) {
    run();
    const std::string bytes(limits::max_data_length, 'x');
    for (int i = 0; i < 4; ++i) {
        agent.send_data(1, bytes);
    }
    EXPECT_DEATH(agent.send_data(1, "x"), "check failed");
}
#endif

}  // namespace
}  // namespace proto
