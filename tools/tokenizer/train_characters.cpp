// train_characters: counts, a cut by frequency, ids by code point.
#include "tokenizer/train_characters.h"

#include <algorithm>
#include <map>

#include "../../core/src/utf8.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

constexpr const char* unknown = "<unk>";
constexpr const char* space_mark = "\xe2\x96\x81";

// In the order of their bytes, which is that of their code points.
std::vector<WordCount> count_characters(const std::vector<WordCount>& words) {
    std::map<std::string, uint64_t> counts;
    for (const WordCount& w : words)
        for (size_t i = 0; i < w.word.size();) {
            const size_t bytes = first_character(w.word.data() + i, w.word.size() - i).bytes;
            const std::string character = w.word.substr(i, bytes);
            counts[character == space_mark ? " " : character] += w.count;
            i += bytes;
        }
    std::vector<WordCount> characters;
    for (const auto& [character, count] : counts) characters.push_back({character, count});
    return characters;
}

void keep_most_frequent(std::vector<WordCount>& characters, size_t count) {
    if (characters.size() <= count) return;
    std::stable_sort(characters.begin(), characters.end(), [](const WordCount& a, const WordCount& b) { return a.count > b.count; });
    characters.resize(count);
    std::sort(characters.begin(), characters.end(), [](const WordCount& a, const WordCount& b) { return a.word < b.word; });
}

}  // namespace

TokenizerModel train_characters(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab) {
    TokenizerModel model = empty_tokenizer();
    model.flags = tokenizer_fold_space;
    model.pieces = specials;
    if (!specials.empty()) model.eos = 0;
    const auto named = std::find(specials.begin(), specials.end(), unknown);
    model.unk = static_cast<uint32_t>(named - specials.begin());
    if (named == specials.end()) model.pieces.push_back(unknown);
    for (uint32_t id = 0; id < model.pieces.size(); id++) model.specials.push_back(id);

    std::vector<WordCount> characters = count_characters(words);
    keep_most_frequent(characters, vocab - std::min<size_t>(vocab, model.pieces.size()));
    for (const WordCount& c : characters) {
        model.characters.push_back(static_cast<uint32_t>(model.pieces.size()));
        model.pieces.push_back(c.word);
    }
    return model;
}

}  // namespace mote::tools
