// SPDX-License-Identifier: MIT
#include "interop/route/runner_dosbox_channel.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

namespace interop {
namespace {

enum class Ours { reads, writes };

proto::Result<std::array<UniqueFd, 2>> make_pipe(Ours direction) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return proto::errno_error(errno, "make a pipe");
    const bool reads = direction == Ours::reads;
    std::array<UniqueFd, 2> pipe{UniqueFd(ends[reads ? 0 : 1]), UniqueFd(ends[reads ? 1 : 0])};
    ::fcntl(pipe[0].get(), F_SETFL, O_NONBLOCK);
    return pipe;
}

}  // namespace

proto::Result<void> DosboxChannel::open() {
    for (Pipe* pipe : {&requests_, &replies_, &outputs_[0], &outputs_[1]}) {
        auto made = make_pipe(pipe == &replies_ ? Ours::writes : Ours::reads);
        if (!made) return made.error();
        pipe->ours = std::move((*made)[0]);
        pipe->emulators = std::move((*made)[1]);
    }
    return {};
}

std::array<int, 4> DosboxChannel::emulator_ends() const {
    return {requests_.emulators.get(), replies_.emulators.get(), outputs_[0].emulators.get(),
            outputs_[1].emulators.get()};
}

void DosboxChannel::close_emulator_ends() {
    for (Pipe* pipe : {&requests_, &replies_, &outputs_[0], &outputs_[1]}) pipe->emulators.reset();
}

std::optional<std::string> DosboxChannel::receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t received = 0;
    while (received < size) {
        const ssize_t count = ::read(requests_.ours.get(), bytes.data() + received, size - received);
        if (count == 0) return std::nullopt;
        if (count > 0) {
            received += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return std::nullopt;
        // A full pipe would keep the emulator waiting for us, and us for it.
        std::array<pollfd, 3> waiting{pollfd{requests_.ours.get(), POLLIN, 0},
                                      pollfd{outputs_[0].ours.get(), POLLIN, 0},
                                      pollfd{outputs_[1].ours.get(), POLLIN, 0}};
        if (!process_.wait(waiting) || !take_output()) return std::nullopt;
    }
    return bytes;
}

bool DosboxChannel::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(replies_.ours.get(), bytes.data(), bytes.size());
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EINTR && (errno != EAGAIN || !process_.wait(replies_.ours.get(), POLLOUT))) {
            return false;
        }
    }
    return true;
}

bool DosboxChannel::take_output(unsigned stream) {
    UniqueFd& pipe = outputs_[stream - 1].ours;
    std::array<char, 4096> bytes;
    while (pipe) {
        const ssize_t count = ::read(pipe.get(), bytes.data(), bytes.size());
        if (count > 0) {
            if (!take_output_(stream, {bytes.data(), static_cast<std::size_t>(count)})) return false;
        } else if (count == 0) {
            pipe.reset();  // the emulator has ended, and poll() would tell it again and again
        } else if (errno != EINTR) {
            return true;
        }
    }
    return true;
}

bool DosboxChannel::take_output() { return take_output(1) && take_output(2); }

}  // namespace interop
