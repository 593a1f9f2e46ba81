// train_wordpiece: words as BERT sees them, their characters, and merges. A piece that begins a word has a space in front while it is learnt.
#include "tokenizer/train_wordpiece.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

#include "../../core/src/normalize.h"
#include "base/error.h"
#include "base/output.h"
#include "base/utf8.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/merge_learner.h"
#include "tokenizer/tokenizer_wordpiece.h"

namespace mote::tools {
namespace {

const std::vector<std::string> control_tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
const char* const source = "the trained model";
const std::string goes_on = "##";

TokenizerModel model_of(const std::vector<std::string>& pieces) {
    TokenizerModel model = empty_tokenizer();
    for (uint32_t id = 0; id < control_tokens.size(); id++) model.specials.push_back(id);
    model.bos = 2;
    model.eos = 3;
    model.flags |= tokenizer_add_bos | tokenizer_add_eos;
    model.normalizer = bert_normalizer({});
    put_wordpiece(pieces, {}, source, model);
    return model;
}

// Core's own normalization, by a tokenizer that has little else.
class Cleaner {
public:
    Cleaner() {
        std::vector<std::string> pieces = control_tokens;
        pieces.push_back("a");
        const std::vector<uint8_t> section = pack_tokenizer(model_of(pieces), static_cast<uint32_t>(pieces.size()), source);
        chunks_.resize(section.size() / sizeof(Chunk));
        std::memcpy(static_cast<void*>(chunks_.data()), section.data(), section.size());
        tokenizer_ = open_tokenizer(chunks_.data()->bytes, section.size()).value;
    }

    /// Words, each with a space in front.
    std::string clean(const std::string& text) const {
        std::string out(static_cast<size_t>(normalized_bytes(tokenizer_, Size(text.size())).value), ' ');
        out.resize(normalize(tokenizer_, {text.data(), text.size()}, true, {out.data(), out.size()}).value);
        return out;
    }

private:
    struct alignas(image_alignment) Chunk {
        uint8_t bytes[image_alignment];
    };
    std::vector<Chunk> chunks_;
    Tokenizer tokenizer_;
};

// A word's characters as pieces: the first with its space.
std::vector<std::string> characters_of(const std::string& word) {
    std::vector<std::string> characters;
    for (size_t i = 1; i < word.size();) {
        const size_t bytes = first_character(word.data() + i, word.size() - i).bytes;
        characters.push_back((i == 1 ? " " : "") + word.substr(i, bytes));
        i += bytes;
    }
    return characters;
}

// Words that are not too long to have pieces.
std::vector<WordCount> cleaned(const std::vector<WordCount>& words) {
    static const Cleaner cleaner;
    WordTable table;
    for (const WordCount& w : words) {
        const std::string text = cleaner.clean(w.word);
        for (size_t begin = 0; begin < text.size();) {
            const size_t end = std::min(text.find(' ', begin + 1), text.size());
            const std::string word = text.substr(begin, end - begin);
            if (word.size() > 1 && characters_of(word).size() <= WordPieceOptions().word_characters) table.add(word, w.count);
            begin = end;
        }
    }
    return table.sorted();
}

// Every character as the beginning of a word, those within words also as what goes on.
std::vector<std::string> alphabet_of(const std::vector<WordCount>& words) {
    std::set<std::string> begin, within;
    for (const WordCount& w : words)
        for (const std::string& character : characters_of(w.word)) {
            if (character[0] != ' ') within.insert(character);
            begin.insert(character[0] == ' ' ? character : " " + character);
        }
    std::vector<std::string> all(begin.begin(), begin.end());
    all.insert(all.end(), within.begin(), within.end());
    return all;
}

std::string as_written(const std::string& piece) { return piece[0] == ' ' ? piece.substr(1) : goes_on + piece; }

}  // namespace

TokenizerModel train_wordpiece(const std::vector<WordCount>& words, uint32_t vocab) {
    const std::vector<WordCount> clean = cleaned(words);
    if (clean.empty()) refuse("E_EMPTY", "the text", "has no words to learn pieces from");
    TokenizerModel learnt = empty_tokenizer();
    learnt.pieces = alphabet_of(clean);
    const size_t room = vocab > control_tokens.size() ? vocab - control_tokens.size() : 0;
    if (learnt.pieces.size() > room)
        refuse_usage("--vocab must be at least " + std::to_string(learnt.pieces.size() + control_tokens.size()) + " for the characters of this text");
    std::unordered_map<std::string, uint32_t> ids;
    for (uint32_t id = 0; id < learnt.pieces.size(); id++) ids.emplace(learnt.pieces[id], id);
    MergeLearner learner(learnt, clean, [&](const std::string& word, std::vector<uint32_t>& tokens) {
        for (const std::string& character : characters_of(word)) tokens.push_back(ids.at(character));
    });
    Progress progress("merge", "tokens", vocab);
    while (learnt.pieces.size() < room && learner.merge_best()) progress.at(learnt.pieces.size());
    std::vector<std::string> pieces = control_tokens;
    for (const std::string& piece : learnt.pieces) pieces.push_back(as_written(piece));
    return model_of(pieces);
}

std::string vocab_txt(const TokenizerModel& model) {
    std::string out;
    for (const std::string& line : written_wordpiece(model)) out += line + "\n";
    return out;
}

}  // namespace mote::tools
