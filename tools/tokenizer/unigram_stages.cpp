// unigram_stages: steps that do not look at their neighbours become one table of rules, whatever their number.
#include "tokenizer/unigram_stages.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/base64.h"
#include "tokenizer/character_steps.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/tokenizer_json_parts.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

// What a file says, part by part.
struct Read {
    NormalForm form{};
    std::vector<NormalizationRule> texts{};  // Replace, before any step
    std::vector<CharacterStep> steps{};
    bool has_map = false;
    Normalizer map{};
    bool strips_right = false, squeezes = false;
    bool prepends = false, marks_spaces = false;

    bool at_start() const { return !form.present && texts.empty() && steps.empty() && before_spaces(); }
    bool before_map() const { return !has_map && before_spaces(); }
    bool before_spaces() const { return !strips_right && !squeezes && !prepends && !marks_spaces; }
};

// ---- normalizers

std::optional<std::string> replaced_text(const JsonView& part) {
    const std::optional<JsonView> text = part.at("pattern").find("String");
    return text && !text->text().empty() ? std::optional<std::string>(text->text()) : std::nullopt;
}

bool replaces_runs_of_spaces(const JsonView& part) {
    const std::optional<JsonView> regex = part.at("pattern").find("Regex");
    const std::string& content = part.at("content").text();
    return regex && regex->text() == " {2,}" && (content == " " || content == marker);
}

// One pass does what several do if nothing that a later one looks for overlaps with, or arises from, what an earlier one replaces.
void add_text(const JsonView& part, Read& read) {
    const NormalizationRule rule{*replaced_text(part), part.at("content").text()};
    for (const NormalizationRule& before : read.texts)
        if (may_overlap(before.from, rule.from) || before.to.empty() || before.to.find_first_of(rule.from) != std::string::npos)
            refuse_part(part, "its text may arise from the Replace of " + shown(before.from) + " before it");
    read.texts.push_back(rule);
}

void read_map(const JsonView& part, Read& read) {
    const JsonView map = part.at("precompiled_charsmap");
    const std::optional<std::string> bytes = from_base64(map.text());
    if (!bytes) map.refuse("E_SYNTAX", "is not base64");
    read.has_map = read.map.present = true;
    read.map.rules = read_charsmap(*bytes, part.file(), 0);
}

void read_part(const std::vector<JsonView>& parts, size_t i, Read& read) {
    const JsonView& part = parts[i];
    const std::string type = type_of(part);
    const std::optional<CharacterStep> step = step_named(type);
    const bool form = is_form(parts, i);
    if (form && read.at_start())
        read.form = unicode_form(form_named(type));
    else if (!form && step && read.before_map() && (step != CharacterStep::strip_accents || !read.form.present))
        read.steps.push_back(*step);
    else if (type == "Precompiled" && read.before_map())
        read_map(part, read);
    else if (type == "Strip" && read.has_map && read.before_spaces() && !flag(part, "strip_left", true) && flag(part, "strip_right", true))
        read.strips_right = true;
    else if (type == "Replace" && replaces_runs_of_spaces(part) && !read.squeezes && !read.prepends && !read.marks_spaces)
        read.squeezes = true;
    else if (type == "Prepend" && part.at("prepend").text() == marker && !read.prepends && !read.marks_spaces && !read.squeezes)
        read.prepends = true;
    else if (type == "Replace" && replaces(part, " ", marker) && !read.marks_spaces && !read.squeezes)
        read.marks_spaces = true;
    else if (type == "Replace" && replaced_text(part) && read.before_map() && read.steps.empty() && !read.form.present)
        add_text(part, read);
    else
        refuse_part(part);
}

// Texts are replaced first, and go through the steps as what they became.
Normalizer early_rules(const Read& read) {
    Normalizer out = normalizer_of(read.steps);
    std::vector<NormalizationRule> texts = read.texts;
    for (NormalizationRule& rule : texts) rule.to = after_steps(read.steps, rule.to);
    out.rules.insert(out.rules.begin(), texts.begin(), texts.end());
    return out;
}

// One table, or two, where Precompiled looks at what the first has made.
void put_rules(const JsonView& root, const Read& read, UnigramStages& stages) {
    const bool early = !read.texts.empty() || !read.steps.empty();
    stages.form = read.form;
    stages.normalizer = read.map;
    if (!early) return;
    const Normalizer rules = early_rules(read);
    if (!read.has_map) {
        stages.normalizer = rules;
    } else {
        if (read.form.present) root.at("normalizer").refuse("E_UNSUPPORTED", "a form, other steps and Precompiled together are not supported");
        stages.form = NormalForm{true, normal_form_rules, 0, rules.rules, {0}};
    }
}

// ---- spaces

bool is_white(uint32_t code) { return class_of(code) == CharClass::space; }

std::string with_plain_spaces(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size();) {
        const Character c = first_character(text.data() + i, text.size() - i);
        if (!is_white(c.code)) out.append(text, i, c.bytes);
        else if (out.empty() || out.back() != ' ') out += ' ';
        i += c.bytes;
    }
    return out;
}

// White space of every kind parts words, before and after normalization.
void part_words(Normalizer& normalizer) {
    normalizer.present = true;
    for (NormalizationRule& rule : normalizer.rules) rule.to = with_plain_spaces(rule.to);
    for (uint32_t c = 0; c <= 0xffff; c++)
        if (c != ' ' && is_white(c)) normalizer.rules.push_back({utf8(c), " "});  // the first rule for a text counts
}

// Whether normalized text may have the character.
bool leaves(const Normalizer& normalizer, const std::string& character) {
    const auto changes = [&](const NormalizationRule& rule) { return rule.from == character; };
    const auto makes = [&](const NormalizationRule& rule) { return rule.to.find(character) != std::string::npos; };
    return std::none_of(normalizer.rules.begin(), normalizer.rules.end(), changes) || std::any_of(normalizer.rules.begin(), normalizer.rules.end(), makes);
}

void require_only_spaces(const JsonView& root, const Read& read, const Normalizer& normalizer) {
    const JsonView part = root.at("normalizer");
    if (leaves(normalizer, marker)) part.refuse("E_UNSUPPORTED", "Replace of \" {2,}\" behind a normalizer that leaves U+2581 is not supported");
    for (uint32_t c = 0; read.strips_right && c <= 0xffff; c++)
        if (c != ' ' && is_white(c) && leaves(normalizer, utf8(c)))
            part.refuse("E_UNSUPPORTED", "Strip behind a normalizer that leaves white space other than spaces is not supported");
}

// What the normalizer leaves as a space parts words, as in SentencePiece.
bool parts_at_spaces(const JsonView& part) {
    if (type_of(part) != "Split" || part.at("behavior").text() != "Removed" || flag(part, "invert", false)) return false;
    const std::optional<JsonView> text = part.at("pattern").find("String");
    return text && text->text() == " ";
}

std::string scheme_of(const JsonView& metaspace, const Read& read) {
    if (metaspace.at("replacement").text() != marker) refuse_part(metaspace, "its replacement is not U+2581");
    if (read.prepends || read.marks_spaces) refuse_part(metaspace, "the normalizer marks spaces already");
    const std::optional<JsonView> scheme = metaspace.find("prepend_scheme");
    const std::string when = scheme ? scheme->text() : flag(metaspace, "add_prefix_space", true) ? "always" : "never";
    if (when != "always" && when != "first" && when != "never") refuse_part(metaspace, "prepend_scheme " + shown(when));
    return when;
}

constexpr uint32_t always = tokenizer_prefix_space | tokenizer_prefix_every;

// Spaces are single already, so that a mark in front is one of them or its own.
void read_metaspace(const JsonView& root, const JsonView& metaspace, const Read& read, UnigramStages& stages) {
    const std::string when = scheme_of(metaspace, read);
    if (!read.squeezes) refuse_part(metaspace, "alone, without a Replace of \" {2,}\"");
    if (read.strips_right && when != "always") refuse_part(metaspace, "behind Strip it must always prepend");
    require_only_spaces(root, read, stages.normalizer);
    stages.flags = tokenizer_squeeze_spaces | (read.strips_right ? 0 : tokenizer_keep_ends);
    if (when != "never") stages.flags |= when == "always" ? always : tokenizer_prefix_space;
    stages.splits = flag(metaspace, "split", true);
}

void read_pre_tokenizers(const JsonView& root, const Read& read, UnigramStages& stages) {
    const std::vector<JsonView> parts = parts_of(root, "pre_tokenizer", "pretokenizers");
    if (parts.empty()) {
        if (!read.marks_spaces) root.refuse("E_UNSUPPORTED", "Unigram without U+2581 for spaces is not supported");
        if (read.squeezes || read.strips_right) root.refuse("E_UNSUPPORTED", "normalizers Strip and Replace of \" {2,}\" without Metaspace are not supported");
        stages.flags = read.prepends ? always : 0;
        return;
    }
    if (parts.size() == 1 && type_of(parts[0]) == "Metaspace") return read_metaspace(root, parts[0], read, stages);
    const bool white = type_of(parts[0]) == "WhitespaceSplit";
    if (parts.size() != 2 || (!white && !parts_at_spaces(parts[0])) || type_of(parts[1]) != "Metaspace")
        refuse_part(parts[0], "in front of Unigram only Metaspace is, alone or behind WhitespaceSplit or a Split that removes spaces");
    if (scheme_of(parts[1], read) != "always") refuse_part(parts[1], "it must always prepend");
    stages.flags = tokenizer_squeeze_spaces | always;
    stages.splits = true;
    if (white) part_words(stages.normalizer);
}

}  // namespace

UnigramStages unigram_stages(const JsonView& root) {
    const std::vector<JsonView> parts = parts_of(root, "normalizer", "normalizers");
    Read read;
    for (size_t i = 0; i < parts.size(); i++) read_part(parts, i, read);
    UnigramStages stages;
    put_rules(root, read, stages);
    read_pre_tokenizers(root, read, stages);
    stages.normalizer.present |= stages.flags != 0;  // spaces are a matter of the normalizer
    return stages;
}

}  // namespace mote::tools
