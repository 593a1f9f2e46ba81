// tokenizer: opens a tokenizer section and looks things up in it.
#include "mote/tokenizer.h"

#include "checked.h"
#include "chunk.h"
#include "normalize.h"
#include "trie.h"

namespace mote {
namespace {

Fault fault(Error error, uint64_t where, uint64_t found = 0, uint64_t allowed = 0) { return Fault{error, where, found, allowed}; }

#define MOTE_CHECK(condition, ...) \
    do {                           \
        if (!(condition)) return fault(__VA_ARGS__); \
    } while (0)
#define MOTE_AT(field) offsetof(TokenizerHeader, field)

// Stages without a hole between them.
bool known(PreTokenizer stages) {
    uint32_t rest = uint32_t(stages);
    bool ended = false;
    for (uint32_t i = 0; i < max_pre_tokenizers; i++, rest >>= pre_tokenizer_bits) {
        const uint32_t stage = rest & ((1u << pre_tokenizer_bits) - 1);
        if (stage >= known_pre_tokenizers || (ended && stage)) return false;
        ended = stage == 0;
    }
    return rest == 0;
}

bool asks_classes(PreTokenizer stages) {
    for (uint32_t rest = uint32_t(stages); rest; rest >>= pre_tokenizer_bits) {
        const PreTokenizer stage = PreTokenizer(rest & ((1u << pre_tokenizer_bits) - 1));
        if (stage < PreTokenizer::byte_digits) return true;
    }
    return false;
}

bool is_plain(PreTokenizer stages) {
    return stages == PreTokenizer::none || stages == PreTokenizer::each_space || stages == PreTokenizer::first_space;
}

Fault check_header(const TokenizerHeader& h) {
    MOTE_CHECK(h.kind >= TokenizerKind::bpe && h.kind <= TokenizerKind::unigram, Error::type, MOTE_AT(kind), uint32_t(h.kind));
    MOTE_CHECK(!only_pairs || h.kind == TokenizerKind::bpe, Error::left_out, MOTE_AT(kind), uint32_t(h.kind), uint32_t(TokenizerKind::bpe));
    MOTE_CHECK(!only_pairs || (h.normalizer | h.normal_form | h.whole) == 0, Error::left_out, MOTE_AT(normalizer), h.normalizer);
    MOTE_CHECK(!only_pairs || h.lexicon == 0, Error::left_out, MOTE_AT(lexicon), h.lexicon);
    MOTE_CHECK(h.vocab && h.vocab <= max_vocab, Error::limit, MOTE_AT(vocab), h.vocab, max_vocab);
    const uint32_t flags = tokenizer_known_flags & ~(only_pairs ? tokenizer_squeeze_spaces | tokenizer_space_behind | tokenizer_keep_ends : 0);
    MOTE_CHECK((h.flags & ~flags) == 0, Error::unsupported, MOTE_AT(flags), h.flags, flags);
    MOTE_CHECK(known(h.pre_tokenizer), Error::unsupported, MOTE_AT(pre_tokenizer), uint32_t(h.pre_tokenizer));
    MOTE_CHECK(!only_plain || is_plain(h.pre_tokenizer), Error::left_out, MOTE_AT(pre_tokenizer), uint32_t(h.pre_tokenizer));
    MOTE_CHECK(h.id_bytes == 4 || (h.id_bytes == 2 && h.vocab < 0xffff && h.merges_count < 0xffff), Error::type, MOTE_AT(id_bytes),
               h.id_bytes);
    const uint32_t named[] = {h.bos, h.eos, h.unk};
    for (uint32_t i = 0; i < 3; i++)
        MOTE_CHECK(named[i] < h.vocab || named[i] == no_token, Error::token, MOTE_AT(bos) + 4 * i, named[i], h.vocab - 1);
    MOTE_CHECK(!(h.flags & tokenizer_add_bos) || h.bos != no_token, Error::missing, MOTE_AT(bos));
    MOTE_CHECK(!(h.flags & tokenizer_add_eos) || h.eos != no_token, Error::missing, MOTE_AT(eos));
    MOTE_CHECK(h.kind == TokenizerKind::bpe || h.lexicon, Error::missing, MOTE_AT(lexicon));
    MOTE_CHECK(h.kind == TokenizerKind::bpe || h.unk != no_token, Error::missing, MOTE_AT(unk));
    for (const uint32_t& r : h.reserved) MOTE_CHECK(r == 0, Error::range, MOTE_AT(reserved), r);
    return Fault{};
}

// Where each array begins, and that it lies in the section.
Fault check_arrays(const TokenizerHeader& h, size_t bytes) {
    const struct {
        uint64_t field, offset, count, element;
    } arrays[] = {
        {MOTE_AT(piece_offsets), h.piece_offsets, uint64_t(h.vocab) + 1, 4},
        {MOTE_AT(piece_bytes), h.piece_bytes, h.piece_bytes_count, 1},
        {MOTE_AT(byte_ids), h.byte_ids, 256, h.id_bytes},
        {MOTE_AT(characters), h.characters, h.characters_count, h.id_bytes},
        {MOTE_AT(merge_first), h.merge_first, uint64_t(h.vocab) + 1, h.id_bytes},
        {MOTE_AT(merges), h.merges, uint64_t(h.merges_count) * 3, h.id_bytes},
        {MOTE_AT(classes), h.classes, h.classes_count, 4},
        {MOTE_AT(specials), h.specials, h.specials_count, h.id_bytes},
        {MOTE_AT(added), h.added, h.added_count, h.id_bytes},
    };
    for (const auto& a : arrays) {
        MOTE_CHECK(a.offset % a.element == 0, Error::alignment, a.field, a.offset, a.element);
        MOTE_CHECK(a.offset >= sizeof(TokenizerHeader) && inside(a.offset, a.count * a.element, bytes), Error::range, a.field,
                   a.offset, bytes);
    }
    return Fault{};
}

Fault check_pieces(const Tokenizer& t) {
    const TokenizerHeader& h = t.header();
    const uint32_t* offsets = reinterpret_cast<const uint32_t*>(t.section + h.piece_offsets);
    MOTE_CHECK(offsets[0] == 0, Error::range, h.piece_offsets, offsets[0]);
    for (uint32_t i = 0; i < h.vocab; i++)
        MOTE_CHECK(offsets[i] <= offsets[i + 1], Error::range, h.piece_offsets + 4 * uint64_t(i + 1), offsets[i + 1], offsets[i]);
    MOTE_CHECK(offsets[h.vocab] == h.piece_bytes_count, Error::range, h.piece_offsets + 4 * uint64_t(h.vocab), offsets[h.vocab],
               h.piece_bytes_count);
    return Fault{};
}

Fault check_ids(const Tokenizer& t) {
    const TokenizerHeader& h = t.header();
    const Ids byte_ids = ids_at(t, h.byte_ids), characters = ids_at(t, h.characters);
    for (uint32_t i = 0; i < 256; i++)
        MOTE_CHECK(byte_ids[i] < h.vocab || byte_ids[i] == no_token, Error::token, h.byte_ids + uint64_t(i) * h.id_bytes, byte_ids[i],
                   h.vocab - 1);
    for (uint32_t i = 0; i < h.characters_count; i++) {
        const uint64_t where = h.characters + uint64_t(i) * h.id_bytes;
        MOTE_CHECK(characters[i] < h.vocab, Error::token, where, characters[i], h.vocab - 1);
        MOTE_CHECK(i == 0 || compare(piece(t, characters[i - 1]), piece(t, characters[i])) < 0, Error::range, where, characters[i]);
    }
    const struct {
        uint32_t offset, count;
    } sorted[] = {{h.specials, h.specials_count}, {h.added, h.added_count}};
    for (const auto& list : sorted) {
        const Ids ids = ids_at(t, list.offset);
        for (uint32_t i = 0; i < list.count; i++) {
            const uint64_t where = list.offset + uint64_t(i) * h.id_bytes;
            MOTE_CHECK(ids[i] < h.vocab, Error::token, where, ids[i], h.vocab - 1);
            MOTE_CHECK(i == 0 || ids[i - 1] < ids[i], Error::range, where, ids[i], ids[i - 1]);
        }
    }
    return Fault{};
}

Fault check_merges(const Tokenizer& t) {
    const TokenizerHeader& h = t.header();
    const Ids first = ids_at(t, h.merge_first), merges = ids_at(t, h.merges);
    MOTE_CHECK(first[0] == 0, Error::range, h.merge_first, first[0]);
    for (uint32_t left = 0; left < h.vocab; left++) {
        const uint64_t where = h.merge_first + uint64_t(left + 1) * h.id_bytes;
        MOTE_CHECK(first[left] <= first[left + 1] && first[left + 1] <= h.merges_count, Error::range, where, first[left + 1],
                   h.merges_count);
        for (uint32_t i = first[left]; i < first[left + 1]; i++) {
            const uint64_t where_merge = h.merges + uint64_t(i) * 3 * h.id_bytes;
            const uint32_t right = merges[size_t(i) * 3], merged = merges[size_t(i) * 3 + 1];
            MOTE_CHECK(right < h.vocab && merged < h.vocab, Error::token, where_merge, right < h.vocab ? merged : right, h.vocab - 1);
            MOTE_CHECK(i == first[left] || merges[size_t(i - 1) * 3] < right, Error::range, where_merge, right);
        }
    }
    MOTE_CHECK(first[h.vocab] == h.merges_count, Error::range, h.merge_first + uint64_t(h.vocab) * h.id_bytes, first[h.vocab],
               h.merges_count);
    return Fault{};
}

// A record or an array of words lies in the section.
Fault check_place(uint64_t field, uint64_t offset, uint64_t count, uint64_t element, size_t bytes) {
    MOTE_CHECK(offset % (element < 4 ? element : 4) == 0, Error::alignment, field, offset, 4);
    MOTE_CHECK(offset >= sizeof(TokenizerHeader) && inside(offset, count * element, bytes), Error::range, field, offset, bytes);
    return Fault{};
}

// Children lie among the units, and values are what `allowed` says.
template <class Allowed>
Fault check_trie(const Tokenizer& t, uint32_t offset, uint32_t count, Allowed allowed) {
    const uint32_t* units = reinterpret_cast<const uint32_t*>(t.section + offset);
    MOTE_CHECK(count > trie_label && count <= max_trie_units, Error::limit, offset, count, max_trie_units);
    MOTE_CHECK((units[0] & trie_label) == trie_label && !(units[0] & trie_leaf), Error::type, offset, units[0]);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t where = offset + uint64_t(i) * 4;
        const uint32_t label = units[i] & trie_label, rest = units[i] >> trie_shift;
        if (i != 0 && units[i] == trie_label) continue;  // free
        MOTE_CHECK(i == 0 || label <= 256, Error::type, where, label, 256);
        if (label == 0 || (units[i] & trie_leaf)) {
            MOTE_CHECK(!(units[i] & trie_valued) && (label || !(units[i] & trie_leaf)), Error::type, where, units[i]);
            MOTE_CHECK(allowed(rest), Error::token, where, rest);
            continue;
        }
        MOTE_CHECK((rest | trie_label) < count, Error::range, where, rest, count);
        MOTE_CHECK(!(units[i] & trie_valued) || (units[rest] & trie_label) == 0, Error::mismatch, where, units[rest]);
    }
    return Fault{};
}

[[gnu::noinline]] Fault check_rules(const Tokenizer& t, uint64_t at, size_t bytes) {
    const NormalizerTables& n = *reinterpret_cast<const NormalizerTables*>(t.section + at);
    MOTE_CHECK(n.longest <= max_piece_bytes, Error::limit, at + offsetof(NormalizerTables, longest), n.longest, max_piece_bytes);
    MOTE_CHECK(n.growth && n.growth <= max_growth, Error::limit, at + offsetof(NormalizerTables, growth), n.growth, max_growth);
    MOTE_CHECK(n.reserved == 0, Error::range, at + offsetof(NormalizerTables, reserved), n.reserved);
    Fault f = check_place(at + offsetof(NormalizerTables, units), n.units, n.units_count, 4, bytes);
    if (f.ok()) f = check_place(at + offsetof(NormalizerTables, replacements), n.replacements, n.replacements_count, 1, bytes);
    if (!f.ok()) return f;
    const uint8_t* replacements = t.section + n.replacements;
    const auto allowed = [&](uint32_t value) {
        return value <= replace_by_itself_alone || (value < n.replacements_count && replacements[value] < n.replacements_count - value);
    };
    MOTE_CHECK(allowed(n.invalid), Error::range, at + offsetof(NormalizerTables, invalid), n.invalid, n.replacements_count);
    return n.longest ? check_trie(t, n.units, n.units_count, allowed) : Fault{};
}

Fault check_normalizer(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().normalizer;
    if (at == 0) return Fault{};
    const Fault f = check_place(MOTE_AT(normalizer), at, 1, sizeof(NormalizerTables), bytes);
    return f.ok() ? check_rules(t, at, bytes) : f;
}

// Ascending, from the first character on.
Fault check_class_table(const Tokenizer& t, uint32_t offset, uint32_t count) {
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + offset);
    MOTE_CHECK(classes[0] >> 8 == 0, Error::range, offset, classes[0] >> 8);
    for (uint32_t i = 1; i < count; i++)
        MOTE_CHECK(classes[i - 1] >> 8 < classes[i] >> 8, Error::range, offset + uint64_t(i) * 4, classes[i] >> 8);
    return Fault{};
}

Fault check_normal_form(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().normal_form;
    if (at == 0) return Fault{};
    Fault f = check_place(MOTE_AT(normal_form), at, 1, sizeof(NormalFormTables), bytes);
    if (f.ok()) f = check_rules(t, at, bytes);
    if (!f.ok()) return f;
    const NormalFormTables& n = *normal_form_of(t);
    MOTE_CHECK((n.flags & ~normal_form_known_flags) == 0, Error::unsupported, at + offsetof(NormalFormTables, flags), n.flags,
               normal_form_known_flags);
    MOTE_CHECK(n.classes_count, Error::missing, at + offsetof(NormalFormTables, classes_count));
    f = check_place(at + offsetof(NormalFormTables, classes), n.classes, n.classes_count, 4, bytes);
    if (f.ok()) f = check_class_table(t, n.classes, n.classes_count);
    if (!f.ok()) return f;
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + n.classes);
    MOTE_CHECK((classes[0] & 0xff) == 0, Error::range, n.classes, classes[0] & 0xff);
    MOTE_CHECK(n.classes_count == 1 || classes[1] >> 8 >= 0x80, Error::range, n.classes + uint64_t(4), classes[1] >> 8, 0x80);
    return Fault{};
}

[[gnu::cold, gnu::noinline]] Fault check_whole_trie(const Tokenizer& t, const WholeTrie& trie, size_t bytes) {
    const uint64_t at = t.header().whole;
    MOTE_CHECK(trie.longest <= max_piece_bytes, Error::limit, at, trie.longest, max_piece_bytes);
    if (trie.longest == 0) return Fault{};
    const Fault f = check_place(at, trie.units, trie.units_count, 4, bytes);
    if (!f.ok()) return f;
    const WholeTables& w = *whole_tables_of(t);
    const uint32_t* tokens = reinterpret_cast<const uint32_t*>(t.section + w.tokens);
    const bool normalized = &trie == &w.normalized;  // where quoted text can no longer be told from other text
    return check_trie(t, trie.units, trie.units_count,
                      [&](uint32_t value) { return value < w.tokens_count && !(normalized && is_special(t, tokens[value] >> 8)); });
}

Fault check_whole_tokens(const Tokenizer& t, size_t bytes) {
    const WholeTables& w = *whole_tables_of(t);
    const uint64_t at = t.header().whole;
    Fault f = check_place(at + offsetof(WholeTables, tokens), w.tokens, w.tokens_count, 4, bytes);
    if (f.ok()) f = check_place(at + offsetof(WholeTables, words), w.words, w.words_count, 4, bytes);
    if (f.ok() && w.words_count) f = check_class_table(t, w.words, w.words_count);
    if (!f.ok()) return f;
    const uint32_t* tokens = reinterpret_cast<const uint32_t*>(t.section + w.tokens);
    for (uint32_t i = 0; i < w.tokens_count; i++) {
        const uint64_t where = w.tokens + uint64_t(i) * 4;
        const uint32_t flags = tokens[i] & 0xff;
        MOTE_CHECK(tokens[i] >> 8 < t.vocab, Error::token, where, tokens[i] >> 8, t.vocab - 1);
        MOTE_CHECK((flags & ~whole_known_flags) == 0, Error::unsupported, where, flags, whole_known_flags);
        MOTE_CHECK(!(flags & whole_single_word) || w.words_count, Error::missing, at + offsetof(WholeTables, words_count));
    }
    return Fault{};
}

Fault check_whole(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().whole;
    if (at == 0) return Fault{};
    Fault f = check_place(MOTE_AT(whole), at, 1, sizeof(WholeTables), bytes);
    if (!f.ok()) return f;
    const WholeTables& w = *whole_tables_of(t);
    MOTE_CHECK((w.reserved[0] | w.reserved[1]) == 0, Error::range, at + offsetof(WholeTables, reserved));
    MOTE_CHECK(w.normalized.longest == 0 || t.header().kind == TokenizerKind::bpe, Error::unsupported, at + offsetof(WholeTables, normalized));
    f = check_whole_tokens(t, bytes);
    if (f.ok()) f = check_whole_trie(t, w.given, bytes);
    return f.ok() ? check_whole_trie(t, w.normalized, bytes) : f;
}

bool is_finite(float value) { return value - value == 0.0f; }

Fault check_scores(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().lexicon;
    const LexiconTables& l = *lexicon_of(t);
    const Fault f = check_place(at + offsetof(LexiconTables, scores), l.scores, t.vocab, sizeof(float), bytes);
    if (!f.ok()) return f;
    MOTE_CHECK(is_finite(l.lowest_score), Error::nonfinite, at + offsetof(LexiconTables, lowest_score));
    MOTE_CHECK(is_finite(l.highest_score), Error::nonfinite, at + offsetof(LexiconTables, highest_score));
    MOTE_CHECK(l.sum_bytes == 4 || l.sum_bytes == 8, Error::type, at + offsetof(LexiconTables, sum_bytes), l.sum_bytes, 8);
    MOTE_CHECK(l.seams <= 1, Error::range, at + offsetof(LexiconTables, seams), l.seams, 1);
    const float* scores = reinterpret_cast<const float*>(t.section + l.scores);
    for (uint32_t i = 0; i < t.vocab; i++)
        MOTE_CHECK(is_finite(scores[i]) || scores[i] != scores[i], Error::nonfinite, l.scores + uint64_t(i) * 4);
    return Fault{};
}

bool is_letter(uint32_t byte) { return (byte | 0x20u) - 'a' < 26u; }

// Small processors cut at no seams.
Fault check_seams(const Tokenizer& t) {
    const LexiconTables& l = *lexicon_of(t);
    const Trie trie = trie_at(t, l.units);
    for (uint32_t i = 1; wide_processor && l.seams && i < l.units_count; i++) {
        if (!is_letter((trie.units[i] & trie_label) - 1)) continue;
        for (char c = '!'; c <= '~'; c++) {
            uint32_t unit = trie.units[i];
            MOTE_CHECK(is_letter(uint8_t(c)) || !trie.step(unit, c), Error::mismatch, l.units + uint64_t(i) * 4, uint8_t(c));
        }
    }
    return Fault{};
}

Fault check_lexicon(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().lexicon;
    if (at == 0) return Fault{};
    Fault f = check_place(MOTE_AT(lexicon), at, 1, sizeof(LexiconTables), bytes);
    if (!f.ok()) return f;
    const LexiconTables& l = *lexicon_of(t);
    MOTE_CHECK(l.longest && l.longest <= max_piece_bytes, Error::limit, at + offsetof(LexiconTables, longest), l.longest, max_piece_bytes);
    f = check_place(at + offsetof(LexiconTables, units), l.units, l.units_count, 4, bytes);
    if (f.ok()) f = check_trie(t, l.units, l.units_count, [&](uint32_t token) { return token < t.vocab; });
    if (t.header().kind != TokenizerKind::unigram) return f;
    if (f.ok()) f = check_scores(t, bytes);
    if (f.ok()) f = check_seams(t);
    return f;
}

const ChatTables* chat_tables(const Tokenizer& t) {
    if (only_pairs || t.vocab == 0 || t.header().chat == 0) return nullptr;
    return reinterpret_cast<const ChatTables*>(t.section + t.header().chat);
}

Fault check_chat(const Tokenizer& t, size_t bytes) {
    const uint64_t at = t.header().chat;
    if (at == 0) return Fault{};
    Fault f = check_place(MOTE_AT(chat), at, 1, sizeof(ChatTables), bytes);
    if (!f.ok()) return f;
    const ChatTables& c = *chat_tables(t);
    for (uint32_t i = 1; i < chat_parts; i++)
        MOTE_CHECK(c.ends[i - 1] <= c.ends[i], Error::range, at + offsetof(ChatTables, ends) + 4 * i, c.ends[i], c.ends[i - 1]);
    MOTE_CHECK((c.flags & ~chat_known_flags) == 0, Error::unsupported, at + offsetof(ChatTables, flags), c.flags, chat_known_flags);
    MOTE_CHECK((c.reserved[0] | c.reserved[1] | c.reserved[2]) == 0, Error::range, at + offsetof(ChatTables, reserved));
    f = check_place(at + offsetof(ChatTables, text), c.text, c.ends[chat_parts - 1], 1, bytes);
    if (f.ok()) f = check_place(at + offsetof(ChatTables, stops), c.stops, c.stops_count, t.header().id_bytes, bytes);
    if (!f.ok()) return f;
    const Ids stops = ids_at(t, c.stops);
    for (uint32_t i = 0; i < c.stops_count; i++)
        MOTE_CHECK(stops[i] < t.vocab, Error::token, c.stops + uint64_t(i) * t.header().id_bytes, stops[i], t.vocab - 1);
    return Fault{};
}

Fault check_classes(const Tokenizer& t) {
    const TokenizerHeader& h = t.header();
    if (h.classes_count == 0) {
        MOTE_CHECK(!asks_classes(h.pre_tokenizer), Error::missing, MOTE_AT(classes_count));
        return Fault{};
    }
    return check_class_table(t, h.classes, h.classes_count);
}

}  // namespace

// Once a file: few bytes of code count more than its time.
[[gnu::cold]] Result<Tokenizer> open_tokenizer(const uint8_t* section, size_t bytes) {
    if (!section) return fault(Error::argument, 0);
    if (reinterpret_cast<uintptr_t>(section) % image_alignment) return fault(Error::alignment, 0, reinterpret_cast<uintptr_t>(section) % image_alignment, image_alignment);
    if (bytes < sizeof(TokenizerHeader)) return fault(Error::truncated, 0, bytes, sizeof(TokenizerHeader));
    Tokenizer t;
    t.section = section;
    t.vocab = t.header().vocab;
    Fault f = check_header(t.header());
    if (f.ok()) f = check_arrays(t.header(), bytes);
    if (f.ok()) f = check_pieces(t);
    if (f.ok()) f = check_ids(t);
    if (f.ok()) f = check_merges(t);
    if (f.ok()) f = check_classes(t);
    if (f.ok() && !only_pairs) f = check_normalizer(t, bytes);
    if (f.ok() && !only_pairs) f = check_normal_form(t, bytes);
    if (f.ok() && !only_pairs) f = check_lexicon(t, bytes);
    if (f.ok() && !only_pairs) f = check_whole(t, bytes);
    if (f.ok() && !only_pairs) f = check_chat(t, bytes);
    if (!f.ok()) return f;
    if (!only_pairs) t.keeps_ascii = keeps_ascii(t);
    return t;
}

const ChatTables* chat_template(const Tokenizer& t) {
    const ChatTables* tables = chat_tables(t);
    return tables && !(tables->flags & chat_refused) ? tables : nullptr;
}

Span<const char> chat_refusal(const Tokenizer& t) {
    const ChatTables* tables = chat_tables(t);
    if (!tables || !(tables->flags & chat_refused)) return {};
    return {reinterpret_cast<const char*>(t.section + tables->text), tables->ends[chat_parts - 1]};
}

Span<const char> chat_part(const Tokenizer& t, ChatPart part) {
    const ChatTables& c = *chat_template(t);
    const uint32_t i = uint32_t(part), begin = i == 0 ? 0 : c.ends[i - 1];
    return {reinterpret_cast<const char*>(t.section + c.text) + begin, c.ends[i] - begin};
}

bool ends_turn(const Tokenizer& t, uint32_t token) {
    const ChatTables& c = *chat_template(t);
    const Ids stops = ids_at(t, c.stops);
    for (uint32_t i = 0; i < c.stops_count; i++)
        if (stops[i] == token) return true;
    return false;
}

Span<const char> piece(const Tokenizer& t, uint32_t token) {
    if (token >= t.vocab) return {};
    const uint32_t* offsets = reinterpret_cast<const uint32_t*>(t.section + t.header().piece_offsets);
    return {reinterpret_cast<const char*>(t.section + t.header().piece_bytes) + offsets[token], offsets[token + 1] - offsets[token]};
}

bool is_special(const Tokenizer& t, uint32_t token) {
    if (t.vocab == 0) return false;
    const Ids specials = ids_at(t, t.header().specials);
    uint32_t begin = 0, end = t.header().specials_count;
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        if (specials[middle] == token) return true;
        if (specials[middle] < token) begin = middle + 1;
        else end = middle;
    }
    return false;
}

int compare(Span<const char> a, Span<const char> b) {
    for (size_t i = 0; i < a.count && i < b.count; i++)
        if (a[i] != b[i]) return uint8_t(a[i]) < uint8_t(b[i]) ? -1 : 1;
    return a.count == b.count ? 0 : a.count < b.count ? -1 : 1;
}

uint32_t find_piece(const Tokenizer& t, Span<const char> text) {
    const Ids characters = ids_at(t, t.header().characters);
    uint32_t begin = 0, end = t.header().characters_count;
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        const int order = compare(piece(t, characters[middle]), text);
        if (order == 0) return characters[middle];
        if (order < 0) begin = middle + 1;
        else end = middle;
    }
    return no_token;
}

// `Id` is what ids are stored in: encoding spends its time here. No merge has the all-ones id.
template <class Id>
Merge find_merge_of(const Tokenizer& t, uint32_t left, uint32_t right) {
    const Id* first = reinterpret_cast<const Id*>(t.section + t.header().merge_first) + left;
    const Id* merges = reinterpret_cast<const Id*>(t.section + t.header().merges);
    uint32_t begin = first[0], end = first[1];
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        const Id* merge = merges + size_t(middle) * 3;
        if (merge[0] == right) return Merge{merge[2], merge[1]};
        if (merge[0] < right) begin = middle + 1;
        else end = middle;
    }
    return Merge{no_token, no_token};
}

Merge find_merge(const Tokenizer& t, uint32_t left, uint32_t right) {
    return t.header().id_bytes == 2 ? find_merge_of<uint16_t>(t, left, right) : find_merge_of<uint32_t>(t, left, right);
}

uint32_t class_entry(const uint32_t* classes, uint32_t count, uint32_t code) {
    uint32_t begin = 0, end = count;  // the last entry that begins at or before `code`
    while (end - begin > 1) {
        const uint32_t middle = begin + (end - begin) / 2;
        if (classes[middle] >> 8 <= code) begin = middle;
        else end = middle;
    }
    return begin;
}

uint8_t char_class(const Tokenizer& t, uint32_t code) {
    if (code == 0xffffffff) return 0;
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(t.section + t.header().classes);
    return uint8_t(classes[class_entry(classes, t.header().classes_count, code)]);
}

}  // namespace mote
