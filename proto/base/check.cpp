// SPDX-License-Identifier: MIT
#include "proto/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace proto {
namespace {
std::atomic<CheckHandler> check_handler{nullptr};
}

void set_check_handler(CheckHandler handler) noexcept { check_handler = handler; }

void check_failed(const char* file, int line, const char* text) noexcept {
    if (const CheckHandler handler = check_handler.load()) {
        handler(file, line, text);
    } else {
        std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, text);
    }
    std::abort();
}

}  // namespace proto
