// SPDX-License-Identifier: MIT
#include "hostbridge/audit_log.h"

#include <gtest/gtest.h>

namespace hostbridge {
namespace {

LaunchRecord record_of(std::string program) {
    LaunchRecord record;
    record.peer = "unix uid=1000 pid=7";
    record.program = std::move(program);
    record.result = "exit 0";
    record.process_id = 42;
    record.duration = std::chrono::milliseconds(15);
    return record;
}

TEST(AuditLog, WritesOneTextLinePerLaunch) {
    EXPECT_EQ(format_record(record_of("/a.exe"), LogFormat::text, "T"),
              "T launch peer=\"unix uid=1000 pid=7\" program=\"/a.exe\" pid=42 result=\"exit 0\" ms=15");
}

TEST(AuditLog, WritesOneJsonObjectPerLaunch) {
    EXPECT_EQ(format_record(record_of("/a.exe"), LogFormat::json, "T"),
              "{\"time\":\"T\",\"level\":\"info\",\"event\":\"launch\",\"peer\":\"unix uid=1000 pid=7\","
              "\"program\":\"/a.exe\",\"pid\":42,\"result\":\"exit 0\",\"ms\":15}");
}

TEST(AuditLog, LeavesOutTheProcessIdWhenNothingWasStarted) {
    LaunchRecord record = record_of("/a.exe");
    record.process_id = 0;
    EXPECT_EQ(format_record(record, LogFormat::text, "T").find("pid=42"), std::string::npos);
}

TEST(AuditLog, SaysHowMuchOfAProgramWasUploaded) {
    LaunchRecord record = record_of("/a.exe");
    EXPECT_EQ(format_record(record, LogFormat::text, "T").find("uploaded"), std::string::npos);
    record.uploaded = 0;
    EXPECT_NE(format_record(record, LogFormat::text, "T").find(" uploaded=0 "), std::string::npos);
    EXPECT_NE(format_record(record, LogFormat::json, "T").find(",\"uploaded\":0,"), std::string::npos);
}

TEST(AuditLog, EscapesWhatCouldForgeALine) {
    EXPECT_EQ(escape_for_log("a\nb\"c\\d\x1b\xff"), "a\\u000ab\\\"c\\\\d\\u001b\\u00ff");
    const std::string line = format_record(record_of("/x\n2026 launch peer=\"root\""), LogFormat::text, "T");
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_NE(line.find("/x\\u000a2026 launch peer=\\\"root\\\""), std::string::npos);
}

ReportRecord report_record() {
    return {.peer = "vsock cid=3 port=1023", .machine = "guest", .command = "/bin/sh -c x", .result = "exit 3"};
}

TEST(AuditLog, WritesOneLinePerReport) {
    EXPECT_EQ(format_record(report_record(), LogFormat::text, "T"),
              "T report peer=\"vsock cid=3 port=1023\" machine=\"guest\" command=\"/bin/sh -c x\" result=\"exit 3\"");
    EXPECT_EQ(format_record(report_record(), LogFormat::json, "T"),
              "{\"time\":\"T\",\"level\":\"info\",\"event\":\"report\",\"peer\":\"vsock cid=3 port=1023\","
              "\"machine\":\"guest\",\"command\":\"/bin/sh -c x\",\"result\":\"exit 3\"}");
}

TEST(AuditLog, EscapesWhatAGuestReports) {
    ReportRecord record = report_record();
    record.machine = "g\"\x1b";
    record.command = "a\n2026 launch peer=\"root\" \xff";
    EXPECT_EQ(format_record(record, LogFormat::text, "T"),
              "T report peer=\"vsock cid=3 port=1023\" machine=\"g\\\"\\u001b\" "
              "command=\"a\\u000a2026 launch peer=\\\"root\\\" \\u00ff\" result=\"exit 3\"");
}

TEST(AuditLog, CutsLongTexts) {
    const std::string escaped = escape_for_log(std::string(100000, 'x'));
    EXPECT_LT(escaped.size(), 300u);
    EXPECT_TRUE(escaped.ends_with("..."));
}

TEST(AuditLog, KeepsMessagesOnOneLine) {
    const std::string text = format_message(proto::LogLevel::warn, "a\nb", LogFormat::text, "T");
    EXPECT_EQ(text, "T warn: a?b");
    EXPECT_EQ(format_message(proto::LogLevel::info, "a\nb", LogFormat::json, "T"),
              "{\"time\":\"T\",\"level\":\"info\",\"message\":\"a\\u000ab\"}");
}

TEST(AuditLog, WritesTimesInUtcWithMilliseconds) {
    const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'007));
    EXPECT_EQ(utc_time(time), "2023-11-14T22:13:20.007Z");
}

}  // namespace
}  // namespace hostbridge
