// SPDX-License-Identifier: MIT
#include "hostbridge/program_store_layout.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hostbridge/program_store.h"
#include "hostbridge/random.h"
#include "hostbridge/uv/error.h"
#include "hostbridge/uv/file.h"

namespace hostbridge {
namespace {

constexpr std::size_t random_name_length = 16;
constexpr std::string_view hexadecimal = "0123456789abcdef";

bool is_hexadecimal(std::string_view name, std::size_t length) {
    return name.size() == length && name.find_first_not_of(hexadecimal) == std::string_view::npos;
}

bool is_digest(std::string_view name) { return is_hexadecimal(name, 2 * proto::limits::digest_length); }

bool is_half_a_digest(std::string_view name) { return is_hexadecimal(name, proto::limits::digest_length); }

/// RANDOM, and BYTES if it is the name of a reservation.
struct IncomingName {
    std::string random;
    std::optional<std::uint64_t> bytes;
};

std::optional<IncomingName> parse_incoming_name(std::string_view name) {
    IncomingName parsed{std::string(name.substr(0, random_name_length)), std::nullopt};
    if (!is_hexadecimal(parsed.random, random_name_length)) return std::nullopt;
    if (name.size() == random_name_length) return parsed;
    std::uint64_t bytes = 0;
    const char* end = name.data() + name.size();
    const auto [last, error] = std::from_chars(name.data() + random_name_length + 1, end, bytes);
    if (name[random_name_length] != '.' || error != std::errc() || last != end) return std::nullopt;
    parsed.bytes = bytes;
    return parsed;
}

std::vector<std::string> names_in(const std::string& directory) { return uv::list_directory(directory).value_or({}); }

void make_parents(const std::string& path) {
    for (std::size_t end = path.find_first_of("/\\", 1); end != std::string::npos;
         end = path.find_first_of("/\\", end + 1)) {
        static_cast<void>(uv::make_directory(path.substr(0, end), 0755));
    }
}

}  // namespace

void remove_from_store(const std::string& path) {
    const auto status = uv::stat_link(path);
    if (!status || !is_in_its_place(path)) return;
    if (!uv::is_directory(*status)) return static_cast<void>(uv::remove_file(path));
    for (const std::string& name : names_in(path)) remove_from_store(path + "/" + name);
    static_cast<void>(uv::remove_directory(path));
}

proto::Result<std::string> random_name() {
    const auto bytes = random_nonce();
    if (!bytes) return bytes.error();
    std::string name;
    for (std::size_t i = 0; i < random_name_length; ++i) name += hexadecimal[(*bytes)[i] & 15];
    return name;
}

proto::Result<void> StoreLayout::make_directories() const {
    make_parents(root_);
    for (const std::string& directory : {root_, files(), programs(), incoming()}) {
        if (auto made = make_private_directory(directory); !made) return made;
    }
    return {};
}

void StoreLayout::remove_litter() const {
    for (const std::string& name : names_in(incoming())) {
        const auto parsed = parse_incoming_name(name);
        if (parsed && !is_held(incoming(parsed->random))) remove_from_store(incoming() + "/" + name);
    }
}

std::uint64_t StoreLayout::reserved() const {
    std::uint64_t total = 0;
    for (const std::string& name : names_in(incoming())) {
        const auto parsed = parse_incoming_name(name);
        if (parsed && parsed->bytes) total += *parsed->bytes;
    }
    return total;
}

// In one step, so that nobody ever finds a part of it: it may be ended by force in the middle.
bool StoreLayout::evict(const std::string& program) const {
    if (is_held(program) || !is_in_its_place(program)) return false;
    const auto random = random_name();
    if (!random || !uv::rename(program, incoming(*random))) return false;
    remove_from_store(incoming(*random));
    return true;
}

/// What there is in files/ and programs/. A content that has several links is counted once.
class StoreLayout::Inventory {
  public:
    explicit Inventory(const StoreLayout& layout) : layout_(layout) {
        for (const std::string& name : names_in(layout.files())) {
            const std::string path = layout.files() + "/" + name;
            if (is_digest(name)) add(path, nullptr).file = path;
        }
        for (const std::string& name : names_in(layout.programs())) {
            if (!is_half_a_digest(name)) continue;
            Program program{layout.programs() + "/" + name, 0, {}};
            if (const auto status = uv::stat_link(program.path)) {
                program.used = status->st_mtim.tv_sec * 1'000'000'000ll + status->st_mtim.tv_nsec;
            }
            if (is_in_its_place(program.path)) add_all(program.path, program);
            programs_.push_back(std::move(program));
        }
        std::ranges::sort(programs_, std::ranges::greater(), &Program::used);
    }

    [[nodiscard]] std::uint64_t total() const { return total_; }

    /// Contents that no program has, nor one that is on its way.
    void remove_loose_files() {
        for (auto& [id, content] : contents_) {
            if (content.file.empty() || content.links > 1) continue;
            remove_from_store(content.file);
            if (uv::stat_link(content.file)) continue;
            content.file.clear();
            drop_link(content);
        }
    }

    /// False if there is none that could be removed.
    bool remove_least_recently_used() {
        while (!programs_.empty()) {
            const Program program = std::move(programs_.back());
            programs_.pop_back();
            if (!layout_.evict(program.path)) continue;
            for (const ContentId& id : program.contents) drop_link(contents_[id]);
            return true;
        }
        return false;
    }

  private:
    using ContentId = std::pair<std::uint64_t, std::uint64_t>;  // device, inode
    struct Content {
        std::uint64_t size = 0;
        std::uint64_t links = 0;
        std::string file;  // in files/, empty if it is not there
    };
    struct Program {
        std::string path;
        long long used = 0;
        std::vector<ContentId> contents;
    };

    Content& add(const std::string& path, Program* program) {
        const auto status = uv::stat_link(path);
        if (!status) return nothing_;
        const ContentId id{status->st_dev, status->st_ino};
        if (program != nullptr) program->contents.push_back(id);
        const auto [place, is_new] = contents_.try_emplace(id, Content{status->st_size, status->st_nlink, {}});
        if (is_new) total_ += place->second.size;
        return place->second;
    }

    // What a program has written beside itself counts, too.
    void add_all(const std::string& directory, Program& program) {
        for (const std::string& name : names_in(directory)) {
            const std::string path = directory + "/" + name;
            const auto status = uv::stat_link(path);
            if (status && uv::is_directory(*status)) {
                if (is_in_its_place(path)) add_all(path, program);
            } else {
                add(path, &program);
            }
        }
    }

    void drop_link(Content& content) {
        if (content.links == 0 || --content.links > 0) return;
        total_ -= content.size;
    }

    const StoreLayout& layout_;
    std::map<ContentId, Content> contents_;
    std::vector<Program> programs_;  // the one used longest ago is last
    std::uint64_t total_ = 0;
    Content nothing_;
};

proto::Result<void> StoreLayout::make_room(std::uint64_t wanted, std::uint64_t limit) const {
    const std::uint64_t under_way = reserved();
    Inventory inventory(*this);
    const auto fits = [&] {
        return wanted <= limit && under_way <= limit - wanted && inventory.total() <= limit - wanted - under_way;
    };
    if (fits()) return {};
    inventory.remove_loose_files();
    while (!fits() && inventory.remove_least_recently_used()) inventory.remove_loose_files();
    if (fits()) return {};
    return store_error(StoreFault::no_room, "the agent's store of programs is full of programs that are in use");
}

}  // namespace hostbridge
