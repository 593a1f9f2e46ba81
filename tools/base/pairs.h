// pairs: prompts with the completions they should get, from lines of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mote::tools {

struct Pair {
    std::string prompt, completion;
    uint64_t line;  // in the file, from 1
};

/// Whether a file is one of pairs: by its name, which ends in .jsonl.
bool holds_pairs(const std::string& file);

/// Reads {"prompt": ..., "completion": ...} line by line; other members and blank lines are passed over.
/// Errors, with the line: E_EMPTY (no pair in the file, or an empty completion), E_SYNTAX, E_TYPE, E_MISSING, E_DUP, E_UTF8,
/// E_DEPTH, E_LIMIT (a line of more than 16 MiB).
std::vector<Pair> read_pairs(const std::string& file);

}  // namespace mote::tools
