// pack_tokenizer: a tokenizer becomes the section of SPEC 6.
#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "model/tokenizer_model.h"
#include "model/trie_builder.h"
#include "mote/tokenizer.h"

namespace mote::tools {
namespace {

// Appends arrays to a section and tells where each begins. Everything but the piece bytes starts at a multiple of 4.
class Section {
public:
    Section(size_t header_bytes, uint32_t id_bytes) : bytes_(header_bytes), id_bytes_(id_bytes) {}

    uint32_t words(const std::vector<uint32_t>& values) { return append(values.data(), values.size() * 4, 4); }
    uint32_t floats(const std::vector<float>& values) { return append(values.data(), values.size() * 4, 4); }
    template <class T>
    uint32_t record(const T& values) {
        return append(&values, sizeof values, 4);
    }
    uint32_t text(const std::string& values) { return append(values.data(), values.size(), 4); }
    uint32_t ids(const std::vector<uint32_t>& values) {
        if (id_bytes_ == 4) return words(values);
        const std::vector<uint16_t> narrow(values.begin(), values.end());  // no_token becomes the all-ones id
        return append(narrow.data(), narrow.size() * 2, 4);
    }
    std::vector<uint8_t> finish(const TokenizerHeader& header) {
        bytes_.resize((bytes_.size() + image_alignment - 1) / image_alignment * image_alignment);
        std::memcpy(bytes_.data(), &header, sizeof header);
        return std::move(bytes_);
    }

private:
    uint32_t append(const void* data, size_t bytes, size_t alignment) {
        bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
        const size_t offset = bytes_.size();
        const uint8_t* begin = static_cast<const uint8_t*>(data);
        bytes_.insert(bytes_.end(), begin, begin + bytes);
        return static_cast<uint32_t>(offset);
    }

    std::vector<uint8_t> bytes_;
    uint32_t id_bytes_;
};

std::vector<uint32_t> class_ranges(PreTokenizer stages, const CharSets& sets) {
    const uint8_t asked = bits_asked(stages);
    std::vector<uint32_t> ranges;
    if (!asked) return ranges;
    for (const uint32_t c : class_edges(sets)) {
        const uint32_t own = bits_of(c, sets) & asked;
        if (ranges.empty() || (ranges.back() & 0xffu) != own) ranges.push_back(c << 8 | own);
    }
    return ranges;
}

// Merges put no space behind what is not one, and none behind a space; nothing with a line end merges.
struct SpaceMerges {
    bool never_after_others = true, never_after_space = true, no_newline = true;

    explicit SpaceMerges(const TokenizerModel& model) {
        for (const MergeRule& merge : model.merges) {
            const std::string& left = model.pieces[merge.left];
            const std::string& right = model.pieces[merge.right];
            if (!left.empty() && !right.empty() && right.front() == ' ') (left.back() == ' ' ? never_after_space : never_after_others) = false;
            no_newline = no_newline && (left + right).find('\n') == std::string::npos;
        }
        for (const LexiconEntry& symbol : model.lexicon.entries) no_newline = no_newline && symbol.text.find('\n') == std::string::npos;
    }
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// No piece goes on from a letter to a mark or a digit.
bool has_seams(const Lexicon& lexicon) {
    const auto crosses = [](char before, char c) { return is_letter(before) && c > ' ' && c < 0x7f && !is_letter(c); };
    return std::none_of(lexicon.entries.begin(), lexicon.entries.end(), [&](const LexiconEntry& entry) {
        return std::adjacent_find(entry.text.begin(), entry.text.end(), crosses) != entry.text.end();
    });
}

bool only_begins_with_space(const std::string& text) { return text.find(' ', 1) == std::string::npos; }

// By the bytes of the piece; of equal pieces only the first token can be made from text.
std::vector<uint32_t> sorted_characters(const TokenizerModel& model) {
    std::vector<uint32_t> ids = model.characters;
    const auto before = [&](uint32_t a, uint32_t b) {
        const int order = model.pieces[a].compare(model.pieces[b]);
        return order != 0 ? order < 0 : a < b;
    };
    const auto same = [&](uint32_t a, uint32_t b) { return model.pieces[a] == model.pieces[b]; };
    std::sort(ids.begin(), ids.end(), before);
    ids.erase(std::unique(ids.begin(), ids.end(), same), ids.end());
    return ids;
}

std::vector<MergeRule> sorted_merges(const TokenizerModel& model) {
    std::vector<MergeRule> merges = model.merges;
    std::sort(merges.begin(), merges.end(),
              [](const MergeRule& a, const MergeRule& b) { return a.left != b.left ? a.left < b.left : a.right < b.right; });
    return merges;
}

std::vector<uint32_t> sorted_ids(std::vector<uint32_t> ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

void put_pieces(Section& section, TokenizerHeader& header, const TokenizerModel& model) {
    std::vector<uint32_t> offsets(1, 0);
    std::string bytes;
    for (uint32_t id = 0; id < header.vocab; id++) {
        if (id < model.pieces.size()) bytes += model.pieces[id];
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
    }
    header.piece_offsets = section.words(offsets);
    header.piece_bytes = section.text(bytes);
    header.piece_bytes_count = offsets.back();
}

void put_merges(Section& section, TokenizerHeader& header, const std::vector<MergeRule>& merges) {
    std::vector<uint32_t> first, rules;
    size_t at = 0;
    for (uint32_t left = 0; left <= header.vocab; left++) {
        while (at < merges.size() && merges[at].left < left) at++;
        first.push_back(static_cast<uint32_t>(at));
    }
    for (const MergeRule& m : merges) rules.insert(rules.end(), {m.right, m.merged, m.rank});
    header.merge_first = section.ids(first);
    header.merges = section.ids(rules);
    header.merges_count = static_cast<uint32_t>(merges.size());
}

// Offsets of replacements, each stored once. The first two bytes stand for the values that need no text.
class Replacements {
public:
    uint32_t value_of(const NormalizationRule& rule, const std::string& source) {
        constexpr size_t longest = 255;
        if (rule.how == NormalizationRule::To::itself) return replace_by_itself;
        if (rule.how == NormalizationRule::To::itself_alone) return replace_by_itself_alone;
        if (rule.to.size() > longest)
            refuse("E_LIMIT", source, "a replacement of " + std::to_string(rule.to.size()) + " bytes; at most " + std::to_string(longest));
        const auto [found, is_new] = places_.emplace(rule.to, static_cast<uint32_t>(bytes_.size()));
        if (is_new) bytes_ += static_cast<char>(rule.to.size()) + rule.to;
        return found->second;
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_ = std::string(2, '\0');
    std::map<std::string, uint32_t> places_;
};

uint32_t growth_of(const NormalizationRule& rule, size_t from) {
    const size_t to = rule.how == NormalizationRule::To::text ? rule.to.size()
                      : rule.how == NormalizationRule::To::itself ? from : from + 2;
    return static_cast<uint32_t>((to + from - 1) / from);
}

uint32_t put_trie(Section& section, const TrieBuilder& trie, uint32_t& count, const std::string& source) {
    const std::vector<uint32_t> units = trie.build();
    if (units.empty()) refuse("E_LIMIT", source, "the texts of its pieces or rules are more than " + std::to_string(max_trie_units) + " units hold");
    if (trie.longest() > max_piece_bytes)
        refuse("E_LIMIT", source, "a piece of " + std::to_string(trie.longest()) + " bytes; at most " + std::to_string(max_piece_bytes));
    count = static_cast<uint32_t>(units.size());
    return section.words(units);
}

NormalizerTables put_rules(Section& section, const Normalizer& normalizer, const std::string& source) {
    NormalizerTables tables{};
    Replacements replacements;
    TrieBuilder trie;
    using To = NormalizationRule::To;
    const NormalizationRule invalid{"", normalizer.invalid, normalizer.keeps_invalid ? To::itself : To::text};
    tables.growth = std::max(1u, growth_of(invalid, 1));
    tables.invalid = replacements.value_of(invalid, source);
    for (const NormalizationRule& rule : normalizer.rules)
        if (trie.add(rule.from, replacements.value_of(rule, source))) tables.growth = std::max(tables.growth, growth_of(rule, rule.from.size()));
    for (const NormalizationRange& range : normalizer.ranges) {
        trie.add_range(range.first, range.last, replacements.value_of(range.rule, source));
        tables.growth = std::max(tables.growth, growth_of(range.rule, utf8(range.first).size()));
    }
    if (tables.growth > max_growth)
        refuse("E_LIMIT", source, "a rule makes text " + std::to_string(tables.growth) + " times as long; at most " + std::to_string(max_growth));
    tables.longest = trie.longest();
    tables.units = section.words({});
    if (!trie.empty()) tables.units = put_trie(section, trie, tables.units_count, source);
    tables.replacements = section.text(replacements.bytes());
    tables.replacements_count = static_cast<uint32_t>(replacements.bytes().size());
    return tables;
}

uint32_t put_normalizer(Section& section, const Normalizer& normalizer, const std::string& source) {
    return normalizer.present ? section.record(put_rules(section, normalizer, source)) : 0;
}

uint32_t put_normal_form(Section& section, const NormalForm& form, const std::string& source) {
    if (!form.present) return 0;
    NormalFormTables tables{};
    tables.rules = put_rules(section, {true, form.rules, {}, "", true}, source);
    tables.classes = section.words(form.classes);
    tables.classes_count = static_cast<uint32_t>(form.classes.size());
    tables.flags = form.flags;
    tables.unicode = form.unicode;
    return section.record(tables);
}

// Two texts that are looked for in one place have two tokens, of which the first in the list counts.
WholeTrie put_whole_texts(Section& section, const std::vector<WholeRule>& rules, bool normalized, const std::string& source) {
    TrieBuilder trie;
    for (uint32_t i = 0; i < rules.size(); i++)
        if (rules[i].normalized == normalized) trie.add(rules[i].text, i);
    WholeTrie out{section.words({}), 0, trie.longest()};
    if (!trie.empty()) out.units = put_trie(section, trie, out.units_count, source);
    return out;
}

// Where characters of words begin and end. Made once.
const std::vector<uint32_t>& word_characters() {
    static const std::vector<uint32_t> made = [] {
        std::vector<uint32_t> words;
        for (uint32_t c = 0; c <= 0x10ffff; c++)
            if (const uint32_t own = is_word_character(c); words.empty() || (words.back() & 0xffu) != own) words.push_back(c << 8 | own);
        return words;
    }();
    return made;
}

uint32_t put_whole(Section& section, const TokenizerModel& model, const std::string& source) {
    if (model.whole.empty()) return 0;
    WholeTables tables{};
    tables.given = put_whole_texts(section, model.whole, false, source);
    tables.normalized = put_whole_texts(section, model.whole, true, source);
    std::vector<uint32_t> tokens;
    bool asks_words = false;
    for (const WholeRule& rule : model.whole) {
        tokens.push_back(rule.token << 8 | rule.flags);
        asks_words = asks_words || (rule.flags & whole_single_word);
    }
    tables.tokens = section.words(tokens);
    tables.tokens_count = static_cast<uint32_t>(tokens.size());
    tables.words = section.words(asks_words ? word_characters() : std::vector<uint32_t>());
    tables.words_count = asks_words ? static_cast<uint32_t>(word_characters().size()) : 0;
    return section.record(tables);
}

uint32_t put_lexicon(Section& section, const TokenizerModel& model, uint32_t vocab, const std::string& source) {
    const Lexicon& lexicon = model.lexicon;
    if (lexicon.entries.empty()) return 0;
    LexiconTables tables{};
    TrieBuilder trie;
    for (const LexiconEntry& entry : lexicon.entries) trie.add(entry.text, entry.token);
    tables.longest = trie.longest();
    tables.units = put_trie(section, trie, tables.units_count, source);
    if (model.kind == TokenizerKind::unigram) {
        std::vector<float> scores = lexicon.scores;
        scores.resize(vocab, 0.0f);
        tables.scores = section.floats(scores);
    }
    tables.lowest_score = lexicon.lowest_score;
    tables.highest_score = lexicon.highest_score;
    tables.sum_bytes = lexicon.sum_bytes;
    if (model.kind == TokenizerKind::unigram) tables.seams = has_seams(lexicon);
    else tables.word_characters = lexicon.word_characters;
    return section.record(tables);
}

// The assistant's turn ends at the end token, and at the control token that its suffix begins with.
std::vector<uint32_t> stop_tokens(const TokenizerModel& model, const std::string& suffix) {
    std::vector<uint32_t> stops;
    uint32_t longest = no_token;
    for (const uint32_t id : model.specials) {
        const std::string& piece = model.pieces[id];
        const bool fits = !piece.empty() && suffix.find_first_not_of(" \n") != std::string::npos &&
                          suffix.compare(suffix.find_first_not_of(" \n"), piece.size(), piece) == 0;
        if (fits && (longest == no_token || piece.size() > model.pieces[longest].size())) longest = id;
    }
    if (longest != no_token) stops.push_back(longest);
    if (model.eos != no_token && model.eos != longest) stops.push_back(model.eos);
    return stops;
}

uint32_t put_chat(Section& section, const TokenizerModel& model) {
    ChatTables tables{};
    if (!model.chat && !model.chat_refusal.empty()) {
        std::fill(std::begin(tables.ends), std::end(tables.ends), static_cast<uint32_t>(model.chat_refusal.size()));
        tables.text = section.text(model.chat_refusal);
        tables.stops = section.ids({});
        tables.flags = chat_refused;
        return section.record(tables);
    }
    if (!model.chat) return 0;
    std::string text;
    for (uint32_t i = 0; i < chat_parts; i++) {
        text += model.chat->parts[i];
        tables.ends[i] = static_cast<uint32_t>(text.size());
    }
    tables.text = section.text(text);
    tables.flags = model.chat->flags;
    const std::vector<uint32_t> stops = stop_tokens(model, model.chat->parts[uint32_t(ChatPart::assistant_suffix)]);
    tables.stops = section.ids(stops);
    tables.stops_count = static_cast<uint32_t>(stops.size());
    return section.record(tables);
}

// What pack_tokenizer makes and core does not open is a mistake of ours.
void require_openable(const std::vector<uint8_t>& section, const std::string& source) {
    struct alignas(image_alignment) Chunk {
        uint8_t bytes[image_alignment];
    };
    std::vector<Chunk> aligned(section.size() / image_alignment);
    std::memcpy(static_cast<void*>(aligned.data()), section.data(), section.size());
    const Result<Tokenizer> opened = open_tokenizer(aligned.data()->bytes, section.size());
    if (!opened.ok())
        throw Failure(Exit::internal, error_code(opened.fault.error), source, opened.fault.where,
                      std::string("the tokenizer section that was made is not valid: ") + error_sentence(opened.fault.error));
}

}  // namespace

// Where no merge or piece has a space behind something else, a space that follows none can begin a word, and a line end that no merge
// takes is one: the tokens are the same, and the work is that of short words. Both must have tokens, so that no unknown token reaches
// across. Where nothing has two spaces either, every space begins a word.
PreTokenizer proven_cut(const TokenizerModel& model) {
    if (model.pre_tokenizer != PreTokenizer::none || model.kind == TokenizerKind::wordpiece) return model.pre_tokenizer;
    const auto& entries = model.lexicon.entries;
    const bool pieces_begin = std::all_of(entries.begin(), entries.end(), [](const LexiconEntry& entry) { return only_begins_with_space(entry.text); });
    if (model.kind == TokenizerKind::unigram) return pieces_begin ? PreTokenizer::each_space : PreTokenizer::none;
    const auto is_space = [&](uint32_t id) { return model.pieces[id] == " "; };
    if (std::none_of(model.characters.begin(), model.characters.end(), is_space)) return PreTokenizer::none;
    const SpaceMerges merges(model);
    if (!merges.never_after_others || !pieces_begin) return PreTokenizer::none;
    if (merges.never_after_space) return PreTokenizer::each_space;
    const bool newline_has_token = model.byte_ids[uint8_t('\n')] != no_token || !(model.flags & tokenizer_fuse_unk);
    return newline_has_token && merges.no_newline ? PreTokenizer::first_space : PreTokenizer::none;
}

std::vector<uint8_t> pack_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source) {
    if (model.pieces.size() > vocab)
        refuse("E_MISMATCH", source,
               "the tokenizer has " + std::to_string(model.pieces.size()) + " tokens, the model " + std::to_string(vocab));
    uint64_t bytes = uint64_t(vocab) * 16 + uint64_t(model.merges.size()) * 12;
    for (const std::string& piece : model.pieces) bytes += piece.size();
    constexpr uint64_t max_bytes = 1u << 31;  // offsets have 32 bits; this leaves room for the small tables
    if (bytes > max_bytes)
        refuse("E_LIMIT", source, "a tokenizer of " + std::to_string(bytes) + " bytes; at most " + std::to_string(max_bytes));

    TokenizerHeader header{};
    header.kind = model.kind;
    header.vocab = vocab;
    header.flags = model.flags;
    header.pre_tokenizer = proven_cut(model);
    header.bos = model.bos;
    header.eos = model.eos;
    header.unk = model.unk;
    header.id_bytes = vocab < 0xffff && model.merges.size() < 0xffff ? 2 : 4;

    Section section(sizeof header, header.id_bytes);
    header.byte_ids = section.ids({model.byte_ids.begin(), model.byte_ids.end()});
    const std::vector<uint32_t> characters = sorted_characters(model);
    header.characters = section.ids(characters);
    header.characters_count = static_cast<uint32_t>(characters.size());
    put_merges(section, header, sorted_merges(model));
    const std::vector<uint32_t> specials = sorted_ids(model.specials);
    header.specials = section.ids(specials);
    header.specials_count = static_cast<uint32_t>(specials.size());
    const std::vector<uint32_t> added = sorted_ids(model.added);
    header.added = section.ids(added);
    header.added_count = static_cast<uint32_t>(added.size());
    const std::vector<uint32_t> classes = class_ranges(model.pre_tokenizer, model.char_sets);
    header.classes = section.words(classes);
    header.classes_count = static_cast<uint32_t>(classes.size());
    header.normal_form = put_normal_form(section, model.normal_form, source);
    header.normalizer = put_normalizer(section, model.normalizer, source);
    header.lexicon = put_lexicon(section, model, vocab, source);
    header.whole = put_whole(section, model, source);
    header.chat = put_chat(section, model);
    put_pieces(section, header, model);

    std::vector<uint8_t> finished = section.finish(header);
    require_openable(finished, source);
    return finished;
}

}  // namespace mote::tools
