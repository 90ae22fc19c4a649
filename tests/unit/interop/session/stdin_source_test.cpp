// SPDX-License-Identifier: MIT
#include "interop/session/stdin_source.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace interop {
namespace {

using State = StdinSource::State;

std::string read_left(int fd) {
    std::string left(1 << 20, '\0');
    const ssize_t count = read(fd, left.data(), left.size());
    left.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return left;
}

class Pipe {
  public:
    explicit Pipe(int flags = O_CLOEXEC) {
        int ends[2];
        if (pipe2(ends, flags) != 0) std::abort();
        out_.reset(ends[0]);
        in_.reset(ends[1]);
    }
    int out() const { return out_.get(); }
    void put(std::string_view text) const {
        ASSERT_EQ(write(in_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void close_writer() { in_.reset(); }

  private:
    UniqueFd out_;
    UniqueFd in_;
};

UniqueFd temporary_file(std::string_view text) {
    UniqueFd fd(memfd_create("stdin", MFD_CLOEXEC));
    EXPECT_EQ(write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    EXPECT_EQ(lseek(fd.get(), 0, SEEK_SET), 0);
    return fd;
}

TEST(StdinSource, FilePositionMovesOnlyToWhatWasConfirmed) {
    const UniqueFd file = temporary_file("0123456789");
    ASSERT_EQ(lseek(file.get(), 2, SEEK_SET), 2);
    const auto source = make_stdin_source(file.get());
    EXPECT_EQ(source->look(4).bytes, "2345");
    EXPECT_EQ(source->look(100).bytes, "6789");
    EXPECT_EQ(source->look(100).state, State::end);
    EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 2);
    source->confirm(3);
    EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 5);
}

TEST(StdinSource, FileIsNotTouchedIfNothingWasConfirmed) {
    const UniqueFd file = temporary_file("abc");
    const auto source = make_stdin_source(file.get());
    EXPECT_EQ(source->look(100).bytes, "abc");
    ASSERT_EQ(lseek(file.get(), 1, SEEK_SET), 1);  // somebody else moves it
    source->confirm(0);
    EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 1);
}

TEST(StdinSource, PipeKeepsWhatWasOnlyLookedAt) {
    Pipe pipe;
    pipe.put("one\ntwo\n");
    {
        const auto source = make_stdin_source(pipe.out());
        EXPECT_EQ(source->look(100).bytes, "one\ntwo\n");
        source->confirm(4);
    }
    EXPECT_EQ(read_left(pipe.out()), "two\n");
}

TEST(StdinSource, PipeShowsNewBytesBehindUnconfirmedOnes) {
    Pipe pipe;
    const auto source = make_stdin_source(pipe.out());
    pipe.put("abc");
    EXPECT_EQ(source->look(2).bytes, "ab");
    EXPECT_EQ(source->look(100).bytes, "c");
    EXPECT_EQ(source->look(100).state, State::starved);
    EXPECT_TRUE(source->wait_by_polling());
    pipe.put("def");
    EXPECT_EQ(source->look(100).bytes, "def");
    source->confirm(6);
    EXPECT_FALSE(source->wait_by_polling());
    pipe.put("g");
    EXPECT_EQ(source->look(100).bytes, "g");
}

TEST(StdinSource, PipeEndsOnlyAfterItsLastByteWasShown) {
    Pipe pipe;
    const auto source = make_stdin_source(pipe.out());
    pipe.put("xyz");
    pipe.close_writer();
    EXPECT_EQ(source->look(100).bytes, "xyz");
    EXPECT_EQ(source->look(100).state, State::end);
    source->confirm(1);
    EXPECT_EQ(read_left(pipe.out()), "yz");
}

TEST(StdinSource, EmptyPipeStarvesAndThenEnds) {
    Pipe pipe;
    const auto source = make_stdin_source(pipe.out());
    EXPECT_EQ(source->look(100).state, State::starved);
    EXPECT_FALSE(source->wait_by_polling());
    pipe.close_writer();
    EXPECT_EQ(source->look(100).state, State::end);
}

TEST(StdinSource, BytesThatAnotherReaderDisplacedAreSentOnAsNew) {
    Pipe pipe;
    const auto source = make_stdin_source(pipe.out());
    pipe.put("abcdef");
    EXPECT_EQ(source->look(3).bytes, "abc");
    std::array<char, 3> stolen{};
    ASSERT_EQ(read(pipe.out(), stolen.data(), stolen.size()), 3);  // takes what the program was shown
    source->confirm(3);                                            // and so "def" is taken in its place
    const auto look = source->look(100);
    EXPECT_EQ(look.state, State::data);
    EXPECT_EQ(look.bytes, "def");
    pipe.close_writer();
    EXPECT_EQ(source->look(100).state, State::end);
}

TEST(StdinSource, ADescriptorsFlagsAreNeverChanged) {
    Pipe pipe;
    const int before = fcntl(pipe.out(), F_GETFL);
    const auto source = make_stdin_source(pipe.out());
    pipe.put("abc");
    source->look(100);
    source->confirm(3);
    EXPECT_EQ(fcntl(pipe.out(), F_GETFL), before);
}

TEST(StdinSource, SocketKeepsWhatWasOnlyLookedAt) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const auto source = make_stdin_source(reader.get());
    ASSERT_EQ(write(writer.get(), "hello", 5), 5);
    EXPECT_EQ(source->look(2).bytes, "he");
    EXPECT_EQ(source->look(100).bytes, "llo");
    writer.reset();
    EXPECT_EQ(source->look(100).state, State::end);
    source->confirm(2);
    EXPECT_EQ(read_left(reader.get()), "llo");
}

TEST(StdinSource, DeviceIsReadForGood) {
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(make_stdin_source(null.get())->look(100).state, State::end);
    const UniqueFd zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(make_stdin_source(zero.get())->look(3).bytes, std::string_view("\0\0\0", 3));
}

TEST(StdinSource, DescriptorOpenForWritingOnlyIsAtItsEnd) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd out(ends[0]);
    const UniqueFd in(ends[1]);
    EXPECT_EQ(make_stdin_source(in.get())->look(100).state, State::end);
}

// A long stream, with the program a random way behind what it was shown.
TEST(StdinSource, PipeDeliversEveryByteOnceAndInOrder) {
    Pipe pipe;
    const auto source = make_stdin_source(pipe.out());
    std::string written;
    std::string shown;
    std::uint64_t confirmed = 0;
    unsigned random = 12345;
    const auto next_random = [&random](unsigned below) {
        return (random = random * 1103515245 + 12345) / 65536 % below;
    };
    for (int round = 0; round < 3000; ++round) {
        std::string piece(next_random(600), '\0');
        for (char& c : piece) c = static_cast<char>(next_random(256));
        if (written.size() - confirmed + piece.size() < 60000) {
            pipe.put(piece);
            written += piece;
        }
        for (int i = next_random(3) == 0 ? 4 : 1; i > 0; --i) {
            const auto look = source->look(1 + next_random(900));
            if (look.state == State::data) shown += look.bytes;
        }
        confirmed += next_random(static_cast<unsigned>(shown.size() - confirmed) + 1);
        source->confirm(confirmed);
    }
    while (true) {
        const auto look = source->look(100000);
        if (look.state != State::data) break;
        shown += look.bytes;
    }
    EXPECT_EQ(shown, written);
    source->confirm(confirmed);
    pipe.close_writer();
    EXPECT_EQ(read_left(pipe.out()), written.substr(confirmed));
}

}  // namespace
}  // namespace interop
