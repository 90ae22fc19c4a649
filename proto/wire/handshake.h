// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "control.pb.h"
#include "proto/base/result.h"
#include "proto/wire/authentication.h"
#include "proto/wire/frame_codec.h"
#include "proto/wire/ticket.h"

/// Greeting, version, capabilities, authentication: PROTOCOL.md, section 4. Pure.
namespace proto {

namespace capability {
inline constexpr std::uint64_t descriptor_passing = 1u << 0;
inline constexpr std::uint64_t raw_command_tail = 1u << 1;
inline constexpr std::uint64_t host_names = 1u << 2;
inline constexpr std::uint64_t reports = 1u << 3;
inline constexpr std::uint64_t uploads = 1u << 4;
inline constexpr std::uint64_t path_lists = 1u << 5;
inline constexpr std::uint64_t requested_uploads = 1u << 6;
}  // namespace capability

/// What both sides know of each other once the handshake is over.
struct Agreement {
    std::uint32_t version = 0;
    std::uint64_t capabilities = 0;          ///< Those that both sides have.
    std::uint32_t credit_granted_to_us = 0;  ///< For each stream that we send.
    std::string peer_software;
    std::string key_name;                 ///< Of the key that was proved; empty without authentication.
    std::optional<GuestUser> guest_user;  ///< The agent's: whom the ticket was given to that was proved.
};

/// What either side says of itself.
struct GreetingOptions {
    std::uint64_t capabilities = 0;
    std::uint32_t initial_credit = limits::default_initial_credit;
    Nonce nonce{};  ///< Fresh from the system's random source for every connection.
    std::string software;
};

/// The client's half. Feed it frames until done() says that a request may be sent.
class ClientHandshake {
  public:
    enum class KeyPolicy { if_asked, required };

    ClientHandshake(const GreetingOptions& options, std::optional<Key> key, KeyPolicy policy);

    /// One frame from the agent. Bytes to be sent are appended to `output`. A `Refused` from the agent, a
    /// missing key and a wrong proof are Errors.
    Result<void> receive(const Frame& frame, std::string& output);

    /// The first bytes on the connection; to be sent without waiting.
    [[nodiscard]] std::string greeting_frame() const;

    [[nodiscard]] bool greeted() const { return state_ != State::greeting; }
    [[nodiscard]] bool done() const { return state_ == State::done; }
    [[nodiscard]] const Agreement& agreement() const { return agreement_; }

  private:
    enum class State { greeting, proof, done };

    Result<void> receive_greeting(const mzinit::v1::Greeting& greeting, std::string_view payload, std::string& output);
    Result<void> receive_proof(const mzinit::v1::Authenticate& message);

    GreetingOptions options_;
    std::optional<Key> key_;
    KeyPolicy policy_;
    State state_ = State::greeting;
    std::string own_greeting_;
    std::string agent_greeting_;
    Agreement agreement_;
};

/// The agent's half.
class AgentHandshake {
  public:
    /// The key with that id, or nothing. Empty: this connection needs no key.
    using KeyLookup = std::function<std::optional<KnownKey>(std::string_view key_id)>;

    AgentHandshake(const GreetingOptions& options, KeyLookup lookup);

    /// One frame from the client. Bytes to be sent are appended to `output`, on an Error too: then they are the
    /// Refused that says why.
    Result<void> receive(const Frame& frame, std::string& output);

    [[nodiscard]] std::string greeting_frame() const;
    [[nodiscard]] bool done() const { return state_ == State::done; }
    [[nodiscard]] const Agreement& agreement() const { return agreement_; }

  private:
    enum class State { greeting, proof, done };

    Result<void> receive_greeting(const mzinit::v1::Greeting& greeting, std::string_view payload);
    Result<void> receive_proof(const mzinit::v1::Authenticate& message, std::string& output);

    GreetingOptions options_;
    KeyLookup lookup_;
    State state_ = State::greeting;
    std::string own_greeting_;
    std::string client_greeting_;
    std::string key_id_;
    std::string refusal_text_;  // instead of the error's own words
    Agreement agreement_;
};

/// Appends a Refused frame.
void append_refused(std::string& output, mzinit::v1::RefusalCode code, std::string_view text);

}  // namespace proto
