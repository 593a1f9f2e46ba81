// train_words: how often each word stands in a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/train_text.h"

namespace mote::tools {

struct WordCount {
    std::string word;
    uint64_t count;
};

/// A table from words to counts that keeps their bytes in one piece.
class WordTable {
public:
    WordTable();

    void add(std::string_view word, uint64_t count);
    void add(const WordTable& other);
    /// In the order of their bytes.
    std::vector<WordCount> sorted() const;

private:
    struct Entry {
        size_t begin, hash;
        uint64_t count;
        uint32_t bytes;
    };

    std::string_view word_of(const Entry& entry) const { return std::string_view(bytes_).substr(entry.begin, entry.bytes); }
    void grow();

    std::string bytes_;
    std::vector<Entry> entries_;
    std::vector<uint32_t> slots_;  // index of an entry plus 1; 0: free. A power of two of them, at most half used.
};

/// Counts all words of a text, sorted by their bytes: the same for any number of threads. Shows progress. Throws Failure.
std::vector<WordCount> count_words(TrainingText& text, uint32_t threads);

}  // namespace mote::tools
