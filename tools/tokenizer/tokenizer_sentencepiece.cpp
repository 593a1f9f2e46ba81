// tokenizer_sentencepiece: pieces and options of a SentencePiece model become those of core.
#include "tokenizer/tokenizer_sentencepiece.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/sentencepiece_model.h"

namespace mote::tools {
namespace {

constexpr const char* marker = "\xe2\x96\x81";  // U+2581, a space in pieces

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool text_makes(const SentencePiece& piece) {
    return piece.type == SentencePiece::Type::normal || piece.type == SentencePiece::Type::user_defined;
}

[[noreturn]] void refuse_piece(const SentencePiece& piece, const std::string& file, const std::string& why) {
    refuse_at("E_UNSUPPORTED", file, piece.at, "piece " + shown(piece.text) + " " + why);
}

// What differs from SentencePiece where it is met, and is met in no model that its trainer writes.
void check_spaces(const SentencePieceModel& m, const std::string& file) {
    bool space = false;
    for (const SentencePiece& piece : m.pieces) {
        if (!text_makes(piece)) continue;
        if (!m.escape_whitespaces && contains(piece.text, marker)) refuse_piece(piece, file, "has U+2581, though escape_whitespaces is off");
        if (m.escape_whitespaces && piece.type == SentencePiece::Type::user_defined && contains(piece.text, " "))
            refuse_piece(piece, file, "is user-defined and has a space, which escape_whitespaces makes U+2581");
        space = space || piece.text == (m.escape_whitespaces ? marker : " ");
    }
    if (m.byte_fallback && m.escape_whitespaces && !space)
        refuse("E_UNSUPPORTED", file, "byte_fallback without a piece for U+2581 is not supported");
}

// Rules that begin with a user-defined symbol never apply: the symbol is found first.
Normalizer normalizer_of(const SentencePieceModel& m, const std::string& file) {
    Normalizer normalizer;
    normalizer.present = true;
    std::vector<std::string> symbols;
    for (const SentencePiece& piece : m.pieces)
        if (piece.type == SentencePiece::Type::user_defined) symbols.push_back(piece.text);
    for (const std::string& symbol : symbols) normalizer.rules.push_back({symbol, "", NormalizationRule::To::itself});
    if (m.charsmap.empty()) return normalizer;
    for (NormalizationRule& rule : read_charsmap(m.charsmap, file, m.charsmap_at)) {
        const auto begins = [&](const std::string& symbol) { return rule.from.compare(0, symbol.size(), symbol) == 0; };
        if (std::none_of(symbols.begin(), symbols.end(), begins)) normalizer.rules.push_back(std::move(rule));
    }
    return normalizer;
}

// Pieces by the text that encode meets: where spaces are escaped, one that is written with a space is never found.
void put_lexicon(const SentencePieceModel& m, bool normal, TokenizerModel& model) {
    for (uint32_t id = 0; id < m.pieces.size(); id++) {
        const SentencePiece& piece = m.pieces[id];
        if (!text_makes(piece) || (piece.type == SentencePiece::Type::normal && !normal)) continue;
        if (m.escape_whitespaces && contains(piece.text, " ")) continue;
        model.lexicon.entries.push_back({model.pieces[id], id});
    }
}

void put_unigram(const SentencePieceModel& m, TokenizerModel& model, const std::string& file) {
    model.kind = TokenizerKind::unigram;
    float lowest = std::numeric_limits<float>::max(), highest = std::numeric_limits<float>::min();
    for (const SentencePiece& piece : m.pieces) {
        const bool user_defined = piece.type == SentencePiece::Type::user_defined;
        model.lexicon.scores.push_back(user_defined ? std::numeric_limits<float>::quiet_NaN() : piece.score);
        if (piece.type != SentencePiece::Type::normal) continue;
        lowest = std::min(lowest, piece.score);
        highest = std::max(highest, piece.score);
    }
    model.lexicon.lowest_score = lowest;
    model.lexicon.highest_score = highest;
    put_lexicon(m, true, model);
    if (model.lexicon.entries.empty()) refuse("E_EMPTY", file, "no piece can be made from text");
}

// SentencePiece merges texts, core merges tokens: all parts of a piece must be tokens themselves.
void require_characters(const SentencePieceModel& m, const TokenIds& ids, const std::string& file) {
    for (const SentencePiece& piece : m.pieces) {
        if (piece.type == SentencePiece::Type::unused) refuse_piece(piece, file, "is unused, which is not supported for BPE");
        if (piece.type != SentencePiece::Type::normal || is_one_character(piece.text)) continue;
        std::string_view rest = piece.text;
        while (!rest.empty()) {
            const Character c = first_character(rest.data(), rest.size());
            std::string character(rest.substr(0, c.bytes));
            if (m.escape_whitespaces && character == marker) character = " ";
            if (!ids.count(character)) refuse_piece(piece, file, "has character " + shown(character) + ", which is no piece");
            rest.remove_prefix(c.bytes);
        }
    }
}

void put_bpe(const SentencePieceModel& m, TokenizerModel& model, const std::string& file) {
    TokenIds ids;
    std::vector<float> scores(m.pieces.size(), std::numeric_limits<float>::quiet_NaN());
    for (uint32_t id = 0; id < m.pieces.size(); id++) {
        if (m.pieces[id].type != SentencePiece::Type::normal || (m.escape_whitespaces && contains(m.pieces[id].text, " "))) continue;
        ids.emplace(model.pieces[id], id);
        scores[id] = m.pieces[id].score;
        if (is_one_character(model.pieces[id])) model.characters.push_back(id);
    }
    require_characters(m, ids, file);
    add_merges_by_rank(model, ids, ranks_by_score(scores));
    put_lexicon(m, false, model);
}

void put_specials(const SentencePieceModel& m, TokenizerModel& model) {
    for (uint32_t id = 0; id < m.pieces.size(); id++) {
        const SentencePiece& piece = m.pieces[id];
        if (piece.type == SentencePiece::Type::unknown) model.unk = id;
        if (piece.type != SentencePiece::Type::control && piece.type != SentencePiece::Type::unknown) continue;
        model.specials.push_back(id);
        model.pieces[id] = piece.text;
        if (piece.type == SentencePiece::Type::control && piece.text == m.bos_piece) model.bos = id;
        if (piece.type == SentencePiece::Type::control && piece.text == m.eos_piece) model.eos = id;
    }
}

}  // namespace

bool is_sentencepiece(std::string_view b) { return b.size() > 4 && b[0] == '\n' && b[1] != '\0' && b[2] == '\n'; }

TokenizerModel import_tokenizer_sentencepiece(const MappedFile& file, std::vector<std::string>& notes) {
    const SentencePieceModel m = read_sentencepiece_model(file.text(), file.path());
    check_spaces(m, file.path());
    TokenizerModel model = empty_tokenizer();
    for (const SentencePiece& piece : m.pieces) {
        const std::optional<uint32_t> byte = piece.type == SentencePiece::Type::byte ? byte_piece(piece.text) : std::nullopt;
        if (byte && m.byte_fallback) model.byte_ids[*byte] = static_cast<uint32_t>(model.pieces.size());
        model.pieces.push_back(byte ? std::string(1, static_cast<char>(*byte)) : m.escape_whitespaces ? with_spaces(piece.text) : piece.text);
    }
    put_specials(m, model);
    model.flags = (m.add_dummy_prefix ? tokenizer_prefix_space : 0) | (m.remove_extra_whitespaces ? tokenizer_squeeze_spaces : 0) |
                  (m.escape_whitespaces ? tokenizer_fold_space : 0) | (m.space_behind ? tokenizer_space_behind : 0) | tokenizer_fuse_unk;
    model.normalizer = normalizer_of(m, file.path());
    if (m.kind == SentencePieceModel::Kind::unigram) put_unigram(m, model, file.path());
    else put_bpe(m, model, file.path());
    if (m.space_behind) notes.push_back(file.path() + ": spaces follow words; decoded text ends with the last one");
    return model;
}

}  // namespace mote::tools
