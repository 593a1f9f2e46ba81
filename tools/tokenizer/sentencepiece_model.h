// sentencepiece_model: what a SentencePiece `.model` file says, checked; what it means is for tokenizer_sentencepiece.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

struct SentencePiece {
    enum class Type { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

    std::string text;    // U+2581 stands for a space
    float score = 0;
    Type type = Type::normal;
    uint64_t at = 0;     // in the file
};

/// Fields that the file lacks have SentencePiece's defaults.
struct SentencePieceModel {
    enum class Kind { unigram = 1, bpe = 2, word = 3, characters = 4 };

    std::vector<SentencePiece> pieces;
    Kind kind = Kind::unigram;
    bool byte_fallback = false, space_behind = false;
    std::string bos_piece = "<s>", eos_piece = "</s>";
    std::string normalizer;           // its name, such as nmt_nfkc
    std::string_view charsmap;        // refers to the bytes that were read
    uint64_t charsmap_at = 0;
    bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

/// Errors: E_EMPTY, E_SYNTAX and E_TRUNC (no protocol buffer), E_TYPE, E_LIMIT, E_NONFINITE, E_DUP, E_MISSING (no unknown piece),
/// E_RANGE (an id beyond the pieces), E_TOKEN (the name of a byte), E_UNSUPPORTED (word and character models).
SentencePieceModel read_sentencepiece_model(std::string_view bytes, const std::string& file);

}  // namespace mote::tools
