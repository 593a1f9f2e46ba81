// tokenizer_json: the pipeline is recognised part by part; what is not recognised is refused.
#include "tokenizer/tokenizer_json.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "tokenizer/character_steps.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/tokenizer_json_parts.h"
#include "tokenizer/tokenizer_json_pieces.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

constexpr size_t max_merges = 1 << 21;  // the largest vocabularies have half a million

// ---- the pipeline

struct Pipeline {
    bool byte_level = false;
    bool marks_spaces = false;  // SentencePiece-like: U+2581 in pieces is a space
    uint32_t prefix = 0;        // flags of the space before the text
    bool metaspace = false;     // it was the pre-tokenizer that put it there
    SplitRule split;
    NormalForm form;
    std::vector<CharacterStep> steps;  // behind the form
};

// Forms are none of these steps here, and Nmt takes marks for spaces, so that none may be there yet.
bool may_follow(CharacterStep step, const Pipeline& pipeline) {
    if (step == CharacterStep::nmt) return !pipeline.prefix && !pipeline.marks_spaces;
    return step == CharacterStep::lowercase || step == CharacterStep::strip_accents;
}

void read_normalizer(const JsonView& root, Pipeline& pipeline) {
    for (const JsonView& part : parts_of(root, "normalizer", "normalizers")) {
        const std::string type = type_of(part);
        const bool first = !pipeline.form.present && pipeline.steps.empty() && !pipeline.prefix && !pipeline.marks_spaces;
        if (first && form_named(type) != no_token)
            pipeline.form = unicode_form(form_named(type));
        else if (const auto step = step_named(type); step && may_follow(*step, pipeline))
            pipeline.steps.push_back(*step);
        else if (type == "Prepend" && part.at("prepend").text() == marker)
            pipeline.prefix = tokenizer_prefix_space | tokenizer_prefix_every;
        else if (type == "Replace" && replaces(part, " ", marker))
            pipeline.marks_spaces = true;
        else
            refuse_part(part);
    }
    if (pipeline.prefix && !pipeline.marks_spaces)
        root.refuse("E_UNSUPPORTED", "normalizer Prepend without Replace is not supported");
}

void add_stages(const JsonView& part, const SplitRule& stages, Pipeline& pipeline) {
    if (!append(pipeline.split, stages)) refuse_part(part, "together with what stands before it");
}

void read_byte_level(const JsonView& part, Pipeline& pipeline) {
    if (pipeline.byte_level) refuse_part(part, "it stands twice");
    pipeline.byte_level = true;
    if (flag(part, "add_prefix_space", true)) {
        if (pipeline.split.stages != PreTokenizer::none) refuse_part(part, "add_prefix_space behind another part");
        pipeline.prefix = byte_level_prefix;
    }
    if (flag(part, "use_regex", true)) add_stages(part, {PreTokenizer::gpt2, {}}, pipeline);
}

bool before_words(const JsonView& split) {
    return split.at("behavior").text() == "MergedWithNext" && !flag(split, "invert", false);
}

// Between cuts nothing may be left out, and a pattern that means the words themselves may mean them inverted.
void read_split(const JsonView& part, Pipeline& pipeline) {
    const std::optional<JsonView> text = part.at("pattern").find("String");
    if (text && text->text() == " " && pipeline.marks_spaces) return;  // the normalizer has left none: Gemma's
    if (text && text->text() == " " && before_words(part) && !pipeline.byte_level)
        return add_stages(part, {PreTokenizer::each_space, {}}, pipeline);
    const std::optional<JsonView> regex = part.at("pattern").find("Regex");
    if (!regex) refuse_part(part, "its pattern is no Regex, nor a space in front of words");
    const std::optional<SplitRule> rule = rule_of_pattern(regex->text());
    if (!rule) refuse_part(part, "pattern " + shown(regex->text(), 400));
    const std::string& behavior = part.at("behavior").text();
    const bool whole = rule->stages <= PreTokenizer::qwen2;
    const bool kept = behavior == "Removed" && flag(part, "invert", false) && whole;
    if (!kept && (behavior != "Isolated" || (flag(part, "invert", false) && !whole))) refuse_part(part, "behavior " + shown(behavior));
    if (pipeline.byte_level && rule->stages != PreTokenizer::three_digits) refuse_part(part, "behind ByteLevel");
    add_stages(part, *rule, pipeline);
}

// Behind ByteLevel, digits are looked for in the characters that stand for bytes.
void read_digits(const JsonView& part, Pipeline& pipeline) {
    const bool each = flag(part, "individual_digits", false);
    if (each && pipeline.byte_level) refuse_part(part, "individual_digits behind ByteLevel");
    add_stages(part, {each ? PreTokenizer::digit : pipeline.byte_level ? PreTokenizer::byte_digits : PreTokenizer::digits, {}}, pipeline);
}

void read_punctuation(const JsonView& part, Pipeline& pipeline) {
    const std::string& behavior = part.at("behavior").text();
    if (behavior != "Contiguous") refuse_part(part, "behavior " + shown(behavior) + "; only \"Contiguous\" is");
    if (pipeline.byte_level) refuse_part(part, "behind ByteLevel");
    add_stages(part, {PreTokenizer::marks, {{}, {}, {}, ascii_symbols}}, pipeline);
}

// Puts a space before a text only if none is there.
void read_metaspace(const JsonView& part, Pipeline& pipeline) {
    if (part.at("replacement").text() != marker) refuse_part(part, "its replacement is not U+2581");
    if (pipeline.prefix) refuse_part(part, "together with the normalizer Prepend");
    const std::optional<JsonView> scheme = part.find("prepend_scheme");
    const std::string when = scheme ? scheme->text() : flag(part, "add_prefix_space", true) ? "always" : "never";
    if (when != "always" && when != "first" && when != "never") refuse_part(part, "prepend_scheme " + shown(when));
    if (when != "never") pipeline.prefix = tokenizer_prefix_space | tokenizer_prefix_missing;
    if (when == "always") pipeline.prefix |= tokenizer_prefix_every;
    pipeline.marks_spaces = pipeline.metaspace = true;
    if (flag(part, "split", true)) add_stages(part, {PreTokenizer::each_space, {}}, pipeline);
}

void read_pre_tokenizer(const JsonView& root, Pipeline& pipeline) {
    const std::vector<JsonView> parts = parts_of(root, "pre_tokenizer", "pretokenizers");
    for (const JsonView& part : parts) {
        const std::string type = type_of(part);
        if (type == "ByteLevel")
            read_byte_level(part, pipeline);
        else if (type == "Split")
            read_split(part, pipeline);
        else if (type == "Digits")
            read_digits(part, pipeline);
        else if (type == "Punctuation")
            read_punctuation(part, pipeline);
        else if (type == "Metaspace" && parts.size() == 1)
            read_metaspace(part, pipeline);
        else
            refuse_part(part);
    }
    if (pipeline.byte_level == pipeline.marks_spaces)
        root.refuse("E_UNSUPPORTED", pipeline.byte_level ? "pre_tokenizer ByteLevel together with a normalizer is not supported"
                                                         : "neither pre_tokenizer ByteLevel nor U+2581 for spaces: not supported");
    for (const auto& [step, name] : {std::pair(CharacterStep::strip_accents, "StripAccents"), std::pair(CharacterStep::nmt, "Nmt")})
        if (pipeline.prefix && std::count(pipeline.steps.begin(), pipeline.steps.end(), step))  // a text that is gone keeps not even that space
            root.refuse("E_UNSUPPORTED", std::string("normalizer ") + name + " together with a space in front of the text is not supported");
    if (pipeline.marks_spaces && !pipeline.metaspace && pipeline.split.stages != PreTokenizer::none)
        root.at("pre_tokenizer").refuse("E_UNSUPPORTED", "cuts besides the normalizer Replace are not supported");
}

void check_byte_level_decoder(const JsonView& root) {
    const std::vector<JsonView> parts = parts_of(root, "decoder", "decoders");
    if (parts.size() != 1) root.refuse("E_UNSUPPORTED", "the decoder of a ByteLevel tokenizer must be ByteLevel alone");
    if (type_of(parts[0]) != "ByteLevel") refuse_part(parts[0]);
}

bool takes_first_away(const JsonView& metaspace) {
    const std::optional<JsonView> scheme = metaspace.find("prepend_scheme");
    return scheme ? scheme->text() != "never" : flag(metaspace, "add_prefix_space", true);
}

// Decoding undoes what encoding did: spaces from marks, bytes from their names, and the first space away.
void check_marked_decoder(const JsonView& root, const Pipeline& pipeline, bool byte_fallback) {
    bool spaces = false, bytes = false, strips = false;
    for (const JsonView& part : parts_of(root, "decoder", "decoders")) {
        const std::string type = type_of(part);
        if (type == "Replace" && replaces(part, marker, " "))
            spaces = true;
        else if (type == "ByteFallback")
            bytes = true;
        else if (type == "Strip" && part.at("content").text() == " " && part.at("start").integer(1) == 1 &&
                 part.at("stop").integer(0) == 0)
            strips = true;
        else if (type == "Metaspace" && part.at("replacement").text() == marker)
            spaces = true, strips = strips || takes_first_away(part);
        else if (type != "Fuse")
            refuse_part(part);
    }
    if (!spaces) root.refuse("E_UNSUPPORTED", "a decoder that does not turn U+2581 into a space is not supported");
    if (bytes != byte_fallback) root.refuse("E_MISMATCH", "ByteFallback of the decoder and model.byte_fallback differ");
    if (strips != (pipeline.prefix != 0)) root.refuse("E_UNSUPPORTED", "the decoder does not undo the space that is put before the text");
}

// ---- from the file's writing to bytes

void put_marked(const Vocabulary& vocabulary, bool byte_fallback, TokenizerModel& model) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    for (uint32_t id = 0; id < vocabulary.text.size(); id++) {
        const std::string& text = *vocabulary.text[id];
        const std::optional<uint32_t> byte = byte_fallback ? byte_piece(text) : std::nullopt;
        // Spaces are marks by the time they are looked up.
        if (byte)
            model.byte_ids[*byte] = id;
        else if (is_one_character(text) && text != " " && !special.count(id))  // those that are added may be found only under conditions
            model.characters.push_back(id);
        model.pieces.push_back(byte ? std::string(1, static_cast<char>(*byte)) : with_spaces(text));
    }
    for (const uint32_t id : special) model.pieces[id] = *vocabulary.text[id];
}

// ---- tokens that are looked for in normalized text

bool normalizes(const Pipeline& pipeline) {
    return pipeline.form.present || !pipeline.steps.empty() || (pipeline.marks_spaces && !pipeline.metaspace);
}

bool has_normalized(const TokenizerModel& model) {
    return std::any_of(model.whole.begin(), model.whole.end(), [](const WholeRule& rule) { return rule.normalized; });
}

// As core has it then: with spaces for marks. Metaspace makes marks of spaces later than that, but rules for characters leave none.
std::optional<std::string> normalized(const std::string& text, const Pipeline& pipeline) {
    if (!normalizes(pipeline)) return text;
    const std::string out = after_steps(pipeline.steps, in_form(pipeline.form, text));
    if (!pipeline.marks_spaces) return out;
    if (pipeline.metaspace) return with_spaces(out).find(' ') == std::string::npos ? std::optional<std::string>(out) : std::nullopt;
    return (pipeline.prefix ? " " : "") + with_spaces(out);
}

// ---- merges

void read_merges(const JsonView& bpe, const Vocabulary& vocabulary, TokenizerModel& model, std::vector<std::string>& notes) {
    const JsonView merges = bpe.at("merges");
    if (merges.array().size() > max_merges)
        merges.refuse("E_LIMIT", std::to_string(merges.array().size()) + " merges; at most " + std::to_string(max_merges));
    MergeList list(model, vocabulary.ids, bpe.file());
    for (size_t i = 0; i < merges.array().size(); i++) {
        const JsonView merge = merges.element(i);
        std::string left, right;
        if (merge.value().is_array()) {
            if (merge.array().size() != 2) merge.refuse("E_SYNTAX", "must be two tokens");
            left = merge.element(0).text();
            right = merge.element(1).text();
        } else {
            const size_t space = merge.text().find(' ');
            if (space == std::string::npos || merge.text().find(' ', space + 1) != std::string::npos)
                merge.refuse("E_SYNTAX", shown(merge.text()) + " must be two tokens with one space between");
            left = merge.text().substr(0, space);
            right = merge.text().substr(space + 1);
        }
        if (left.empty() || right.empty()) merge.refuse("E_SYNTAX", "a part is empty");
        list.add(left, right, "model.merges[" + std::to_string(i) + "]");
    }
    if (list.repeated())
        notes.push_back(bpe.file() + ": " + std::to_string(list.repeated()) + " merges stand twice; the first place counts");
}

// ---- the model

void check_model(const JsonView& bpe) {
    if (type_of(bpe) != "BPE") bpe.refuse("E_UNSUPPORTED", "type " + type_of(bpe) + " is not supported; supported are BPE, Unigram and WordPiece");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
        const std::optional<JsonView> affix = bpe.find(key);
        if (affix && !affix->text().empty()) affix->refuse("E_UNSUPPORTED", shown(affix->text()) + " is not supported");
    }
    const std::optional<JsonView> dropout = bpe.find("dropout");
    if (dropout && dropout->number() != 0) dropout->refuse("E_UNSUPPORTED", "random tokens are not supported");
}

}  // namespace

TokenizerModel import_tokenizer_json(const JsonView& root, std::vector<std::string>& notes) {
    const JsonView bpe = root.at("model");
    if (type_of(bpe) == "WordPiece") return import_json_wordpiece(root, notes);
    if (type_of(bpe) == "Unigram") return import_json_unigram(root, notes);
    check_model(bpe);
    Pipeline pipeline;
    read_normalizer(root, pipeline);
    read_pre_tokenizer(root, pipeline);
    const bool byte_fallback = flag(bpe, "byte_fallback", false);
    if (pipeline.byte_level && byte_fallback)
        bpe.at("byte_fallback").refuse("E_UNSUPPORTED", "together with ByteLevel is not supported");
    if (pipeline.byte_level)
        check_byte_level_decoder(root);
    else
        check_marked_decoder(root, pipeline, byte_fallback);

    TokenizerModel model = empty_tokenizer();
    Vocabulary vocabulary;
    read_model_vocabulary(root, vocabulary);
    const std::vector<WholeRule> whole = read_added(root, [&](const std::string& text) { return normalized(text, pipeline); }, vocabulary, model);
    require_dense(vocabulary, root.file());
    read_unknown(bpe, vocabulary, model);
    if (pipeline.byte_level) {
        put_byte_level(vocabulary, model);
        cover_bytes(model, root.file());
    } else {
        put_marked(vocabulary, byte_fallback, model);
        model.flags |= tokenizer_fold_space;
    }
    model.flags |= pipeline.prefix;
    model.normal_form = pipeline.form;
    if (!pipeline.steps.empty()) model.normalizer = normalizer_of(pipeline.steps);
    put_whole_rules(whole, normalizes(pipeline), model);
    if (pipeline.marks_spaces && !pipeline.metaspace && has_normalized(model))  // which have spaces for marks
        model.normalizer.present = model.normalizer.keeps_invalid = true;
    model.pre_tokenizer = pipeline.split.stages;
    model.char_sets = pipeline.split.sets;
    read_merges(bpe, vocabulary, model, notes);
    if (flag(bpe, "ignore_merges", false)) {
        if (!pipeline.byte_level) bpe.at("ignore_merges").refuse("E_UNSUPPORTED", "true is supported with ByteLevel only");
        take_whole_words(model);
    }
    read_post_processor(root, model);
    note_ignored(root, notes);
    return model;
}

}  // namespace mote::tools
