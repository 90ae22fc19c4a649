// SPDX-License-Identifier: MIT
#include "hostbridge/name_listing.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <optional>

#include "hostbridge/agent_limits.h"
#include "hostbridge/uv/loop.h"
#include "proto/wire/limits.h"

namespace hostbridge {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

/// Long enough never to be over, and short enough for a listing that does not end.
constexpr auto patient = 100s;
constexpr auto impatient = 1ms;

/// Lists "first.exe", then waits as for a drive that is gone, then lists "second.exe".
class HangingLister {
  public:
    HangingLister() = default;
    ~HangingLister() { let_go(); }
    HangingLister(const HangingLister&) = delete;
    HangingLister& operator=(const HangingLister&) = delete;

    [[nodiscard]] NameListing::Lister lister() const {
        return [state = state_](const auto& found) {
            ++state->begun;
            EXPECT_TRUE(found("first.exe"));
            state->has_found_first.set_value();
            state->release.get_future().wait();
            state->is_more_wanted = found("second.exe");
        };
    }
    void wait_for_first() { state_->has_found_first.get_future().wait(); }
    void let_go() {
        if (!std::exchange(has_let_go_, true)) state_->release.set_value();
    }
    [[nodiscard]] int begun() const { return state_->begun; }
    [[nodiscard]] bool is_more_wanted() const { return state_->is_more_wanted; }

  private:
    struct State {
        std::promise<void> has_found_first;
        std::promise<void> release;
        std::atomic<int> begun = 0;
        std::atomic<bool> is_more_wanted = true;
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();  // with what may outlive this
    bool has_let_go_ = false;
};

class NameListingTest : public testing::Test {
  protected:
    void run_until(const std::function<bool()>& condition) {
        uv::Timer guard(loop_.get(), [] { FAIL() << "nothing happened for too long"; });
        guard.start(20s);
        while (!condition() && !HasFatalFailure()) uv_run(loop_.get(), UV_RUN_ONCE);
    }
    static std::function<void(Names)> into(std::optional<Names>& answer) {
        return [&answer](Names names) {
            EXPECT_FALSE(answer);
            answer = std::move(names);
        };
    }

    uv::Loop loop_;
    uv::WorkLane lane_{loop_.get(), 2};
};

TEST_F(NameListingTest, ListsAnewForEveryQuestion) {
    std::atomic<int> listings = 0;
    NameListing listing(
        loop_.get(), lane_, [&](const auto& found) { found("a" + std::to_string(++listings) + ".exe"); }, patient);
    for (const char* expected : {"a1.exe", "a2.exe"}) {
        std::optional<Names> answer;
        listing.list("a", into(answer));
        EXPECT_FALSE(answer);
        run_until([&] { return answer.has_value(); });
        EXPECT_THAT(*answer, ElementsAre(expected));
    }
}

TEST_F(NameListingTest, AQuestionMayFollowFromAnAnswer) {
    NameListing listing(
        loop_.get(), lane_, [](const auto& found) { found("a.exe"); }, patient);
    std::optional<Names> second;
    listing.list("", [&](const Names&) { listing.list("a", into(second)); });
    run_until([&] { return second.has_value(); });
    EXPECT_THAT(*second, ElementsAre("a.exe"));
}

TEST_F(NameListingTest, WhoAsksWhileAListingHangsTakesNoOtherThread) {
    HangingLister hanging;
    NameListing listing(loop_.get(), lane_, hanging.lister(), patient);
    std::optional<Names> all;
    std::optional<Names> some;
    std::optional<Names> none;
    listing.list("", into(all));
    hanging.wait_for_first();
    listing.list("s", into(some));
    listing.list("x", into(none));
    hanging.let_go();
    run_until([&] { return all && some && none; });
    EXPECT_EQ(hanging.begun(), 1);
    EXPECT_THAT(*all, ElementsAre("first.exe", "second.exe"));
    EXPECT_THAT(*some, ElementsAre("second.exe"));
    EXPECT_THAT(*none, IsEmpty());
}

TEST_F(NameListingTest, NobodyWaitsForADriveThatIsGone) {
    HangingLister hanging;
    NameListing listing(loop_.get(), lane_, hanging.lister(), impatient);
    for (int question = 0; question < 2; ++question) {
        std::optional<Names> answer;
        listing.list("", into(answer));
        if (question == 0) hanging.wait_for_first();
        run_until([&] { return answer.has_value(); });
        EXPECT_THAT(*answer, ElementsAre("first.exe"));
    }
    EXPECT_EQ(hanging.begun(), 1);
    hanging.let_go();
}

TEST_F(NameListingTest, MayBeGoneBeforeItsListingEnds) {
    HangingLister hanging;
    std::optional<Names> answer;
    {
        NameListing listing(loop_.get(), lane_, hanging.lister(), patient);
        listing.list("", into(answer));
        hanging.wait_for_first();
    }
    hanging.let_go();
    uv_run(loop_.get(), UV_RUN_DEFAULT);
    EXPECT_FALSE(answer);
    EXPECT_FALSE(hanging.is_more_wanted());
}

TEST_F(NameListingTest, AListingEndsWhenItHasFoundEnough) {
    std::atomic<std::size_t> found_names = 0;
    NameListing listing(
        loop_.get(), lane_,
        [&](const auto& found) {
            while (found("a" + std::to_string(found_names) + ".exe")) ++found_names;
        },
        patient);
    std::optional<Names> answer;
    listing.list("", into(answer));
    run_until([&] { return answer.has_value(); });
    EXPECT_EQ(found_names, limits::listed_names);
    EXPECT_EQ(answer->size(), proto::limits::max_offered_names);
}

}  // namespace
}  // namespace hostbridge
