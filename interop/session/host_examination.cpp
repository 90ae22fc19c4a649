// SPDX-License-Identifier: MIT
#include "interop/session/host_examination.h"

#include <algorithm>
#include <utility>

#include "interop/session/host_request.h"
#include "proto/wire/ticket.h"

namespace interop {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds patience = proto::limits::greeting_deadline;
constexpr std::chrono::milliseconds least_patience{100};  // with an agent, where a broker has used up the time
constexpr int most_questions = 3;                         // a connection has one

std::chrono::milliseconds left_until(Clock::time_point deadline) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::max(deadline - Clock::now(), Clock::duration::zero()));
}

void note_proof(HostExamination& examination, const std::string& key_name) {
    const auto ticket = proto::parse_ticket(key_name);
    const bool is_unix = examination.endpoint.kind == Endpoint::Kind::unix_socket;
    examination.proof = ticket              ? HostProof::ticket
                        : !key_name.empty() ? HostProof::key
                        : is_unix           ? HostProof::identity
                                            : HostProof::none;
    examination.proof_name = ticket ? ticket->key_name : key_name;
}

/// One connection with one question. The time of the answer, or why there was none.
proto::Result<std::chrono::microseconds> ask(HostExamination& examination, ClientCredentials& credentials,
                                             Clock::time_point deadline) {
    const std::chrono::milliseconds left = left_until(deadline);
    auto connection = connect_to_host(examination.endpoint, credentials, {.greeting = left, .proof = {}});
    if (!connection) return connection.error();
    connection->protocol->send_info_request();
    const auto start = Clock::now();
    auto answer = await_answer(*connection, std::max(left_until(deadline), least_patience));
    if (!answer) return answer.error();
    const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    const proto::Agreement& agreement = connection->protocol->agreement();
    examination.version = agreement.version;
    note_proof(examination, agreement.key_name);
    examination.info = std::move(std::get<proto::client_event::InfoReceived>(*answer).info);
    return taken;
}

}  // namespace

HostExamination examine_host(const Endpoint& endpoint, ClientCredentials& credentials) {
    HostExamination examination{.endpoint = endpoint};
    const auto deadline = Clock::now() + patience;
    for (int question = 0; question < most_questions; ++question) {
        const auto start = Clock::now();
        const auto taken = ask(examination, credentials, deadline);
        if (!taken && question > 0) break;  // It has answered once, and is slow or busy now.
        if (!taken) {
            examination.failure = taken.error();
            break;
        }
        examination.round_trip = question == 0 ? *taken : std::min(examination.round_trip, *taken);
        if (Clock::now() + (Clock::now() - start) > deadline) break;
    }
    return examination;
}

}  // namespace interop
