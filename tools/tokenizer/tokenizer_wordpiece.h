// tokenizer_wordpiece: WordPiece vocabularies.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "model/tokenizer_model.h"
#include "tokenizer/special_tokens.h"

namespace mote::tools {

/// What makes a tokenizer of a list of WordPiece pieces.
struct WordPieceOptions {
    std::string prefix = "##";        // of pieces that go on within a word
    std::string unknown = "[UNK]";
    uint32_t word_characters = 100;   // longer words are unknown
    bool cleanup = true;              // decoded text has no space before . ? ! , and the like
};

/// Pieces, lexicon and flags from the pieces as a file writes them, with `specials` already in the model.
/// Errors: E_MISSING (no unknown token).
void put_wordpiece(const std::vector<std::string>& pieces, const WordPieceOptions& options, const std::string& file, TokenizerModel& model);

/// The pieces as vocab.txt has them: ## before those that go on within a word.
std::vector<std::string> written_wordpiece(const TokenizerModel& model);

/// A vocab.txt: a piece a line. [CLS] and [SEP] go around a text where the vocabulary has them, and text is lower-cased unless
/// tokenizer_config.json beside it, or a piece with an upper-case letter, says otherwise.
/// Errors: E_EMPTY and E_DUP with the lines, E_UTF8, E_LIMIT.
TokenizerModel import_vocab_txt(const MappedFile& file, std::vector<std::string>& notes);

/// Whether a file looks like a vocab.txt of WordPiece: its pieces begin with [PAD], or some continue words.
bool is_vocab_txt(std::string_view bytes);

}  // namespace mote::tools
