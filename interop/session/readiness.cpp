// SPDX-License-Identifier: MIT
#include "interop/session/readiness.h"

#include <asio/post.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/epoll.h>

#include "proto/base/check.h"

namespace interop {

Readiness::Readiness(asio::io_context& context) : context_(context), epoll_(context) {
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(fd >= 0);
    epoll_.assign(fd);
}

void Readiness::when_readable(int fd, std::function<void()> then) {
    Waiters& waiters = waiters_[fd];
    if (waiters.readable) return;
    waiters.readable = std::move(then);
    arm(fd);
}

void Readiness::when_writable(int fd, std::function<void()> then) {
    Waiters& waiters = waiters_[fd];
    if (waiters.writable) return;
    waiters.writable = std::move(then);
    arm(fd);
}

void Readiness::arm(int fd) {
    Waiters& waiters = waiters_[fd];
    epoll_event event{};
    event.data.fd = fd;
    event.events = EPOLLONESHOT | (waiters.readable ? EPOLLIN | EPOLLRDHUP : 0u) | (waiters.writable ? EPOLLOUT : 0u);
    if (epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, fd, &event) == 0 ||
        epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0) {
        wait();
        return;
    }
    for (auto* waiter : {&waiters.readable, &waiters.writable}) {
        if (*waiter) asio::post(context_, std::exchange(*waiter, nullptr));
    }
}

void Readiness::wait() {
    if (waiting_) return;
    waiting_ = true;
    epoll_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
        waiting_ = false;
        if (!error) dispatch();
    });
}

void Readiness::dispatch() {
    std::array<epoll_event, 4> events;
    const int count = epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        Waiters& waiters = waiters_[event.data.fd];
        const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        std::function<void()> readable;
        std::function<void()> writable;
        if (broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0) readable = std::exchange(waiters.readable, nullptr);
        if (broken || (event.events & EPOLLOUT) != 0) writable = std::exchange(waiters.writable, nullptr);
        if (waiters.readable || waiters.writable) arm(event.data.fd);
        if (readable) readable();
        if (writable) writable();
    }
    for (const auto& [fd, waiters] : waiters_) {
        if (waiters.readable || waiters.writable) return wait();
    }
}

}  // namespace interop
