// SPDX-License-Identifier: MIT
#include "interop/route/client_credentials.h"

#include <utility>

#include <unistd.h>

#include "interop/route/client_key.h"

namespace interop {
namespace {

bool is_absent(const proto::Error& error) {
    return error.code == std::errc::no_such_file_or_directory || error.code == std::errc::not_a_directory;
}

}  // namespace

const proto::Result<BrokerGrant>& ClientCredentials::ask() {
    // A broker that refused or failed once is not asked again: each question may take a second.
    if (!grant_ || (*grant_ && !ticket_is_fresh_)) {
        grant_.emplace(ask_broker(configuration_.broker_socket));
        ticket_is_fresh_ = true;
    }
    return *grant_;
}

proto::Result<proto::Key> ClientCredentials::ticket() {
    const auto& grant = ask();
    if (!grant) return grant.error();
    ticket_is_fresh_ = false;
    return grant->ticket;
}

proto::Result<proto::Key> ClientCredentials::for_connection() {
    const bool comes_first = !configuration_.key_file.empty() || geteuid() == 0;
    if (comes_first && !own_key_) own_key_.emplace(load_client_key(configuration_.key_file));
    if (comes_first && *own_key_) return *own_key_;
    auto given = ticket();
    if (given) return given;
    if (!own_key_) own_key_.emplace(load_client_key(configuration_.key_file));
    if (*own_key_) return *own_key_;
    if (!is_absent(given.error())) return given.error();
    return proto::stated_error(own_key_->error().message() + ", and there is no broker at " +
                               configuration_.broker_socket);
}

std::vector<Endpoint> ClientCredentials::offered_endpoints() {
    if (!grant_) (void)ask();
    return *grant_ ? (*grant_)->endpoints : std::vector<Endpoint>();
}

}  // namespace interop
