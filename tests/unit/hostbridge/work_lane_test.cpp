// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "hostbridge/uv/loop.h"
#include "hostbridge/uv/work.h"

namespace hostbridge::uv {
namespace {

/// A door at which work waits, as at a lock that somebody else has.
class Door {
  public:
    void wait() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_open_; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void await(std::size_t waiting) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= waiting; });
    }
    std::size_t waiting() {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_ = 0;
    bool is_open_ = false;
};

class WorkLaneTest : public testing::Test {
  protected:
    void run_until(const std::function<bool()>& condition) {
        while (!condition()) uv_run(loop_.get(), UV_RUN_ONCE);
    }
    WorkLane::Ticket queue(int number) {
        return lane_.queue([this] { door_.wait(); }, [this, number] { done_.push_back(number); });
    }

    Loop loop_;
    Door door_;
    WorkLane lane_{loop_.get(), 2};
    std::vector<int> done_;
};

TEST_F(WorkLaneTest, LeavesThreadsToOtherWork) {
    for (int i = 0; i < 100; ++i) queue(i);
    door_.await(2);
    bool has_run = false;
    queue_work(
        loop_.get(), [] {}, [&] { has_run = true; });
    run_until([&] { return has_run; });
    EXPECT_EQ(door_.waiting(), 2u);
    EXPECT_TRUE(done_.empty());
    door_.open();
    run_until([&] { return done_.size() == 100; });
}

TEST_F(WorkLaneTest, KeepsTheOrder) {
    WorkLane narrow(loop_.get(), 1);
    std::vector<int> order;
    for (int i = 0; i < 10; ++i) narrow.queue([&order, i] { order.push_back(i); }, [this, i] { done_.push_back(i); });
    run_until([&] { return done_.size() == 10; });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(done_, order);
}

TEST_F(WorkLaneTest, DropsWhatHasNotBegun) {
    EXPECT_FALSE(lane_.is_working());
    const auto first = queue(1);
    EXPECT_TRUE(lane_.is_working());
    queue(2);
    const auto third = queue(3);
    queue(4);
    EXPECT_FALSE(lane_.drop(first));
    EXPECT_TRUE(lane_.drop(third));
    EXPECT_FALSE(lane_.drop(third));
    EXPECT_FALSE(lane_.drop(0));
    door_.open();
    run_until([&] { return done_.size() == 3; });
    EXPECT_FALSE(lane_.is_working());
    EXPECT_EQ(door_.waiting(), 3u);
    // The last may be done before the loop has heard of one that ran beside it.
    std::ranges::sort(done_);
    EXPECT_EQ(done_, (std::vector<int>{1, 2, 4}));
}

TEST_F(WorkLaneTest, DropsWhatWaitsWhenItIsDestroyed) {
    auto token = std::make_shared<int>();
    {
        WorkLane other(loop_.get(), 1);
        other.queue([this] { door_.wait(); }, [this] { done_.push_back(1); });
        other.queue([token] {}, [this, token] { done_.push_back(2); });
    }
    EXPECT_EQ(token.use_count(), 1);
    door_.open();
    run_until([&] { return !done_.empty(); });
    EXPECT_EQ(done_, std::vector<int>{1});
}

}  // namespace
}  // namespace hostbridge::uv
