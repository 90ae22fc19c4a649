// SPDX-License-Identifier: MIT
#include "init/rule_guard.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "init/unregister_marker.h"

namespace init {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

proto::Result<RuleGuard> RuleGuard::watch(RegisteredRules registered, const std::string& directory, Report report) {
    auto table = BinfmtTable::open(directory);
    if (!table) return table.error();
    RuleGuard guard(std::move(registered), std::move(*table), report);
    if (auto subscribed = guard.subscribe(); !subscribed) return subscribed.error();
    // What was lost before we watched.
    guard.restore_lost(steady_clock::now());
    return guard;
}

proto::Result<void> RuleGuard::subscribe() {
    const auto failed = [this] { return proto::errno_error(errno, "watch " + table_.directory()); };
    changes_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // Linux 6.1 reports a rule that is removed by its own file not as a deletion, but as a write to that. And after
    // `echo 1 > status`, a write as well, what was lost before is wanted again.
    if (!changes_ || ::inotify_add_watch(changes_.get(), table_.directory().c_str(), IN_DELETE | IN_MODIFY) < 0) {
        return failed();
    }
    timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    readiness_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!timer_ || !readiness_) return failed();
    for (const int source : {changes_.get(), timer_.get()}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = source}};
        if (::epoll_ctl(readiness_.get(), EPOLL_CTL_ADD, source, &event) != 0) return failed();
    }
    return {};
}

void RuleGuard::on_readable(steady_clock::time_point now) noexcept {
    // What the events say does not matter, only what the table shows now: there may have been too many to be kept.
    alignas(inotify_event) char events[4096];
    while (::read(changes_.get(), events, sizeof events) > 0) {
    }
    std::uint64_t expirations = 0;
    (void)!::read(timer_.get(), &expirations, sizeof expirations);
    restore_lost(now);
}

bool RuleGuard::is_lost(const BinfmtRule& rule) const {
    const auto present = table_.find(rule.name);
    return present && !present->has_value() && !is_marked_unregistered(table_, rule.name);
}

void RuleGuard::restore_lost(steady_clock::time_point now) {
    const auto lost = [this](const BinfmtRule& rule) { return is_lost(rule); };
    if (!table_.is_enabled().value_or(false) || std::ranges::none_of(registered_.rules, lost)) return;
    switch (limit_.rule_lost(now)) {
        case RestoreLimit::Verdict::restore:
            for (const BinfmtRule& rule : registered_.rules) {
                if (lost(rule)) restore(rule);
            }
            break;
        case RestoreLimit::Verdict::start_waiting:
            report_("the rule for MZ files is removed again and again; it is not put back for a while");
            wait_for_chance();
            break;
        case RestoreLimit::Verdict::go_on_waiting: break;
    }
}

void RuleGuard::restore(const BinfmtRule& rule) const {
    const auto added = table_.add(rule);
    if (added) {
        report_("rule " + rule.name + " had been removed and was put back");
    } else if (added.error().code != std::errc::file_exists) {  // Somebody was faster: as good.
        report_("rule " + rule.name + " had been removed and cannot be put back: " + added.error().message());
    }
}

void RuleGuard::wait_for_chance() const {
    const auto at = limit_.next_chance().time_since_epoch();
    itimerspec when{};
    when.it_value.tv_sec = duration_cast<seconds>(at).count();
    when.it_value.tv_nsec = duration_cast<nanoseconds>(at % seconds(1)).count();
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace init
