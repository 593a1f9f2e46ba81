// train_bpe: bytes are the alphabet, and merges make the rest.
#include "tokenizer/train_bpe.h"

#include <algorithm>

#include "base/output.h"
#include "tokenizer/bpe.h"
#include "tokenizer/merge_learner.h"

namespace mote::tools {

TokenizerModel byte_tokenizer(const std::vector<std::string>& specials) {
    TokenizerModel model = empty_tokenizer();
    for (const std::string& special : specials) {
        model.specials.push_back(static_cast<uint32_t>(model.pieces.size()));
        model.pieces.push_back(special);
    }
    if (!specials.empty()) model.eos = 0;
    std::vector<uint8_t> bytes(256);
    for (uint32_t b = 0; b < 256; b++) bytes[b] = static_cast<uint8_t>(b);
    std::sort(bytes.begin(), bytes.end(), [](uint8_t a, uint8_t b) { return byte_to_alphabet(a) < byte_to_alphabet(b); });
    for (const uint8_t byte : bytes) {
        model.byte_ids[byte] = static_cast<uint32_t>(model.pieces.size());
        model.pieces.push_back(std::string(1, static_cast<char>(byte)));
    }
    return model;
}

TokenizerModel train_bpe(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab) {
    TokenizerModel model = byte_tokenizer(specials);
    model.pre_tokenizer = PreTokenizer::gpt2;
    MergeLearner learner(model, words, [&](const std::string& word, std::vector<uint32_t>& tokens) {
        for (const char& c : word) tokens.push_back(model.byte_ids[static_cast<uint8_t>(c)]);
    });
    Progress progress("merge", "tokens", vocab);
    while (model.pieces.size() < vocab && learner.merge_best()) progress.at(model.pieces.size());
    return model;
}

}  // namespace mote::tools
