// tokenizer_gguf: arrays of texts, scores and types become pieces and merges.
#include "tokenizer/tokenizer_gguf.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "chat/reduce.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/tokenizer_wordpiece.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_tokens = max_vocab;
constexpr size_t max_piece_bytes = 1024;  // every split of a scored piece is looked up: work grows with the square

enum class TokenType : int64_t { undefined, normal, unknown, control, user_defined, unused, byte };

struct Vocabulary {
    std::vector<std::string> texts;
    std::vector<TokenType> types;
};

const GgufValue& key(const GgufFile& gguf, const char* name) { return gguf.at(std::string("tokenizer.ggml.") + name); }
const GgufValue* find(const GgufFile& gguf, const char* name) { return gguf.find(std::string("tokenizer.ggml.") + name); }

bool flag_or(const GgufFile& gguf, const char* name, bool otherwise) {
    const GgufValue* value = find(gguf, name);
    return value ? value->boolean() : otherwise;
}

void require_as_many(const GgufValue& array, size_t tokens) {
    if (array.count() != tokens)
        array.refuse("E_MISMATCH", "has " + std::to_string(array.count()) + " elements for " + std::to_string(tokens) + " tokens");
}

Vocabulary read_vocabulary(const GgufFile& gguf) {
    const GgufValue& tokens = key(gguf, "tokens");
    if (tokens.count() > max_tokens) tokens.refuse("E_LIMIT", std::to_string(tokens.count()) + " tokens; at most " + std::to_string(max_tokens));
    Vocabulary vocabulary{tokens.texts(), {}};
    if (vocabulary.texts.empty()) tokens.refuse("E_EMPTY", "has no tokens");
    for (size_t id = 0; id < vocabulary.texts.size(); id++)
        if (vocabulary.texts[id].size() > max_piece_bytes)
            tokens.refuse("E_LIMIT", "token " + std::to_string(id) + " has " + std::to_string(vocabulary.texts[id].size()) +
                                         " bytes; at most " + std::to_string(max_piece_bytes));
    vocabulary.types.assign(vocabulary.texts.size(), TokenType::normal);
    const GgufValue* types = find(gguf, "token_type");
    if (!types) return vocabulary;
    require_as_many(*types, vocabulary.texts.size());
    const std::vector<int64_t> numbers = types->integers();
    for (size_t id = 0; id < numbers.size(); id++) {
        if (numbers[id] < 0 || numbers[id] > int64_t(TokenType::byte))
            types->refuse("E_TYPE", "token " + std::to_string(id) + " has type " + std::to_string(numbers[id]) + "; known are 0 to 6");
        vocabulary.types[id] = TokenType(numbers[id]);
    }
    return vocabulary;
}

// An id beyond all tokens is refused, but for -1, which some writers put where there is none.
uint32_t id_or(const GgufFile& gguf, const char* name, uint32_t otherwise, size_t tokens) {
    const GgufValue* value = find(gguf, name);
    if (!value) return otherwise < tokens ? otherwise : no_token;
    const uint64_t id = value->integer(std::numeric_limits<uint32_t>::max());
    if (id == no_token) return no_token;
    if (id >= tokens) value->refuse("E_TOKEN", "id " + std::to_string(id) + " is not one of " + std::to_string(tokens) + " tokens");
    return static_cast<uint32_t>(id);
}

// What is added where the file does not say differs from kind to kind.
void read_flags(const GgufFile& gguf, bool add_bos, bool add_eos, TokenizerModel& model) {
    if (flag_or(gguf, "add_bos_token", add_bos) && model.bos != no_token) model.flags |= tokenizer_add_bos;
    if (flag_or(gguf, "add_eos_token", add_eos) && model.eos != no_token) model.flags |= tokenizer_add_eos;
}

// ---- SentencePiece's pairs by score

std::vector<float> read_scores(const GgufFile& gguf, size_t tokens) {
    const GgufValue& array = key(gguf, "scores");
    require_as_many(array, tokens);
    std::vector<float> scores = array.numbers();
    for (size_t id = 0; id < tokens; id++)
        if (!std::isfinite(scores[id])) array.refuse("E_NONFINITE", "the score of token " + std::to_string(id) + " is NaN or infinite");
    return scores;
}

void put_byte(const GgufFile& gguf, uint32_t id, const std::string& text, TokenizerModel& model) {
    const std::optional<uint32_t> byte = byte_piece(text);
    if (!byte) key(gguf, "tokens").refuse("E_TOKEN", "token " + std::to_string(id) + ", " + shown(text) + ", is no byte such as <0x0A>");
    if (model.byte_ids[*byte] != no_token)
        key(gguf, "tokens").refuse("E_DUP", "tokens " + std::to_string(model.byte_ids[*byte]) + " and " + std::to_string(id) + " are one byte");
    model.byte_ids[*byte] = id;
    model.pieces.push_back(std::string(1, static_cast<char>(*byte)));
}

void put_scored(const GgufFile& gguf, uint32_t id, const std::string& text, TokenizerModel& model, TokenIds& ids,
                std::vector<std::string>& notes) {
    if (text.empty()) key(gguf, "tokens").refuse("E_EMPTY", "token " + std::to_string(id) + " has no text");
    model.pieces.push_back(with_spaces(text));
    if (!ids.emplace(model.pieces.back(), id).second)
        notes.push_back(gguf.path + ": token " + std::to_string(id) + " repeats token " + std::to_string(ids[model.pieces.back()]) +
                        " and is never made from text");
    else if (is_one_character(model.pieces.back()))
        model.characters.push_back(id);
}

TokenizerModel import_scored(const GgufFile& gguf, std::vector<std::string>& notes) {
    const Vocabulary vocabulary = read_vocabulary(gguf);
    const std::vector<float> scores = read_scores(gguf, vocabulary.texts.size());
    TokenizerModel model = empty_tokenizer();
    TokenIds ids;
    for (uint32_t id = 0; id < vocabulary.texts.size(); id++) {
        const std::string& text = vocabulary.texts[id];
        switch (vocabulary.types[id]) {
            case TokenType::undefined:
            case TokenType::normal: put_scored(gguf, id, text, model, ids, notes); break;
            case TokenType::byte: put_byte(gguf, id, text, model); break;
            case TokenType::user_defined:
                model.pieces.push_back(text);
                model.added.push_back(id);
                break;
            case TokenType::unused: model.pieces.push_back(with_spaces(text)); break;
            case TokenType::unknown:
            case TokenType::control:
                model.pieces.push_back(text);
                model.specials.push_back(id);
                break;
        }
    }
    add_merges_by_rank(model, ids, ranks_by_score(scores));
    model.bos = id_or(gguf, "bos_token_id", 1, model.pieces.size());
    model.eos = id_or(gguf, "eos_token_id", 2, model.pieces.size());
    model.unk = id_or(gguf, "unknown_token_id", 0, model.pieces.size());
    model.flags = tokenizer_fold_space | tokenizer_fuse_unk;
    if (flag_or(gguf, "add_space_prefix", true)) model.flags |= tokenizer_prefix_space | tokenizer_prefix_every;
    read_flags(gguf, true, false, model);
    return model;
}

// ---- byte-level merges

NamedRule split_rule(const GgufFile& gguf) {
    const GgufValue* pre = find(gguf, "pre");
    if (!pre) key(gguf, "model").refuse("E_UNSUPPORTED", "the file has no tokenizer.ggml.pre, so its split rule is not known");
    const std::optional<NamedRule> rule = rule_of_name(pre->text());
    if (!rule) pre->refuse("E_UNSUPPORTED", "split rule " + shown(pre->text()) + " is not supported");
    return *rule;
}

void read_merges(const GgufFile& gguf, const TokenIds& ids, TokenizerModel& model, std::vector<std::string>& notes) {
    const GgufValue& array = key(gguf, "merges");
    MergeList list(model, ids, gguf.path);
    size_t number = 0;
    for (const std::string& merge : array.texts()) {
        const size_t space = merge.find(' ', 1);
        if (space == std::string::npos || space + 1 == merge.size() || merge.find(' ', space + 1) != std::string::npos)
            array.refuse("E_SYNTAX", "merge " + std::to_string(number) + ", " + shown(merge) + ", must be two tokens with one space between");
        list.add(merge.substr(0, space), merge.substr(space + 1), "merge " + std::to_string(number++));
    }
    if (list.repeated())
        notes.push_back(gguf.path + ": " + std::to_string(list.repeated()) + " merges stand twice; the first place counts");
}

TokenizerModel import_byte_level(const GgufFile& gguf, std::vector<std::string>& notes) {
    const Vocabulary vocabulary = read_vocabulary(gguf);
    TokenizerModel model = empty_tokenizer();
    const NamedRule rule = split_rule(gguf);
    model.pre_tokenizer = rule.stages;
    model.char_sets = rule.sets;
    TokenIds ids;
    for (uint32_t id = 0; id < vocabulary.texts.size(); id++) {
        const std::string& text = vocabulary.texts[id];
        const TokenType type = vocabulary.types[id];
        const bool special = type == TokenType::control || type == TokenType::unknown, added = type == TokenType::user_defined;
        if (!ids.emplace(text, id).second)
            key(gguf, "tokens").refuse("E_DUP", "tokens " + std::to_string(ids[text]) + " and " + std::to_string(id) + " are both " + shown(text));
        model.pieces.push_back(special || added ? text : bytes_from_alphabet(text).value_or(text));
        if (special) model.specials.push_back(id);
        if (added) model.added.push_back(id);
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        const auto found = ids.find(byte_to_alphabet(static_cast<uint8_t>(byte)));
        if (found != ids.end()) model.byte_ids[byte] = found->second;
    }
    model.bos = id_or(gguf, "bos_token_id", no_token, model.pieces.size());
    model.eos = id_or(gguf, "eos_token_id", no_token, model.pieces.size());
    model.unk = id_or(gguf, "unknown_token_id", no_token, model.pieces.size());
    cover_bytes(model, gguf.path);
    read_merges(gguf, ids, model, notes);
    if (rule.whole_words) take_whole_words(model);
    read_flags(gguf, rule.begins, false, model);
    return model;
}

// ---- WordPiece

// A piece that begins a word has U+2581 in front, one that goes on has nothing; the names of control tokens stay as they are.
std::vector<std::string> as_in_vocab_txt(const Vocabulary& vocabulary) {
    const std::string prefix = WordPieceOptions().prefix, mark = "\xe2\x96\x81";
    std::vector<std::string> pieces;
    for (size_t id = 0; id < vocabulary.texts.size(); id++) {
        const std::string& text = vocabulary.texts[id];
        const bool begins = text.compare(0, mark.size(), mark) == 0, named = text.size() > 1 && text.front() == '[' && text.back() == ']';
        pieces.push_back(begins ? text.substr(mark.size()) : named ? text : prefix + text);
    }
    return pieces;
}

TokenizerModel import_wordpiece(const GgufFile& gguf) {
    constexpr uint32_t bert_unknown = 100, bert_cls = 101, bert_sep = 102;  // where the file does not say, llama.cpp takes these
    const Vocabulary vocabulary = read_vocabulary(gguf);
    const size_t tokens = vocabulary.texts.size();
    TokenizerModel model = empty_tokenizer();
    for (uint32_t id = 0; id < tokens; id++) {
        if (vocabulary.types[id] == TokenType::control || vocabulary.types[id] == TokenType::unknown) model.specials.push_back(id);
        if (vocabulary.types[id] == TokenType::user_defined)
            key(gguf, "token_type").refuse("E_UNSUPPORTED", "token " + std::to_string(id) + ", " + shown(vocabulary.texts[id]) + ", is user-defined");
    }
    WordPieceOptions options;
    const uint32_t unknown = id_or(gguf, "unknown_token_id", bert_unknown, tokens);
    const std::vector<std::string> pieces = as_in_vocab_txt(vocabulary);
    if (unknown == no_token) key(gguf, "tokens").refuse("E_MISSING", "no unknown token among " + std::to_string(tokens));
    options.unknown = pieces[unknown];
    put_wordpiece(pieces, options, gguf.path, model);
    model.normalizer = bert_normalizer({});
    model.bos = id_or(gguf, "cls_token_id", id_or(gguf, "bos_token_id", bert_cls, tokens), tokens);
    model.eos = id_or(gguf, "seperator_token_id", id_or(gguf, "eos_token_id", bert_sep, tokens), tokens);
    read_flags(gguf, true, true, model);
    return model;
}

// ---- Unigram

// Pieces that text makes go to the lexicon; `unused` ones are found by llama.cpp as well.
void put_unigram_tokens(const GgufFile& gguf, TokenizerModel& model, std::vector<std::string>& notes) {
    const Vocabulary vocabulary = read_vocabulary(gguf);
    TokenIds ids;
    for (uint32_t id = 0; id < vocabulary.texts.size(); id++) {
        const std::string& text = vocabulary.texts[id];
        switch (vocabulary.types[id]) {
            case TokenType::undefined:
            case TokenType::unused:
            case TokenType::normal:
                put_scored(gguf, id, text, model, ids, notes);
                if (ids[model.pieces[id]] == id) model.lexicon.entries.push_back({model.pieces[id], id});
                break;
            case TokenType::byte: put_byte(gguf, id, text, model); break;
            case TokenType::user_defined:
                model.pieces.push_back(text);
                model.added.push_back(id);
                break;
            case TokenType::unknown:
            case TokenType::control:
                model.pieces.push_back(text);
                model.specials.push_back(id);
                break;
        }
    }
    if (model.lexicon.entries.empty()) key(gguf, "tokens").refuse("E_EMPTY", "no token can be made from text");
    model.characters.clear();  // the lexicon has them
}

void put_scores(const GgufFile& gguf, TokenizerModel& model) {
    Lexicon& lexicon = model.lexicon;
    lexicon.scores = read_scores(gguf, model.pieces.size());
    lexicon.lowest_score = lexicon.highest_score = lexicon.scores[lexicon.entries[0].token];
    for (const LexiconEntry& entry : lexicon.entries) {
        lexicon.lowest_score = std::min(lexicon.lowest_score, lexicon.scores[entry.token]);
        lexicon.highest_score = std::max(lexicon.highest_score, lexicon.scores[entry.token]);
    }
}

TokenizerModel import_unigram(const GgufFile& gguf, std::vector<std::string>& notes) {
    constexpr uint32_t t5_end = 1, t5_unknown = 2;  // where the file does not say, llama.cpp takes these
    TokenizerModel model = empty_tokenizer();
    model.kind = TokenizerKind::unigram;
    put_unigram_tokens(gguf, model, notes);
    put_scores(gguf, model);
    model.normalizer.present = true;
    if (const GgufValue* charsmap = find(gguf, "precompiled_charsmap")) {
        const std::vector<uint8_t> bytes = charsmap->bytes();
        model.normalizer.rules = read_charsmap({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, gguf.path, charsmap->at());
    }
    model.bos = id_or(gguf, "bos_token_id", no_token, model.pieces.size());
    model.eos = id_or(gguf, "eos_token_id", t5_end, model.pieces.size());
    model.unk = id_or(gguf, "unknown_token_id", t5_unknown, model.pieces.size());
    if (model.unk == no_token) key(gguf, "tokens").refuse("E_MISSING", "no unknown token among " + std::to_string(model.pieces.size()));
    model.flags = tokenizer_fold_space | tokenizer_fuse_unk;
    if (flag_or(gguf, "add_space_prefix", false)) model.flags |= tokenizer_prefix_space | tokenizer_prefix_every;
    if (flag_or(gguf, "remove_extra_whitespaces", false)) model.flags |= tokenizer_squeeze_spaces;
    read_flags(gguf, false, true, model);
    return model;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + shown(name);
    return out;
}

TokenizerModel with_chat_template(const GgufFile& gguf, TokenizerModel model, std::vector<std::string>& notes) {
    const std::optional<std::string> jinja = chat_template_text(gguf);
    const GgufValue* named = gguf.find("tokenizer.chat_templates");  // the others, each under a key of its name
    if (jinja) attach_chat_template({*jinja, gguf.path, ""}, model, notes);
    else if (named) attach_chat_template({"", gguf.path, "of its templates (" + joined(named->texts()) + ") none is the \"default\""}, model, notes);
    return model;
}

}  // namespace

TokenizerModel import_tokenizer_gguf(const GgufFile& gguf, std::vector<std::string>& notes) {
    const GgufValue& model = key(gguf, "model");
    if (model.text() == "llama") return with_chat_template(gguf, import_scored(gguf, notes), notes);
    if (model.text() == "gpt2") return with_chat_template(gguf, import_byte_level(gguf, notes), notes);
    if (model.text() == "bert") return with_chat_template(gguf, import_wordpiece(gguf), notes);
    if (model.text() == "t5") return with_chat_template(gguf, import_unigram(gguf, notes), notes);
    model.refuse("E_UNSUPPORTED", "tokenizer model " + shown(model.text()) + " is not supported; supported are llama, gpt2, bert and t5");
}

std::optional<std::string> chat_template_text(const GgufFile& gguf) {
    const GgufValue* text = gguf.find("tokenizer.chat_template");
    return text ? std::optional<std::string>(text->text()) : std::nullopt;
}

}  // namespace mote::tools
