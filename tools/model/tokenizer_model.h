// tokenizer_model: a tokenizer on the host, between every source (tokenizer.json, tokenizer.bin ...) and the packed section.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/char_class.h"
#include "mote/format.h"

namespace mote::tools {

/// Two adjacent tokens that become one; among the pairs of a text the lowest rank merges first, the leftmost among equals.
struct MergeRule {
    uint32_t left = 0, right = 0, merged = 0, rank = 0;
};

/// Byte-pair encoding in the one form that core runs: score-ordered SentencePiece models become ranks on the host.
struct TokenizerModel {
    std::vector<std::string> pieces;        // by id; raw bytes: U+2581 is already a space, <0x0A> already the byte
    std::array<uint32_t, 256> byte_ids;     // token of a single byte; no_token where there is none
    std::vector<uint32_t> characters;       // tokens of one character that text may begin from, or all with tokenizer_whole_words
    std::vector<MergeRule> merges;          // at most one rule a (left, right) pair
    std::vector<uint32_t> specials;         // control tokens; any order
    std::vector<uint32_t> added;            // tokens that every text is searched for before it is cut; any order
    uint32_t flags = 0;                     // tokenizer_add_bos and so on
    PreTokenizer pre_tokenizer = PreTokenizer::none;
    CharSets char_sets;                     // what the pre-tokenizer means by letters and so on
    uint32_t bos = no_token, eos = no_token, unk = no_token;
};

/// The packed section of SPEC 6. Adds the character classes that the pre-tokenizer needs, from Unicode data.
/// Pieces beyond `vocab` are refused (E_MISMATCH, both numbers); missing ones up to `vocab` become empty.
std::vector<uint8_t> pack_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source);

}  // namespace mote::tools
