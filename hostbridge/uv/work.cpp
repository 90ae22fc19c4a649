// SPDX-License-Identifier: MIT
#include "hostbridge/uv/work.h"

#include <memory>

#include "proto/base/check.h"

namespace hostbridge::uv {
namespace {

struct WorkRequest {
    uv_work_t raw{};
    std::function<void()> work;
    std::function<void()> done;
};

}  // namespace

void queue_work(uv_loop_t* loop, std::function<void()> work, std::function<void()> done) {
    auto request = std::make_unique<WorkRequest>();
    request->work = std::move(work);
    request->done = std::move(done);
    request->raw.data = request.get();
    const int result = uv_queue_work(
        loop, &request->raw, [](uv_work_t* raw) { static_cast<WorkRequest*>(raw->data)->work(); },
        [](uv_work_t* raw, int) {
            const std::unique_ptr<WorkRequest> finished(static_cast<WorkRequest*>(raw->data));
            finished->done();
        });
    CHECK(result == 0);  // it fails only without a function
    static_cast<void>(request.release());
}

}  // namespace hostbridge::uv
