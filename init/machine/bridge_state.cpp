// SPDX-License-Identifier: MIT
#include "init/machine/bridge_state.h"

#include <unistd.h>

#include <string>
#include <string_view>

#include "interop/route/client_key.h"
#include "interop/route/configuration.h"

namespace init {
namespace {

bool has_broker_key() {
    const auto configuration = interop::load_configuration();
    return configuration && interop::load_client_key(configuration->key_file).has_value();
}

}  // namespace

bool runs_broker(BrokerStart start) {
    return start == BrokerStart::always || (start == BrokerStart::if_key_exists && has_broker_key());
}

bool expects_agent() {
    const auto configuration = interop::load_configuration();
    if (!configuration) return false;
    std::string_view socket = interop::default_endpoint;
    socket.remove_prefix(std::string_view("unix:").size());
    return configuration->names_endpoints || ::access(std::string(socket).c_str(), F_OK) == 0;
}

}  // namespace init
