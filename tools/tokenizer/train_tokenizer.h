// train_tokenizer: files of text become a tokenizer, of any kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_text.h"

namespace mote::tools {

enum class TokenizerType { bpe, unigram, wordpiece, characters, bytes };

struct TrainTokenizerOptions {
    TokenizerType type = TokenizerType::bpe;
    uint32_t vocab = 0;                                   // tokens at most; 0: as many as characters or bytes need
    std::vector<std::string> specials = {"<|endoftext|>"};  // control tokens; the first ends a text. WordPiece has its own
    InvalidUtf8 invalid = InvalidUtf8::error;
    uint32_t threads = 1;                                 // change nothing but the time
    size_t block_bytes = 1 << 20;                         // likewise
};

struct TrainedTokenizer {
    TokenizerModel model;
    uint64_t text_bytes = 0, words = 0, distinct_words = 0;
    double count_seconds = 0, learn_seconds = 0;
};

/// Bytes need no files. Errors: E_ARG (options that contradict each other), and those of TrainingText.
TrainedTokenizer train_tokenizer(const std::vector<std::string>& files, const TrainTokenizerOptions& options);

}  // namespace mote::tools
