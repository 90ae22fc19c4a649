// SPDX-License-Identifier: MIT
#include "init/machine/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <string_view>

namespace init {
namespace {

using interop::UniqueFd;

constexpr unsigned virtual_console_major = 4;  // minors 0 to 63; beyond are serial lines
constexpr unsigned first_serial_minor = 64;

UniqueFd open_device(const std::string& path, int flags) {
    return UniqueFd(::open(path.c_str(), flags | O_NOCTTY | O_CLOEXEC));
}

/// "/dev/ttyS0" for the numbers of that device; empty if sysfs does not know them.
std::string device_path(dev_t device) {
    const std::string link = "/sys/dev/char/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
    char target[PATH_MAX];
    const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
    if (length <= 0) return {};
    const std::string_view path(target, static_cast<std::size_t>(length));
    return "/dev/" + std::string(path.substr(path.rfind('/') + 1));
}

/// As `stty sane` sets them: whoever had the terminal before may have left it raw.
void set_sane_modes(int terminal) {
    termios modes{};
    if (::tcgetattr(terminal, &modes) != 0) return;
    modes.c_iflag = ICRNL | IXON | BRKINT | IMAXBEL | IUTF8;
    modes.c_oflag = OPOST | ONLCR;
    modes.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    modes.c_cflag =
        (modes.c_cflag & (CBAUD | CBAUDEX | CSIZE | CSTOPB | PARENB | PARODD | CRTSCTS)) | CREAD | HUPCL | CLOCAL;
    if ((modes.c_cflag & CSIZE) == 0) modes.c_cflag |= CS8;
    constexpr cc_t control = 0x1F;
    modes.c_cc[VINTR] = 'C' & control;
    modes.c_cc[VQUIT] = '\\' & control;
    modes.c_cc[VERASE] = 0x7F;
    modes.c_cc[VKILL] = 'U' & control;
    modes.c_cc[VEOF] = 'D' & control;
    modes.c_cc[VSTART] = 'Q' & control;
    modes.c_cc[VSTOP] = 'S' & control;
    modes.c_cc[VSUSP] = 'Z' & control;
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    ::tcsetattr(terminal, TCSANOW, &modes);
}

void clear_nonblocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace

void take_console() noexcept {
    UniqueFd console = open_device("/dev/console", O_RDWR | O_NONBLOCK);
    if (!console) console = open_device("/dev/kmsg", O_WRONLY | O_NONBLOCK);
    if (!console) return;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) ::dup2(console.get(), fd);
}

UniqueFd open_console() {
    // Opened so that a serial line without carrier does not make us wait, and waiting again afterwards.
    UniqueFd console = open_device("/dev/console", O_RDWR | O_NONBLOCK);
    if (!console) return open_device("/dev/null", O_RDWR);
    clear_nonblocking(console.get());
    return console;
}

UniqueFd open_console_terminal() {
    const UniqueFd console = open_device("/dev/console", O_RDWR | O_NONBLOCK);
    unsigned number = 0;
    if (!console || ::ioctl(console.get(), TIOCGDEV, &number) != 0) return {};
    UniqueFd terminal = open_device(device_path(number), O_RDWR | O_NONBLOCK);
    if (!terminal || ::isatty(terminal.get()) == 0) return {};
    clear_nonblocking(terminal.get());
    set_sane_modes(terminal.get());
    return terminal;
}

const char* terminal_type(int console_terminal, const char* current) noexcept {
    struct stat status {};
    const bool is_kernels_choice = current == nullptr || std::string_view(current) == "linux";
    if (!is_kernels_choice) return current;
    const bool is_virtual_console = ::fstat(console_terminal, &status) == 0 &&
                                    major(status.st_rdev) == virtual_console_major &&
                                    minor(status.st_rdev) < first_serial_minor;
    return is_virtual_console ? "linux" : "vt220";
}

}  // namespace init
