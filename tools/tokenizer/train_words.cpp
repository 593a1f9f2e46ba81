// train_words: threads take blocks of the text in turn, each counts in a table of its own, and the tables are added up.
#include "tokenizer/train_words.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "base/output.h"

namespace mote::tools {
namespace {

// What the threads share: the text, and the first thing that went wrong.
struct Counting {
    TrainingText& text;
    Progress progress;
    std::mutex turn{};
    std::exception_ptr failure{};

    bool next(std::string& block) {
        const std::lock_guard<std::mutex> hold(turn);
        if (failure) return false;
        try {
            progress.at(std::min(text.bytes_read(), text.total_bytes()));  // a file may have grown
            return text.next(block);
        } catch (...) {
            failure = std::current_exception();
            return false;
        }
    }
    void fail(std::exception_ptr why) {
        const std::lock_guard<std::mutex> hold(turn);
        failure = why;
    }
};

void count_blocks(Counting& counting, WordTable& table) {
    try {
        for (std::string block; counting.next(block);) {
            Pieces pieces(block, counting.text.specials());
            for (Pieces::Piece piece; pieces.next(piece);)
                if (!piece.special) table.add(piece.text, 1);
        }
    } catch (...) {
        counting.fail(std::current_exception());  // no memory
    }
}

}  // namespace

WordTable::WordTable() : slots_(1 << 12) {}

void WordTable::add(std::string_view word, uint64_t count) {
    const size_t hash = std::hash<std::string_view>{}(word);
    size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot]; slot = (slot + 1) & (slots_.size() - 1)) {
        Entry& entry = entries_[slots_[slot] - 1];
        if (entry.hash != hash || word_of(entry) != word) continue;
        entry.count += count;
        return;
    }
    entries_.push_back({bytes_.size(), hash, count, static_cast<uint32_t>(word.size())});
    bytes_ += word;
    slots_[slot] = static_cast<uint32_t>(entries_.size());
    if (entries_.size() * 2 > slots_.size()) grow();
}

void WordTable::grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (uint32_t i = 0; i < entries_.size(); i++) {
        size_t slot = entries_[i].hash & (slots_.size() - 1);
        while (slots_[slot]) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = i + 1;
    }
}

void WordTable::add(const WordTable& other) {
    for (const Entry& entry : other.entries_) add(other.word_of(entry), entry.count);
}

std::vector<WordCount> WordTable::sorted() const {
    std::vector<WordCount> words;
    words.reserve(entries_.size());
    for (const Entry& entry : entries_) words.push_back({std::string(word_of(entry)), entry.count});
    std::sort(words.begin(), words.end(), [](const WordCount& a, const WordCount& b) { return a.word < b.word; });
    return words;
}

std::vector<WordCount> count_words(TrainingText& text, uint32_t threads) {
    Counting counting{text, Progress("count words", "bytes", text.total_bytes())};
    std::vector<WordTable> tables(threads);
    std::vector<std::thread> others;
    for (uint32_t i = 1; i < threads; i++) others.emplace_back(count_blocks, std::ref(counting), std::ref(tables[i]));
    count_blocks(counting, tables[0]);
    for (std::thread& other : others) other.join();
    if (counting.failure) std::rethrow_exception(counting.failure);
    for (uint32_t i = 1; i < threads; i++) tables[0].add(tables[i]);
    return tables[0].sorted();
}

}  // namespace mote::tools
