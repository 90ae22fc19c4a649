// SPDX-License-Identifier: MIT
#include "hostbridge/uv/work.h"

#include <map>
#include <memory>
#include <utility>

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

struct WorkLane::State {
    struct Piece {
        std::function<void()> work;
        std::function<void()> done;
    };

    static void start_next(const std::shared_ptr<State>& state);

    uv_loop_t* loop;
    std::size_t free_threads;
    std::size_t working = 0;
    Ticket last_ticket = 0;
    std::map<Ticket, Piece> waiting;
};

void WorkLane::State::start_next(const std::shared_ptr<State>& state) {
    if (state->free_threads == 0 || state->waiting.empty()) return;
    --state->free_threads;
    ++state->working;
    Piece piece = std::move(state->waiting.extract(state->waiting.begin()).mapped());
    queue_work(state->loop, std::move(piece.work), [state, done = std::move(piece.done)] {
        ++state->free_threads;
        --state->working;
        start_next(state);
        done();
    });
}

WorkLane::WorkLane(uv_loop_t* loop, std::size_t threads)
    : state_(std::make_shared<State>(State{.loop = loop, .free_threads = threads, .last_ticket = 0, .waiting = {}})) {}

WorkLane::~WorkLane() { state_->waiting.clear(); }

WorkLane::Ticket WorkLane::queue(std::function<void()> work, std::function<void()> done) {
    const Ticket ticket = ++state_->last_ticket;
    state_->waiting.emplace(ticket, State::Piece{std::move(work), std::move(done)});
    State::start_next(state_);
    return ticket;
}

bool WorkLane::is_working() const { return state_->working > 0; }

bool WorkLane::drop(Ticket ticket) {
    // Destroyed when it is out of the map: its functions may hold what comes back here.
    const auto dropped = state_->waiting.extract(ticket);
    return !dropped.empty();
}

}  // namespace hostbridge::uv
