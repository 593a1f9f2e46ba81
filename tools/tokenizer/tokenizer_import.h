// tokenizer_import: any tokenizer file or folder, told apart by content.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// A tokenizer.json, a vocab.json with its merges.txt beside it, a SentencePiece .model, a vocab.txt of WordPiece (these three with an
/// added_tokens.json, where there is one), a GGUF file, a tiktoken rank file, a tokenizer.bin of llama2.c, or a folder with one of them.
/// Notes on what the user should know are appended to `notes`.
/// Errors: E_MISSING, E_UNSUPPORTED (by name), and those of each format.
TokenizerModel import_tokenizer(const std::string& path, std::vector<std::string>& notes);

inline TokenizerModel import_tokenizer(const std::string& path) {
    std::vector<std::string> notes;
    return import_tokenizer(path, notes);
}

/// Whether a folder holds files that `import_tokenizer` looks for.
bool has_tokenizer(const std::string& folder);

}  // namespace mote::tools
