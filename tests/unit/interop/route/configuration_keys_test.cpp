// SPDX-License-Identifier: MIT
#include "interop/route/configuration_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "interop/route/configuration.h"

namespace interop {
namespace {

std::string read_document(const std::string& path) {
    std::ifstream file(MZINIT_TESTS_DIRECTORY "/../" + path);
    EXPECT_TRUE(file.good()) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The words between backquotes in the cells of a row "| `[section]` | `key`, `key` | ... |".
std::vector<std::string> quoted_words(std::string_view cell) {
    std::vector<std::string> words;
    while (true) {
        const auto first = cell.find('`');
        const auto last = first == std::string_view::npos ? first : cell.find('`', first + 1);
        if (last == std::string_view::npos) return words;
        words.emplace_back(cell.substr(first + 1, last - first - 1));
        cell.remove_prefix(last + 1);
    }
}

/// "[section] key" for every row of the tables of keys in a document.
std::set<std::string> documented_keys(const std::string& path) {
    std::set<std::string> keys;
    std::string section;
    bool is_table_of_keys = false;
    const std::string text = read_document(path);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        if (!line.starts_with('|')) is_table_of_keys = false;
        if (line.starts_with("| section | key |")) is_table_of_keys = true;
        if (!is_table_of_keys) continue;
        const auto second = line.find('|', 1);
        const auto third = line.find('|', second + 1);
        const auto sections = quoted_words(line.substr(0, second));
        if (!sections.empty()) section = sections.front();
        for (const std::string& key : quoted_words(line.substr(second, third - second)))
            keys.insert(section + " " + key);
    }
    return keys;
}

std::set<std::string> keys_of(std::initializer_list<KeyReader> readers) {
    std::set<std::string> keys;
    for (const ConfigurationKey& key : configuration_keys()) {
        if (std::ranges::find(readers, key.reader) == readers.end()) continue;
        const std::string section = key.section == "service" ? "service NAME" : std::string(key.section);
        keys.insert("[" + section + "] " + std::string(key.name));
    }
    return keys;
}

TEST(ConfigurationKeys, AreThoseOfTheDocuments) {
    EXPECT_EQ(documented_keys("interop/README.md"), keys_of({KeyReader::launches}));
    EXPECT_EQ(documented_keys("init/machine/README.md"), keys_of({KeyReader::init}));
}

TEST(ConfigurationKeys, AreAllReadByLaunchesWhereTheTableSaysSo) {
    for (const ConfigurationKey& key : configuration_keys()) {
        if (key.reader != KeyReader::launches || key.default_value.empty()) continue;
        const std::string text = "[" + std::string(key.section) + "]\n" + std::string(key.name) + " = ";
        EXPECT_TRUE(read_configuration(text + std::string(key.default_value) + "\n").findings.empty()) << text;
        // What is not read does not have wrong values either.
        const bool takes_anything = key.section == "wine" || key.name == "key";
        EXPECT_EQ(read_configuration(text + "\1\n").findings.empty(), takes_anything) << text;
    }
}

TEST(ConfigurationKeys, HaveTheDefaultsThatAreInForce) {
    std::string text;
    for (const ConfigurationKey& key : configuration_keys()) {
        if (key.reader != KeyReader::launches || key.default_value.empty()) continue;
        text += "[" + std::string(key.section) + "]\n" + std::string(key.name) + " = " +
                std::string(key.default_value) + "\n";
    }
    const auto written = settle_endpoints(parse_configuration(text).value(), "", "").value();
    const auto unwritten = settle_endpoints(parse_configuration("").value(), "", "").value();
    ASSERT_EQ(written.endpoints.size(), 1u);
    EXPECT_EQ(to_string(written.endpoints.front()), to_string(unwritten.endpoints.front()));
    EXPECT_EQ(written.upload, unwritten.upload);
    EXPECT_EQ(written.routes.by_kind, unwritten.routes.by_kind);
    EXPECT_EQ(written.routes.enabled, unwritten.routes.enabled);
    EXPECT_EQ(written.append_windows_path, unwritten.append_windows_path);
    EXPECT_EQ(written.automount_root, unwritten.automount_root);
    EXPECT_EQ(written.dos.line_ends, unwritten.dos.line_ends);
    EXPECT_EQ(written.terminal.mode, unwritten.terminal.mode);
    EXPECT_EQ(written.text.code_page, unwritten.text.code_page);
    EXPECT_EQ(written.broker_socket, unwritten.broker_socket);
    EXPECT_EQ(written.broker_policy.users, unwritten.broker_policy.users);
    EXPECT_EQ(written.broker_policy.groups, unwritten.broker_policy.groups);
    EXPECT_EQ(written.wine_exit_object, unwritten.wine_exit_object);
}

TEST(ConfigurationKeys, AreComparedWithoutCase) {
    EXPECT_NE(find_configuration_key("interop", "APPENDWINDOWSPATH"), nullptr);
    EXPECT_NE(find_configuration_key("Automount", "mountfstab"), nullptr);
    EXPECT_NE(find_configuration_key("service web", "restart"), nullptr);
    EXPECT_NE(find_configuration_key("SERVICE web", "Restart"), nullptr);
    EXPECT_NE(find_configuration_key("Boot", "Systemd"), nullptr);
    EXPECT_EQ(find_configuration_key("service", "restart"), nullptr);
    EXPECT_EQ(find_configuration_key("Service", "restart"), nullptr);
    EXPECT_EQ(find_configuration_key("host", "endpoint"), nullptr);
    EXPECT_EQ(find_configuration_key("", "key"), nullptr);
}

TEST(ConfigurationKeys, SectionsHaveOneNameHoweverTheyAreWritten) {
    EXPECT_EQ(canonical_section("InterOp"), "interop");
    EXPECT_EQ(canonical_section("Network"), "network");
    EXPECT_EQ(canonical_section("Service Web"), "service Web");
    EXPECT_EQ(canonical_section("Others"), "Others");
}

TEST(ConfigurationKeys, SectionsAreOursForeignOrUnknown) {
    for (const char* section : {"host", "boot", "service a b", "interop", "Interop", "HOST", "Service x"}) {
        EXPECT_EQ(kind_of_section(section), SectionKind::ours) << section;
    }
    EXPECT_EQ(kind_of_section("network"), SectionKind::foreign);
    EXPECT_EQ(kind_of_section("Network"), SectionKind::foreign);
    for (const char* section : {"", "hosts", "service", "Service", "services x"}) {
        EXPECT_EQ(kind_of_section(section), SectionKind::unknown) << section;
    }
}

}  // namespace
}  // namespace interop
