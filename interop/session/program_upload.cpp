// SPDX-License-Identifier: MIT
#include "interop/session/program_upload.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "proto/wire/limits.h"

namespace interop {
namespace {

// A few milliseconds' work.
constexpr std::size_t piece_size = 256u << 10;

ssize_t read_at(int fd, std::uint64_t offset, std::size_t size, std::string& buffer) {
    buffer.resize(size);
    ssize_t count = 0;
    while ((count = pread(fd, buffer.data(), size, static_cast<off_t>(offset))) < 0 && errno == EINTR) {
    }
    buffer.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return count;
}

}  // namespace

ProgramUpload::ProgramUpload(std::vector<ProgramPart> parts, proto::ClientProtocol& protocol)
    : parts_(std::move(parts)), protocol_(protocol) {
    for (const ProgramPart& part : parts_) progress_.total += part.size;
}

// What was read is what is described, should the file have got shorter meanwhile.
void ProgramUpload::describe_part() {
    auto& file = *manifest_.add_files();
    const proto::Digest digest = std::exchange(digest_, proto::Sha256()).finish();
    file.set_name(parts_[current_].name);
    file.set_size(std::exchange(offset_, 0));
    file.set_sha256(digest.data(), digest.size());
    ++current_;
}

proto::Result<bool> ProgramUpload::describe() {
    if (current_ < parts_.size()) {
        const ProgramPart& part = parts_[current_];
        const std::uint64_t left = part.size - offset_;
        const ssize_t count = read_at(part.fd.get(), offset_,
                                      static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_size)), buffer_);
        if (count < 0) return proto::errno_error(errno, "read " + part.name);
        digest_.add(buffer_);
        offset_ += buffer_.size();
        progress_.done += buffer_.size();
        if (offset_ == part.size || count == 0) describe_part();
    }
    if (current_ < parts_.size()) return false;
    // 240 names of 255 bytes are far below the limit for a message.
    if (!protocol_.send_manifest(manifest_)) return proto::stated_error("its files' names are too long");
    return true;
}

void ProgramUpload::want(std::vector<std::uint32_t> indices) {
    wanted_ = std::move(indices);
    current_ = 0;
    offset_ = 0;
    ended_ = false;
    progress_ = {};
    for (const std::uint32_t index : wanted_) progress_.total += manifest_.files(static_cast<int>(index)).size();
}

bool ProgramUpload::give_up() {
    ended_ = true;
    protocol_.send_upload_end();
    return true;
}

bool ProgramUpload::send() {
    if (ended_) return false;
    while (current_ < wanted_.size() && offset_ == manifest_.files(static_cast<int>(wanted_[current_])).size()) {
        ++current_;
        offset_ = 0;
    }
    if (current_ == wanted_.size()) return give_up();
    const std::uint32_t credit = protocol_.upload_sendable();
    if (credit == 0) return false;
    const std::uint32_t index = wanted_[current_];
    const std::uint64_t left = manifest_.files(static_cast<int>(index)).size() - offset_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>({left, credit, piece_size}));
    if (read_at(parts_[index].fd.get(), offset_, size, buffer_) <= 0) return give_up();
    protocol_.send_upload(buffer_);
    offset_ += buffer_.size();
    progress_.done += buffer_.size();
    return true;
}

}  // namespace interop
