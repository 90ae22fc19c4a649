// SPDX-License-Identifier: MIT
// A hostile client against AgentProtocol. The input is a list of acts: frames of the client, raw bytes, and what the
// agent's own code does in between. What must hold: no CHECK fails, no Launch before the greeting (or the proof), input
// within the window, output that a ClientProtocol of ours would find well-formed.

#include <string>
#include <variant>
#include <vector>

#include "proto/wire/agent_protocol.h"
#include "proto/wire/report_rules.h"
#include "proto/wire/upload_rules.h"
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
        switch (input.byte() % 16) {
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
            case 11: return exit(input.byte());
            case 12: return hear_message([](auto& message) { message.mutable_launch()->set_can_upload(true); });
            case 13: return hear_manifest(input.byte(), input.byte() * 16u);
            case 14:
                return hear_frame(proto::FrameType::data, proto::stream_upload, std::string(input.byte() * 16u, 'u'));
            default: return store(input.byte() * 16u);
        }
    }

  private:
    static proto::GreetingOptions options() {
        proto::GreetingOptions options;
        options.capabilities = proto::capability::reports | proto::capability::uploads;
        options.initial_credit = window;
        return options;
    }
    static proto::AgentHandshake::KeyLookup lookup() {
        return [](std::string_view) { return proto::Key(); };
    }

    void greet() {
        proto::GreetingOptions theirs;
        theirs.capabilities = proto::capability::reports | proto::capability::uploads;
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

    void hear_manifest(std::uint8_t count, std::uint64_t size) {
        hear_message([&](auto& message) {
            for (unsigned i = 0; i < count; ++i) {
                auto& file = *message.mutable_manifest()->add_files();
                file.set_name("f");
                file.set_size(size);
                file.set_sha256(std::string(proto::limits::digest_length, 'd'));
            }
        });
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
        detach_ = requested.launch.detach();
        if (agent_.may_ask_for_upload()) return agent_.send_manifest_request();
        start();
    }
    void start() {
        agent_.send_progress("starting");
        if (detach_) return agent_.send_detached(1, mzinit::v1::IMAGE_KIND_OTHER);
        agent_.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, relayed_);
        running_ = true;
    }
    void handle(const event::InfoRequested& requested) {
        CHECK(agent_.authenticated() && !keyed_);
        mzinit::v1::Info info;
        if (requested.request.names()) info.add_names(requested.request.prefix());
        agent_.send_info(info);
    }
    void handle(const event::ReportReceived& received) {
        CHECK(agent_.authenticated() && !keyed_ && proto::is_valid_report(received.report));
        agent_.send_report_taken();
    }
    // Every other file is wanted, or none.
    void handle(const event::ManifestReceived& received) {
        const auto& files = received.manifest.files();
        CHECK(proto::is_valid_manifest(received.manifest) && !running_);
        std::vector<std::uint32_t> wanted;
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(files.size()); i += 2) wanted.push_back(i);
        if (files.size() % 2 == 0) return start();
        for (const std::uint32_t index : wanted) wanted_size_ += files.at(static_cast<int>(index)).size();
        agent_.send_files_wanted(wanted);
    }
    void handle(const event::UploadData& data) {
        CHECK(!running_ && !data.bytes.empty() && data.bytes.size() <= wanted_size_);
        wanted_size_ -= data.bytes.size();
        unstored_ += static_cast<std::uint32_t>(data.bytes.size());
        CHECK(unstored_ <= window);
    }
    void handle(const event::UploadEnded& ended) {
        CHECK(!running_ && ended.is_complete == (wanted_size_ == 0));
        if (ended.is_complete) return start();
        agent_.send_launch_error(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, 0, "it changed", false);
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
    void store(std::uint32_t most) {
        const std::uint32_t count = std::min(most, unstored_);
        unstored_ -= count;
        agent_.upload_stored(count);
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
    bool detach_ = false;
    bool running_ = false;
    bool failed_ = false;
    std::uint32_t held_ = 0;
    std::uint64_t consumed_ = 0;
    std::uint64_t wanted_size_ = 0;
    std::uint32_t unstored_ = 0;
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
