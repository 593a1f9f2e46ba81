// gguf_tokenizer: texts, types, and scores or merges.
#include "export/gguf_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "chat/write_jinja.h"
#include "export/tokenizer_parts.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/tokenizer_wordpiece.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/write_charsmap.h"

namespace mote::tools {
namespace {

constexpr int32_t normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6;

std::string with_marks(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == ' ' ? "\xe2\x96\x81" : std::string(1, c);
    return out;
}

std::string in_alphabet(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) out += byte_to_alphabet(static_cast<uint8_t>(c));
    return out;
}

// Tokens as the file writes them. llama.cpp ends where two are alike.
class Vocabulary {
public:
    explicit Vocabulary(std::string source) : source_(std::move(source)) {}

    void add(std::string text, int32_t type) {
        if (text.empty()) text = "[EMPTY_" + std::to_string(texts.size()) + "]";
        if (!seen_.insert(text).second)
            refuse("E_DUP", source_, "token " + std::to_string(texts.size()) + " would be the second " + shown(text) + " of the file");
        texts.push_back(std::move(text));
        types.push_back(type);
    }
    // Models may be wider than their tokenizers.
    void pad(uint32_t vocab, int32_t type = unused) {
        while (texts.size() < vocab) add("[PAD" + std::to_string(texts.size()) + "]", type);
    }

    std::vector<std::string> texts;
    std::vector<int32_t> types;

private:
    std::string source_;
    std::set<std::string> seen_;
};

[[noreturn]] void refuse_part(const std::string& source, const std::string& part) {
    refuse("E_UNSUPPORTED", source, part + ": llama.cpp's tokenizers have no word for it");
}

void require_part(const std::optional<std::string>& part, const std::string& source) {
    if (part) refuse_part(source, *part);
}

// What each token is; those that are nothing else are normal.
std::vector<int32_t> types_of(const TokenizerModel& model) {
    std::vector<int32_t> types(model.pieces.size(), normal);
    for (const uint32_t id : model.added) types[id] = user_defined;
    for (const uint32_t id : model.specials) types[id] = control;
    return types;
}

void write_id(GgufWriter& gguf, const char* key, uint32_t id) {
    if (id != no_token) gguf.u32(std::string("tokenizer.ggml.") + key, id);
}

void write_common(const TokenizerModel& model, const Vocabulary& vocabulary, GgufWriter& gguf) {
    gguf.texts("tokenizer.ggml.tokens", vocabulary.texts);
    gguf.i32s("tokenizer.ggml.token_type", vocabulary.types);
    write_id(gguf, "bos_token_id", model.bos);
    write_id(gguf, "eos_token_id", model.eos);
    write_id(gguf, "unknown_token_id", model.unk);
    gguf.flag("tokenizer.ggml.add_bos_token", model.flags & tokenizer_add_bos);
    gguf.flag("tokenizer.ggml.add_eos_token", model.flags & tokenizer_add_eos);
    if (const std::string jinja = written_chat_template(model); !jinja.empty()) gguf.text("tokenizer.chat_template", jinja);
}

// ---- byte-level

// In order of rank, each as its two parts.
std::vector<std::string> merges_of(const TokenizerModel& model, const Vocabulary& vocabulary) {
    std::vector<MergeRule> sorted = model.merges;
    std::stable_sort(sorted.begin(), sorted.end(), [](const MergeRule& a, const MergeRule& b) { return a.rank < b.rank; });
    std::vector<std::string> merges;
    for (const MergeRule& merge : sorted) merges.push_back(vocabulary.texts[merge.left] + " " + vocabulary.texts[merge.right]);
    return merges;
}

// Where nothing merges, every rule gives the same tokens.
std::string split_name(const TokenizerModel& model, const std::string& source) {
    const SplitRule rule{model.pre_tokenizer, model.char_sets};
    if (rule.stages == PreTokenizer::none && model.merges.empty()) return "gpt-2";
    const std::optional<std::string> name = name_of_rule(rule, model.flags & tokenizer_whole_words);
    if (!name) refuse_part(source, rule.stages == PreTokenizer::none ? "byte-level merges across the whole text" : "this split rule");
    return *name;
}

void write_byte_level(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf) {
    require_part(part_beyond_flags(model, tokenizer_whole_words), source);
    if (model.normalizer.present || !model.lexicon.entries.empty()) refuse_part(source, "a normalizer or symbols before bytes");
    const std::string rule = split_name(model, source);
    const std::vector<int32_t> types = types_of(model);
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        vocabulary.add(types[id] == normal ? in_alphabet(model.pieces[id]) : model.pieces[id], types[id]);
    vocabulary.pad(vocab);
    gguf.text("tokenizer.ggml.model", "gpt2");
    gguf.text("tokenizer.ggml.pre", rule);
    gguf.texts("tokenizer.ggml.merges", merges_of(model, vocabulary));
    write_common(model, vocabulary, gguf);
}

// ---- by score

void write_scored(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    require_part(part_beyond_scores(model), source);
    const std::vector<int32_t> types = types_of(model);
    const std::vector<int> byte_of = bytes_of(model);
    if (std::count(byte_of.begin(), byte_of.end(), -1) != std::ptrdiff_t(byte_of.size()) - 256)
        notes.push_back(source + ": not every byte has a token; llama.cpp ends at characters that are not in the vocabulary");
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < model.pieces.size(); id++) {
        if (byte_of[id] >= 0) vocabulary.add(byte_name(static_cast<uint8_t>(byte_of[id])), byte);
        else if (types[id] != normal) vocabulary.add(model.pieces[id], id == model.unk ? unknown : types[id]);
        else vocabulary.add(with_marks(model.pieces[id]), normal);
    }
    vocabulary.pad(vocab);
    if (!merges_by_score(model))
        notes.push_back(source + ": llama.cpp merges by score what this tokenizer merges by rule; it may cut some texts in other places");
    gguf.text("tokenizer.ggml.model", "llama");
    gguf.text("tokenizer.ggml.pre", "default");
    gguf.f32s("tokenizer.ggml.scores", scores_of(model, vocabulary.texts.size()));
    gguf.flag("tokenizer.ggml.add_space_prefix", model.flags & tokenizer_prefix_space);
    write_common(model, vocabulary, gguf);
}

// ---- WordPiece

// A piece that begins a word has U+2581 in front, one that goes on has nothing.
std::string with_word_mark(const std::string& text) {
    const std::string prefix = WordPieceOptions().prefix;
    return text.compare(0, prefix.size(), prefix) == 0 ? text.substr(prefix.size()) : with_marks(" ") + text;
}

void require_wordpiece(const TokenizerModel& model, const std::string& source) {
    const std::optional<BertOptions> bert = bert_options_of(model.normalizer);
    if (!bert || !bert->clean_text || !bert->handle_chinese_chars || !bert->strip_accents || !bert->lowercase)
        refuse_part(source, "a normalizer that is not that of bert-base-uncased");
    if (model.lexicon.word_characters != WordPieceOptions().word_characters)
        refuse_part(source, "words of at most " + std::to_string(model.lexicon.word_characters) + " characters");
    if (!model.added.empty()) refuse_part(source, "added tokens beside WordPiece");
    if (model.bos == no_token || model.eos == no_token) refuse_part(source, "WordPiece without tokens to go around a text, as [CLS] and [SEP]");
}

// BERT decomposes text and takes the marks away. llama.cpp replaces a character by the first one of its decomposition alone: the same for
// é, but marks that stand in the text stay there, and of a Hangul syllable only the first letter does.
void write_wordpiece(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    require_wordpiece(model, source);
    notes.push_back(source + ": llama.cpp keeps accents that are characters of their own, and cuts Hangul short; it makes other tokens of such text than BERT");
    const std::vector<int32_t> types = types_of(model);
    const std::vector<std::string> texts = written_wordpiece(model);
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < texts.size(); id++) {
        const bool named = texts[id].size() > 1 && texts[id].front() == '[' && texts[id].back() == ']';
        vocabulary.add(types[id] != normal || named ? texts[id] : with_word_mark(texts[id]), types[id]);
    }
    vocabulary.pad(vocab);
    gguf.text("tokenizer.ggml.model", "bert");
    gguf.text("tokenizer.ggml.pre", "default");
    gguf.u32("tokenizer.ggml.cls_token_id", model.bos);
    gguf.u32("tokenizer.ggml.seperator_token_id", model.eos);  // spelt as llama.cpp looks for it
    write_common(model, vocabulary, gguf);
}

// ---- Unigram

void require_unigram(const TokenizerModel& model, const std::string& source) {
    require_part(part_beyond_flags(model, tokenizer_prefix_space | tokenizer_squeeze_spaces), source);
    if (!(model.flags & tokenizer_fold_space)) refuse_part(source, "U+2581 that is no space");
    if (model.unk == no_token) refuse_part(source, "Unigram without unknown token");
    for (uint32_t id = 0; id < model.lexicon.scores.size(); id++)
        if (std::isnan(model.lexicon.scores[id])) refuse_part(source, "the user-defined symbol " + shown(model.pieces[id]) + " of SentencePiece");
}

// Pieces that text never makes are control tokens: llama.cpp finds those of the type that is called unused.
void write_unigram(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    require_unigram(model, source);
    std::vector<int32_t> types = types_of(model);
    std::vector<bool> found(model.pieces.size());
    for (const LexiconEntry& entry : model.lexicon.entries) found[entry.token] = true;
    for (uint32_t id = 0; id < types.size(); id++)
        if (types[id] == normal && !found[id]) types[id] = control;
    types[model.unk] = unknown;
    const std::vector<int> byte_of = bytes_of(model);
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < model.pieces.size(); id++) {
        if (byte_of[id] >= 0) vocabulary.add(byte_name(static_cast<uint8_t>(byte_of[id])), byte);
        else vocabulary.add(types[id] == normal ? with_marks(model.pieces[id]) : model.pieces[id], types[id]);
    }
    vocabulary.pad(vocab, control);
    if (std::any_of(byte_of.begin(), byte_of.end(), [](int value) { return value >= 0; }))
        notes.push_back(source + ": llama.cpp makes characters that are not in the vocabulary the unknown token, and not their bytes");
    if (model.lexicon.sum_bytes == sizeof(double))
        notes.push_back(source + ": llama.cpp adds up scores in float32; of two cuts with nearly equal sums it may take the other");
    std::vector<float> scores = model.lexicon.scores;
    scores.resize(vocabulary.texts.size(), 0);
    gguf.text("tokenizer.ggml.model", "t5");
    gguf.text("tokenizer.ggml.pre", "default");
    gguf.f32s("tokenizer.ggml.scores", scores);
    gguf.flag("tokenizer.ggml.add_space_prefix", model.flags & tokenizer_prefix_space);
    gguf.flag("tokenizer.ggml.remove_extra_whitespaces", model.flags & tokenizer_squeeze_spaces);
    if (const std::string map = charsmap_of(model.normalizer, source); !map.empty()) gguf.bytes("tokenizer.ggml.precompiled_charsmap", map);
    write_common(model, vocabulary, gguf);
}

}  // namespace

void write_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    if (model.normal_form.present)
        notes.push_back(source + ": GGUF has no key for normalization forms; programs that read it do not bring text into " + name_of(model.normal_form));
    if (!model.whole.empty())
        notes.push_back(source + ": GGUF has no keys for tokens that take white space with them, must be words of their own or stand in "
                                 "normalized text; programs that read it find them anywhere in text as it is");
    switch (model.kind) {
        case TokenizerKind::wordpiece: return write_wordpiece(model, vocab, source, gguf, notes);
        case TokenizerKind::unigram: return write_unigram(model, vocab, source, gguf, notes);
        case TokenizerKind::bpe: break;
    }
    if (is_byte_level(model)) return write_byte_level(model, vocab, source, gguf);
    write_scored(model, vocab, source, gguf, notes);
}

}  // namespace mote::tools
