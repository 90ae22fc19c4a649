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

}  // namespace

const std::error_category& category() noexcept {
    static const Category instance;
    return instance;
}

proto::Error error(int uv_number, std::string_view doing) { return {make_error_code(uv_number), std::string(doing)}; }

}  // namespace hostbridge::uv
