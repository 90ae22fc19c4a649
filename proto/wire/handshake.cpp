// SPDX-License-Identifier: MIT
#include "proto/wire/handshake.h"

#include <algorithm>

#include "proto/wire/utf8_text.h"

namespace proto {
namespace {

using mzinit::v1::ControlMessage;
using mzinit::v1::Greeting;

constexpr std::string_view greeting_magic = "mzinit\r\n";

std::string serialize_greeting(const GreetingOptions& options, std::string_view key_id,
                               mzinit::v1::Authentication authentication) {
    ControlMessage message;
    Greeting& greeting = *message.mutable_greeting();
    greeting.set_magic(std::string(greeting_magic));
    greeting.set_lowest_version(limits::lowest_version);
    greeting.set_highest_version(limits::highest_version);
    greeting.set_capabilities(options.capabilities);
    greeting.set_initial_credit(options.initial_credit);
    greeting.set_nonce(options.nonce.data(), options.nonce.size());
    greeting.set_key_id(std::string(key_id));
    greeting.set_authentication(authentication);
    greeting.set_software(options.software);
    return message.SerializeAsString();
}

std::string frame_of(std::string_view payload) {
    CHECK(payload.size() <= limits::max_greeting_length);
    const auto header = encode_frame_header(FrameType::control, 0, static_cast<std::uint32_t>(payload.size()));
    std::string frame(header.data(), header.size());
    frame.append(payload);
    return frame;
}

void append_proof(std::string& output, const Digest& proof) {
    ControlMessage message;
    message.mutable_authenticate()->set_proof(proof.data(), proof.size());
    const bool fits = append_control(output, message);
    CHECK(fits);
}

/// A Greeting from the first frame, or what is wrong with it. Both sides check the same things.
Result<ControlMessage> parse_greeting(const Frame& frame) {
    if (frame.type != FrameType::control || frame.payload.size() > limits::max_greeting_length) {
        return peer_error(PeerFault::bad_magic, "read the greeting");
    }
    return parse_control(frame.payload);
}

Result<Agreement> agree(const Greeting& peer, const GreetingOptions& own) {
    if (peer.magic() != greeting_magic) return peer_error(PeerFault::bad_magic, "read the greeting");
    if (peer.nonce().size() != limits::nonce_length || peer.key_id().size() > limits::max_key_id_length ||
        peer.initial_credit() > limits::max_outstanding_credit) {
        return peer_error(PeerFault::malformed_message, "read the greeting");
    }
    Agreement agreement;
    agreement.version = std::min(peer.highest_version(), limits::highest_version);
    if (agreement.version < limits::lowest_version || agreement.version < peer.lowest_version()) {
        return peer_error(PeerFault::no_common_version, "read the greeting");
    }
    agreement.capabilities = peer.capabilities() & own.capabilities;
    agreement.credit_granted_to_us = peer.initial_credit();
    agreement.peer_software = peer.software();
    return agreement;
}

mzinit::v1::RefusalCode refusal_for(const std::error_code& code) {
    if (code == make_error_code(PeerFault::authentication)) return mzinit::v1::REFUSAL_AUTHENTICATION_FAILED;
    if (code == make_error_code(PeerFault::no_common_version)) return mzinit::v1::REFUSAL_NO_COMMON_VERSION;
    return mzinit::v1::REFUSAL_PROTOCOL_ERROR;
}

}  // namespace

void append_refused(std::string& output, mzinit::v1::RefusalCode code, std::string_view text) {
    ControlMessage message;
    message.mutable_refused()->set_code(code);
    message.mutable_refused()->set_text(to_utf8_text(text));
    const bool fits = append_control(output, message);
    CHECK(fits);
}

ClientHandshake::ClientHandshake(const GreetingOptions& options, std::optional<Key> key, KeyPolicy policy)
    : options_(options),
      key_(std::move(key)),
      policy_(policy),
      own_greeting_(
          serialize_greeting(options_, key_ ? key_->id : std::string(), mzinit::v1::AUTHENTICATION_UNSPECIFIED)) {}

std::string ClientHandshake::greeting_frame() const { return frame_of(own_greeting_); }

Result<void> ClientHandshake::receive(const Frame& frame, std::string& output) {
    CHECK(state_ != State::done);
    auto message = state_ == State::greeting ? parse_greeting(frame)
                   : frame.type == FrameType::control
                       ? parse_control(frame.payload)
                       : Result<ControlMessage>(peer_error(PeerFault::unexpected_message, "authenticate"));
    if (!message) return message.error();
    if (message->has_refused()) {
        return Error{std::make_error_code(std::errc::permission_denied),
                     "the agent refused the connection (" + message->refused().text() + ")"};
    }
    if (state_ == State::greeting) {
        if (!message->has_greeting()) return peer_error(PeerFault::bad_magic, "read the greeting");
        return receive_greeting(message->greeting(), frame.payload, output);
    }
    if (!message->has_authenticate()) return peer_error(PeerFault::unexpected_message, "authenticate");
    return receive_proof(message->authenticate());
}

Result<void> ClientHandshake::receive_greeting(const Greeting& greeting, std::string_view payload,
                                               std::string& output) {
    auto agreement = agree(greeting, options_);
    if (!agreement) return agreement.error();
    agreement_ = std::move(*agreement);
    agent_greeting_ = payload;
    switch (greeting.authentication()) {
        case mzinit::v1::AUTHENTICATION_NONE:
            if (policy_ == KeyPolicy::required) {
                return peer_error(PeerFault::authentication, "the agent does not prove that it knows the key");
            }
            state_ = State::done;
            return {};
        case mzinit::v1::AUTHENTICATION_KEY:
            if (!key_) return peer_error(PeerFault::authentication, "the agent asks for a key and there is none");
            append_proof(output, compute_proof(*key_, Role::client, own_greeting_, agent_greeting_));
            state_ = State::proof;
            return {};
        default: return peer_error(PeerFault::malformed_message, "read the greeting");
    }
}

Result<void> ClientHandshake::receive_proof(const mzinit::v1::Authenticate& message) {
    const Digest expected = compute_proof(*key_, Role::agent, own_greeting_, agent_greeting_);
    if (!equal_in_constant_time(message.proof(), as_bytes(expected))) {
        return peer_error(PeerFault::authentication, "the agent does not know the key");
    }
    agreement_.key_name = key_->id;
    key_.reset();
    state_ = State::done;
    return {};
}

AgentHandshake::AgentHandshake(const GreetingOptions& options, KeyLookup lookup)
    : options_(options),
      lookup_(std::move(lookup)),
      own_greeting_(serialize_greeting(options_, {},
                                       lookup_ ? mzinit::v1::AUTHENTICATION_KEY : mzinit::v1::AUTHENTICATION_NONE)) {}

std::string AgentHandshake::greeting_frame() const { return frame_of(own_greeting_); }

Result<void> AgentHandshake::receive(const Frame& frame, std::string& output) {
    CHECK(state_ != State::done);
    Result<void> outcome = [&]() -> Result<void> {
        auto message = state_ == State::greeting ? parse_greeting(frame)
                       : frame.type == FrameType::control
                           ? parse_control(frame.payload)
                           : Result<ControlMessage>(peer_error(PeerFault::unexpected_message, "authenticate"));
        if (!message) return message.error();
        if (state_ == State::greeting) {
            if (!message->has_greeting()) return peer_error(PeerFault::bad_magic, "read the greeting");
            return receive_greeting(message->greeting(), frame.payload);
        }
        if (!message->has_authenticate()) return peer_error(PeerFault::unexpected_message, "authenticate");
        return receive_proof(message->authenticate(), output);
    }();
    // Something that does not even send our magic is not a client of ours and would not understand an answer.
    if (!outcome && outcome.error().code != make_error_code(PeerFault::bad_magic)) {
        const std::string text = refusal_text_.empty() ? outcome.error().code.message() : refusal_text_;
        append_refused(output, refusal_for(outcome.error().code), text);
    }
    return outcome;
}

Result<void> AgentHandshake::receive_greeting(const Greeting& greeting, std::string_view payload) {
    auto agreement = agree(greeting, options_);
    if (!agreement) return agreement.error();
    agreement_ = std::move(*agreement);
    client_greeting_ = payload;
    key_id_ = greeting.key_id();
    state_ = lookup_ ? State::proof : State::done;
    return {};
}

Result<void> AgentHandshake::receive_proof(const mzinit::v1::Authenticate& message, std::string& output) {
    // An unknown name costs the same work as a known one, so that names cannot be told apart by time.
    const auto found = lookup_(key_id_);
    Key key = found ? found->key : Key();
    key.id = key_id_;
    const Digest expected = compute_proof(key, Role::client, client_greeting_, own_greeting_);
    const bool proved = equal_in_constant_time(message.proof(), as_bytes(expected));
    if (!found || !proved) return peer_error(PeerFault::authentication, "authenticate a client");
    // Told only to who has proved the key: nobody else learns which names there are.
    if (refusal_text_ = found->objection; !refusal_text_.empty()) {
        return peer_error(PeerFault::authentication, refusal_text_);
    }
    append_proof(output, compute_proof(key, Role::agent, client_greeting_, own_greeting_));
    agreement_.key_name = found->name;
    agreement_.guest_user = found->user;
    state_ = State::done;
    return {};
}

}  // namespace proto
