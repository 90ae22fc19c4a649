// SPDX-License-Identifier: MIT
#include "interop/route/ini_settings.h"

#include "interop/route/configuration_keys.h"
#include "proto/base/ascii_case.h"

#include <ini.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <string>
#include <system_error>

namespace interop {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";  // as isspace(3), by which inih goes

enum class LineKind {
    done,     // nothing in it, or its setting has been found
    setting,  // it must have one, and inih has not found it yet
    header,
    broken_header,
};

class Reader {
  public:
    Reader(std::string_view text, const std::function<IniReading(const IniSetting&)>& on_setting)
        : rest_(text), on_setting_(on_setting) {}

    std::vector<std::size_t> run() {
        // It returns only the first wrong line.
        (void)::ini_parse_stream(next_line, this, handle, this);
        return std::move(wrong_lines_);
    }

  private:
    // As fgets(): inih reads by it, and so it is known which line a value came from.
    static char* next_line(char* buffer, int size, void* user) {
        auto& reader = *static_cast<Reader*>(user);
        if (reader.line_kind_ == LineKind::broken_header || reader.line_kind_ == LineKind::setting) {
            reader.wrong_lines_.push_back(reader.line_);
        }
        if (reader.line_kind_ == LineKind::header || reader.line_kind_ == LineKind::broken_header) {
            reader.is_section_lost_ = reader.line_kind_ == LineKind::broken_header;
            reader.name_.clear();
        }
        if (reader.rest_.empty() || reader.has_stopped_) return nullptr;
        ++reader.line_;
        const auto end = reader.rest_.find('\n');
        const std::size_t length = end == std::string_view::npos ? reader.rest_.size() : end + 1;
        const std::size_t copied = std::min(length, static_cast<std::size_t>(size) - 1);
        buffer[reader.rest_.copy(buffer, copied)] = '\0';
        reader.rest_.remove_prefix(length);
        reader.is_cut_ = std::min(end, length) > longest_ini_line;
        reader.part_from_value_before(buffer);
        reader.whole_line_ = buffer;
        reader.line_kind_ = kind_of(buffer, reader.line_);
        reader.buffer_ = buffer;
        reader.buffer_end_ = buffer + size;
        return buffer;
    }

    /// inih takes every indented line for one that goes on with the value before it: those that do not lose the indentation.
    void part_from_value_before(char* text) const {
        const std::string_view line(text);
        const auto first = line.find_first_not_of(blanks);
        if (name_.empty() || first == 0 || first == std::string_view::npos) return;
        if (goes_on(section_, name_, line.substr(first))) return;
        std::memmove(text, text + first, line.size() - first + 1);
    }

    /// If it is no indented line that goes on with a value, which only handle() gets to know.
    static LineKind kind_of(std::string_view line, std::size_t number) {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (number == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
        const auto first = line.find_first_not_of(blanks);
        if (first == std::string_view::npos || line[first] == ';' || line[first] == '#') return LineKind::done;
        if (line[first] != '[') return LineKind::setting;
        return line.find(']') < std::min(line.find(" ;"), line.find("\t;")) ? LineKind::header
                                                                            : LineKind::broken_header;
    }

    /// inih calls it for every "name = value", and again for every indented line that goes on with a value.
    static int handle(void* user, const char* section, const char* name, const char* value) {
        auto& reader = *static_cast<Reader*>(user);
        reader.line_kind_ = LineKind::done;
        reader.section_ = section;
        reader.name_ = name;
        if (reader.has_stopped_ || reader.is_section_lost_) return 1;
        // The name is in the line, or it is what inih has kept of the one before: a name that is only written again,
        // in a line of its own, begins anew.
        const std::less<const char*> is_before;
        const bool is_new = !is_before(name, reader.buffer_) && is_before(name, reader.buffer_end_);
        const ConfigurationKey* const key = find_configuration_key(section, name);
        const bool continues = !is_new && (key == nullptr || key->lines != ValueLines::each);
        // Where inih has cut off a comment that is none.
        const std::string_view line = reader.whole_line_;
        const auto begin = static_cast<std::size_t>(value - reader.buffer_);
        std::string_view whole = line.substr(begin, find_ini_comment(line, begin) - begin);
        whole = whole.substr(0, whole.find_last_not_of(blanks) + 1);
        const std::string known_section = canonical_section(section);
        const IniSetting setting{.section = known_section,
                                 .name = key == nullptr ? std::string_view(name) : key->name,
                                 .value = whole,
                                 .line = reader.line_,
                                 .continues = continues,
                                 .is_cut = reader.is_cut_};
        reader.has_stopped_ = reader.on_setting_(setting) == IniReading::stop;
        return 1;
    }

    std::string_view rest_;  // of the text
    const std::function<IniReading(const IniSetting&)>& on_setting_;
    std::vector<std::size_t> wrong_lines_;
    std::size_t line_ = 0;  // that was read last
    std::string section_;   // of the last setting
    std::string name_;      // empty after a header
    std::string whole_line_;
    bool is_cut_ = false;
    LineKind line_kind_ = LineKind::done;
    bool is_section_lost_ = false;
    const char* buffer_ = nullptr;  // inih's, with the line
    const char* buffer_end_ = nullptr;
    bool has_stopped_ = false;
};

}  // namespace

std::vector<std::size_t> read_ini(std::string_view text,
                                  const std::function<IniReading(const IniSetting&)>& on_setting) {
    return Reader(text, on_setting).run();
}

std::size_t find_ini_comment(std::string_view line, std::size_t from) {
    for (std::size_t at = from; at < line.size(); ++at) {
        if (line[at] == ';' && at > 0 && blanks.find(line[at - 1]) != std::string_view::npos) return at;
        if (line[at] != '"') continue;
        const auto end = line.find('"', at + 1);
        if (end != std::string_view::npos) at = end;
    }
    return std::string_view::npos;
}

bool goes_on(std::string_view section, std::string_view name, std::string_view line) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const ConfigurationKey* const key = find_configuration_key(section, name);
    if (line.empty() || line.front() == ';' || line.front() == '#') return false;
    if (key != nullptr && key->lines == ValueLines::one) return false;
    if (const auto end = line.find(']'); line.front() == '[' && end != std::string_view::npos) {
        return key != nullptr && kind_of_section(line.substr(1, end - 1)) == SectionKind::unknown;
    }
    const std::string_view first_word = line.substr(0, line.find_first_not_of(letters));
    const auto separator = line.find_first_not_of(" \t", first_word.size());
    if (first_word.empty() || separator == std::string_view::npos) return true;
    if (line[separator] != '=' && line[separator] != ':') return true;
    if (find_configuration_key(section, first_word) != nullptr) return false;
    // "tcp:gateway:5000" is an endpoint, and "A=1" may be a word of a command.
    return line[separator] == ':' || (key != nullptr && separator == first_word.size());
}

std::string at_ini_line(std::size_t line, std::string_view what) {
    return "line " + std::to_string(line) + ": " + std::string(what);
}

std::optional<std::pair<std::size_t, std::string_view>> split_ini_line(std::string_view message) {
    constexpr std::string_view prefix = "line ";
    if (!message.starts_with(prefix)) return std::nullopt;
    message.remove_prefix(prefix.size());
    std::size_t line = 0;
    const auto [end, problem] = std::from_chars(message.data(), message.data() + message.size(), line);
    message.remove_prefix(static_cast<std::size_t>(end - message.data()));
    if (problem != std::errc() || !message.starts_with(": ")) return std::nullopt;
    return std::pair(line, message.substr(2));
}

std::optional<bool> parse_switch(std::string_view value) {
    const std::string word = proto::ascii_lower(std::string(wsl_value(value)));
    if (word == "yes" || word == "true" || word == "on" || word == "1") return true;
    if (word == "no" || word == "false" || word == "off" || word == "0") return false;
    return std::nullopt;
}

std::string_view wsl_value(std::string_view value) {
    if (value.starts_with('"')) {
        const auto end = value.find('"', 1);
        if (end != std::string_view::npos) return value.substr(1, end - 1);
    }
    value = value.substr(0, value.find('#'));
    const auto last = value.find_last_not_of(" \t");
    return last == std::string_view::npos ? std::string_view() : value.substr(0, last + 1);
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto first = text.find_first_not_of(" \t,\n");
        if (first == std::string_view::npos) return words;
        text.remove_prefix(first);
        const auto end = text.find_first_of(" \t,\n");
        words.push_back(text.substr(0, end));
        text.remove_prefix(words.back().size());
    }
}

}  // namespace interop
