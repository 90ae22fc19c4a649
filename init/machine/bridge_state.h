// SPDX-License-Identifier: MIT
#pragma once

#include "init/machine/machine_settings.h"

namespace init {

/// Whether PID 1 is to run the broker: the answer to BrokerStart.
bool runs_broker(BrokerStart start);

/// Whether there may be an agent that wants to know how the boot command ended: one is configured, or listens at the
/// default endpoint.
bool expects_agent();

}  // namespace init
