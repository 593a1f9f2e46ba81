// unpack_tokenizer: the arrays of SPEC 6, read backwards.
#include "model/unpack_tokenizer.h"

#include <algorithm>
#include <functional>
#include <set>

#include "../../core/src/tokenizer_tables.h"
#include "../../core/src/trie.h"
#include "base/error.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

std::string text_of(Span<const char> text) { return {text.data, text.count}; }

std::vector<uint32_t> list_of(const Tokenizer& t, uint32_t offset, uint32_t count) {
    const Ids ids = ids_at(t, offset);
    std::vector<uint32_t> out;
    for (uint32_t i = 0; i < count; i++) out.push_back(ids[i]);
    return out;
}

// ---- tries

// Visits all strings of a trie in order of their bytes. Nodes may be shared, so that a small file can hold more than can be visited.
class Strings {
public:
    using Visit = std::function<void(const std::string&, uint32_t value)>;

    Strings(const Trie& trie, uint32_t longest, const std::string& source, Visit visit)
        : trie_(trie), longest_(longest), source_(source), visit_(std::move(visit)) {
        walk(trie_.root());
    }

private:
    static constexpr uint64_t max_steps = 1u << 23;

    void walk(uint32_t unit) {
        if (++steps_ > max_steps) refuse("E_LIMIT", source_, "a trie of its tokenizer has more than " + std::to_string(max_steps) + " steps");
        if (!text_.empty() && trie_.value(unit) != no_token) visit_(text_, trie_.value(unit));
        if (text_.size() == longest_) return;
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t next = unit;
            if (!trie_.step(next, static_cast<char>(byte))) continue;
            text_ += static_cast<char>(byte);
            walk(next);
            text_.pop_back();
        }
    }

    const Trie trie_;
    const uint32_t longest_;
    const std::string& source_;
    const Visit visit_;
    std::string text_{};
    uint64_t steps_ = 0;
};

NormalizationRule rule_of(const Tokenizer& t, const NormalizerTables& tables, uint32_t value) {
    if (value == replace_by_itself) return {"", "", NormalizationRule::To::itself};
    if (value == replace_by_itself_alone) return {"", "", NormalizationRule::To::itself_alone};
    const uint8_t* entry = t.section + tables.replacements + value;
    return {"", std::string(reinterpret_cast<const char*>(entry + 1), entry[0])};
}

bool same(const NormalizationRule& a, const NormalizationRule& b) { return a.how == b.how && a.to == b.to; }

// Characters with which no longer text begins become ranges.
Normalizer normalizer_from(const Tokenizer& t, const std::string& source) {
    Normalizer out;
    const NormalizerTables* tables = normalizer_of(t);
    if (!tables) return out;
    out.present = true;
    const NormalizationRule invalid = rule_of(t, *tables, tables->invalid);
    out.invalid = invalid.to;
    out.keeps_invalid = invalid.how == NormalizationRule::To::itself;
    if (tables->longest == 0) return out;
    NormalizationRange last{1, 0, {}};  // a character that may turn out to begin a longer text
    std::string character;
    const auto keep = [&] {
        if (last.first > last.last) return;
        std::vector<NormalizationRange>& ranges = out.ranges;
        if (!ranges.empty() && ranges.back().last + 1 == last.first && same(ranges.back().rule, last.rule)) ranges.back().last = last.last;
        else ranges.push_back(last);
        last = {1, 0, {}};
    };
    const Strings all(trie_at(t, tables->units), tables->longest, source, [&](const std::string& text, uint32_t value) {
        NormalizationRule rule = rule_of(t, *tables, value);
        const Character c = first_character(text.data(), text.size());
        if (c.code != invalid_character && c.bytes == text.size()) {
            keep();
            last = {c.code, c.code, rule};
            character = text;
            return;
        }
        if (last.first <= last.last && text.compare(0, character.size(), character) == 0) {
            out.rules.push_back(last.rule);
            out.rules.back().from = character;
            last = {1, 0, {}};
        }
        rule.from = text;
        out.rules.push_back(rule);
    });
    keep();
    return out;
}

NormalForm form_from(const Tokenizer& t, const std::string& source) {
    NormalForm out;
    const NormalFormTables* tables = normal_form_of(t);
    if (!tables) return out;
    out.present = true;
    out.flags = tables->flags;
    out.unicode = tables->unicode;
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + tables->classes);
    out.classes.assign(classes, classes + tables->classes_count);
    if (tables->rules.longest == 0) return out;
    const Strings all(trie_at(t, tables->rules.units), tables->rules.longest, source, [&](const std::string& text, uint32_t value) {
        out.rules.push_back(rule_of(t, tables->rules, value));
        out.rules.back().from = text;
    });
    return out;
}

// Texts as the tries hold them, in order of tokens.
std::vector<WholeRule> whole_from(const Tokenizer& t, const std::string& source) {
    std::vector<WholeRule> out;
    const WholeTables* tables = whole_tables_of(t);
    if (!tables) return out;
    const uint32_t* tokens = reinterpret_cast<const uint32_t*>(t.section + tables->tokens);
    for (const WholeTrie* trie : {&tables->given, &tables->normalized}) {
        if (trie->longest == 0) continue;
        const Strings all(trie_at(t, trie->units), trie->longest, source, [&](const std::string& text, uint32_t value) {
            out.push_back({tokens[value] >> 8, tokens[value] & 0xff, trie == &tables->normalized, text});
        });
    }
    std::stable_sort(out.begin(), out.end(), [](const WholeRule& a, const WholeRule& b) { return a.token < b.token; });
    return out;
}

Lexicon lexicon_from(const Tokenizer& t, size_t tokens, const std::string& source) {
    Lexicon out;
    const LexiconTables* tables = lexicon_of(t);
    if (!tables) return out;
    const Strings all(trie_at(t, tables->units), tables->longest, source,
                      [&](const std::string& text, uint32_t token) { out.entries.push_back({text, token}); });
    const float* scores = reinterpret_cast<const float*>(t.section + tables->scores);
    if (t.header().kind == TokenizerKind::unigram) out.scores.assign(scores, scores + tokens);
    out.lowest_score = tables->lowest_score;
    out.highest_score = tables->highest_score;
    out.sum_bytes = tables->sum_bytes;
    if (t.header().kind == TokenizerKind::wordpiece) out.word_characters = tables->word_characters;
    return out;
}

// ---- classes

std::vector<CodeRange> characters_with(const Tokenizer& t, CharClass kind) {
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + t.header().classes);
    std::vector<CodeRange> out;
    for (uint32_t i = 0; i < t.header().classes_count; i++) {
        const uint32_t end = i + 1 < t.header().classes_count ? classes[i + 1] >> 8 : 0x110000;
        if (!(classes[i] & uint32_t(kind))) continue;
        if (!out.empty() && out.back().last + 1 == classes[i] >> 8) out.back().last = end - 1;
        else out.push_back({classes[i] >> 8, end - 1});
    }
    return out;
}

bool holds_for_all(const Tokenizer& t, CharClass kind, const CharSets& sets) {
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + t.header().classes);
    std::vector<uint32_t> edges = class_edges(sets);
    for (uint32_t i = 0; i < t.header().classes_count; i++) edges.push_back(classes[i] >> 8);
    const auto same = [&](uint32_t code) { return !((char_class(t, code) ^ bits_of(code, sets)) & uint8_t(kind)); };
    return std::all_of(edges.begin(), edges.end(), same);
}

// Unicode's classes, those with some of ASCII's symbols, or the very characters.
CharSets sets_from(const Tokenizer& t) {
    const uint8_t asked = bits_asked(t.header().pre_tokenizer);
    CharSets sets;
    if ((asked & uint8_t(CharClass::letter)) && !holds_for_all(t, CharClass::letter, sets)) sets.letters = characters_with(t, CharClass::letter);
    if (asked & uint8_t(CharClass::ideograph)) sets.ideographs = characters_with(t, CharClass::ideograph);
    if ((asked & uint8_t(CharClass::punctuation)) && !holds_for_all(t, CharClass::punctuation, sets)) {
        for (const char* symbol = ascii_symbols; *symbol; symbol++)
            if (char_class(t, static_cast<uint8_t>(*symbol)) & uint8_t(CharClass::punctuation)) sets.symbols += *symbol;
        if (!holds_for_all(t, CharClass::punctuation, sets)) {
            sets.symbols.clear();
            sets.punctuation = characters_with(t, CharClass::punctuation);
        }
    }
    return sets;
}

// ---- the rest

void put_chat(const Tokenizer& t, TokenizerModel& model) {
    model.chat_refusal = text_of(chat_refusal(t));
    const ChatTables* tables = chat_template(t);
    if (!tables) return;
    model.chat.emplace();
    model.chat->flags = tables->flags;
    for (uint32_t i = 0; i < chat_parts; i++) model.chat->parts[i] = text_of(chat_part(t, ChatPart(i)));
}

void put_merges(const Tokenizer& t, TokenizerModel& model) {
    const Ids first = ids_at(t, t.header().merge_first), merges = ids_at(t, t.header().merges);
    for (uint32_t left = 0; left < t.vocab; left++)
        for (uint32_t i = first[left]; i < first[left + 1]; i++)
            model.merges.push_back({left, merges[size_t(i) * 3], merges[size_t(i) * 3 + 1], merges[size_t(i) * 3 + 2]});
}

// A model may be wider than its tokenizer; what it has more are pieces without text.
void put_pieces(const Tokenizer& t, TokenizerModel& model) {
    for (uint32_t id = 0; id < t.vocab; id++) model.pieces.push_back(text_of(piece(t, id)));
    const auto used = [&](uint32_t id) { return !model.pieces[id].empty() || is_special(t, id) || id == model.unk || id == model.bos || id == model.eos; };
    while (!model.pieces.empty() && !used(static_cast<uint32_t>(model.pieces.size() - 1))) model.pieces.pop_back();
}

}  // namespace

TokenizerModel unpack_tokenizer(const Tokenizer& t, const std::string& source) {
    const TokenizerHeader& h = t.header();
    TokenizerModel model{};
    model.kind = h.kind;
    model.flags = h.flags;
    model.bos = h.bos;
    model.eos = h.eos;
    model.unk = h.unk;
    put_pieces(t, model);
    const Ids bytes = ids_at(t, h.byte_ids);
    for (uint32_t byte = 0; byte < 256; byte++) model.byte_ids[byte] = bytes[byte];
    model.characters = list_of(t, h.characters, h.characters_count);
    model.specials = list_of(t, h.specials, h.specials_count);
    model.added = list_of(t, h.added, h.added_count);
    model.whole = whole_from(t, source);
    put_merges(t, model);
    model.normal_form = form_from(t, source);
    model.normalizer = normalizer_from(t, source);
    model.lexicon = lexicon_from(t, model.pieces.size(), source);
    put_chat(t, model);
    if (proven_cut(model) == h.pre_tokenizer) return model;
    model.pre_tokenizer = h.pre_tokenizer;
    model.char_sets = sets_from(t);
    return model;
}

}  // namespace mote::tools
