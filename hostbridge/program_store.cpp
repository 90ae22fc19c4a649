// SPDX-License-Identifier: MIT
#include "hostbridge/program_store.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "hostbridge/host_system.h"
#include "hostbridge/patience.h"
#include "hostbridge/uv/error.h"
#include "hostbridge/uv/file.h"
#include "interop/text/windows_file_name.h"
#include "proto/base/check.h"
#include "proto/wire/limits.h"

namespace hostbridge {
namespace {

constexpr std::size_t read_size = 256u << 10;

class StoreCategory final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "mzinit program store"; }
    [[nodiscard]] std::string message(int) const override { return {}; }  // the sentence says it all
};

const std::error_category& store_category() {
    static const StoreCategory instance;
    return instance;
}

template <typename Integer>
void add_integer(proto::Sha256& digest, Integer value) {
    std::string bytes;
    for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> 8 * i & 0xff);
    digest.add(bytes);
}

/// Gives `consume` what `read_at` reads, from the beginning to the end or to `limit` bytes.
template <typename ReadAt, typename Consume>
proto::Result<void> read_through(ReadAt read_at, std::uint64_t limit, Consume consume) {
    std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(read_size, limit)));
    for (std::uint64_t offset = 0; offset < limit;) {
        const auto size = read_at(offset, std::span(buffer));
        if (!size) return size.error();
        if (*size == 0) break;
        const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(*size, limit - offset));
        if (proto::Result<void> consumed = consume(std::string_view(buffer.data(), used)); !consumed) return consumed;
        offset += used;
    }
    return {};
}

bool is_what_it_should_be(ReadableFile& file, const ManifestEntry& entry) {
    proto::Sha256 digest;
    // One byte more, to see that there is more.
    const auto read = read_through(
        [&](std::uint64_t offset, std::span<char> into) { return file.read_at(offset, into); }, entry.size + 1,
        [&](std::string_view bytes) {
            digest.add(bytes);
            return proto::Result<void>();
        });
    return read && digest.finish() == entry.sha256;
}

// The file is closed again: on Windows a name is not free before that.
bool holds_what_it_should(const std::string& path, const ManifestEntry& entry) {
    const auto file = open_file(path);
    return file && is_what_it_should_be(**file, entry);
}

/// The file itself, whatever its name: two links to one have the same.
std::optional<std::pair<std::uint64_t, std::uint64_t>> identity(const std::string& path) {
    const auto status = uv::stat_link(path);
    if (!status) return std::nullopt;
    return std::pair(status->st_dev, status->st_ino);
}

bool exists(const std::string& path) { return uv::stat_link(path).has_value(); }

bool is_directory(const std::string& path) {
    const auto status = uv::stat_link(path);
    return status && uv::is_directory(*status);
}

// Where a file belongs. A directory would not be replaced by one.
void remove_unless_regular_file(const std::string& path) {
    const auto status = uv::stat_link(path);
    if (status && !uv::is_regular_file(*status)) remove_from_store(path);
}

template <typename Attempt>
auto attempt_while_in_use(Attempt attempt) {
    return attempt_patiently(attempt, is_in_use,
                             [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); });
}

// Removing or replacing it would do so to what it leads to.
proto::Error hidden_link_error(const std::string& path) {
    return store_error(StoreFault::changed, "in the agent's store " + path + " is a link to something else: remove it");
}

// Of what was just written, for which Windows may need several attempts.
proto::Result<void> rename_patiently(const std::string& from, const std::string& to) {
    return attempt_while_in_use([&] { return uv::rename(from, to); });
}

// Another upload may remove its link to the same content at that moment.
proto::Result<std::unique_ptr<ReadableFile>> hold_file_patiently(const std::string& path) {
    return attempt_while_in_use([&] { return hold_file(path); });
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string path_in(const std::string& directory, const std::string& name) {
    if (path_flavour() == interop::PathFlavour::posix) return directory + "/" + name;
    std::string path = directory + "\\" + name;
    std::ranges::replace(path, '/', '\\');
    return path;
}

bool link_from_store(const std::string& path, const std::string& to) {
    return is_in_its_place(path) && uv::link_or_copy(path, to);
}

// A program may have written beside itself, and the next one shall not load what that was.
void remove_what_is_not_in(std::span<const ManifestEntry> entries, const std::string& directory) {
    std::set<std::string> names;
    for (const auto& entry : entries) names.insert(entry.name);
    const auto found = uv::list_directory(directory);
    if (!found) return;
    for (const std::string& name : *found) {
        if (!names.contains(name)) remove_from_store(directory + "/" + name);
    }
}

}  // namespace

proto::Digest manifest_digest(std::span<const ManifestEntry> entries) {
    proto::Sha256 digest;
    for (const auto& entry : entries) {
        add_integer(digest, static_cast<std::uint32_t>(entry.name.size()));
        digest.add(entry.name);
        add_integer(digest, entry.size);
        digest.add(proto::as_bytes(entry.sha256));
    }
    return digest.finish();
}

proto::Error store_error(StoreFault fault, std::string_view sentence) {
    return {{static_cast<int>(fault), store_category()}, std::string(sentence)};
}

LaunchFailure store_failure(const proto::Error& error) {
    const std::string text = error.message();
    if (error.code.category() == store_category()) {
        switch (static_cast<StoreFault>(error.code.value())) {
            case StoreFault::refused: return {mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED, 0, text};
            case StoreFault::changed: return {mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, 0, text};
            case StoreFault::no_room: break;
        }
        return {mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, 0, text};
    }
    const auto number = static_cast<std::uint32_t>(std::abs(error.code.value()));
    const bool is_full = uv::means(error, UV_ENOSPC) || uv::means(error, UV_EFBIG);
    return {mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, number,
            (is_full ? "the host has no room for it on its disk: " : "it cannot be stored on the host: ") + text};
}

// --- an upload ---------------------------------------------------------------------------------------------------------

struct Upload::State {
    State(StoreLayout the_layout, std::vector<ManifestEntry> the_entries)
        : layout(std::move(the_layout)),
          entries(std::move(the_entries)),
          target(layout.program(manifest_digest(entries))) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { remove_incoming(); }

    proto::Result<std::optional<StoredProgram>> hold_program();
    proto::Result<void> make_incoming();
    proto::Result<void> look_for_contents(const std::vector<bool>& is_good_in_target);
    proto::Result<void> reserve(std::uint64_t size_limit);
    std::vector<bool> verify(const std::string& directory, StoredProgram* holder) const;
    void discard(const std::string& bad_file, const ManifestEntry& entry) const;
    void assemble();
    void replace_files() const;
    void remove_incoming();

    StoreLayout layout;
    std::vector<ManifestEntry> entries;
    std::string target;
    std::optional<StoredProgram> complete;  // It was there already.

    std::string random;
    std::unique_ptr<FileHold> incoming_hold;
    std::string reservation;
    std::vector<std::uint32_t> wanted;
    std::size_t ended = 0;  // of wanted
    uv::Descriptor file;    // the current one of wanted, from its first byte on
    std::optional<proto::Sha256> digest;
    std::uint64_t written = 0;
};

// With the lock held. Nothing if there is no such program.
proto::Result<std::optional<StoredProgram>> Upload::State::hold_program() {
    if (!is_directory(target)) {
        remove_from_store(target);
        return std::optional<StoredProgram>();
    }
    if (!is_in_its_place(target)) return hidden_link_error(target);
    if (!is_held(target)) remove_what_is_not_in(entries, target);
    auto directory = hold_directory(target);
    if (!directory) return directory.error();
    return std::optional(StoredProgram(path_in(target, entries.front().name), std::move(*directory)));
}

/// Which of the files in a directory are there and right; they stay open in `holder` if that protects them.
std::vector<bool> Upload::State::verify(const std::string& directory, StoredProgram* holder) const {
    const bool holds = holder != nullptr && held_files_are_protected;
    std::vector<bool> is_good(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string path = directory + "/" + entries[i].name;
        // What is only looked at must not keep another upload from removing a link to the same content.
        auto content = holds ? hold_file_patiently(path) : open_file(path);
        if (!content || !is_what_it_should_be(**content, entries[i])) continue;
        is_good[i] = true;
        if (holds) holder->files_.push_back(std::move(*content));
    }
    return is_good;
}

// With the lock held: nobody shall link to a content that is not what its name says.
void Upload::State::discard(const std::string& bad_file, const ManifestEntry& entry) const {
    const auto bad = identity(bad_file);
    if (bad && bad == identity(layout.file(entry.sha256))) {
        remove_from_store(layout.file(entry.sha256));
    }
}

// With the lock held.
proto::Result<void> Upload::State::make_incoming() {
    layout.remove_litter();
    auto name = random_name();
    if (!name) return name.error();
    const std::string directory = layout.incoming(*name);
    if (auto made = uv::make_directory(directory, 0700); !made) return made;
    random = std::move(*name);
    auto hold = hold_directory(directory);
    if (!hold) return hold.error();
    incoming_hold = std::move(*hold);
    return {};
}

/// Fills the incoming directory with what is in the store, and wanted with what is not.
proto::Result<void> Upload::State::look_for_contents(const std::vector<bool>& is_good_in_target) {
    const std::string directory = layout.incoming(random);
    {
        const auto lock = layout.lock();
        if (!lock) return lock.error();
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const std::string path = directory + "/" + entries[i].name;
            const std::string in_target = target + "/" + entries[i].name;
            if (!is_good_in_target.empty() && !is_good_in_target[i]) discard(in_target, entries[i]);
            remove_unless_regular_file(layout.file(entries[i].sha256));
            if (!link_from_store(layout.file(entries[i].sha256), path) && !is_good_in_target.empty() &&
                is_good_in_target[i]) {
                static_cast<void>(link_from_store(in_target, path));
            }
        }
    }
    const auto is_good = verify(directory, nullptr);
    const auto lock = layout.lock();
    if (!lock) return lock.error();
    std::set<proto::Digest> awaited;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (is_good[i]) continue;
        const std::string path = directory + "/" + entries[i].name;
        discard(path, entries[i]);
        if (exists(path)) {
            if (auto removed = uv::remove_file(path); !removed) return removed;
        }
        // The same content under two names comes once.
        if (awaited.insert(entries[i].sha256).second) wanted.push_back(static_cast<std::uint32_t>(i));
    }
    return {};
}

proto::Result<void> Upload::State::reserve(std::uint64_t size_limit) {
    std::uint64_t bytes = 0;
    for (const std::uint32_t index : wanted) bytes += entries[index].size;
    if (bytes == 0) return {};
    const auto lock = layout.lock();
    if (!lock) return lock.error();
    if (auto made = layout.make_room(bytes, size_limit); !made) return made;
    const std::string path = layout.reservation(random, bytes);
    if (auto made = uv::create_file(path, 0600); !made) return made.error();
    reservation = path;
    return {};
}

/// With the lock held: makes of the incoming directory that of the program, or if there is one already replaces its files.
void Upload::State::assemble() {
    const std::string directory = layout.incoming(random);
    std::map<proto::Digest, std::string> first_of;
    for (const auto& entry : entries) {
        const std::string path = directory + "/" + entry.name;
        const auto [place, is_first] = first_of.try_emplace(entry.sha256, path);
        if (!is_first && !exists(path)) static_cast<void>(uv::link_or_copy(place->second, path));
        if (is_first) static_cast<void>(uv::link_or_copy(path, layout.file(entry.sha256)));
    }
    incoming_hold.reset();  // Windows renames nothing that is held
    if (!exists(target) && rename_patiently(directory, target)) {
        random.clear();
    } else {
        // Somebody may use the one that is there: on Linux this takes no file from under it, and where it is protected it is
        // right. Whether all went well is seen by who verifies it.
        if (!exists(target)) static_cast<void>(uv::make_directory(target, 0700));
        if (is_in_its_place(target)) replace_files();
    }
    remove_incoming();
}

void Upload::State::replace_files() const {
    for (const auto& entry : entries) {
        const std::string from = layout.incoming(random) + "/" + entry.name;
        const std::string to = target + "/" + entry.name;
        if (!is_in_its_place(to) || uv::rename(from, to)) continue;
        // Somebody holds one of them, on Windows, or there is a directory. What is right stays: whoever verifies it now would miss
        // it. Otherwise what is held can still get a second name.
        if (holds_what_it_should(to, entry)) continue;
        remove_from_store(to);
        static_cast<void>(uv::link_or_copy(from, to));
    }
}

void Upload::State::remove_incoming() {
    file.reset();
    incoming_hold.reset();
    if (!random.empty()) remove_from_store(layout.incoming(random));
    random.clear();
    if (!reservation.empty()) static_cast<void>(uv::remove_file(reservation));
    reservation.clear();
}

Upload::Upload(std::unique_ptr<State> state) : state_(std::move(state)) {}
Upload::Upload(Upload&&) noexcept = default;
Upload::~Upload() = default;

std::span<const std::uint32_t> Upload::wanted() const { return state_->wanted; }

proto::Result<void> Upload::write(std::string_view bytes) {
    CHECK(state_->ended < state_->wanted.size());
    const ManifestEntry& entry = state_->entries[state_->wanted[state_->ended]];
    if (bytes.size() > entry.size - state_->written) {
        return store_error(StoreFault::changed, entry.name + " has more bytes than its manifest says");
    }
    if (!state_->file) {
        auto made = uv::create_file(state_->layout.incoming(state_->random) + "/" + entry.name, finished_file_mode);
        if (!made) return made.error();
        state_->file = std::move(*made);
        state_->digest.emplace();
    }
    state_->digest->add(bytes);
    state_->written += bytes.size();
    return uv::write_all(state_->file.get(), bytes);
}

proto::Result<void> Upload::end_file() {
    if (!state_->file) {  // an empty one
        if (auto made = write({}); !made) return made;
    }
    const ManifestEntry& entry = state_->entries[state_->wanted[state_->ended]];
    state_->file.reset();
    if (std::exchange(state_->written, 0) != entry.size || state_->digest->finish() != entry.sha256) {
        return store_error(StoreFault::changed, entry.name + " changed while it was sent");
    }
    ++state_->ended;
    return {};
}

proto::Result<StoredProgram> Upload::finish() {
    CHECK(state_->ended == state_->wanted.size());
    if (state_->complete) return std::move(*state_->complete);
    std::optional<StoredProgram> program;
    {
        const auto lock = state_->layout.lock();
        if (!lock) return lock.error();
        state_->assemble();
        auto held = state_->hold_program();
        if (!held) return held.error();
        program = std::move(*held);
    }
    if (!program) return store_error(StoreFault::no_room, "the program cannot be put into " + state_->target);
    const auto is_good = state_->verify(state_->target, &*program);
    if (const auto bad = std::ranges::find(is_good, false); bad != is_good.end()) {
        const auto& entry = state_->entries[static_cast<std::size_t>(bad - is_good.begin())];
        const std::string path = path_in(state_->target, entry.name);
        if (!is_in_its_place(path)) return hidden_link_error(path);
        return store_error(StoreFault::changed, "somebody changes what is in " + state_->target);
    }
    static_cast<void>(uv::set_times(state_->target, now()));
    return std::move(*program);
}

// --- the store ---------------------------------------------------------------------------------------------------------

proto::Result<void> ProgramStore::check(std::span<const ManifestEntry> entries) const {
    const auto refused = [](const std::string& sentence) { return store_error(StoreFault::refused, sentence); };
    if (size_limit_ == 0) return refused("the agent keeps no programs (--cache-size 0)");
    if (entries.empty() || entries.size() > proto::limits::max_manifest_files) {
        return refused("a program has 1 to " + std::to_string(proto::limits::max_manifest_files) + " files, not " +
                       std::to_string(entries.size()));
    }
    const std::string directory = layout_.program(manifest_digest(entries));
    std::set<std::u16string> names;
    std::map<proto::Digest, std::uint64_t> sizes;
    for (const auto& entry : entries) {
        if (!interop::is_windows_file_name(entry.name)) return refused("no file can be called \"" + entry.name + "\"");
        if (!names.insert(interop::windows_comparison_form(entry.name)).second) {
            return refused("two of its files are called " + entry.name + ", but for case");
        }
        if (!is_usable_path(directory + "/" + entry.name)) {
            return refused("the name " + entry.name + " is too long for " + directory +
                           ", where the agent would keep it (--cache-dir)");
        }
        if (sizes.try_emplace(entry.sha256, entry.size).first->second != entry.size) {
            return refused("two of its files have the same digest, and not the same size");
        }
    }
    std::uint64_t left = size_limit_;
    for (const auto& [digest, size] : sizes) {
        if (size > left) {
            return refused("it has, with its files, more than the " + std::to_string(size_limit_) +
                           " bytes that the agent keeps (--cache-size)");
        }
        left -= size;
    }
    return {};
}

proto::Result<Upload> ProgramStore::begin(std::vector<ManifestEntry> entries) const {
    if (auto checked = check(entries); !checked) return checked.error();
    if (auto made = layout_.make_directories(); !made) return made.error();
    auto state = std::make_unique<Upload::State>(layout_, std::move(entries));
    std::optional<StoredProgram> program;
    {
        const auto lock = layout_.lock();
        if (!lock) return lock.error();
        auto held = state->hold_program();
        if (!held) return held.error();
        program = std::move(*held);
    }
    std::vector<bool> is_good;
    if (program) {
        is_good = state->verify(state->target, &*program);
        if (std::ranges::find(is_good, false) == is_good.end()) {
            static_cast<void>(uv::set_times(state->target, now()));
            state->complete = std::move(program);
            return Upload(std::move(state));
        }
        program.reset();
    }
    {
        const auto lock = layout_.lock();
        if (!lock) return lock.error();
        if (auto made = state->make_incoming(); !made) return made.error();
    }
    if (auto looked = state->look_for_contents(is_good); !looked) return looked.error();
    if (auto reserved = state->reserve(size_limit_); !reserved) return reserved.error();
    return Upload(std::move(state));
}

proto::Result<StoredProgram> ProgramStore::store_passed(uv_file program, std::string_view guest_path) const {
    const auto status = uv::stat_file(program);
    if (!status) return status.error();
    ManifestEntry entry{std::string(guest_path.substr(guest_path.rfind('/') + 1)), status->st_size, {}};
    if (!interop::is_windows_file_name(entry.name)) entry.name = "program.exe";
    const auto read = [&](auto consume) {
        return read_through(
            [&](std::uint64_t offset, std::span<char> into) { return uv::read_at(program, offset, into); }, entry.size,
            consume);
    };
    proto::Sha256 digest;
    const auto add = [&](std::string_view bytes) {
        digest.add(bytes);
        return proto::Result<void>();
    };
    // What is too large is not read.
    if (auto checked = check(std::span(&entry, 1)); !checked) return checked.error();
    if (auto digested = read(add); !digested) return digested.error();
    entry.sha256 = digest.finish();
    auto upload = begin({entry});
    if (!upload) return upload.error();
    if (!upload->wanted().empty()) {
        auto copied = read([&](std::string_view bytes) { return upload->write(bytes); });
        if (copied) copied = upload->end_file();
        if (!copied) return copied.error();
    }
    return upload->finish();
}

}  // namespace hostbridge
