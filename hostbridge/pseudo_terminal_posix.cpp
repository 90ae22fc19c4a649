// SPDX-License-Identifier: MIT
#include "hostbridge/pseudo_terminal_posix.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>

namespace hostbridge {
namespace {

unsigned short fitting(std::uint32_t count) noexcept {
    return static_cast<unsigned short>(std::min<std::uint32_t>(count, std::numeric_limits<unsigned short>::max()));
}

proto::Error failure(const char* doing) { return proto::errno_error(errno, doing); }

}  // namespace

proto::Result<PseudoTerminal> open_pseudo_terminal(std::uint32_t rows, std::uint32_t columns) {
    PseudoTerminal made;
    made.master = interop::UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!made.master) return failure("make a terminal");
    const int master = made.master.get();
    if (::grantpt(master) != 0 || ::unlockpt(master) != 0) return failure("make a terminal");
    // Not by its name: /dev/pts may be another mount here than the one that /dev/ptmx belongs to.
    made.slave = interop::UniqueFd(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!made.slave) return failure("open a terminal");
    termios modes{};
    if (::tcgetattr(made.slave.get(), &modes) != 0) return failure("ask for a terminal's modes");
    modes.c_iflag |= IUTF8;
    if (::tcsetattr(made.slave.get(), TCSANOW, &modes) != 0) return failure("set a terminal's modes");
    set_terminal_size(master, rows, columns);
    return made;
}

void set_terminal_size(int terminal, std::uint32_t rows, std::uint32_t columns) noexcept {
    winsize size{};
    size.ws_row = fitting(rows);
    size.ws_col = fitting(columns);
    static_cast<void>(::ioctl(terminal, TIOCSWINSZ, &size));
}

TypedCharacter meaning_of_last(int master, std::string_view typed) noexcept {
    termios modes{};
    if (typed.empty() || ::tcgetattr(master, &modes) != 0 || (modes.c_lflag & ISIG) == 0) return TypedCharacter::input;
    const auto last = static_cast<cc_t>(typed.back());
    if (last == _POSIX_VDISABLE) return TypedCharacter::input;
    if (last == modes.c_cc[VINTR]) return TypedCharacter::interrupt;
    return last == modes.c_cc[VQUIT] ? TypedCharacter::quit : TypedCharacter::input;
}

}  // namespace hostbridge
