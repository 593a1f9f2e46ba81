// write_pipeline_json: each kind of tokenizer in the stages that its published files have.
#include "tokenizer/write_pipeline_json.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "model/char_class.h"
#include "tokenizer/base64.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/write_charsmap.h"

namespace mote::tools {
namespace {

[[noreturn]] void refuse_part(const std::string& file, const std::string& part) {
    refuse("E_UNSUPPORTED", file, part + ": tokenizer.json has no stage for it that mote reads");
}

const char* truth(bool value) { return value ? "true" : "false"; }

// One part stands for itself.
std::string sequence(const std::vector<std::string>& parts, const char* list) {
    if (parts.empty()) return "null";
    if (parts.size() == 1) return parts[0];
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
    return std::string("{\"type\": \"Sequence\", \"") + list + "\": [" + out + "]}";
}

void require_flags(const TokenizerModel& model, uint32_t known, const std::string& file) {
    const std::pair<uint32_t, const char*> names[] = {{tokenizer_prefix_space, "a space in front of the text"},
                                                      {tokenizer_prefix_missing, "a space in front where none is"},
                                                      {tokenizer_prefix_kept, "a space in front that is kept"},
                                                      {tokenizer_whole_words, "words that are tokens"},
                                                      {tokenizer_squeeze_spaces, "spaces of which runs become one"},
                                                      {tokenizer_keep_ends, "spaces at the ends that become one"},
                                                      {tokenizer_space_behind, "spaces behind words"}};
    for (const auto& [flag, name] : names)
        if (model.flags & ~known & flag) refuse_part(file, name);
}

std::vector<std::string> form_of(const TokenizerModel& model) {
    if (!model.normal_form.present) return {};
    return {"{\"type\": \"" + name_of(model.normal_form) + "\"}"};
}

// ---- byte-level

std::string split(const std::string& regex) {
    return "{\"type\": \"Split\", \"pattern\": {\"Regex\": " + Json(regex).dump() + "}, \"behavior\": \"Isolated\", \"invert\": false}";
}

std::string digits(bool each) { return std::string("{\"type\": \"Digits\", \"individual_digits\": ") + truth(each) + "}"; }

std::string byte_level(bool adds_space, bool splits) {
    return std::string("{\"type\": \"ByteLevel\", \"add_prefix_space\": ") + truth(adds_space) + ", \"trim_offsets\": true, \"use_regex\": " + truth(splits) + "}";
}

std::vector<PreTokenizer> stages_of(PreTokenizer stages) {
    std::vector<PreTokenizer> out;
    for (uint32_t rest = uint32_t(stages); rest; rest >>= pre_tokenizer_bits) out.push_back(PreTokenizer(rest & ((1u << pre_tokenizer_bits) - 1)));
    return out;
}

std::string stage_part(PreTokenizer stage, const CharSets& sets, const std::string& file) {
    if (stage == PreTokenizer::digit) return digits(true);
    if (stage == PreTokenizer::digits) return digits(false);
    if (stage == PreTokenizer::each_space)
        return R"({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": false})";
    if (stage == PreTokenizer::marks && sets.punctuation.empty() && sets.symbols == ascii_symbols) return "{\"type\": \"Punctuation\", \"behavior\": \"Contiguous\"}";
    const std::optional<std::string> regex = stage == PreTokenizer::marks ? std::nullopt : pattern_of(stage, sets);
    if (!regex) refuse_part(file, "stage " + std::to_string(uint32_t(stage)) + " of its split rule (SPEC 6.1)");
    return split(*regex);
}

// Digits among the characters that stand for bytes are looked for behind ByteLevel, everything else before it. ByteLevel has GPT-2's
// rule itself.
std::string byte_level_stages(const TokenizerModel& model, const std::string& file) {
    const std::vector<PreTokenizer> stages = stages_of(model.pre_tokenizer);
    const size_t place = size_t(std::find(stages.begin(), stages.end(), PreTokenizer::byte_digits) - stages.begin());
    const bool splits = place > 0 && stages[place - 1] == PreTokenizer::gpt2, adds_space = model.flags & tokenizer_prefix_space;
    std::vector<std::string> parts;
    for (size_t i = 0; i + splits < place; i++) parts.push_back(stage_part(stages[i], model.char_sets, file));
    if (adds_space && !parts.empty()) refuse_part(file, "a space in front of what another stage cuts first");
    parts.push_back(byte_level(adds_space, splits));
    for (size_t i = place; i < stages.size(); i++) {
        if (stages[i] != PreTokenizer::byte_digits && stages[i] != PreTokenizer::three_digits) refuse_part(file, "a cut behind one in the characters of bytes");
        parts.push_back(stages[i] == PreTokenizer::byte_digits ? digits(false) : stage_part(stages[i], model.char_sets, file));
    }
    return sequence(parts, "pretokenizers");
}

PipelineJson byte_level_pipeline(const TokenizerModel& model, const std::string& file) {
    constexpr uint32_t all = tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_prefix_missing | tokenizer_prefix_kept;
    require_flags(model, tokenizer_whole_words | all, file);
    if ((model.flags & tokenizer_prefix_space) && (model.flags & all) != all) refuse_part(file, "a space in front of the text that is not ByteLevel's");
    if (model.normalizer.present) refuse_part(file, "a normalizer before bytes");
    if (!model.lexicon.entries.empty()) refuse_part(file, "symbols beside merges");
    return {sequence(form_of(model), "normalizers"), byte_level_stages(model, file),
            R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true})"};
}

// ---- U+2581 for spaces

const char* const marks_spaces = R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})";
const char* const prepends = R"({"type": "Prepend", "prepend": "▁"})";

bool has_byte_fallback(const TokenizerModel& model) {
    return std::any_of(model.byte_ids.begin(), model.byte_ids.end(), [](uint32_t id) { return id != no_token; });
}

std::string marked_decoder(const TokenizerModel& model, bool strips) {
    std::vector<std::string> parts = {R"({"type": "Replace", "pattern": {"String": "▁"}, "content": " "})"};
    if (has_byte_fallback(model)) parts.emplace_back(R"({"type": "ByteFallback"})");
    parts.emplace_back(R"({"type": "Fuse"})");
    if (strips) parts.emplace_back(R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})");
    return sequence(parts, "decoders");
}

const char* scheme_of(const TokenizerModel& model) {
    if (!(model.flags & tokenizer_prefix_space)) return "never";
    return model.flags & tokenizer_prefix_every ? "always" : "first";
}

std::string metaspace(const char* scheme, bool splits) {
    return std::string("{\"type\": \"Metaspace\", \"replacement\": \"▁\", \"prepend_scheme\": \"") + scheme + "\", \"split\": " + truth(splits) + "}";
}

// A space that goes only where none is, or a cut at every space, is Metaspace's; else the normalizer puts both.
PipelineJson marked_pipeline(const TokenizerModel& model, const std::string& file) {
    require_flags(model, tokenizer_prefix_space | tokenizer_prefix_missing, file);
    if (!model.normalizer.rules.empty() || !model.normalizer.ranges.empty()) refuse_part(file, "a normalizer before merges of characters");
    if (!model.lexicon.entries.empty()) refuse_part(file, "user-defined symbols of SentencePiece");
    const bool splits = model.pre_tokenizer == PreTokenizer::each_space, prefix = model.flags & tokenizer_prefix_space;
    const bool missing = model.flags & tokenizer_prefix_missing;
    if (model.pre_tokenizer != PreTokenizer::none && !splits) refuse_part(file, "a split rule before merges of characters");
    PipelineJson out;
    out.decoder = marked_decoder(model, prefix);
    if (splits || missing) {
        if (prefix && !missing) refuse_part(file, "a space in front of the text together with a cut at every space");
        out.pre_tokenizer = metaspace(scheme_of(model), splits);
        return out;
    }
    out.normalizer = prefix ? sequence({prepends, marks_spaces}, "normalizers") : marks_spaces;
    return out;
}

// Words are what lies between spaces, and each gets one in front.
const char* const parts_words = R"({"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": false})";

PipelineJson unigram_pipeline(const TokenizerModel& model, const std::string& file) {
    require_flags(model, tokenizer_prefix_space | tokenizer_squeeze_spaces | tokenizer_keep_ends, file);
    if (!(model.flags & tokenizer_fold_space)) refuse_part(file, "U+2581 that is no space");
    PipelineJson out;
    std::vector<std::string> normalizers;
    if (const std::string map = charsmap_of(model.normalizer, file); !map.empty())
        normalizers.push_back("{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"" + to_base64(map) + "\"}");
    if (model.flags & tokenizer_keep_ends) {
        normalizers.emplace_back(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})");
        out.pre_tokenizer = metaspace(scheme_of(model), proven_cut(model) == PreTokenizer::each_space);
    } else if (model.flags & tokenizer_squeeze_spaces) {
        if (!(model.flags & tokenizer_prefix_space)) refuse_part(file, "runs of spaces that become one, without one in front of the text");
        out.pre_tokenizer = sequence({parts_words, metaspace("always", true)}, "pretokenizers");
    } else {
        if (model.flags & tokenizer_prefix_space) normalizers.emplace_back(prepends);
        normalizers.emplace_back(marks_spaces);
    }
    out.normalizer = sequence(normalizers, "normalizers");
    out.decoder = marked_decoder(model, model.flags & tokenizer_prefix_space);
    return out;
}

// ---- WordPiece

// Whether decoded text has a space before a full stop: it has none where the piece, which begins a word, lost its own.
bool cleans_up(const TokenizerModel& model) {
    const auto lost_space = [&](const LexiconEntry& entry) { return entry.text[0] == ' ' && model.pieces[entry.token][0] != ' '; };
    return std::any_of(model.lexicon.entries.begin(), model.lexicon.entries.end(), lost_space);
}

PipelineJson wordpiece_pipeline(const TokenizerModel& model, const std::string& file) {
    const std::optional<BertOptions> bert = bert_options_of(model.normalizer);
    if (!bert) refuse_part(file, "a normalizer that is not BERT's");
    PipelineJson out;
    std::vector<std::string> normalizers = form_of(model);
    normalizers.push_back(std::string("{\"type\": \"BertNormalizer\", \"clean_text\": ") + truth(bert->clean_text) +
                          ", \"handle_chinese_chars\": " + truth(bert->handle_chinese_chars) + ", \"strip_accents\": " +
                          truth(bert->strip_accents) + ", \"lowercase\": " + truth(bert->lowercase) + "}");
    out.normalizer = sequence(normalizers, "normalizers");
    out.pre_tokenizer = R"({"type": "BertPreTokenizer"})";
    out.decoder = std::string("{\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": ") + truth(cleans_up(model)) + "}";
    return out;
}

}  // namespace

PipelineJson pipeline_json(const TokenizerModel& model, const std::string& file) {
    const bool bytes = model.kind == TokenizerKind::bpe && is_byte_level(model);
    const bool first_rules = model.normal_form.present && (model.normal_form.flags & normal_form_rules);
    if (first_rules) refuse_part(file, name_of(model.normal_form) + " before the normalizer");
    if (model.normal_form.present && !bytes && model.kind != TokenizerKind::wordpiece)
        refuse_part(file, name_of(model.normal_form) + " before pieces that are not of bytes");
    switch (model.kind) {
        case TokenizerKind::wordpiece: return wordpiece_pipeline(model, file);
        case TokenizerKind::unigram: return unigram_pipeline(model, file);
        case TokenizerKind::bpe: break;
    }
    return bytes ? byte_level_pipeline(model, file) : marked_pipeline(model, file);
}

}  // namespace mote::tools
