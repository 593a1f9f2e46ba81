// tokenizer_json_pieces: pieces become a lexicon; unigram_stages reads what stands in front of Unigram. The rest is refused by name.
#include "tokenizer/tokenizer_json_pieces.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/tokenizer_json_parts.h"
#include "tokenizer/tokenizer_wordpiece.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/unigram_stages.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

// ---- WordPiece

BertOptions bert_options(const JsonView& part) {
    BertOptions options;
    options.clean_text = flag(part, "clean_text", true);
    options.handle_chinese_chars = flag(part, "handle_chinese_chars", true);
    options.lowercase = flag(part, "lowercase", true);
    options.strip_accents = flag(part, "strip_accents", options.lowercase);
    return options;
}

// A form, and behind it BertNormalizer or steps of characters; each may be missing.
struct WordPieceNormalizers {
    NormalForm form{};
    std::vector<CharacterStep> steps{};
    BertOptions bert{false, false, false, false};
};

WordPieceNormalizers read_normalizers(const JsonView& root) {
    const std::vector<JsonView> parts = parts_of(root, "normalizer", "normalizers");
    WordPieceNormalizers read;
    for (size_t i = 0; i < parts.size(); i++) {
        const std::string type = type_of(parts[i]);
        const std::optional<CharacterStep> step = is_form(parts, i) ? std::nullopt : step_named(type);
        if (i == 0 && is_form(parts, i))
            read.form = unicode_form(form_named(type));
        else if (step && *step != CharacterStep::nmt)
            read.steps.push_back(*step);
        else if (type == "BertNormalizer" && read.steps.empty() && i + 1 == parts.size())
            read.bert = bert_options(parts[i]);
        else
            refuse_part(parts[i], "in front of WordPiece only a form and BertNormalizer, Lowercase or StripAccents behind it are");
    }
    return read;
}

// BertPreTokenizer, or the two that it is made of.
void require_bert_split(const JsonView& root) {
    const std::vector<JsonView> parts = parts_of(root, "pre_tokenizer", "pretokenizers");
    if (parts.empty()) root.refuse("E_UNSUPPORTED", "WordPiece without BertPreTokenizer is not supported");
    bool spaces = false, marks = false;
    for (const JsonView& part : parts) {
        const std::string type = type_of(part);
        const std::optional<JsonView> behavior = part.find("behavior");
        if (type == "BertPreTokenizer")
            spaces = marks = true;
        else if (type == "WhitespaceSplit")
            spaces = true;
        else if (type == "Punctuation" && (!behavior || behavior->text() == "Isolated"))
            marks = true;
        else
            refuse_part(
                part, "in front of WordPiece only BertPreTokenizer, or WhitespaceSplit and Punctuation, each mark on its own, are");
    }
    if (!spaces || !marks)
        refuse_part(parts[0], std::string("in front of WordPiece without ") + (spaces ? "Punctuation" : "WhitespaceSplit"));
}

bool decoder_cleans_up(const JsonView& root, const std::string& prefix) {
    const std::vector<JsonView> parts = parts_of(root, "decoder", "decoders");
    if (parts.size() != 1 || type_of(parts[0]) != "WordPiece") root.refuse("E_UNSUPPORTED", "the decoder of a WordPiece tokenizer must be WordPiece alone");
    if (parts[0].at("prefix").text() != prefix) parts[0].refuse("E_MISMATCH", "its prefix is not the model's, " + shown(prefix));
    return flag(parts[0], "cleanup", true);
}

// ---- Unigram

constexpr uint64_t max_word_characters = 100000;

void check_decoder(const JsonView& root, bool byte_fallback) {
    bool spaces = false, bytes = false;
    for (const JsonView& part : parts_of(root, "decoder", "decoders")) {
        const std::string type = type_of(part);
        if ((type == "Replace" && replaces(part, marker, " ")) || (type == "Metaspace" && part.at("replacement").text() == marker)) spaces = true;
        else if (type == "ByteFallback") bytes = true;
        else if (type != "Fuse" && type != "Strip") refuse_part(part);
    }
    if (!spaces) root.refuse("E_UNSUPPORTED", "a decoder that does not turn U+2581 into a space is not supported");
    if (bytes != byte_fallback) root.refuse("E_MISMATCH", "ByteFallback of the decoder and model.byte_fallback differ");
}

float exact_score(const JsonView& score) {
    const double value = score.number();
    const float rounded = static_cast<float>(value);
    if (static_cast<double>(rounded) != value) score.refuse("E_UNSUPPORTED", "a score that is not a float32 is not supported");
    return rounded;
}

// The vocabulary is a list of [piece, score].
std::vector<float> read_scores(const JsonView& root, Vocabulary& vocabulary) {
    const JsonView list = root.at("model").at("vocab");
    const std::optional<JsonView> added = root.find("added_tokens");
    if (list.array().empty()) list.refuse("E_EMPTY", "has no tokens");
    vocabulary.most = list.array().size() + (added ? added->array().size() : 0);
    std::vector<float> scores;
    for (size_t id = 0; id < list.array().size(); id++) {
        const JsonView pair = list.element(id);
        if (pair.array().size() != 2) pair.refuse("E_SYNTAX", "must be a token and its score");
        const std::string& text = pair.element(0).text();
        if (vocabulary.ids.count(text)) pair.refuse("E_DUP", shown(text) + " stands twice");
        add_token({root.file(), "model.vocab[" + std::to_string(id) + "]"}, text, id, vocabulary);
        scores.push_back(exact_score(pair.element(1)));
    }
    return scores;
}

void put_pieces(const JsonView& root, const Vocabulary& vocabulary, bool byte_fallback, bool splits, TokenizerModel& model) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    for (uint32_t id = 0; id < vocabulary.text.size(); id++) {
        const std::string& text = *vocabulary.text[id];
        if (byte_fallback && byte_piece(text)) {
            const uint32_t byte = byte_piece(text).value_or(0);
            model.byte_ids[byte] = id;
            model.pieces.push_back(std::string(1, static_cast<char>(byte)));
            continue;
        }
        model.pieces.push_back(special.count(id) ? text : with_spaces(text));
        const bool written_with_space = text.find(' ') != std::string::npos;  // which text has no longer when it is looked up
        const bool across_words = splits && model.pieces.back().find(' ', 1) != std::string::npos;
        if (!text.empty() && !special.count(id) && id != model.unk && !written_with_space && !across_words)
            model.lexicon.entries.push_back({model.pieces.back(), id});
    }
    if (model.lexicon.entries.empty()) root.at("model").refuse("E_EMPTY", "no token can be made from text");
    if (byte_fallback && !vocabulary.ids.count(marker)) root.refuse("E_UNSUPPORTED", "byte_fallback without a token for U+2581 is not supported");
}

// Tokens that stand beside the model's own are not made of what lies between them.
void keep_findable(const TokenIds& own, const Vocabulary& vocabulary, Lexicon& lexicon) {
    const auto beside = [&](const LexiconEntry& entry) { return !own.count(*vocabulary.text[entry.token]); };
    lexicon.entries.erase(std::remove_if(lexicon.entries.begin(), lexicon.entries.end(), beside), lexicon.entries.end());
}

// Words are apart in normalized text already, so that nothing is looked for in it.
std::optional<std::string> not_normalized(const std::string&) { return std::nullopt; }

}  // namespace

TokenizerModel import_json_wordpiece(const JsonView& root, std::vector<std::string>& notes) {
    const JsonView wordpiece = root.at("model");
    const WordPieceNormalizers normalizers = read_normalizers(root);
    require_bert_split(root);
    WordPieceOptions options;
    options.prefix = wordpiece.at("continuing_subword_prefix").text();
    options.unknown = wordpiece.at("unk_token").text();
    if (const std::optional<JsonView> most = wordpiece.find("max_input_chars_per_word"))
        options.word_characters = static_cast<uint32_t>(most->integer(max_word_characters));
    options.cleanup = decoder_cleans_up(root, options.prefix);

    TokenizerModel model = empty_tokenizer();
    Vocabulary vocabulary;
    read_model_vocabulary(root, vocabulary);
    const TokenIds own = vocabulary.ids;
    const std::vector<WholeRule> whole = read_added(root, not_normalized, vocabulary, model);
    require_dense(vocabulary, root.file());
    std::vector<std::string> pieces;
    for (const std::optional<std::string>& text : vocabulary.text) pieces.push_back(*text);
    put_wordpiece(pieces, options, root.file(), model);
    put_whole_rules(whole, true, model);
    keep_findable(own, vocabulary, model.lexicon);
    model.normal_form = normalizers.form;
    model.normalizer = normalizers.steps.empty() ? bert_normalizer(normalizers.bert) : bert_split_behind(normalizers.steps);
    read_post_processor(root, model);
    note_ignored(root, notes);
    return model;
}

TokenizerModel import_json_unigram(const JsonView& root, std::vector<std::string>& notes) {
    const JsonView unigram = root.at("model");
    const bool byte_fallback = flag(unigram, "byte_fallback", false);
    const UnigramStages stages = unigram_stages(root);
    check_decoder(root, byte_fallback);

    TokenizerModel model = empty_tokenizer();
    model.kind = TokenizerKind::unigram;
    Vocabulary vocabulary;
    model.lexicon.scores = read_scores(root, vocabulary);
    model.lexicon.lowest_score = *std::min_element(model.lexicon.scores.begin(), model.lexicon.scores.end());
    model.lexicon.sum_bytes = 8;
    const JsonView unknown = unigram.at("unk_id");
    model.unk = static_cast<uint32_t>(unknown.integer(max_vocab));
    if (model.unk >= model.lexicon.scores.size()) unknown.refuse("E_RANGE", "is not one of the " + std::to_string(model.lexicon.scores.size()) + " tokens");
    const TokenIds own = vocabulary.ids;
    const std::vector<WholeRule> whole = read_added(root, not_normalized, vocabulary, model);
    require_dense(vocabulary, root.file());
    put_pieces(root, vocabulary, byte_fallback, stages.splits, model);
    put_whole_rules(whole, true, model);
    keep_findable(own, vocabulary, model.lexicon);
    model.normal_form = stages.form;
    model.normalizer = stages.normalizer;
    model.flags = stages.flags | tokenizer_fold_space | tokenizer_fuse_unk;
    read_post_processor(root, model);
    note_ignored(root, notes);
    return model;
}

}  // namespace mote::tools
