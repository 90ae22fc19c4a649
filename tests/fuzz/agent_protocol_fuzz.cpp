// SPDX-License-Identifier: MIT
// A hostile client against AgentProtocol. The input is a list of acts: frames of the client, raw bytes, and what the
// agent's own code does in between. What must hold: no CHECK fails, no Launch before the greeting (or the proof), input
// within the window, output that a ClientProtocol of ours would find well-formed.

#include <string>
#include <variant>

#include "proto/wire/agent_protocol.h"
#include "proto/wire/report_rules.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

namespace event = proto::agent_event;

constexpr std::uint32_t window = 3000;

class Scenario {
  public:
    explicit Scenario(std::uint8_t mode)
        : keyed_((mode & 1) != 0), relayed_(mode >> 1 & 7u), agent_(options(), keyed_ ? lookup() : nullptr) {
        if ((mode & 0x10) == 0) greet();
    }

    void act(fuzz::Input& input) {
        switch (input.byte() % 12) {
            case 0: return hear(input.bytes(input.byte()));
            case 1: return hear_frame(proto::FrameType::control, 0, input.bytes(input.byte()));
            case 2: return hear_frame(proto::FrameType::data, input.byte() % 4, input.bytes(input.byte()));
            case 3: return hear_frame(proto::FrameType::data, 0, std::string(input.byte() * 16u, 'x'));
            case 4: return hear_frame(proto::FrameType::credit, input.byte() % 4, input.bytes(4));
            case 5: return hear_message([](auto& message) { message.mutable_launch(); });
            case 6:
                return hear_message(
                    [&](auto& message) { message.mutable_stream_closed()->set_stream(input.byte() % 4); });
            case 7: return deliver(input.byte() * 16u);
            case 8: return write(1 + input.byte() % 2, input.byte() * 16u);
            case 9: return write_end(1 + input.byte() % 2);
            case 10: return close_stdin();
            default: return exit(input.byte());
        }
    }

  private:
    static proto::GreetingOptions options() {
        proto::GreetingOptions options;
        options.capabilities = proto::capability::reports;
        options.initial_credit = window;
        return options;
    }
    static proto::AgentHandshake::KeyLookup lookup() {
        return [](std::string_view) { return proto::Key(); };
    }

    void greet() {
        proto::GreetingOptions theirs;
        theirs.capabilities = proto::capability::reports;
        theirs.initial_credit = window;
        const proto::ClientHandshake client(theirs, {}, proto::ClientHandshake::KeyPolicy::if_asked);
        hear(client.greeting_frame());
    }

    template <typename Fill>
    void hear_message(Fill fill) {
        mzinit::v1::ControlMessage message;
        fill(message);
        hear_frame(proto::FrameType::control, 0, message.SerializeAsString());
    }

    void hear_frame(proto::FrameType type, std::uint8_t stream, std::string_view payload) {
        const auto header = proto::encode_frame_header(type, stream, static_cast<std::uint32_t>(payload.size()));
        hear(std::string(header.data(), header.size()) + std::string(payload));
    }

    void hear(std::string_view bytes) {
        fuzz::feed(agent_.decoder(), bytes);
        while (true) {
            auto received = agent_.receive();
            if (!received) failed_ = true;
            CHECK(!received || !failed_);
            if (!received || !received->has_value()) return;
            std::visit([this](auto&& came) { handle(came); }, **received);
        }
    }

    void handle(const event::LaunchRequested& requested) {
        CHECK(agent_.authenticated() && !keyed_ && !running_);
        agent_.send_progress("starting");
        if (requested.launch.detach()) return agent_.send_detached(1, mzinit::v1::IMAGE_KIND_OTHER);
        agent_.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, relayed_);
        running_ = true;
    }
    void handle(const event::InfoRequested&) {
        CHECK(agent_.authenticated() && !keyed_);
        agent_.send_info({});
    }
    void handle(const event::ReportReceived& received) {
        CHECK(agent_.authenticated() && !keyed_ && proto::is_valid_report(received.report));
        agent_.send_report_taken();
    }
    void handle(const event::StdinData& data) {
        CHECK(running_ && (relayed_ & 1) != 0 && !data.bytes.empty());
        held_ += static_cast<std::uint32_t>(data.bytes.size());
        CHECK(held_ <= window);
    }
    void handle(const event::ReaderGone& gone) { CHECK((relayed_ >> gone.stream & 1) != 0); }
    template <typename Other>
    void handle(const Other&) {}

    [[nodiscard]] bool alive() const { return running_ && !failed_ && !agent_.ended(); }

    void deliver(std::uint32_t most) {
        if (!alive()) return;
        const std::uint32_t count = std::min(most, held_);
        held_ -= count;
        consumed_ += count;
        agent_.stdin_delivered(count);
        if ((relayed_ & 1) != 0) agent_.send_stdin_consumed(consumed_);
    }
    void write(std::uint8_t stream, std::size_t size) {
        const std::size_t count = std::min<std::size_t>(size, agent_.sendable(stream));
        if (alive() && count != 0) agent_.send_data(stream, std::string(count, 'o'));
    }
    void write_end(std::uint8_t stream) {
        if (alive() && (relayed_ >> stream & 1) != 0) agent_.send_end(stream);
    }
    void close_stdin() {
        if (alive() && (relayed_ & 1) != 0) agent_.send_stdin_closed();
    }
    void exit(std::uint32_t code) {
        write_end(1);
        write_end(2);
        if (alive()) agent_.send_exit_code(code, consumed_);
    }

    const bool keyed_;
    const std::uint32_t relayed_;
    proto::AgentProtocol agent_;
    bool running_ = false;
    bool failed_ = false;
    std::uint32_t held_ = 0;
    std::uint64_t consumed_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Input input(bytes, size);
    Scenario scenario(input.byte());
    while (!input.empty()) {
        scenario.act(input);
    }
    return 0;
}
