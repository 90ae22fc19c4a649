// SPDX-License-Identifier: MIT
#include "hostbridge/pseudo_terminal_posix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

namespace hostbridge {
namespace {

class PseudoTerminalTest : public testing::Test {
  protected:
    void SetUp() override {
        auto made = open_pseudo_terminal(31, 97);
        ASSERT_TRUE(made) << made.error().message();
        terminal_ = std::move(*made);
    }

    std::pair<int, int> size() {
        winsize size{};
        ::ioctl(terminal_.slave.get(), TIOCGWINSZ, &size);
        return {size.ws_row, size.ws_col};
    }

    void change_modes(const std::function<void(termios&)>& change) {
        termios modes{};
        ASSERT_EQ(::tcgetattr(terminal_.slave.get(), &modes), 0);
        change(modes);
        ASSERT_EQ(::tcsetattr(terminal_.slave.get(), TCSANOW, &modes), 0);
    }

    TypedCharacter meaning_of(std::string_view typed) { return meaning_of_last(terminal_.master.get(), typed); }

    PseudoTerminal terminal_;
};

TEST_F(PseudoTerminalTest, HasTheSizeThatWasAskedFor) {
    EXPECT_EQ(size(), (std::pair{31, 97}));
    set_terminal_size(terminal_.master.get(), 0, 0);
    EXPECT_EQ(size(), (std::pair{0, 0}));
    set_terminal_size(terminal_.master.get(), 65536, 0xffffffff);
    EXPECT_EQ(size(), (std::pair{65535, 65535}));
}

TEST_F(PseudoTerminalTest, HasOrdinaryModesAndUtf8) {
    termios modes{};
    ASSERT_EQ(::tcgetattr(terminal_.slave.get(), &modes), 0);
    const tcflag_t wanted_input = ICRNL | IXON | IUTF8;
    const tcflag_t wanted_local = ICANON | ECHO | ECHOE | ISIG | IEXTEN;
    EXPECT_EQ(modes.c_iflag & wanted_input, wanted_input);
    EXPECT_EQ(modes.c_lflag & wanted_local, wanted_local);
    EXPECT_EQ(modes.c_oflag & (OPOST | ONLCR), static_cast<tcflag_t>(OPOST | ONLCR));
    EXPECT_EQ(modes.c_cc[VERASE], 0x7f);
}

TEST_F(PseudoTerminalTest, IsNotInherited) {
    EXPECT_NE(::fcntl(terminal_.master.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(terminal_.slave.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PseudoTerminalTest, KnowsWhatInterruptsByTheLastCharacter) {
    EXPECT_EQ(meaning_of("text\x03"), TypedCharacter::interrupt);
    EXPECT_EQ(meaning_of("\x1c"), TypedCharacter::quit);
    EXPECT_EQ(meaning_of("\x03text"), TypedCharacter::input);
    EXPECT_EQ(meaning_of(""), TypedCharacter::input);
}

TEST_F(PseudoTerminalTest, FollowsTheProgramInWhatInterrupts) {
    change_modes([](termios& modes) { modes.c_cc[VINTR] = 'q'; });
    EXPECT_EQ(meaning_of("q"), TypedCharacter::interrupt);
    EXPECT_EQ(meaning_of("\x03"), TypedCharacter::input);
    change_modes([](termios& modes) { modes.c_cc[VQUIT] = _POSIX_VDISABLE; });
    EXPECT_EQ(meaning_of(std::string(1, '\0')), TypedCharacter::input);
    change_modes([](termios& modes) { modes.c_lflag &= ~static_cast<tcflag_t>(ISIG); });
    EXPECT_EQ(meaning_of("q"), TypedCharacter::input);
}

}  // namespace
}  // namespace hostbridge
