// SPDX-License-Identifier: MIT
#include "hostbridge/uv/error.h"

#include <array>
#include <string>

namespace hostbridge::uv {
namespace {

class Category final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "libuv"; }
    [[nodiscard]] std::string message(int number) const override {
        std::array<char, 128> text{};
        return uv_strerror_r(number, text.data(), text.size());
    }
};

// Numbers of the system, in libuv's words.
class SystemCategory final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "libuv, system"; }
    [[nodiscard]] std::string message(int number) const override {
        return category().message(uv_translate_sys_error(number));
    }
};

const std::error_category& system_category() {
    static const SystemCategory instance;
    return instance;
}

}  // namespace

const std::error_category& category() noexcept {
    static const Category instance;
    return instance;
}

proto::Error error(int uv_number, std::string_view doing) { return {make_error_code(uv_number), std::string(doing)}; }

proto::Error file_error(const uv_fs_t& request, std::string_view doing) {
    const int number = uv_fs_get_system_error(&request);
    // What libuv itself refuses has no number of the system's.
    if (number == 0) return error(static_cast<int>(request.result), doing);
    return {{number, system_category()}, std::string(doing)};
}

bool means(const proto::Error& error, int uv_number) {
    const std::error_code& code = error.code;
    if (code.category() == category()) return code.value() == uv_number;
    return code.category() == system_category() && uv_translate_sys_error(code.value()) == uv_number;
}

}  // namespace hostbridge::uv
