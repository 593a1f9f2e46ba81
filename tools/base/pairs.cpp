// pairs: a file is lines, a line is an object with two texts.
#include "base/pairs.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace mote::tools {
namespace {

constexpr size_t max_line_bytes = 16 << 20;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

Pair read_pair(std::string_view line, uint64_t number, uint64_t first_byte, const std::string& file) {
    const std::string place = file + ": line " + std::to_string(number);
    if (line.size() > max_line_bytes)
        refuse("E_LIMIT", place, "has " + std::to_string(line.size()) + " bytes; at most " + std::to_string(max_line_bytes) + " are read");
    const Json json = parse_json(line, place, first_byte);
    if (json.is_array()) refuse("E_TYPE", place, "is an array; pairs are objects, one on each line, without a list around them");
    const JsonView pair(json, place);
    const std::string& completion = pair.at("completion").text();
    if (completion.empty()) refuse("E_EMPTY", place, "the completion is empty");
    return {pair.at("prompt").text(), completion, number};
}

}  // namespace

bool holds_pairs(const std::string& file) { return std::filesystem::path(file).extension() == ".jsonl"; }

std::vector<Pair> read_pairs(const std::string& file) {
    const MappedFile mapped(file);
    const std::string_view text = mapped.text();
    std::vector<Pair> pairs;
    uint64_t number = 0;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        number++;
        if (!is_blank(line)) pairs.push_back(read_pair(line, number, begin, file));
        begin = end + 1;
    }
    if (pairs.empty()) refuse("E_EMPTY", file, "has no pairs; a line is {\"prompt\": \"...\", \"completion\": \"...\"}");
    return pairs;
}

}  // namespace mote::tools
