// SPDX-License-Identifier: MIT
// A hostile agent against ClientProtocol. The input is a list of acts, as in agent_protocol_fuzz.cpp. What must hold: no
// CHECK fails, output stays within the window, standard input is never counted as read before it was sent, and the exit
// status comes last.

#include <string>
#include <variant>

#include "proto/wire/client_protocol.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

namespace event = proto::client_event;

constexpr std::uint32_t window = 3000;
constexpr std::uint64_t file_size = 2500;

class Scenario {
  public:
    explicit Scenario(std::uint8_t mode)
        : keyed_((mode & 1) != 0),
          asks_((mode & 2) != 0),
          reports_((mode & 4) != 0),
          client_(options(), keyed_ ? std::optional(proto::Key()) : std::nullopt,
                  keyed_ ? proto::ClientHandshake::KeyPolicy::required : proto::ClientHandshake::KeyPolicy::if_asked) {
        if ((mode & 0x10) == 0) greet();
    }

    void act(fuzz::Input& input) {
        switch (input.byte() % 16) {
            case 0: return hear(input.bytes(input.byte()));
            case 1: return hear_frame(proto::FrameType::control, 0, input.bytes(input.byte()));
            case 2: return hear_frame(proto::FrameType::data, input.byte() % 4, input.bytes(input.byte()));
            case 3:
                return hear_frame(proto::FrameType::data, 1 + input.byte() % 2, std::string(input.byte() * 16u, 'x'));
            case 4: return hear_frame(proto::FrameType::credit, input.byte() % 4, input.bytes(4));
            case 5: return hear_message([&](auto& m) { m.mutable_launch_reply()->set_relayed_streams(input.byte()); });
            case 6: return hear_message([&](auto& m) { m.mutable_stdin_consumed()->set_total(input.byte()); });
            case 7: return hear_message([&](auto& m) { m.mutable_exit_status()->set_code(input.byte()); });
            case 8: return write(input.byte());
            case 9: return client_.send_stdin_end();
            case 10: return deliver(1 + input.byte() % 2, input.byte() * 16u);
            case 11: return close(1 + input.byte() % 2);
            case 12: return hear_message([](auto& m) { m.mutable_manifest_request(); });
            case 13: return hear_message([&](auto& m) { m.mutable_files_wanted()->add_indices(input.byte() % 3); });
            case 14: return hear_frame(proto::FrameType::credit, proto::stream_upload, input.bytes(4));
            default: return upload(input.byte() * 16u);
        }
    }

  private:
    static proto::GreetingOptions options() {
        proto::GreetingOptions options;
        options.capabilities = proto::capability::reports | proto::capability::uploads;
        options.initial_credit = window;
        return options;
    }

    void greet() {
        proto::GreetingOptions theirs;
        theirs.capabilities = proto::capability::reports | proto::capability::uploads;
        theirs.initial_credit = window;
        hear(proto::AgentHandshake(theirs, nullptr).greeting_frame());
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
        fuzz::feed(client_.decoder(), bytes);
        while (true) {
            auto received = client_.receive();
            if (!received) failed_ = true;
            CHECK(!received || !failed_);
            if (!received || !received->has_value()) return;
            CHECK(!exited_);
            std::visit([this](auto&& came) { handle(came); }, **received);
        }
    }

    void handle(const event::Ready&) {
        CHECK(!keyed_);  // nobody here can make the proof
        if (asks_) {
            client_.send_info_request();
        } else if (reports_ && (client_.agreement().capabilities & proto::capability::reports) != 0) {
            mzinit::v1::Report report;
            report.set_code(0);
            client_.send_report(report);
            reported_ = true;
        } else {
            mzinit::v1::Launch launch;
            launch.set_can_upload(true);
            CHECK(client_.send_launch(launch));
        }
    }
    void handle(const event::Launched& launched) {
        CHECK(!asks_ && !reported_ && !client_.agent_lacks_program());
        relayed_ = launched.reply.relayed_streams();
    }
    void handle(const event::ManifestRequested&) {
        mzinit::v1::Manifest manifest;
        for (int i = 0; i < 2; ++i) {
            auto& file = *manifest.add_files();
            file.set_name("f");
            file.set_size(file_size);
            file.set_sha256(std::string(proto::limits::digest_length, 'd'));
        }
        CHECK(client_.send_manifest(manifest));
    }
    void handle(const event::FilesWanted& wanted) {
        CHECK(!wanted.indices.empty() && wanted.indices.back() < 2);
        upload_left_ = wanted.indices.size() * file_size;
    }
    void handle(const event::InfoReceived&) { CHECK(asks_); }
    void handle(const event::ReportTaken&) { CHECK(reported_); }
    void handle(const event::OutputData& data) {
        CHECK((relayed_ >> data.stream & 1) != 0);
        held_[data.stream] += static_cast<std::uint32_t>(data.bytes.size());
        CHECK(held_[data.stream] <= window);
    }
    void handle(const event::StdinConsumed& consumed) { CHECK(consumed.total <= sent_); }
    void handle(const event::Exited& exited) {
        CHECK(exited.status.stdin_consumed() <= sent_);
        exited_ = true;
    }
    template <typename Other>
    void handle(const Other&) {}

    void write(std::size_t size) {
        const std::size_t count = std::min<std::size_t>(size, client_.sendable());
        if (count == 0) return;
        client_.send_stdin(std::string(count, 'i'));
        sent_ += count;
    }
    void upload(std::size_t size) {
        const std::size_t count = std::min<std::size_t>(size, client_.upload_sendable());
        if (count == 0) return client_.send_upload_end();
        client_.send_upload(std::string(count, 'u'));
        CHECK(count <= upload_left_);
        upload_left_ -= count;
    }
    void deliver(std::uint8_t stream, std::uint32_t most) {
        const std::uint32_t count = std::min(most, held_[stream]);
        held_[stream] -= count;
        client_.output_delivered(stream, count);
    }
    void close(std::uint8_t stream) {
        if ((relayed_ >> stream & 1) != 0) client_.send_stream_closed(stream);
    }

    const bool keyed_;
    const bool asks_;
    const bool reports_;
    proto::ClientProtocol client_;
    std::uint32_t relayed_ = 0;
    std::array<std::uint32_t, proto::standard_stream_count> held_{};
    std::uint64_t sent_ = 0;
    std::uint64_t upload_left_ = 0;
    bool reported_ = false;
    bool exited_ = false;
    bool failed_ = false;
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
