// merge_learner: merges learnt from words, for every kind of tokenizer that is made of them. Every pair knows its count and the words that
// have it; a merge changes only those. The queue holds counts that were right once: what comes out is compared with the count of now, and
// goes back if it was too high.
#pragma once

#include <functional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_words.h"

namespace mote::tools {

/// Appends merges, and the pieces that they make, to a model. The most frequent pair merges first; of equally frequent ones the pair that is
/// greater in byte order, left part first.
/// Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.
class MergeLearner {
public:
    /// Appends the tokens that a word begins from.
    using Start = std::function<void(const std::string& word, std::vector<uint32_t>& tokens)>;

    MergeLearner(TokenizerModel& model, const std::vector<WordCount>& words, const Start& start);

    /// Merges the best pair. False if no two tokens stand side by side in any word.
    bool merge_best();

private:
    struct Pair {
        uint32_t left, right;
        uint64_t count = 0;
        std::vector<uint32_t> words{};  // may name words that have lost the pair
    };
    // A word as tokens, in tokens_.
    struct Word {
        size_t begin;
        uint32_t length;
        uint64_t count;
    };
    struct Queued {
        uint64_t count;
        uint32_t pair;
    };
    struct Worse {
        const MergeLearner& learner;
        bool operator()(const Queued& a, const Queued& b) const { return learner.is_worse(a, b); }
    };

    bool is_worse(const Queued& a, const Queued& b) const;
    uint32_t pair_of(uint32_t left, uint32_t right);
    void more(uint32_t left, uint32_t right, uint32_t word);
    void fewer(uint32_t left, uint32_t right, uint64_t count);
    uint32_t token_of(const std::string& piece);
    void merge_in_word(uint32_t word, uint32_t left, uint32_t right, uint32_t merged);

    TokenizerModel& model_;
    std::vector<Word> words_;
    std::vector<uint32_t> tokens_;
    std::vector<Pair> pairs_;
    std::unordered_map<uint64_t, uint32_t> pair_ids_;
    std::unordered_map<std::string, uint32_t> ids_;  // of what merges have made
    std::vector<uint32_t> touched_;                  // pairs whose count the merge under way has raised
    std::priority_queue<Queued, std::vector<Queued>, Worse> queue_;
};

}  // namespace mote::tools
