// tokenizer_model: a tokenizer on the host, between every source (tokenizer.json, tokenizer.bin ...) and the packed section.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/char_class.h"
#include "mote/format.h"

namespace mote::tools {

/// Two adjacent tokens that become one; among the pairs of a text the lowest rank merges first, the leftmost among equals.
struct MergeRule {
    uint32_t left = 0, right = 0, merged = 0, rank = 0;
};

/// What some text becomes before it is cut into tokens.
struct NormalizationRule {
    enum class To { text, itself, itself_alone };  // alone: with a space on both sides

    std::string from{};
    std::string to{};
    To how = To::text;
};

/// The same for each of many characters.
struct NormalizationRange {
    uint32_t first = 0, last = 0;  // code points
    NormalizationRule rule{};      // `from` is not used
};

/// Rules by text, the longest first; what none fits stays as it is. Spaces are a matter of the tokenizer's flags.
struct Normalizer {
    bool present = false;                      // without it no rule applies, and bytes that are not UTF-8 stay
    std::vector<NormalizationRule> rules;      // of equal texts the first counts
    std::vector<NormalizationRange> ranges;    // characters with which no rule begins
    std::string invalid = "\xef\xbf\xbd";      // a byte that is not of a UTF-8 character becomes this
    bool keeps_invalid = false;                // or stays
};

/// One of Unicode's normalization forms, which text takes on before any other rule (SPEC 6.6).
struct NormalForm {
    bool present = false;
    uint32_t flags = 0;                        // normal_form_composed and so on
    uint32_t unicode = 0;                      // the version of its data: major << 8 | minor
    std::vector<NormalizationRule> rules{};    // a character to its parts, two characters to the one that they make
    std::vector<uint32_t> classes{};           // first code point << 8 | class, ascending
};

/// A piece that is found by its text, which may differ from the text that it decodes to.
struct LexiconEntry {
    std::string text;
    uint32_t token = 0;
};

struct Lexicon {
    std::vector<LexiconEntry> entries{};
    std::vector<float> scores{};     // unigram: by token; NaN for user-defined symbols
    float lowest_score = 0;
    float highest_score = 0;
    uint32_t sum_bytes = 4;
    uint32_t word_characters = 0;    // wordpiece: longer words are unknown
};

/// How a control or added token is found in text, where that takes more than its piece.
struct WholeRule {
    uint32_t token = 0;
    uint32_t flags = 0;       // whole_single_word and so on
    bool normalized = false;  // in normalized text, not in the text as it is; not of a control token
    std::string text{};       // as it stands there
};

/// A chat template as data (SPEC 6.5): the texts around what a conversation says. Its stop tokens follow from the tokenizer.
struct ChatTemplate {
    std::array<std::string, chat_parts> parts{};  // by ChatPart
    uint32_t flags = 0;                           // chat_system_inside and so on
};

/// A tokenizer in the form that core runs. Byte-pair encoding has one form: score-ordered SentencePiece models become ranks on the
/// host. Its lexicon, where it has one, holds user-defined symbols; those of the other kinds hold all pieces that text makes.
struct TokenizerModel {
    TokenizerKind kind = TokenizerKind::bpe;
    NormalForm normal_form{};
    Normalizer normalizer{};
    Lexicon lexicon{};
    std::vector<std::string> pieces;        // by id; raw bytes: U+2581 is already a space, <0x0A> already the byte
    std::array<uint32_t, 256> byte_ids;     // token of a single byte; no_token where there is none
    std::vector<uint32_t> characters;       // tokens of one character that text may begin from, or all with tokenizer_whole_words
    std::vector<MergeRule> merges;          // at most one rule a (left, right) pair
    std::vector<uint32_t> specials;         // control tokens; any order
    std::vector<uint32_t> added;            // tokens that every text is searched for before it is cut; any order
    std::vector<WholeRule> whole{};         // how these are found, all of them; empty: by their pieces, in the text as it is
    uint32_t flags = 0;                     // tokenizer_add_bos and so on
    PreTokenizer pre_tokenizer = PreTokenizer::none;
    CharSets char_sets;                     // what the pre-tokenizer means by letters and so on
    uint32_t bos = no_token, eos = no_token, unk = no_token;
    std::optional<ChatTemplate> chat{};
    std::optional<std::string> chat_source{};  // the template as its file has it, in Jinja
    std::string chat_refusal{};                // why that is not data; empty where it is, or where there is none
};

/// The model's own split rule; where it has none, a cut at spaces that is proven to leave all tokens as they are, or none.
PreTokenizer proven_cut(const TokenizerModel& model);

/// The packed section of SPEC 6. Adds the character classes that the pre-tokenizer needs, from Unicode data.
/// Pieces beyond `vocab` are refused (E_MISMATCH, both numbers); missing ones up to `vocab` become empty.
std::vector<uint8_t> pack_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source);

}  // namespace mote::tools
