// tokenizer_json_pieces: tokenizer.json with models that find pieces by their text, WordPiece and Unigram.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// WordPiece behind BertPreTokenizer, with BertNormalizer or no normalizer.
TokenizerModel import_json_wordpiece(const JsonView& root, std::vector<std::string>& notes);

/// Unigram behind the stages of unigram_stages.h.
/// Precompiled is applied as SentencePiece does, to the longest text that has a rule. Scores are float32, as SentencePiece made them.
TokenizerModel import_json_unigram(const JsonView& root, std::vector<std::string>& notes);

}  // namespace mote::tools
