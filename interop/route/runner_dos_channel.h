// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What dos_launcher.asm and we say to each other over two pipes: a request, then its reply. Numbers are little-endian.
namespace interop {

struct DosRequest {
    enum class Op : std::uint8_t {
        hello = 1,  ///< Answered with a DosOrder.
        identify,
        starting,  ///< `stream` is 1 if the program is started by the substitute name.
        failed,    ///< `count` is the DOS error of EXEC.
        exited,    ///< `count` is the exit code, and in its high byte the kind of end.
        read,
        write,
        ready,
        seek,
    };

    Op op{};
    unsigned stream = 0;  ///< 0 to 2.
    unsigned count = 0;
    std::uint32_t value = 0;
};

inline constexpr std::size_t dos_message_size = 8;
inline constexpr std::uint32_t dos_protocol_version = 1;

/// Nothing if it is not a request that a launcher of ours would make.
std::optional<DosRequest> decode_dos_request(std::span<const char, dos_message_size> bytes);

/// DOS's own error numbers, INT 21h/59h.
enum class DosError : std::uint16_t {
    none = 0,
    access_denied = 0x05,
    seek = 0x19,
    write_fault = 0x1D,
    read_fault = 0x1E,
};

struct DosReply {
    unsigned result = 0;
    DosError error = DosError::none;
    std::uint32_t value = 0;
};

std::array<char, dos_message_size> encode_dos_reply(const DosReply& reply);

/// What the launcher is to do.
struct DosOrder {
    std::array<std::uint16_t, 3> information{};  ///< Of the streams, as INT 21h/4400h has it.
    bool takes_streams = true;
    bool input_echoes = false;      ///< Standard input is a terminal.
    char drive = 'C';               ///< Of the working directory.
    std::uint32_t size = 0;         ///< Of the program.
    std::string working_directory;  ///< "\SUB\DIR"
    std::string program;            ///< "C:\SUB\PROG.EXE"; empty: it is searched for.
    std::string pattern;            ///< "C:\SUB\*.*", where it is searched for.
    std::string substitute;         ///< A name for a program for which DOSBox has none.
    std::string tail;               ///< At most 126 bytes.
};

/// The bytes of the reply to hello.
std::string encode_dos_order(const DosOrder& order);

/// INT 21h/4400h for a console, for NUL and for a file.
inline constexpr std::uint16_t dos_console = 0x80D3;
inline constexpr std::uint16_t dos_null_device = 0x80C4;
inline constexpr std::uint16_t dos_file = 0x0042;

}  // namespace interop
