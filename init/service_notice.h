// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace init {

/// Tells the service manager that started us, if there is one, as sd_notify(3) does: "READY=1".
void notify_service_manager(std::string_view state);

}  // namespace init
