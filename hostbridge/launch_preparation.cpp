// SPDX-License-Identifier: MIT
#include "hostbridge/launch_preparation.h"

#include <algorithm>

#include "hostbridge/file_hold.h"
#include "hostbridge/host_system.h"
#include "hostbridge/program_location.h"
#include "hostbridge/program_search.h"
#include "hostbridge/runner_variables.h"
#include "hostbridge/uv/error.h"
#include "hostbridge/uv/file.h"
#include "interop/image/suffix_kind.h"
#include "interop/text/command_line.h"
#include "interop/text/printable.h"
#include "interop/text/utf16.h"
#include "interop/text/windows_file_name.h"
#include "proto/wire/authentication.h"
#include "proto/wire/frame_codec.h"

namespace hostbridge {
namespace {

using mzinit::v1::Launch;

template <typename T>
using Outcome = std::variant<T, LaunchFailure, UploadNeeded>;

struct OpenProgram {
    std::string path;      // what is started
    std::string contents;  // what is open; see NamedProgram
    uv::Descriptor file;
    std::uint64_t size = 0;
    std::optional<StoredProgram> stored;
    bool is_held = false;  // by hold_unchanged()
};

LaunchFailure failure(mzinit::v1::LaunchErrorCode code, std::string text, int host_code = 0) {
    return {code, static_cast<std::uint32_t>(host_code < 0 ? -host_code : host_code), std::move(text)};
}

LaunchFailure failure_of(const proto::Error& error) {
    const int number = error.code.value();
    const std::string text = error.message();
    if (error.code == uv::make_error_code(UV_ENOENT) || error.code == uv::make_error_code(UV_ENOTDIR)) {
        return failure(mzinit::v1::LAUNCH_ERROR_NOT_FOUND, text, number);
    }
    if (error.code == uv::make_error_code(UV_EACCES) || error.code == uv::make_error_code(UV_EPERM)) {
        return failure(mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED, text, number);
    }
    return failure(mzinit::v1::LAUNCH_ERROR_HOST_FAILURE, text, number);
}

// The path under which the host may see what the guest calls `guest`; empty if there is none.
std::string host_path(const std::string& guest, const std::string& translated, const LaunchContext& context) {
    if (context.map != nullptr) {
        if (auto mapped = context.map->guest_to_host(guest)) {
            return interop::names_files_only(*mapped, path_flavour()) ? *mapped : std::string();
        }
    }
    // A path from the client may not make this host open what only it can reach.
    if (!translated.empty() && interop::is_plain_host_path(translated, path_flavour())) return translated;
    return context.same_kernel ? guest : std::string();
}

Outcome<OpenProgram> open_program(const std::string& path) {
    auto file = uv::open_for_reading(path);
    if (!file) return failure_of(file.error());
    const auto status = uv::stat_file(file->get());
    if (!status) return failure_of(status.error());
    if (!uv::is_regular_file(*status))
        return failure(mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED, "it is not a regular file");
    return OpenProgram{path, path, std::move(*file), status->st_size, std::nullopt, false};
}

Outcome<OpenProgram> open_stored_program(StoredProgram stored) {
    auto opened = open_program(stored.path());
    if (auto* program = std::get_if<OpenProgram>(&opened)) program->stored = std::move(stored);
    return opened;
}

bool is_same_file(uv_file left, uv_file right) {
    const auto a = uv::stat_file(left);
    const auto b = uv::stat_file(right);
    return a && b && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool has_expected_head(const OpenProgram& program, const Launch& launch) {
    if (program.size != launch.program_size()) return false;
    std::array<char, proto::limits::program_head_length> head{};
    const auto size = uv::read_at(program.file.get(), 0, head);
    if (!size) return false;
    return proto::as_bytes(proto::sha256({head.data(), *size})) == launch.program_head_sha256();
}

// `name` is the guest's: of COM programs and batch files nothing else tells what they are.
interop::ImageDescription identify(uv_file file, std::uint64_t size, std::string_view name) {
    const auto image = interop::identify_image(
        [file](std::uint64_t offset, std::span<std::byte> buffer) {
            return uv::read_at(file, offset, {reinterpret_cast<char*>(buffer.data()), buffer.size()}).value_or(0);
        },
        size);
    std::array<char, 4> head{};
    return interop::consider_name(image, name, {head.data(), uv::read_at(file, 0, head).value_or(0)}, size);
}

// Before it costs room in the store: what no host runs.
std::optional<LaunchFailure> refuse_to_store(uv_file passed, std::string_view name) {
    const auto status = uv::stat_file(passed);
    if (!status) return failure_of(status.error());
    if (!uv::is_regular_file(*status))
        return failure(mzinit::v1::LAUNCH_ERROR_ACCESS_DENIED, "it is not a regular file");
    const auto image = identify(passed, status->st_size, name);
    switch (image.kind) {
        case interop::ImageKind::pe:
            if (!image.is_dll) return std::nullopt;
            break;
        case interop::ImageKind::dos:
        case interop::ImageKind::ne:
        case interop::ImageKind::batch: return std::nullopt;
        default: break;
    }
    return failure(mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, "it is " + interop::describe(image));
}

std::optional<LaunchFailure> ask_policy(const ProgramIdentity& identity, const LaunchContext& context) {
    if (context.policy == nullptr) return std::nullopt;
    auto refused = context.policy->refusal(context.peer, identity);
    if (!refused) return std::nullopt;
    return failure(mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY, std::move(*refused));
}

bool may_be_within(const std::string& path, const std::string& directory) {
    interop::PathMap map(path_flavour());
    // What cannot be compared may be.
    return !map.add({"/directory", directory, {}}) || map.host_to_guest(path);
}

std::optional<LaunchFailure> ask_policy_about_guests_programs(const LaunchContext& context) {
    return ask_policy({.origin = ProgramIdentity::Origin::guest, .final_path = {}}, context);
}

std::optional<LaunchFailure> ask_policy_about_variables(const Launch& launch, const LaunchContext& context) {
    if (context.policy == nullptr || !context.policy->depends_on_program(context.peer)) return std::nullopt;
    for (const auto& variable : launch.environment()) {
        if (!decides_what_is_loaded(variable.name())) continue;
        return failure(mzinit::v1::LAUNCH_ERROR_REFUSED_BY_POLICY,
                       "the agent's policy has rules about programs, and environment variable " +
                           interop::printable_line(variable.name()) + " decides what is loaded with them");
    }
    return std::nullopt;
}

// Decides about the file that is open, by its final path, and has that path started: whatever leads to it otherwise, such as a
// link, may lead elsewhere by then.
std::optional<LaunchFailure> ask_policy_about_program(OpenProgram& program, const LaunchContext& context) {
    if (context.policy == nullptr || !context.policy->depends_on_program(context.peer)) return std::nullopt;
    if (program.stored) return ask_policy_about_guests_programs(context);
    // An execution alias of Windows is started by its own name.
    const bool is_alias = program.contents != program.path;
    auto held = hold_unchanged(program.file.get());
    if (!held) return failure_of(held.error());
    auto path = final_path_of(held->get());
    if (!path) return failure_of(path.error());
    // What the store holds was sent by a guest, though another one, or another agent's, and whatever path leads to it now.
    const bool is_sent =
        !context.store_directory.empty() && may_be_within(*path, final_path_of_directory(context.store_directory));
    const auto origin = is_sent ? ProgramIdentity::Origin::guest : ProgramIdentity::Origin::host;
    if (auto refused = ask_policy({.origin = origin, .final_path = *path}, context)) return refused;
    program.file = std::move(*held);
    program.is_held = true;
    if (!is_alias) program.path = program.contents = std::move(*path);
    return std::nullopt;
}

// A passed program is the truth: what we see at the path is used only if it is that very file.
Outcome<OpenProgram> find_passed_program(const Launch& launch, uv_file passed, const std::string& path,
                                         const LaunchContext& context) {
    if (!path.empty()) {
        auto seen = open_program(path);
        if (auto* program = std::get_if<OpenProgram>(&seen);
            program != nullptr && is_same_file(program->file.get(), passed)) {
            return std::move(*program);
        }
    }
    if (context.store == nullptr)
        return failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "the host sees another file there");
    if (auto refused = refuse_to_store(passed, launch.program())) return std::move(*refused);
    if (auto refused = ask_policy_about_guests_programs(context)) return std::move(*refused);
    // What it needs beside it was not passed.
    if (context.can_ask_for_upload) return UploadNeeded();
    auto stored = context.store->store_passed(passed, launch.program());
    if (!stored) return store_failure(stored.error());
    return open_stored_program(std::move(*stored));
}

Outcome<OpenProgram> find_program(const Launch& launch, const LaunchDescriptors& descriptors,
                                  const LaunchContext& context) {
    // With what goes along with it it has to be in a directory of its own.
    if (launch.must_upload() && context.can_ask_for_upload) return UploadNeeded();
    const std::string path = host_path(launch.program(), launch.host_program(), context);
    if (descriptors.program) return find_passed_program(launch, descriptors.program.get(), path, context);
    if (path.empty() && context.can_ask_for_upload) return UploadNeeded();
    if (path.empty()) {
        return failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "the host has no path for it (give the agent --map)");
    }
    auto seen = open_program(path);
    // The guest has it: what it sees there is not what we see.
    if (const auto* absent = std::get_if<LaunchFailure>(&seen);
        absent != nullptr && absent->code == mzinit::v1::LAUNCH_ERROR_NOT_FOUND) {
        seen = failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "the host sees no file at " + path);
    }
    if (auto* program = std::get_if<OpenProgram>(&seen); program != nullptr && !has_expected_head(*program, launch)) {
        seen = failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "the host sees another file at " + path);
    }
    if (context.can_ask_for_upload && !std::holds_alternative<OpenProgram>(seen)) return UploadNeeded();
    return seen;
}

Outcome<OpenProgram> take_uploaded_program(const Launch& launch, const LaunchDescriptors& descriptors,
                                           StoredProgram stored) {
    auto opened = open_stored_program(std::move(stored));
    const auto* program = std::get_if<OpenProgram>(&opened);
    if (program != nullptr && !descriptors.program && !has_expected_head(*program, launch)) {
        return failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "the program changed before it was sent");
    }
    return opened;
}

// It is what the agent's user has under that name: there is nothing to compare it with.
Outcome<OpenProgram> look_up_program(const std::string& name) {
    if (!interop::is_windows_file_name(name)) {
        return failure(mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED, "this is no name of a program, without a path");
    }
    const auto found = find_named_program(name);
    if (!found) return failure(mzinit::v1::LAUNCH_ERROR_NOT_FOUND, "the host has no program of this name");
    auto opened = open_program(found->contents);
    if (auto* program = std::get_if<OpenProgram>(&opened)) program->path = found->path;
    return opened;
}

bool is_usable_directory(const std::string& path) {
    const auto status = uv::stat_path(path);
    return status && uv::is_directory(*status) && can_start_in(path);
}

// Fills in the directory, and MZINIT_CWD where it is not the guest's.
std::optional<LaunchFailure> find_working_directory(const Launch& launch, const LaunchDescriptors& descriptors,
                                                    const LaunchContext& context, ProcessRequest& request) {
    const std::string& guest = launch.working_directory();
    request.fallback_directory = context.fallback_directory;
    request.guest_working_directory = guest;
    if (descriptors.working_directory) {
        request.working_directory = final_path_of(descriptors.working_directory.get()).value_or(std::string());
        const auto status = uv::stat_file(descriptors.working_directory.get());
        if (status && uv::is_directory(*status)) return std::nullopt;
        return failure(mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY, "what was passed as working directory is none");
    }
    request.working_directory = host_path(guest, launch.host_working_directory(), context);
    if (interop::has_exact_names(request.working_directory, path_flavour()) &&
        is_usable_directory(request.working_directory)) {
        return std::nullopt;
    }
    if (context.fallback_directory.empty()) {
        return failure(mzinit::v1::LAUNCH_ERROR_WORKING_DIRECTORY, "the host does not see the working directory" +
                                                                       (guest.empty() ? guest : " " + guest) +
                                                                       ", and the agent has no --fallback-dir");
    }
    request.working_directory = context.fallback_directory;
    // Windows has no way to say a name that is not UTF-8.
    if (path_flavour() == interop::PathFlavour::posix || interop::utf8_to_utf16(guest)) {
        request.environment.emplace_back("MZINIT_CWD", guest);
    }
    return std::nullopt;
}

// Nothing is sent for a launch that cannot be.
Preparation ask_for_upload(const Launch& launch, const LaunchDescriptors& descriptors, const LaunchContext& context) {
    if (auto refused = ask_policy_about_guests_programs(context)) return std::move(*refused);
    ProcessRequest unused;
    if (auto unusable = find_working_directory(launch, descriptors, context, unused)) return std::move(*unusable);
    return UploadNeeded();
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }
bool path_has_nul(const mzinit::v1::TranslatedPath& path) { return has_nul(path.guest()) || has_nul(path.host()); }

std::optional<LaunchFailure> check_texts(const Launch& launch) {
    const auto refused = [](std::string text) {
        return failure(mzinit::v1::LAUNCH_ERROR_ARGUMENT_REFUSED, std::move(text));
    };
    for (int i = 0; i < launch.argv_size(); ++i) {
        if (has_nul(launch.argv(i))) return refused("argument " + std::to_string(i) + " holds a NUL byte");
    }
    for (const auto& variable : launch.environment()) {
        if (variable.name().empty() || variable.name().find('=') != std::string::npos || has_nul(variable.name()) ||
            has_nul(variable.value()) || std::ranges::any_of(variable.paths(), path_has_nul)) {
            return refused("an environment variable has an impossible name or value");
        }
    }
    for (const auto* path :
         {&launch.program(), &launch.host_program(), &launch.working_directory(), &launch.host_working_directory()}) {
        if (has_nul(*path)) return refused("a path holds a NUL byte");
    }
    if (has_nul(launch.terminal().name())) return refused("the terminal's name holds a NUL byte");
    return std::nullopt;
}

/// Paths by the same tables as those of the program and of the working directory.
void take_environment(const Launch& launch, const LaunchContext& context, ProcessRequest& request) {
    for (const auto& variable : launch.environment()) {
        if (variable.paths().empty()) {
            request.environment.emplace_back(variable.name(), variable.value());
            continue;
        }
        PathListVariable list{variable.name(), {}};
        for (const auto& path : variable.paths()) {
            auto mapped = context.map != nullptr ? context.map->guest_to_host(path.guest()) : std::nullopt;
            if (mapped) {
                list.paths.push_back(std::move(*mapped));
            } else if (!path.host().empty()) {
                list.paths.push_back(path.host());
            } else if (context.same_kernel && !path.guest().empty()) {
                list.paths.push_back(path.guest());
            }
        }
        request.path_lists.push_back(std::move(list));
    }
}

std::optional<TerminalRequest> wanted_terminal(const Launch& launch) {
    if (launch.terminal_streams() == 0) return std::nullopt;
    return TerminalRequest{.rows = launch.terminal().rows(),
                           .columns = launch.terminal().columns(),
                           .name = launch.terminal().name(),
                           .includes_stderr = (launch.terminal_streams() & 1u << proto::stream_stderr) != 0};
}

}  // namespace

proto::Result<LaunchDescriptors> match_descriptors(const Launch& launch, PassedDescriptors passed) {
    const auto mismatch = [] { return proto::peer_error(proto::PeerFault::descriptor_mismatch, "read Launch"); };
    if (passed.size() != static_cast<std::size_t>(launch.descriptors_size())) return mismatch();
    LaunchDescriptors sorted;
    for (std::size_t i = 0; i < passed.size(); ++i) {
        uv::Descriptor* place = nullptr;
        switch (launch.descriptors(static_cast<int>(i))) {
            case mzinit::v1::DESCRIPTOR_PROGRAM: place = &sorted.program; break;
            case mzinit::v1::DESCRIPTOR_WORKING_DIRECTORY: place = &sorted.working_directory; break;
            case mzinit::v1::DESCRIPTOR_STDIN: place = &sorted.streams[0]; break;
            case mzinit::v1::DESCRIPTOR_STDOUT: place = &sorted.streams[1]; break;
            case mzinit::v1::DESCRIPTOR_STDERR: place = &sorted.streams[2]; break;
            default: return mismatch();
        }
        if (*place) return mismatch();
        *place = std::move(passed[i]);
    }
    for (std::size_t stream = 0; stream < sorted.streams.size(); ++stream) {
        const bool is_to_be_terminal = (launch.terminal_streams() & 1u << stream) != 0;
        if (is_to_be_terminal && sorted.streams[stream]) return mismatch();
    }
    return sorted;
}

Preparation prepare_launch(const Launch& launch, const LaunchDescriptors& descriptors, const LaunchContext& context,
                           std::optional<StoredProgram> stored) {
    if (auto refused = check_texts(launch)) return std::move(*refused);
    if (auto refused = ask_policy_about_variables(launch, context)) return std::move(*refused);
    const bool is_named = !launch.host_name().empty();
    auto found = stored     ? take_uploaded_program(launch, descriptors, std::move(*stored))
                 : is_named ? look_up_program(launch.host_name())
                            : find_program(launch, descriptors, context);
    if (std::holds_alternative<UploadNeeded>(found)) return ask_for_upload(launch, descriptors, context);
    if (auto* missing = std::get_if<LaunchFailure>(&found)) return std::move(*missing);
    auto& program = std::get<OpenProgram>(found);
    if (auto refused = ask_policy_about_program(program, context)) return std::move(*refused);
    if (!is_usable_path(program.path)) {
        if (!is_named && !program.stored && context.can_ask_for_upload)
            return ask_for_upload(launch, descriptors, context);
        return failure(mzinit::v1::LAUNCH_ERROR_FILE_MISMATCH, "its path on the host is too long: " + program.path);
    }
    ProcessRequest request;
    request.program = program.path;
    request.image = identify(program.file.get(), program.size, is_named ? program.path : launch.program());
    // What runs it goes by the name here.
    if (request.image.kind == interop::ImageKind::batch && !interop::is_batch_file(program.path)) {
        return failure(mzinit::v1::LAUNCH_ERROR_BAD_FORMAT, "on the host it has no name of a batch file");
    }
    request.argv.assign(launch.argv().begin(), launch.argv().end());
    if (launch.has_raw_command_tail()) request.raw_command_tail = launch.raw_command_tail();
    take_environment(launch, context, request);
    request.depth = launch.depth();
    request.terminal = wanted_terminal(launch);
    request.detached = launch.detach();
    if (auto unusable = find_working_directory(launch, descriptors, context, request)) return std::move(*unusable);
    if (program.is_held) request.program_file = std::make_shared<const uv::Descriptor>(std::move(program.file));
    return PreparedLaunch{std::move(request), std::move(program.stored)};
}

}  // namespace hostbridge
