// SPDX-License-Identifier: MIT
#include "interop/os/caller_stream.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include <fcntl.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace interop {
namespace {

struct Ends {
    UniqueFd out;
    UniqueFd in;
};

Ends make_pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Writes until the stream takes no more; returns how much it took.
std::size_t fill(CallerStream& stream) {
    const std::string block(100000, 'x');
    std::size_t total = 0;
    while (true) {
        const auto count = stream.write_some(block);
        if (!count) {
            EXPECT_TRUE(is_would_block(count.error().code)) << count.error().message();
            return total;
        }
        total += *count;
    }
}

TEST(CallerStream, TellsKindsApart) {
    const Ends pipe = make_pipe();
    EXPECT_EQ(classify_stream(pipe.out.get()), StreamKind::pipe);
    const UniqueFd file(memfd_create("file", MFD_CLOEXEC));
    EXPECT_EQ(classify_stream(file.get()), StreamKind::regular_file);
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_EQ(classify_stream(null.get()), StreamKind::other);
    const UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(classify_stream(socket_fd.get()), StreamKind::stream_socket);
    const UniqueFd datagrams(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(classify_stream(datagrams.get()), StreamKind::other);
    int master = -1;
    int slave = -1;
    ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const UniqueFd own_master(master);
    const UniqueFd own_slave(slave);
    EXPECT_EQ(classify_stream(slave), StreamKind::terminal);
}

TEST(CallerStream, FullPipeDoesNotBlockAndKeepsItsFlags) {
    const Ends pipe = make_pipe();
    const int before = fcntl(pipe.in.get(), F_GETFL);
    CallerStream stream(pipe.in.get(), CallerStream::Direction::out);
    EXPECT_GE(fill(stream), 4096u);
    EXPECT_EQ(fcntl(pipe.in.get(), F_GETFL), before);
}

TEST(CallerStream, FullSocketDoesNotBlock) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    CallerStream stream(writer.get(), CallerStream::Direction::out);
    EXPECT_GT(fill(stream), 0u);
}

TEST(CallerStream, FullTerminalDoesNotBlockAndKeepsItsFlags) {
    int master = -1;
    int slave = -1;
    ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const UniqueFd own_master(master);
    const UniqueFd own_slave(slave);
    const int before = fcntl(slave, F_GETFL);
    CallerStream stream(slave, CallerStream::Direction::out);
    EXPECT_GT(fill(stream), 0u);
    EXPECT_EQ(fcntl(slave, F_GETFL), before);
}

TEST(CallerStream, EmptyPipeIsNotAnEnd) {
    Ends pipe = make_pipe();
    CallerStream stream(pipe.out.get(), CallerStream::Direction::in);
    char space[8];
    const auto nothing = stream.read_some(space);
    ASSERT_FALSE(nothing);
    EXPECT_TRUE(is_would_block(nothing.error().code));
    pipe.in.reset();
    EXPECT_EQ(stream.read_some(space).value(), 0u);
}

TEST(CallerStream, ReaderThatLeftIsAnError) {
    signal(SIGPIPE, SIG_IGN);
    Ends pipe = make_pipe();
    pipe.out.reset();
    CallerStream stream(pipe.in.get(), CallerStream::Direction::out);
    const auto count = stream.write_some("x");
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, std::errc::broken_pipe);
}

}  // namespace
}  // namespace interop
