// bert_normalizer: BERT's cleaning of text, as rules for each character.
#pragma once

#include <optional>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/character_steps.h"

namespace mote::tools {

/// The members of Hugging Face's BertNormalizer; the defaults are those of bert-base-uncased.
struct BertOptions {
    bool clean_text = true;            // control characters vanish
    bool handle_chinese_chars = true;  // each is a word
    bool strip_accents = true;
    bool lowercase = true;
};

/// The rules of the normalizer and of the split at white space and punctuation that follows it: words are apart by spaces.
/// Categories, decompositions and lower case are those of the Unicode version of the ICU library.
/// Source: `tokenization.py` of google-research/bert, and BertNormalizer and BertPreTokenizer of Hugging Face's tokenizers.
/// They are made once a process for each choice of options: a million characters are asked for theirs.
const Normalizer& bert_normalizer(const BertOptions& options);

/// The same split behind these steps, where a tokenizer has them instead of BertNormalizer.
Normalizer bert_split_behind(const std::vector<CharacterStep>& steps);

/// The options that make these rules; nothing if none do.
std::optional<BertOptions> bert_options_of(const Normalizer& normalizer);

}  // namespace mote::tools
