// SPDX-License-Identifier: MIT
#include "hostbridge/discarded_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include "hostbridge/uv/loop.h"
#include "hostbridge/uv/timer.h"
#include "interop/os/unique_fd.h"

namespace hostbridge {
namespace {

using namespace std::chrono_literals;
using interop::UniqueFd;

class DiscardedOutputTest : public testing::Test {
  protected:
    void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

    /// Leaves the reading end to `discarded_`.
    UniqueFd leave_pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        auto pipe = uv::Pipe::open(loop_.get(), ends[0]);
        EXPECT_TRUE(pipe);
        discarded_.take(std::move(*pipe));
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        return UniqueFd(ends[1]);
    }

    void run_until(const std::function<bool()>& condition) {
        uv::Timer guard(loop_.get(), [] { FAIL() << "nothing happened for too long"; });
        guard.start(20s);
        uv::Timer look(loop_.get(), [] {});
        look.start(1ms, 1ms);
        while (!condition() && !HasFatalFailure()) uv_run(loop_.get(), UV_RUN_ONCE);
    }

    std::array<char, 4096> scratch_{};
    uv::Loop loop_;
    DiscardedOutput discarded_{scratch_, 2};
};

TEST_F(DiscardedOutputTest, NeverLetsAPipeFillUp) {
    const UniqueFd writer = leave_pipe();
    const std::string block(4096, 'x');
    std::size_t written = 0;
    run_until([&] {
        const ssize_t size = ::write(writer.get(), block.data(), block.size());
        if (size > 0) written += static_cast<std::size_t>(size);
        return written > 1'000'000;
    });
}

TEST_F(DiscardedOutputTest, ForgetsAPipeThatHasEnded) {
    UniqueFd writer = leave_pipe();
    EXPECT_EQ(discarded_.size(), 1u);
    writer.reset();
    run_until([this] { return discarded_.size() == 0; });
}

TEST_F(DiscardedOutputTest, ClosesTheOldestWhenThereAreTooMany) {
    const UniqueFd oldest = leave_pipe();
    const UniqueFd older = leave_pipe();
    const UniqueFd newest = leave_pipe();
    EXPECT_EQ(discarded_.size(), 2u);
    run_until([&] { return ::write(oldest.get(), "x", 1) < 0 && errno == EPIPE; });
    EXPECT_EQ(::write(older.get(), "x", 1), 1);
    EXPECT_EQ(::write(newest.get(), "x", 1), 1);
}

}  // namespace
}  // namespace hostbridge
