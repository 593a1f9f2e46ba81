// bpe: what the importers of byte-pair tokenizers share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// "add_prefix_space" of a byte-level tokenizer: a space in front of each text that has none, which decoding keeps.
constexpr uint32_t byte_level_prefix =
    tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_prefix_missing | tokenizer_prefix_kept;

using TokenIds = std::unordered_map<std::string, uint32_t>;

/// Whether the pieces of a byte-pair tokenizer are bytes, and not characters beside them.
bool is_byte_level(const TokenizerModel& model);

/// A tokenizer without tokens: no byte has one yet.
TokenizerModel empty_tokenizer();

/// U+2581, which stands for a space in pieces, becomes one.
std::string with_spaces(std::string text);

/// The byte that `<0x0A>` stands for; nothing if the text is no such name.
std::optional<uint32_t> byte_piece(std::string_view text);

/// The name of a byte: `<0x0A>`.
std::string byte_name(uint8_t byte);

/// Whether a text is exactly one UTF-8 character.
bool is_one_character(std::string_view text);

/// The alphabet of byte-level tokenizers, in which every byte is a visible character: to its UTF-8, and back.
std::string byte_to_alphabet(uint8_t byte);
/// Nothing if a character is not of the alphabet.
std::optional<std::string> bytes_from_alphabet(std::string_view text);

/// Gives bytes without a token the unknown one, each for itself, as byte-level tokenizers do.
/// Errors: E_MISSING (there is none), E_UNSUPPORTED (neighbouring ones would have to become one).
void cover_bytes(TokenizerModel& model, const std::string& file);

/// 0 for the highest score; equal scores share a rank, so that the leftmost pair wins as in SentencePiece. By id; no_token where the
/// score is NaN.
std::vector<uint32_t> ranks_by_score(const std::vector<float>& scores);

/// Words that are tokens of a byte-level tokenizer become them without merging.
void take_whole_words(TokenizerModel& model);

/// Adds a merge for every split of a token into two others; `ranks` by id, no_token for tokens that merges do not make.
void add_merges_by_rank(TokenizerModel& model, const TokenIds& ids, const std::vector<uint32_t>& ranks);

/// Adds merges in order of rank. `pieces` are the parts as the file writes them; their joining must be a token, too.
class MergeList {
public:
    MergeList(TokenizerModel& model, const TokenIds& ids, std::string file) : model_(model), ids_(ids), file_(std::move(file)) {}

    /// `where` is "line 5" or "merge 17". A pair that stood before keeps its first rank. Errors: E_TOKEN.
    void add(const std::string& left, const std::string& right, const std::string& where);
    /// How many pairs stood there before.
    uint32_t repeated() const { return repeated_; }

private:
    uint32_t id_of(const std::string& piece, const std::string& where) const;

    TokenizerModel& model_;
    const TokenIds& ids_;
    std::string file_;
    std::unordered_map<uint64_t, uint32_t> rank_of_pair_;
    uint32_t next_rank_ = 0;
    uint32_t repeated_ = 0;
};

/// A token's text for a message: printable, and cut if it is long.
std::string shown(std::string_view text, size_t longest = 40);

}  // namespace mote::tools
