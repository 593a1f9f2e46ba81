// train_unigram: the library reads words with their counts, so that memory is that of the distinct words; its model is read as any
// SentencePiece model is.
#include "tokenizer/train_unigram.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/error.h"
#include "tokenizer/bpe.h"
#include "tokenizer/sentencepiece_model.h"

namespace mote::tools {
namespace {

constexpr const char* marker = "\xe2\x96\x81";  // U+2581, a space in pieces
constexpr uint32_t bytes = 256;

// A word, a tab and its count, as the library's format "tsv" has them.
class Words : public sentencepiece::SentenceIterator {
public:
    explicit Words(const std::vector<WordCount>& words) : words_(words) { skip(); }

    bool done() const override { return at_ == words_.size(); }
    void Next() override {
        at_++;
        skip();
    }
    const std::string& value() const override { return line_; }
    sentencepiece::util::Status status() const override { return {}; }

private:
    void skip() {
        const auto teaches = [](const std::string& word) {
            return word.find_first_of(std::string("\t\r\n\0", 4)) == std::string::npos && word.find(marker) == std::string::npos;
        };
        while (at_ < words_.size() && !teaches(words_[at_].word)) at_++;
        if (at_ < words_.size()) line_ = words_[at_].word + "\t" + std::to_string(words_[at_].count);
    }

    const std::vector<WordCount>& words_;
    size_t at_ = 0;
    std::string line_;
};

// Sums of floats over threads depend on how many there are, so that number is fixed.
std::unordered_map<std::string, std::string> options(uint32_t vocab) {
    return {{"model_type", "unigram"},      {"vocab_size", std::to_string(vocab)}, {"hard_vocab_limit", "false"},
            {"byte_fallback", "true"},      {"input_format", "tsv"},               {"normalization_rule_name", "identity"},
            {"add_dummy_prefix", "false"},  {"remove_extra_whitespaces", "false"}, {"allow_whitespace_only_pieces", "true"},
            {"unk_id", "0"},                {"bos_id", "-1"},                      {"eos_id", "-1"},
            {"character_coverage", "0.9995"}, {"num_threads", "4"},                {"minloglevel", "2"}};
}

// The library puts its own place in front: ./src/x.cc(12) [condition] reason
std::string reason_of(const std::string& message) {
    const size_t end = message.find("] ");
    return end == std::string::npos ? message : message.substr(end + 2);
}

std::string trained(const std::vector<WordCount>& words, uint32_t vocab, uint32_t specials) {
    Words sentences(words);
    if (sentences.done()) refuse("E_EMPTY", "the text", "has no words to learn pieces from");
    std::string model;
    const sentencepiece::util::Status status = sentencepiece::SentencePieceTrainer::Train(options(vocab - specials), &sentences, &model);
    if (!status.ok())
        refuse_usage("--type unigram: SentencePiece, whose vocab_size is --vocab less " + std::to_string(specials) +
                     " control tokens, says: " + shown(reason_of(status.message()), 200));
    return model;
}

uint32_t add(TokenizerModel& model, const std::string& piece, float score) {
    model.pieces.push_back(piece);
    model.lexicon.scores.push_back(score);
    return static_cast<uint32_t>(model.pieces.size() - 1);
}

}  // namespace

TokenizerModel train_unigram(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab) {
    const std::string source = "the trained model", serialized = trained(words, vocab, static_cast<uint32_t>(specials.size()));
    const SentencePieceModel learnt = read_sentencepiece_model(serialized, source);

    TokenizerModel model = empty_tokenizer();
    model.kind = TokenizerKind::unigram;
    for (const std::string& special : specials) model.specials.push_back(add(model, special, 0));
    if (!specials.empty()) model.eos = 0;
    model.unk = add(model, "<unk>", 0);
    model.specials.push_back(model.unk);
    for (uint32_t byte = 0; byte < bytes; byte++) model.byte_ids[byte] = add(model, std::string(1, static_cast<char>(byte)), 0);
    float lowest = 0;
    for (const SentencePiece& piece : learnt.pieces) {
        if (piece.type != SentencePiece::Type::normal) continue;
        const uint32_t id = add(model, with_spaces(piece.text), piece.score);
        model.lexicon.entries.push_back({model.pieces[id], id});
        lowest = std::min(lowest, piece.score);
    }
    const auto is_space = [](const LexiconEntry& entry) { return entry.text == " "; };
    if (std::none_of(model.lexicon.entries.begin(), model.lexicon.entries.end(), is_space)) model.lexicon.entries.push_back({" ", add(model, " ", lowest)});
    model.lexicon.lowest_score = lowest;
    model.lexicon.sum_bytes = 8;
    model.flags = tokenizer_fold_space | tokenizer_fuse_unk;
    return model;
}

}  // namespace mote::tools
