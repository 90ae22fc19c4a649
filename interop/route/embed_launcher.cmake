# SPDX-License-Identifier: MIT
# cmake -DINPUT=x.com -DOUTPUT=x.cpp -P embed_launcher.cmake: the body of runner_dosbox_launcher.h.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "// Generated from dos_launcher.asm.
#include \"interop/route/runner_dosbox_launcher.h\"

namespace interop {
namespace {
constexpr unsigned char bytes[] = {
${bytes}
};
}  // namespace
std::span<const unsigned char> dosbox_launcher() { return bytes; }
}  // namespace interop
")
