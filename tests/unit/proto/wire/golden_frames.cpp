// SPDX-License-Identifier: MIT
#include "tests/unit/proto/wire/golden_frames.h"

namespace proto {
namespace {

using mzinit::v1::ControlMessage;

template <typename Fill>
GoldenFrame control(const char* file, Fill fill) {
    return {file, control_frame(fill)};
}

void fill_launch(ControlMessage& message) {
    auto& launch = *message.mutable_launch();
    launch.set_program("/srv/report.exe");
    launch.set_host_program("C:\\srv\\report.exe");
    launch.set_program_size(123456789);
    launch.set_program_head_sha256(std::string(32, '\xab'));
    for (const char* argument : {"report.exe", "", "b c", "\xc3\xbc", "\xff"}) {
        launch.add_argv(argument);
    }
    launch.set_working_directory("/srv");
    launch.set_host_working_directory("C:\\srv");
    for (const auto& [name, value] : {std::pair("LANG", "de_DE.UTF-8"), std::pair("DELETED", "")}) {
        auto& variable = *launch.add_environment();
        variable.set_name(name);
        variable.set_value(value);
    }
    launch.set_terminal_streams(7);
    launch.mutable_terminal()->set_rows(24);
    launch.mutable_terminal()->set_columns(80);
    launch.mutable_terminal()->set_name("xterm-256color");
    launch.add_descriptors(mzinit::v1::DESCRIPTOR_PROGRAM);
    launch.add_descriptors(mzinit::v1::DESCRIPTOR_STDOUT);
    launch.set_raw_command_tail("/c \"echo\"");
    launch.set_has_raw_command_tail(true);
    launch.set_depth(2);
}

void fill_info(ControlMessage& message) {
    auto& info = *message.mutable_info();
    info.set_software("hostbridge 1");
    info.set_system("windows");
    auto& mapping = *info.add_paths();
    mapping.set_guest("/mnt/c");
    mapping.set_host("C:\\");
    info.set_search_path("C:\\Windows");
    auto& runner = *info.add_runners();
    runner.set_kind("pe64");
    runner.set_command("wine %p");
}

std::vector<GoldenFrame> handshake_frames() {
    ClientHandshake client(golden_client_options(), golden_key(), ClientHandshake::KeyPolicy::required);
    AgentHandshake agent(golden_agent_options(), lookup_of(golden_key()));
    std::string client_proof;
    std::string agent_proof;
    const auto greeting = frames_in(client.greeting_frame()).at(0);
    EXPECT_TRUE(agent.receive(greeting.view(), agent_proof));
    EXPECT_TRUE(client.receive(frames_in(agent.greeting_frame()).at(0).view(), client_proof));
    EXPECT_TRUE(agent.receive(frames_in(client_proof).at(0).view(), agent_proof));
    return {{"greeting_client.bin", client.greeting_frame()},
            {"greeting_agent.bin", agent.greeting_frame()},
            {"authenticate_client.bin", client_proof},
            {"authenticate_agent.bin", agent_proof}};
}

}  // namespace

GreetingOptions golden_client_options() {
    GreetingOptions options = greeting_options(1);
    options.capabilities = capability::descriptor_passing | capability::raw_command_tail | capability::host_names;
    options.software = "mzinit 1";
    return options;
}

GreetingOptions golden_agent_options() {
    GreetingOptions options = greeting_options(2, limits::max_outstanding_credit);
    options.software = "hostbridge 1";
    return options;
}

Key golden_key() { return test_key(); }

std::vector<GoldenFrame> golden_frames() {
    std::vector<GoldenFrame> frames = handshake_frames();
    std::string refused;
    append_refused(refused, mzinit::v1::REFUSAL_AUTHENTICATION_FAILED, "authentication failed");
    const std::vector<GoldenFrame> more = {
        {"refused.bin", refused},
        control("launch.bin", fill_launch),
        control("launch_by_name.bin", [](auto& m) { m.mutable_launch()->set_host_name("powershell.exe"); }),
        control("launch_reply.bin",
                [](auto& m) {
                    m.mutable_launch_reply()->set_process_id(1ull << 40);
                    m.mutable_launch_reply()->set_image_kind(mzinit::v1::IMAGE_KIND_PE32_PLUS);
                    m.mutable_launch_reply()->set_relayed_streams(7);
                }),
        control("launch_detached.bin",
                [](auto& m) {
                    m.mutable_launch()->set_program("/srv/editor.exe");
                    m.mutable_launch()->set_detach(true);
                }),
        control("launch_reply_detached.bin",
                [](auto& m) {
                    m.mutable_launch_reply()->set_process_id(4711);
                    m.mutable_launch_reply()->set_image_kind(mzinit::v1::IMAGE_KIND_PE32);
                    m.mutable_launch_reply()->set_detached(true);
                }),
        control("launch_error.bin",
                [](auto& m) {
                    m.mutable_launch_error()->set_code(mzinit::v1::LAUNCH_ERROR_NEEDS_ELEVATION);
                    m.mutable_launch_error()->set_host_code(740);
                    m.mutable_launch_error()->set_text("needs elevation");
                    m.mutable_launch_error()->set_started(true);
                }),
        control("info_request.bin", [](auto& m) { m.mutable_info_request(); }),
        control("info.bin", fill_info),
        control("signal.bin", [](auto& m) { m.mutable_signal()->set_signal(mzinit::v1::SIGNAL_CONT); }),
        control("resize.bin",
                [](auto& m) {
                    m.mutable_resize()->set_rows(50);
                    m.mutable_resize()->set_columns(200);
                }),
        control("stdin_consumed.bin", [](auto& m) { m.mutable_stdin_consumed()->set_total(1ull << 33); }),
        control("stream_closed_stdin.bin", [](auto& m) { m.mutable_stream_closed()->set_stream(0); }),
        control("stream_closed_stdout.bin", [](auto& m) { m.mutable_stream_closed()->set_stream(1); }),
        control("progress.bin", [](auto& m) { m.mutable_progress()->set_text("starting"); }),
        control("ping.bin", [](auto& m) { m.mutable_ping()->set_token(0xFFFFFFFFFFFFFFFF); }),
        control("pong.bin", [](auto& m) { m.mutable_pong()->set_token(0); }),
        control("exit_code_zero.bin", [](auto& m) { m.mutable_exit_status()->set_code(0); }),
        control("exit_code.bin",
                [](auto& m) {
                    m.mutable_exit_status()->set_code(0xC0000005);
                    m.mutable_exit_status()->set_stdin_consumed(42);
                }),
        control("exit_signal.bin", [](auto& m) { m.mutable_exit_status()->set_signal(mzinit::v1::SIGNAL_SEGV); }),
        control("report_code.bin",
                [](auto& m) {
                    m.mutable_report()->set_machine("guest-1");
                    m.mutable_report()->set_command("/bin/sh -c \xff");
                    m.mutable_report()->set_code(0);
                }),
        control("report_signal.bin",
                [](auto& m) {
                    m.mutable_report()->set_command("/sbin/boot");
                    m.mutable_report()->set_signal(mzinit::v1::SIGNAL_KILL);
                }),
        control("report_taken.bin", [](auto& m) { m.mutable_report_taken(); }),
        control("launch_can_upload.bin",
                [](auto& m) {
                    m.mutable_launch()->set_program("/tmp/report.exe");
                    m.mutable_launch()->set_can_upload(true);
                }),
        control("launch_must_upload.bin",
                [](auto& m) {
                    m.mutable_launch()->set_program("/tmp/report.exe");
                    m.mutable_launch()->set_can_upload(true);
                    m.mutable_launch()->set_must_upload(true);
                }),
        control("launch_path_lists.bin",
                [](auto& m) {
                    m.mutable_launch()->set_program("/srv/report.exe");
                    auto& variable = *m.mutable_launch()->add_environment();
                    variable.set_name("LIBRARIES");
                    for (const auto& [guest, host] :
                         {std::pair("/srv/\xff", ""), std::pair("", "sub\\\xc3\xbc"), std::pair("/mnt/c/x", "C:\\x")}) {
                        auto& path = *variable.add_paths();
                        path.set_guest(guest);
                        path.set_host(host);
                    }
                }),
        control("manifest_request.bin", [](auto& m) { m.mutable_manifest_request(); }),
        control("manifest.bin",
                [](auto& m) {
                    for (const auto& [name, size] :
                         {std::pair("report.exe", 1ull << 40), std::pair("\xc3\xbc.dll", 0ull)}) {
                        auto& file = *m.mutable_manifest()->add_files();
                        file.set_name(name);
                        file.set_size(size);
                        file.set_sha256(std::string(32, '\xab'));
                    }
                }),
        control("files_wanted.bin",
                [](auto& m) {
                    for (const std::uint32_t index : {0u, 239u}) m.mutable_files_wanted()->add_indices(index);
                }),
        control("info_request_names.bin",
                [](auto& m) {
                    m.mutable_info_request()->set_names(true);
                    m.mutable_info_request()->set_prefix("no");
                }),
        control("info_names.bin",
                [](auto& m) {
                    m.mutable_info()->set_system("windows");
                    for (const char* name : {"node.exe", "notepad.exe", "n\xc3\xb6tig.cmd"})
                        m.mutable_info()->add_names(name);
                }),
        {"data_upload.bin", data_frame(stream_upload, "MZ")},
        {"credit_upload.bin", credit_frame(stream_upload, 1u << 20)},
        {"data.bin", data_frame(stream_stdout, std::string("hello\n\0\xff", 8))},
        {"data_end.bin", data_frame(stream_stdin, "")},
        {"credit.bin", credit_frame(stream_stderr, 262144)}};
    frames.insert(frames.end(), more.begin(), more.end());
    return frames;
}

}  // namespace proto
