// tokenizer_parts: flags by name, and ranks as scores.
#include "export/tokenizer_parts.h"

#include <algorithm>
#include <set>

#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

// The ranks of each token's merges do not reach into those of another, but that several tokens may share one rank.
bool ranks_are_apart(const TokenizerModel& model) {
    constexpr uint32_t none = 0xffffffff;
    struct Ranks {
        uint32_t first = none, last = 0;
    };
    std::vector<Ranks> of(model.pieces.size());
    for (const MergeRule& merge : model.merges) {
        of[merge.merged].first = std::min(of[merge.merged].first, merge.rank);
        of[merge.merged].last = std::max(of[merge.merged].last, merge.rank);
    }
    std::sort(of.begin(), of.end(), [](const Ranks& a, const Ranks& b) { return a.first != b.first ? a.first < b.first : a.last < b.last; });
    for (size_t i = 1; i < of.size() && of[i].first != none; i++) {
        const bool shared = of[i].first == of[i].last && of[i].first == of[i - 1].first && of[i].last == of[i - 1].last;
        if (of[i].first <= of[i - 1].last && !shared) return false;
    }
    return true;
}

}  // namespace

std::optional<std::string> part_beyond_flags(const TokenizerModel& model, uint32_t known) {
    const std::pair<uint32_t, const char*> names[] = {{tokenizer_prefix_space, "a space in front of the text"},
                                                      {tokenizer_prefix_missing, "a space in front where none is"},
                                                      {tokenizer_whole_words, "words that are tokens"},
                                                      {tokenizer_squeeze_spaces, "spaces of which runs become one"},
                                                      {tokenizer_keep_ends, "spaces at the ends that become one"},
                                                      {tokenizer_space_behind, "spaces behind words"}};
    for (const auto& [flag, name] : names)
        if (model.flags & ~known & flag) return name;
    return std::nullopt;
}

std::optional<std::string> part_beyond_scores(const TokenizerModel& model) {
    if (const auto part = part_beyond_flags(model, tokenizer_prefix_space)) return part;
    if (model.pre_tokenizer != PreTokenizer::none) return "a split rule before merges of characters";
    if (!model.normalizer.rules.empty() || !model.normalizer.ranges.empty()) return "a normalizer before merges of characters";
    if (!model.lexicon.entries.empty()) return "user-defined symbols of SentencePiece";
    const uint32_t behind_tokens = model.flags & (tokenizer_prefix_space | tokenizer_prefix_every);
    if (!model.added.empty() && behind_tokens == tokenizer_prefix_space) return "added tokens with no space behind them";
    return std::nullopt;
}

std::vector<int> bytes_of(const TokenizerModel& model) {
    std::vector<int> byte_of(model.pieces.size(), -1);
    for (int value = 0; value < 256; value++)
        if (model.byte_ids[size_t(value)] != no_token) byte_of[model.byte_ids[size_t(value)]] = value;
    return byte_of;
}

std::vector<float> scores_of(const TokenizerModel& model, size_t tokens) {
    std::vector<float> scores(tokens, 0);
    std::vector<bool> seen(tokens);
    for (const MergeRule& merge : model.merges) {
        const float score = -static_cast<float>(merge.rank) - 1;
        if (!seen[merge.merged] || score > scores[merge.merged]) scores[merge.merged] = score;
        seen[merge.merged] = true;
    }
    return scores;
}

// A tokenizer of ours does the same if every such pair is one of its merges.
bool merges_by_score(const TokenizerModel& model) {
    std::set<uint32_t> apart(model.specials.begin(), model.specials.end());
    apart.insert(model.byte_ids.begin(), model.byte_ids.end());
    TokenIds ids;
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        if (!apart.count(id)) ids.emplace(model.pieces[id], id);
    TokenizerModel every_pair = empty_tokenizer();
    add_merges_by_rank(every_pair, ids, std::vector<uint32_t>(model.pieces.size(), 0));
    return every_pair.merges.size() == model.merges.size() && ranks_are_apart(model);
}

}  // namespace mote::tools
