// merge_learner: counts that change only where a merge happens.
#include "tokenizer/merge_learner.h"

#include <algorithm>

namespace mote::tools {

MergeLearner::MergeLearner(TokenizerModel& model, const std::vector<WordCount>& words, const Start& start) : model_(model), queue_(Worse{*this}) {
    for (const WordCount& w : words) {
        const uint32_t word = static_cast<uint32_t>(words_.size());
        const size_t begin = tokens_.size();
        start(w.word, tokens_);
        words_.push_back({begin, static_cast<uint32_t>(tokens_.size() - begin), w.count});
        for (size_t i = begin + 1; i < tokens_.size(); i++) more(tokens_[i - 1], tokens_[i], word);
    }
    for (uint32_t pair = 0; pair < pairs_.size(); pair++) queue_.push({pairs_[pair].count, pair});
    touched_.clear();
}

bool MergeLearner::is_worse(const Queued& a, const Queued& b) const {
    if (a.count != b.count) return a.count < b.count;
    const Pair &pa = pairs_[a.pair], &pb = pairs_[b.pair];
    const int order = model_.pieces[pa.left].compare(model_.pieces[pb.left]);
    return order != 0 ? order < 0 : model_.pieces[pa.right].compare(model_.pieces[pb.right]) < 0;
}

uint32_t MergeLearner::pair_of(uint32_t left, uint32_t right) {
    const auto [found, is_new] = pair_ids_.emplace(uint64_t(left) << 32 | right, static_cast<uint32_t>(pairs_.size()));
    if (is_new) pairs_.push_back({left, right});
    return found->second;
}

void MergeLearner::more(uint32_t left, uint32_t right, uint32_t word) {
    const uint32_t id = pair_of(left, right);
    Pair& pair = pairs_[id];
    pair.count += words_[word].count;
    if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
    touched_.push_back(id);
}

void MergeLearner::fewer(uint32_t left, uint32_t right, uint64_t count) { pairs_[pair_of(left, right)].count -= count; }

// Two merges may make the same piece, as a+bc and ab+c do: it stays one token.
uint32_t MergeLearner::token_of(const std::string& piece) {
    const auto [found, is_new] = ids_.emplace(piece, static_cast<uint32_t>(model_.pieces.size()));
    if (is_new) model_.pieces.push_back(piece);
    return found->second;
}

// From left to right, in place. A pair goes if either of its tokens is merged, once; a pair comes if either is new.
void MergeLearner::merge_in_word(uint32_t word, uint32_t left, uint32_t right, uint32_t merged) {
    Word& w = words_[word];
    uint32_t* const tokens = tokens_.data() + w.begin;
    uint32_t written = 0, merge_end = w.length + 1;  // where the last merge ended: there the pair before is gone already
    for (uint32_t i = 0; i < w.length;) {
        const bool merges = i + 1 < w.length && tokens[i] == left && tokens[i + 1] == right;
        const uint32_t token = merges ? merged : tokens[i];
        const bool behind_merge = merge_end == i;
        if (merges) {
            if (i > 0 && !behind_merge) fewer(tokens[written - 1], left, w.count);
            if (i + 2 < w.length) fewer(right, tokens[i + 2], w.count);
        }
        if (written > 0 && (merges || behind_merge)) more(tokens[written - 1], token, word);
        tokens[written++] = token;
        i += merges ? 2 : 1;
        if (merges) merge_end = i;
    }
    w.length = written;
}

bool MergeLearner::merge_best() {
    while (!queue_.empty()) {
        const Queued best = queue_.top();
        queue_.pop();
        const uint64_t count = pairs_[best.pair].count;
        if (count == 0) continue;
        if (count != best.count) {
            queue_.push({count, best.pair});
            continue;
        }
        const uint32_t left = pairs_[best.pair].left, right = pairs_[best.pair].right;
        const uint32_t merged = token_of(model_.pieces[left] + model_.pieces[right]);
        model_.merges.push_back({left, right, merged, static_cast<uint32_t>(model_.merges.size())});
        const std::vector<uint32_t> having = std::move(pairs_[best.pair].words);
        for (const uint32_t word : having) merge_in_word(word, left, right, merged);
        pairs_[best.pair].count = 0;
        pairs_[best.pair].words.clear();
        std::sort(touched_.begin(), touched_.end());
        touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
        for (const uint32_t pair : touched_)
            if (pairs_[pair].count) queue_.push({pairs_[pair].count, pair});
        touched_.clear();
        return true;
    }
    return false;
}

}  // namespace mote::tools
