// SPDX-License-Identifier: MIT
#include "interop/session/stdin_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/os/unique_fd.h"

namespace interop {
namespace {

constexpr int wanted_pipe_size = 1 << 20;
constexpr std::size_t largest_read = 256u << 10;

using State = StdinSource::State;

/// A file is read at an offset of our own; the shared position moves only to what was confirmed.
class FileSource final : public StdinSource {
  public:
    FileSource(int fd, off_t start) : fd_(fd), start_(start), next_(start) {}

    Look look(std::size_t limit) override {
        buffer_.resize(std::min(limit, largest_read));
        const ssize_t count = pread(fd_, buffer_.data(), buffer_.size(), next_);
        if (count <= 0) return {State::end, {}, count < 0 ? errno : 0};
        next_ += count;
        return {State::data, {buffer_.data(), static_cast<std::size_t>(count)}};
    }

    void confirm(std::uint64_t total) override {
        if (total == confirmed_) return;
        confirmed_ = total;
        lseek(fd_, start_ + static_cast<off_t>(total), SEEK_SET);
    }

    [[nodiscard]] int pollable_fd() const override { return fd_; }

  private:
    int fd_;
    off_t start_;
    off_t next_;
    std::uint64_t confirmed_ = 0;
    std::vector<char> buffer_;
};

/// Bytes that were sent and not yet confirmed, oldest first.
class UnconfirmedBytes {
  public:
    [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
    [[nodiscard]] std::string_view view() const { return std::string_view(bytes_).substr(begin_); }
    void append(std::string_view more) { bytes_.append(more); }
    void drop(std::size_t count) {
        begin_ += count;
        if (begin_ >= bytes_.size() / 2) {
            bytes_.erase(0, begin_);
            begin_ = 0;
        }
    }

  private:
    std::string bytes_;
    std::size_t begin_ = 0;
};

/// What pipes and sockets have in common: the queue in the kernel starts with the bytes that were looked at and
/// not yet confirmed. If another process takes some of them, what we then take in their place was never sent:
/// it is remembered and sent as new.
class QueueSource : public StdinSource {
  public:
    explicit QueueSource(int fd) : stream_(fd, CallerStream::Direction::in) {}

    Look look(std::size_t limit) final {
        if (!displaced_.empty()) return look_at_displaced(limit);
        const std::size_t held = in_queue();
        int available = 0;
        if (ioctl(stream_.fd(), FIONREAD, &available) != 0) return {State::end, {}};
        if (static_cast<std::size_t>(available) <= held) return {at_end() ? State::end : State::starved, {}};
        const std::size_t wanted = std::min({limit, largest_read, static_cast<std::size_t>(available) - held});
        const std::string_view found = look_past(held, wanted);
        if (found.empty()) return {State::starved, {}};
        unconfirmed_.append(found);
        push_segment(found.size(), true);
        return {State::data, found};
    }

    void confirm(std::uint64_t total) final {
        while (confirmed_ < total && !segments_.empty()) {
            Segment& segment = segments_.front();
            const std::size_t count = std::min<std::size_t>(segment.size, total - confirmed_);
            if (segment.in_queue) {
                take(unconfirmed_.view().substr(0, count));
                queued_ -= count;
            }
            unconfirmed_.drop(count);
            confirmed_ += count;
            segment.size -= count;
            if (segment.size == 0) segments_.pop_front();
        }
    }

    [[nodiscard]] bool wait_by_polling() const final { return queued_ != 0; }
    [[nodiscard]] int pollable_fd() const final { return stream_.fd(); }

  protected:
    /// Bytes [skip, skip + count) of the kernel's queue, without taking them; fewer or none if not there.
    virtual std::string_view look_past(std::size_t skip, std::size_t count) = 0;

    CallerStream stream_;

  private:
    struct Segment {
        std::size_t size;
        bool in_queue;
    };

    [[nodiscard]] std::size_t in_queue() const { return queued_; }

    /// Nobody can add to what is there. POLLHUP is set while bytes are still in the queue; a socket says POLLRDHUP.
    [[nodiscard]] bool at_end() const {
        pollfd entry{stream_.fd(), POLLIN | POLLRDHUP, 0};
        if (poll(&entry, 1, 0) <= 0 || (entry.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) == 0) return false;
        int available = 0;  // a writer may have added something and left between the two calls
        return ioctl(stream_.fd(), FIONREAD, &available) != 0 || static_cast<std::size_t>(available) <= queued_;
    }

    void push_segment(std::size_t size, bool in_queue) {
        if (in_queue) queued_ += size;
        if (!segments_.empty() && segments_.back().in_queue == in_queue) {
            segments_.back().size += size;
        } else {
            segments_.push_back({size, in_queue});
        }
    }

    Look look_at_displaced(std::size_t limit) {
        shown_ = displaced_.substr(0, limit);
        displaced_.erase(0, shown_.size());
        unconfirmed_.append(shown_);
        push_segment(shown_.size(), false);
        return {State::data, shown_};
    }

    void take(std::string_view expected) {
        std::array<char, 65536> taken;
        while (!expected.empty()) {
            const auto count = stream_.read_some({taken.data(), std::min(taken.size(), expected.size())});
            if (!count || *count == 0) return;  // another process has read them
            const std::string_view found(taken.data(), *count);
            if (found != expected.substr(0, *count)) displaced_.append(found);
            expected.remove_prefix(*count);
        }
    }

    UnconfirmedBytes unconfirmed_;
    std::deque<Segment> segments_;
    std::size_t queued_ = 0;  ///< Sum of the segments that are still in the kernel's queue.
    std::uint64_t confirmed_ = 0;
    std::string displaced_;
    std::string shown_;
};

/// A pipe is looked at with tee(2) into a pipe of our own.
class PipeSource final : public QueueSource {
  public:
    PipeSource(int fd, UniqueFd copy_out, UniqueFd copy_in)
        : QueueSource(fd), copy_out_(std::move(copy_out)), copy_in_(std::move(copy_in)) {
        // With the usual 64 KiB the look-ahead limits the throughput; failing to enlarge is only slower.
        fcntl(fd, F_SETPIPE_SZ, wanted_pipe_size);
        fcntl(copy_in_.get(), F_SETPIPE_SZ, wanted_pipe_size);
    }

  protected:
    std::string_view look_past(std::size_t skip, std::size_t count) override {
        const ssize_t copied = tee(stream_.fd(), copy_in_.get(), skip + count, SPLICE_F_NONBLOCK);
        if (copied <= 0) return {};
        std::size_t left = static_cast<std::size_t>(copied);
        if (!discard(std::min(skip, left))) return {};
        left -= std::min(skip, left);
        buffer_.resize(std::max(buffer_.size(), left));
        std::size_t filled = 0;
        while (filled < left) {
            const ssize_t got = read(copy_out_.get(), buffer_.data() + filled, left - filled);
            if (got <= 0) break;
            filled += static_cast<std::size_t>(got);
        }
        return {buffer_.data(), filled};
    }

  private:
    bool discard(std::size_t count) {
        std::array<char, 65536> scratch;
        while (count > 0) {
            const ssize_t got = read(copy_out_.get(), scratch.data(), std::min(count, scratch.size()));
            if (got <= 0) return false;
            count -= static_cast<std::size_t>(got);
        }
        return true;
    }

    UniqueFd copy_out_;
    UniqueFd copy_in_;
    std::vector<char> buffer_;
};

/// A stream socket is looked at with MSG_PEEK, which always starts at the front.
class SocketSource final : public QueueSource {
  public:
    using QueueSource::QueueSource;

  protected:
    std::string_view look_past(std::size_t skip, std::size_t count) override {
        buffer_.resize(std::max(buffer_.size(), skip + count));
        const ssize_t got = recv(stream_.fd(), buffer_.data(), skip + count, MSG_PEEK | MSG_DONTWAIT);
        if (got <= static_cast<ssize_t>(skip)) return {};
        return {buffer_.data() + skip, static_cast<std::size_t>(got) - skip};
    }

  private:
    std::vector<char> buffer_;
};

/// A terminal, a device: what was read is gone.
class ConsumingSource final : public StdinSource {
  public:
    explicit ConsumingSource(int fd) : stream_(fd, CallerStream::Direction::in) {}

    Look look(std::size_t limit) override {
        // In the background a read would stop us (SIGTTIN) or steal what is typed for the shell.
        if (in_background()) return {State::starved, {}};
        buffer_.resize(std::min(limit, largest_read));
        const auto count = stream_.read_some(buffer_);
        if (!count && is_would_block(count.error().code)) return {State::starved, {}};
        if (!count) return {State::end, {}, count.error().code.value()};
        if (*count == 0) return {State::end, {}};
        return {State::data, {buffer_.data(), *count}};
    }

    void confirm(std::uint64_t) override {}

    // What others type makes the terminal readable, and nothing tells us when we come to the foreground.
    [[nodiscard]] bool wait_by_polling() const override { return in_background(); }

    [[nodiscard]] int pollable_fd() const override { return stream_.pollable_fd(); }

  private:
    [[nodiscard]] bool in_background() const {
        if (stream_.kind() != StreamKind::terminal) return false;
        const pid_t foreground = tcgetpgrp(stream_.fd());
        // EIO: it was hung up. There is no foreground any more, and reading finds the end.
        return foreground != getpgrp() && !(foreground < 0 && errno == EIO);
    }

    CallerStream stream_;
    std::vector<char> buffer_;
};

}  // namespace

std::unique_ptr<StdinSource> make_stdin_source(int fd) {
    // Opened for writing only: the read that fails says so to the program as an end, as it would natively.
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) return std::make_unique<ConsumingSource>(fd);
    switch (classify_stream(fd)) {
        case StreamKind::regular_file:
            if (const off_t start = lseek(fd, 0, SEEK_CUR); start >= 0) return std::make_unique<FileSource>(fd, start);
            break;
        case StreamKind::pipe: {
            int ends[2];
            if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
                return std::make_unique<PipeSource>(fd, UniqueFd(ends[0]), UniqueFd(ends[1]));
            }
            break;
        }
        case StreamKind::stream_socket: return std::make_unique<SocketSource>(fd);
        default: break;
    }
    return std::make_unique<ConsumingSource>(fd);
}

}  // namespace interop
