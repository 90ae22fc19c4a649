// SPDX-License-Identifier: MIT
// Both ends against each other: a client and an agent with pipes between them that split and delay at random.
// A failure prints its seed; MZINIT_TEST_SEED runs that one again.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using Random = std::mt19937;

std::uint32_t below(Random& random, std::uint64_t limit) {
    return limit == 0 ? 0 : static_cast<std::uint32_t>(random() % limit);
}

std::string random_bytes(Random& random, std::size_t length) {
    std::string bytes(length, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(random());
    }
    return bytes;
}

/// One direction of a connection: what was written and has not arrived yet.
class SplittingPipe {
  public:
    explicit SplittingPipe(Random& random) : random_(random) {}

    void take_from(std::string& output) {
        // A socket whose buffer is nearly full takes only a part.
        const std::size_t count = below(random_, 4) == 0 ? below(random_, output.size() + 1) : output.size();
        in_flight_.append(output, 0, count);
        output.erase(0, count);
    }

    template <typename Protocol>
    void deliver_to(Protocol& protocol) {
        const std::size_t most = below(random_, 8) == 0 ? in_flight_.size() : below(random_, 70000);
        const auto space = protocol.decoder().prepare(1 + below(random_, 5000));
        const std::size_t count = std::min({most, in_flight_.size(), space.size()});
        std::copy_n(in_flight_.data(), count, space.data());
        protocol.decoder().commit(count);
        in_flight_.erase(0, count);
    }

    [[nodiscard]] bool empty() const { return in_flight_.empty(); }

  private:
    Random& random_;
    std::string in_flight_;
};

/// A program that may stop reading, and a user who may stop reading, as the seed has it.
struct Plan {
    explicit Plan(Random& random)
        : input(random_bytes(random, below(random, 3) * below(random, 200000))),
          output(random_bytes(random, below(random, 3) * below(random, 300000))),
          errors(random_bytes(random, below(random, 2000))),
          client_credit(1 + below(random, below(random, 2) != 0 ? 100000 : 20)),
          agent_credit(1 + below(random, below(random, 2) != 0 ? 100000 : 20)),
          reads_only(below(random, 3) == 0 ? below(random, input.size() + 1) : input.size()),
          reader_leaves_after(below(random, 3) == 0 ? below(random, output.size() + 1) : std::string::npos),
          code(static_cast<std::uint32_t>(random())) {
        // Windows of a few bytes with much data only cost time.
        if (client_credit < 100) output.resize(std::min<std::size_t>(output.size(), 3000));
        if (agent_credit < 100) input.resize(std::min<std::size_t>(input.size(), 3000));
        reads_only = std::min(reads_only, input.size());
    }

    std::string input;
    std::string output;
    std::string errors;
    std::uint32_t client_credit;
    std::uint32_t agent_credit;
    std::size_t reads_only;
    std::size_t reader_leaves_after;
    std::uint32_t code;
};

class Conversation {
  public:
    explicit Conversation(unsigned seed)
        : random_(seed),
          plan_(random_),
          client_(greeting_options(1, plan_.client_credit), test_key(), ClientHandshake::KeyPolicy::required),
          agent_(greeting_options(2, plan_.agent_credit), lookup_of(test_key())) {}

    void run() {
        // Far more than any seed needs: this is a guard against a conversation that stands still.
        for (int step = 0; step < 2'000'000 && !exited_ && !::testing::Test::HasFatalFailure(); ++step) {
            switch (below(random_, 6)) {
                case 0: to_agent_.take_from(client_.output()); break;
                case 1: to_client_.take_from(agent_.output()); break;
                case 2: agent_hears(); break;
                case 3: client_hears(); break;
                case 4: agent_acts(); break;
                default: client_acts(); break;
            }
        }
        ASSERT_TRUE(exited_) << "the two wait for each other";
        EXPECT_EQ(code_, plan_.code);
        EXPECT_EQ(program_read_, plan_.input.substr(0, program_read_.size()));
        EXPECT_GE(program_read_.size(), plan_.reads_only);
        EXPECT_EQ(consumed_, program_read_.size());
        EXPECT_EQ(errors_seen_, plan_.errors);
        if (plan_.reader_leaves_after == std::string::npos) {
            EXPECT_EQ(output_seen_, plan_.output);
        } else {
            EXPECT_EQ(output_seen_, plan_.output.substr(0, output_seen_.size()));
            EXPECT_GE(output_seen_.size(), std::min(plan_.reader_leaves_after, plan_.output.size()));
        }
    }

  private:
    void client_hears() {
        to_client_.deliver_to(client_);
        while (true) {
            auto received = client_.receive();
            ASSERT_TRUE(received) << received.error().message();
            if (!received->has_value()) return;
            std::visit([this](auto&& event) { client_event_came(event); }, **received);
        }
    }

    void client_event_came(const client_event::Ready&) { ASSERT_TRUE(client_.send_launch({})); }
    void client_event_came(const client_event::Launched&) { running_ = true; }
    void client_event_came(const client_event::OutputData& data) {
        (data.stream == 1 ? output_seen_ : errors_seen_) += data.bytes;
        client_holds_[data.stream] += static_cast<std::uint32_t>(data.bytes.size());
        ASSERT_LE(client_holds_[data.stream], plan_.client_credit);
    }
    void client_event_came(const client_event::StdinConsumed& consumed) { consumed_ = consumed.total; }
    void client_event_came(const client_event::StdinClosed&) { client_.send_stdin_end(); }
    void client_event_came(const client_event::Exited& exit) {
        exited_ = true;
        code_ = exit.status.code();
        consumed_ = exit.status.stdin_consumed();
    }
    template <typename Other>
    void client_event_came(const Other&) {}

    void client_acts() {
        if (!running_ || exited_) return;
        if (const auto count = std::min<std::size_t>(
                {client_.sendable(), below(random_, 30000), plan_.input.size() - sent_, limits::max_data_length})) {
            client_.send_stdin(std::string_view(plan_.input).substr(sent_, count));
            sent_ += count;
        }
        if (sent_ == plan_.input.size()) client_.send_stdin_end();
        for (const std::uint8_t stream : {stream_stdout, stream_stderr}) {
            const std::uint32_t count = below(random_, std::uint64_t{client_holds_[stream]} + 1);
            client_holds_[stream] -= count;
            client_.output_delivered(stream, count);
        }
        if (output_seen_.size() >= plan_.reader_leaves_after) client_.send_stream_closed(stream_stdout);
        if (below(random_, 50) == 0) client_.send_ping(below(random_, 1000));
    }

    void agent_hears() {
        to_agent_.deliver_to(agent_);
        while (true) {
            auto received = agent_.receive();
            ASSERT_TRUE(received) << received.error().message();
            if (!received->has_value()) return;
            std::visit([this](auto&& event) { agent_event_came(event); }, **received);
        }
    }

    void agent_event_came(const agent_event::LaunchRequested&) { launching_ = true; }
    void agent_event_came(const agent_event::StdinData& data) {
        agent_holds_ += data.bytes;
        ASSERT_LE(agent_holds_.size(), plan_.agent_credit);
    }
    void agent_event_came(const agent_event::StdinEnded&) { input_ended_ = true; }
    void agent_event_came(const agent_event::ReaderGone& gone) { reader_gone_ = gone.stream == stream_stdout; }
    template <typename Other>
    void agent_event_came(const Other&) {}

    void agent_acts() {
        if (launching_ && below(random_, 3) == 0) {
            launching_ = false;
            program_runs_ = true;
            agent_.send_launch_reply(1, mzinit::v1::IMAGE_KIND_PE32_PLUS, 7);
        }
        if (!program_runs_ || agent_.ended()) return;
        program_reads();
        program_writes(stream_stdout, plan_.output, written_);
        program_writes(stream_stderr, plan_.errors, complained_);
        if (below(random_, 50) == 0) agent_.send_ping(below(random_, 1000));
        const bool read_enough = program_read_.size() >= plan_.reads_only && (input_ended_ || stopped_reading_);
        const bool wrote_all = (written_ == plan_.output.size() || reader_gone_) && complained_ == plan_.errors.size();
        if (read_enough && wrote_all) {
            agent_.send_end(stream_stdout);
            agent_.send_end(stream_stderr);
            agent_.send_exit_code(plan_.code, program_read_.size());
        }
    }

    void program_reads() {
        if (stopped_reading_) return;
        const std::size_t count = below(random_, agent_holds_.size() + 1);
        program_read_.append(agent_holds_, 0, count);
        agent_holds_.erase(0, count);
        agent_.stdin_delivered(static_cast<std::uint32_t>(count));
        if (count != 0 && below(random_, 2) == 0) agent_.send_stdin_consumed(program_read_.size());
        if (plan_.reads_only < plan_.input.size() && program_read_.size() >= plan_.reads_only) {
            stopped_reading_ = true;
            if (below(random_, 2) == 0) agent_.send_stdin_closed();
        }
    }

    void program_writes(std::uint8_t stream, const std::string& all, std::size_t& at) {
        const auto count = std::min<std::size_t>(
            {agent_.sendable(stream), below(random_, 30000), all.size() - at, limits::max_data_length});
        if (count == 0 || (stream == stream_stdout && reader_gone_)) return;
        agent_.send_data(stream, std::string_view(all).substr(at, count));
        at += count;
    }

    Random random_;
    Plan plan_;
    ClientProtocol client_;
    AgentProtocol agent_;
    SplittingPipe to_agent_{random_};
    SplittingPipe to_client_{random_};

    bool running_ = false, exited_ = false;
    std::size_t sent_ = 0;
    std::array<std::uint32_t, standard_stream_count> client_holds_{};
    std::string output_seen_, errors_seen_;
    std::uint64_t consumed_ = 0;
    std::uint32_t code_ = 0;

    bool launching_ = false, program_runs_ = false, input_ended_ = false, stopped_reading_ = false,
         reader_gone_ = false;
    std::string agent_holds_, program_read_;
    std::size_t written_ = 0, complained_ = 0;
};

TEST(Conversation, EndsWithEveryByteAndTheStatusHoweverItIsCut) {
    const char* chosen = std::getenv("MZINIT_TEST_SEED");
    const unsigned first =
        chosen != nullptr ? static_cast<unsigned>(std::strtoul(chosen, nullptr, 10)) : std::random_device()();
    const int rounds = chosen != nullptr ? 1 : 50;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        const unsigned seed = first + static_cast<unsigned>(round);
        SCOPED_TRACE("MZINIT_TEST_SEED=" + std::to_string(seed));
        Conversation(seed).run();
    }
}

/// Cuts the bytes of a whole client at every length: the agent must be left waiting or with an error, never with a
/// Launch that was not completely sent.
TEST(Conversation, NoLaunchComesOutOfPartOfOne) {
    AgentProtocol agent(greeting_options(2), lookup_of(test_key()));
    ClientProtocol client(greeting_options(1), test_key(), ClientHandshake::KeyPolicy::required);
    std::string sent = client.output();
    feed(agent.decoder(), taken(client.output()));
    ASSERT_TRUE(agent.receive());
    ASSERT_TRUE(receive(client, taken(agent.output())));
    sent += client.output();
    feed(agent.decoder(), taken(client.output()));
    ASSERT_TRUE(agent.receive());
    ASSERT_TRUE(receive(client, taken(agent.output())));
    mzinit::v1::Launch launch;
    launch.set_program("/srv/report.exe");
    launch.add_argv("report.exe");
    ASSERT_TRUE(client.send_launch(launch));
    sent += client.output();

    for (std::size_t length = 0; length <= sent.size(); ++length) {
        AgentProtocol again(greeting_options(2), lookup_of(test_key()));
        feed(again.decoder(), std::string_view(sent).substr(0, length));
        const auto received = again.receive();
        ASSERT_TRUE(received) << length;
        EXPECT_EQ(received->has_value(), length == sent.size()) << length;
        EXPECT_EQ(again.requested(), length == sent.size()) << length;
    }
}

TEST(Conversation, SurvivesAnyByteBeingWrong) {
    // Flips each bit of a client's opening: an error or silence, and never a Launch from an unproved client.
    AgentProtocol agent(greeting_options(2), lookup_of(test_key()));
    ClientProtocol client(greeting_options(1), test_key(), ClientHandshake::KeyPolicy::required);
    std::string opening = taken(client.output());
    feed(agent.decoder(), opening);
    ASSERT_TRUE(agent.receive());
    ASSERT_TRUE(receive(client, taken(agent.output())));
    opening += client.output();
    for (std::size_t bit = 0; bit < 8 * opening.size(); ++bit) {
        std::string changed = opening;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        AgentProtocol victim(greeting_options(2), lookup_of(test_key()));
        feed(victim.decoder(), changed);
        static_cast<void>(victim.receive());
        EXPECT_FALSE(victim.authenticated()) << "bit " << bit;
    }
}

}  // namespace
}  // namespace proto
