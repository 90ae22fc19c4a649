// SPDX-License-Identifier: MIT
// Sending a program that the host does not see: PROTOCOL.md, section 5, both ends.
#include <gtest/gtest.h>

#include <functional>

#include "proto/wire/upload_rules.h"
#include "tests/unit/proto/wire/wire_fixture.h"

namespace proto {
namespace {

using mzinit::v1::Manifest;

GreetingOptions uploading_options(std::uint8_t nonce_byte, std::uint32_t credit = limits::default_initial_credit) {
    GreetingOptions options = greeting_options(nonce_byte, credit);
    options.capabilities |= capability::uploads;
    return options;
}

void add_file(Manifest& manifest, std::string_view name, std::uint64_t size) {
    auto& file = *manifest.add_files();
    file.set_name(std::string(name));
    file.set_size(size);
    file.set_sha256(std::string(limits::digest_length, 'd'));
}

Manifest manifest_of(std::initializer_list<std::uint64_t> sizes) {
    Manifest manifest;
    for (const std::uint64_t size : sizes) add_file(manifest, "f" + std::to_string(manifest.files_size()), size);
    return manifest;
}

mzinit::v1::FilesWanted wish_of(std::initializer_list<std::uint32_t> indices) {
    mzinit::v1::FilesWanted wish;
    for (const std::uint32_t index : indices) wish.add_indices(index);
    return wish;
}

std::string launch_frame(bool can_upload) {
    return control_frame([&](auto& m) {
        m.mutable_launch()->set_program("/srv/report.exe");
        m.mutable_launch()->set_can_upload(can_upload);
    });
}

std::string manifest_frame(const Manifest& manifest) {
    return control_frame([&](auto& m) { *m.mutable_manifest() = manifest; });
}

std::string manifest_request_frame() {
    return control_frame([](auto& m) { m.mutable_manifest_request(); });
}

std::string wanted_frame(std::initializer_list<std::uint32_t> indices) {
    return control_frame([&](auto& m) { *m.mutable_files_wanted() = wish_of(indices); });
}

std::string reply_frame() {
    return control_frame([](auto& m) { m.mutable_launch_reply()->set_process_id(1); });
}

template <typename Event, typename Received>
Event expect_event(Received received) {
    EXPECT_TRUE(received && received->has_value());
    if (!received || !received->has_value() || !std::holds_alternative<Event>(**received)) {
        ADD_FAILURE() << "another event";
        return Event{};
    }
    return std::get<Event>(std::move(**received));
}

TEST(ManifestRules, TakeWhatKeepsToTheLimits) {
    EXPECT_TRUE(is_valid_manifest(manifest_of({0})));
    Manifest largest;
    for (std::size_t i = 0; i < limits::max_manifest_files; ++i) add_file(largest, std::string(255, 'n'), 1);
    EXPECT_TRUE(is_valid_manifest(largest)) << "whether names are unique is not the protocol's business";
    EXPECT_TRUE(is_valid_manifest(manifest_of({limits::max_upload_size - 1, 1})));
}

TEST(ManifestRules, RefuseWhatDoesNot) {
    EXPECT_FALSE(is_valid_manifest({}));
    Manifest manifest;
    for (std::size_t i = 0; i <= limits::max_manifest_files; ++i) add_file(manifest, "n", 1);
    EXPECT_FALSE(is_valid_manifest(manifest));
    EXPECT_FALSE(is_valid_manifest(manifest_of({limits::max_upload_size, 1})));
    EXPECT_FALSE(is_valid_manifest(manifest_of({UINT64_MAX, 2}))) << "the sum wraps";
    for (const std::size_t length : {0u, 31u, 33u}) {
        manifest = manifest_of({1});
        manifest.mutable_files(0)->set_sha256(std::string(length, 'd'));
        EXPECT_FALSE(is_valid_manifest(manifest)) << length;
    }
    for (const std::size_t length : {0u, 256u}) {
        manifest = manifest_of({1});
        manifest.mutable_files(0)->set_name(std::string(length, 'n'));
        EXPECT_FALSE(is_valid_manifest(manifest)) << length;
    }
}

TEST(WishRules, WantAscendingIndicesOfTheManifest) {
    EXPECT_TRUE(is_valid_wish(wish_of({0}), 1));
    EXPECT_TRUE(is_valid_wish(wish_of({0, 2, 3}), 4));
    EXPECT_FALSE(is_valid_wish(wish_of({}), 4));
    EXPECT_FALSE(is_valid_wish(wish_of({4}), 4));
    EXPECT_FALSE(is_valid_wish(wish_of({1, 1}), 4));
    EXPECT_FALSE(is_valid_wish(wish_of({2, 1}), 4));
    EXPECT_FALSE(is_valid_wish(wish_of({UINT32_MAX}), UINT32_MAX));
    EXPECT_EQ(wanted_size(manifest_of({1, 20, 300}), wish_of({0, 2})), 301u);
}

TEST(UploadRequest, NeedsAClientThatMayBeAskedForIt) {
    mzinit::v1::Launch launch;
    EXPECT_TRUE(is_upload_request(launch, false));
    launch.set_must_upload(true);
    EXPECT_TRUE(is_upload_request(launch, true));
    EXPECT_FALSE(is_upload_request(launch, false));
}

class AgentUpload : public ::testing::Test {
  protected:
    void launch(bool can_upload = true) {
        const ClientHandshake client(uploading_options(1), {}, ClientHandshake::KeyPolicy::if_asked);
        ASSERT_TRUE(receive(agent, client.greeting_frame()));
        expect_event<agent_event::LaunchRequested>(receive(agent, launch_frame(can_upload)));
        taken(agent.output());
    }
    void ask() {
        launch();
        agent.send_manifest_request();
    }
    void want(std::initializer_list<std::uint64_t> sizes, std::vector<std::uint32_t> indices) {
        ask();
        expect_event<agent_event::ManifestReceived>(receive(agent, manifest_frame(manifest_of(sizes))));
        taken(agent.output());
        agent.send_files_wanted(indices);
    }
    std::vector<OwnedFrame> sent() { return frames_in(taken(agent.output())); }

    AgentProtocol agent{uploading_options(2, 1000), nullptr};
};

TEST_F(AgentUpload, IsNotWantedByWhoDoesNotOfferIt) {
    const ClientHandshake client(uploading_options(1), {}, ClientHandshake::KeyPolicy::if_asked);
    ASSERT_TRUE(receive(agent, client.greeting_frame()));
    const auto launched = receive(agent, control_frame([](auto& m) { m.mutable_launch()->set_must_upload(true); }));
    ASSERT_FALSE(launched);
    EXPECT_EQ(launched.error().code, PeerFault::malformed_message);
}

TEST_F(AgentUpload, AsksTakesAndStarts) {
    ask();
    EXPECT_TRUE(sent().at(0).control().has_manifest_request());
    EXPECT_FALSE(agent.may_ask_for_upload()) << "once only";
    const auto received =
        expect_event<agent_event::ManifestReceived>(receive(agent, manifest_frame(manifest_of({5, 6, 7}))));
    EXPECT_EQ(received.manifest.files(2).size(), 7u);
    agent.send_files_wanted(std::vector<std::uint32_t>{0, 2});
    EXPECT_EQ(sent().at(0).control().files_wanted().indices_size(), 2);
    EXPECT_EQ(
        expect_event<agent_event::UploadData>(receive(agent, data_frame(stream_upload, "0123456789"))).bytes.size(),
        10u);
    expect_event<agent_event::UploadData>(receive(agent, data_frame(stream_upload, "ab")));
    EXPECT_TRUE(expect_event<agent_event::UploadEnded>(receive(agent, data_frame(stream_upload, ""))).is_complete);
    agent.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, 0);
    EXPECT_TRUE(sent().at(0).control().has_launch_reply());
}

TEST_F(AgentUpload, NeedNotWantAnything) {
    ask();
    expect_event<agent_event::ManifestReceived>(receive(agent, manifest_frame(manifest_of({5}))));
    taken(agent.output());
    agent.send_launch_reply(1, mzinit::v1::IMAGE_KIND_OTHER, 0);
    EXPECT_TRUE(sent().at(0).control().has_launch_reply());
}

TEST_F(AgentUpload, IsNotAskedForWhereItWasNotOffered) {
    launch(false);
    EXPECT_FALSE(agent.may_ask_for_upload());
    AgentProtocol old(greeting_options(2), nullptr);
    const ClientHandshake client(uploading_options(1), {}, ClientHandshake::KeyPolicy::if_asked);
    ASSERT_TRUE(receive(old, client.greeting_frame()));
    expect_event<agent_event::LaunchRequested>(receive(old, launch_frame(true)));
    EXPECT_FALSE(old.may_ask_for_upload()) << "we have not announced it";
}

TEST_F(AgentUpload, GrantsCreditForWhatWasStored) {
    want({3000}, {0});
    taken(agent.output());
    expect_event<agent_event::UploadData>(receive(agent, data_frame(stream_upload, std::string(1000, 'x'))));
    agent.upload_stored(100);
    EXPECT_TRUE(agent.output().empty()) << "less than a quarter of the window";
    agent.upload_stored(900);
    EXPECT_EQ(taken(agent.output()), credit_frame(stream_upload, 1000));
    EXPECT_EQ(fault_after(agent, data_frame(stream_upload, std::string(1001, 'x'))), PeerFault::credit_exceeded);
}

TEST_F(AgentUpload, SaysThatItEndedEarly) {
    want({5, 5}, {0, 1});
    expect_event<agent_event::UploadData>(receive(agent, data_frame(stream_upload, "123456")));
    EXPECT_FALSE(expect_event<agent_event::UploadEnded>(receive(agent, data_frame(stream_upload, ""))).is_complete);
    agent.send_launch_error(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, 0, "it changed", false);
    EXPECT_TRUE(agent.ended());
}

TEST_F(AgentUpload, RefusesMoreThanWasWanted) {
    want({5, 5}, {1});
    EXPECT_EQ(fault_after(agent, data_frame(stream_upload, "123456")), PeerFault::data_after_end);
}

TEST_F(AgentUpload, RefusesDataAfterTheEnd) {
    want({5}, {0});
    expect_event<agent_event::UploadEnded>(receive(agent, data_frame(stream_upload, "")));
    EXPECT_EQ(fault_after(agent, data_frame(stream_upload, "")), PeerFault::data_after_end);
}

TEST_F(AgentUpload, RefusesWhatComesOutOfOrder) {
    struct {
        const char* what;
        std::function<void()> before;
        std::string bytes;
    } cases[] = {
        {"a manifest that nobody asked for", [this] { launch(); }, manifest_frame(manifest_of({1}))},
        {"a second manifest", [this] { want({1}, {0}); }, manifest_frame(manifest_of({1}))},
        {"data before the manifest", [this] { ask(); }, data_frame(stream_upload, "x")},
        {"data without an upload", [this] { launch(); }, data_frame(stream_upload, "x")},
        {"credit for an upload", [this] { want({1}, {0}); }, credit_frame(stream_upload, 1)},
        {"standard input before the reply", [this] { want({1}, {0}); }, data_frame(stream_stdin, "x")},
    };
    for (const auto& tested : cases) {
        SCOPED_TRACE(tested.what);
        agent = AgentProtocol(uploading_options(2, 1000), nullptr);
        tested.before();
        EXPECT_EQ(fault_after(agent, tested.bytes), PeerFault::unexpected_message);
    }
}

TEST_F(AgentUpload, RefusesAManifestOverTheLimits) {
    ask();
    EXPECT_EQ(fault_after(agent, manifest_frame({})), PeerFault::malformed_message);
}

class ClientUpload : public ::testing::Test {
  protected:
    void launch(bool can_upload = true) {
        const AgentHandshake agent(uploading_options(2, 1000), nullptr);
        expect_event<client_event::Ready>(receive(client, agent.greeting_frame()));
        mzinit::v1::Launch launch;
        launch.set_can_upload(can_upload);
        ASSERT_TRUE(client.send_launch(launch));
        taken(client.output());
    }
    void offer(std::initializer_list<std::uint64_t> sizes) {
        launch();
        expect_event<client_event::ManifestRequested>(receive(client, manifest_request_frame()));
        EXPECT_TRUE(client.agent_lacks_program());
        ASSERT_TRUE(client.send_manifest(manifest_of(sizes)));
    }
    void send(std::initializer_list<std::uint64_t> sizes, std::initializer_list<std::uint32_t> indices) {
        offer(sizes);
        EXPECT_FALSE(client.agent_lacks_program()) << "it may have all of it";
        expect_event<client_event::FilesWanted>(receive(client, wanted_frame(indices)));
        EXPECT_TRUE(client.agent_lacks_program());
        taken(client.output());
    }

    ClientProtocol client{uploading_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked};
};

TEST_F(ClientUpload, SendsWhatIsWanted) {
    send({600, 6, 700}, {0, 2});
    EXPECT_EQ(client.upload_sendable(), 1000u) << "no more than was granted";
    client.send_upload(std::string(1000, 'x'));
    EXPECT_EQ(client.upload_sendable(), 0u);
    expect_event<client_event::UploadCredit>(receive(client, credit_frame(stream_upload, 500)));
    EXPECT_EQ(client.upload_sendable(), 300u) << "no more than is wanted";
    client.send_upload(std::string(300, 'x'));
    client.send_upload_end();
    client.send_upload_end();
    EXPECT_FALSE(client.agent_lacks_program());
    const auto frames = frames_in(taken(client.output()));
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[2], (OwnedFrame{FrameType::data, stream_upload, ""}));
    const auto crossed = receive(client, credit_frame(stream_upload, 500) + reply_frame());
    expect_event<client_event::UploadCredit>(crossed);
    expect_event<client_event::Launched>(client.receive());
    EXPECT_EQ(client.upload_sendable(), 0u);
}

TEST_F(ClientUpload, MayBeAnsweredAtOnce) {
    offer({5});
    expect_event<client_event::Launched>(receive(client, reply_frame()));
}

TEST_F(ClientUpload, MayBeRefusedOnItsWay) {
    send({600}, {0});
    expect_event<client_event::LaunchFailed>(receive(
        client,
        control_frame([](auto& m) { m.mutable_launch_error()->set_code(mzinit::v1::LAUNCH_ERROR_HOST_FAILURE); })));
    EXPECT_EQ(client.upload_sendable(), 0u);
    client.send_upload_end();
    EXPECT_TRUE(client.output().empty());
}

TEST_F(ClientUpload, OfNoBytesCanBeEnded) {
    send({0}, {0});
    EXPECT_EQ(client.upload_sendable(), 0u);
    client.send_upload_end();
    EXPECT_EQ(taken(client.output()), data_frame(stream_upload, ""));
}

TEST_F(ClientUpload, RefusesWhatComesOutOfOrder) {
    struct {
        const char* what;
        std::function<void()> before;
        std::string bytes;
    } cases[] = {
        {"a request where nothing was offered", [this] { launch(false); }, manifest_request_frame()},
        {"a second request", [this] { offer({1}); }, manifest_request_frame()},
        {"a wish without a manifest", [this] { launch(); }, wanted_frame({0})},
        {"a second wish", [this] { send({1}, {0}); }, wanted_frame({0})},
        {"a reply before the files", [this] { send({1}, {0}); }, reply_frame()},
        {"credit before a wish", [this] { offer({1}); }, credit_frame(stream_upload, 1)},
        {"data of an upload", [this] { send({1}, {0}); }, data_frame(stream_upload, "x")},
    };
    for (const auto& tested : cases) {
        SCOPED_TRACE(tested.what);
        client = ClientProtocol(uploading_options(1), std::nullopt, ClientHandshake::KeyPolicy::if_asked);
        tested.before();
        EXPECT_EQ(fault_after(client, tested.bytes), PeerFault::unexpected_message);
    }
}

TEST_F(ClientUpload, RefusesAWishForOtherFiles) {
    offer({1});
    EXPECT_EQ(fault_after(client, wanted_frame({1})), PeerFault::malformed_message);
}

TEST_F(ClientUpload, RefusesDataOfAnUploadThatARelayedStreamSeemsToBe) {
    launch();
    expect_event<client_event::Launched>(receive(
        client, control_frame([](auto& m) { m.mutable_launch_reply()->set_relayed_streams(1u << stream_upload); })));
    EXPECT_EQ(fault_after(client, data_frame(stream_upload, "x")), PeerFault::unexpected_message);
}

}  // namespace
}  // namespace proto
