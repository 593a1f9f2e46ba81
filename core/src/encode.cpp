// encode: text to tokens, around and between control tokens. Works in the caller's scratch.
#include "encode.h"

#include "normal_form.h"
#include "normalize.h"
#include "whole_tokens.h"

namespace mote {
namespace {

// The longest token that begins at `at`; its length, or 0.
size_t whole_token_at(const Tokenizer& t, WholeTokens& all, Span<const char> text, size_t at, WholeToken& token) {
    if (whole_tables_of(t)) return whole_token_of(t, whole_tables_of(t)->given, text, at, all.counts[1] ? all.open_bytes(at, text.count) : 0, token);
    size_t longest = 0;
    if (!all.may_begin(text[at])) return longest;
    const size_t room[2] = {text.count - at, all.open_bytes(at, text.count)};
    for (uint32_t list = 0; list < 2; list++) {
        for (uint32_t i = 0; i < all.counts[list]; i++) {
            const Span<const char> name = piece(t, all.lists[list][i]);
            if (name.count > longest && name.count <= room[list] && compare(name, {text.data + at, name.count}) == 0) {
                longest = name.count;
                token.id = all.lists[list][i];
            }
        }
    }
    return longest;
}

void encode_stretch(Encoder& e, Stretch stretch) {
    e.readable_end = stretch.text.end();
    if (normalizes(e.t)) {
        const Result<size_t> bytes = normalize(e.t, stretch.text, stretch.space_before, e.normalized);
        if (!bytes.ok()) {
            e.fault = bytes.fault;
            return;
        }
        stretch = {{e.normalized.data, bytes.value}, stretch.where, false};
        e.readable_end = reinterpret_cast<const char*>(e.scratch + e.scratch_words);
    }
    if (only_pairs) return encode_bpe(e, stretch);
    switch (e.t.header().kind) {
        case TokenizerKind::bpe: return encode_bpe(e, stretch);
        case TokenizerKind::wordpiece: return encode_wordpiece(e, stretch.text);
        case TokenizerKind::unigram: return encode_unigram(e, stretch.text);
    }
}

bool wants_space(const Tokenizer& t, Span<const char> text, uint64_t where) {
    const uint32_t flags = t.header().flags;
    if (!(flags & tokenizer_prefix_space) || (where && !(flags & tokenizer_prefix_every))) return false;
    if (!(flags & tokenizer_prefix_missing)) return true;
    const bool mark = (flags & tokenizer_fold_space) && text.count >= 3 && compare({text.data, 3}, {"\xe2\x96\x81", 3}) == 0;
    return text[0] != ' ' && !mark;
}

// What lies between two tokens of normalized text. A space that goes in front only where none is goes there now.
void encode_between(Encoder& e, Span<const char> part, size_t begin, size_t end, uint64_t where, bool goes_on) {
    if (begin >= end) return;
    const Span<const char> text{part.data + begin, end - begin};
    const bool late = e.t.header().flags & tokenizer_prefix_missing;
    encode_bpe(e, {text, where + begin, late && !(goes_on && begin == 0) && wants_space(e.t, text, where + begin)});
}

// Text in which tokens are looked for once more, now that it is normalized: with the space in front that always goes there.
void encode_normalized(Encoder& e, Span<const char> part, uint64_t where, bool goes_on) {
    const bool late = e.t.header().flags & tokenizer_prefix_missing;
    if (normalizes(e.t)) {
        const Result<size_t> bytes = normalize(e.t, part, !late && !goes_on && wants_space(e.t, part, where), e.normalized);
        if (!bytes.ok()) {
            e.fault = bytes.fault;
            return;
        }
        part = {e.normalized.data, bytes.value};
    }
    e.readable_end = part.end();
    size_t begin = 0;
    for (size_t i = 0; i < part.count;) {
        WholeToken token;
        const size_t n = whole_token_of(e.t, whole_tables_of(e.t)->normalized, part, i, 0, token);
        size_t first = i, end = i + n;
        i += n ? n : 1;
        if (n == 0 || !takes_place(e.t, token.flags, part, first, end)) continue;
        encode_between(e, part, begin, first, where, goes_on);
        e.emit(token.id);
        begin = end;
    }
    encode_between(e, part, begin, part.count, where, goes_on);
}

void encode_part(Encoder& e, Span<const char> text, size_t begin, size_t end, bool goes_on) {
    if (begin >= end) return;
    Span<const char> part{text.data + begin, end - begin};
    if (normal_form_of(e.t)) {
        const Result<Span<const char>> formed = normal_form(e.t, part, e.formed);
        if (!formed.ok()) {
            e.fault = formed.fault;
            return;
        }
        part = formed.value;
        if (part.count == 0) return;
    }
    goes_on = goes_on && begin == 0;
    if (searches_normalized(e.t)) return encode_normalized(e, part, begin, goes_on);
    encode_stretch(e, {part, begin, !goes_on && wants_space(e.t, part, begin)});
}

void encode_text(Encoder& e, Span<const char> text, const EncodeOptions& options) {
    WholeTokens whole(e.t, options);
    size_t begin = 0;
    for (size_t i = 0; !whole.empty() && i < text.count;) {
        WholeToken token;
        const size_t n = whole_token_at(e.t, whole, text, i, token);
        if (n == 0) {
            i++;
            continue;
        }
        size_t first = i, end = i + n;
        i = end;
        if (!only_pairs && token.flags && !takes_place(e.t, token.flags, text, first, end)) continue;
        encode_part(e, text, begin, first, options.goes_on);
        e.emit(token.id);
        begin = end;
    }
    encode_part(e, text, begin, text.count, options.goes_on);
}

constexpr size_t line_words = sizeof(SeenLine) / sizeof(uint32_t);

size_t lines_in(size_t words) { return words / line_words < SeenWords::most_lines ? words / line_words : SeenWords::most_lines; }

// Words are remembered in the caller's memory, from its first whole line on, or in the second half of the scratch, unless the text is so
// short that few come again.
void divide_scratch(Encoder& e, size_t bytes, Span<uint8_t> memory) {
    constexpr size_t worth_it = 256;
    e.seen_in_scratch = only_pairs || memory.count == 0;
    if (!e.seen_in_scratch) {
        const size_t skipped = -reinterpret_cast<uintptr_t>(memory.data) % sizeof(SeenLine);
        if (skipped < memory.count)
            e.seen = {reinterpret_cast<SeenLine*>(memory.data + skipped), lines_in((memory.count - skipped) / sizeof(uint32_t))};
        return;
    }
    const bool too_wide = only_pairs && e.t.header().id_bytes == sizeof(uint32_t);  // for the words of the smallest builds
    e.seen.count = bytes < worth_it || too_wide ? 0 : lines_in(e.scratch_words / 2);
    e.scratch_words -= e.seen.count * line_words;
    e.seen.lines = reinterpret_cast<SeenLine*>(e.scratch + e.scratch_words);
    for (size_t i = 0; i < e.seen.count; i++) e.seen.lines[i].words[0].bytes = e.seen.lines[i].words[1].bytes = 0;
}

// Bytes of scratch. Text in the normal form lies first, then normalized text, then what the kind of tokenizer needs.
struct Room {
    size_t formed, normalized, own;

    size_t all() const { return formed + normalized + own; }
};

Result<Room> room_for(const Tokenizer& t, size_t text_bytes) {
    const bool normal = normalizes(t);
    const Size formed = formed_bytes(t, Size(text_bytes)), text = normal ? normalized_bytes(t, formed) : formed;
    Size own(0);
    if (only_pairs || t.header().kind == TokenizerKind::bpe) own = bpe_scratch(text);
    else if (t.header().kind == TokenizerKind::unigram) own = unigram_scratch(t, text);
    const Size in_form = normal_form_of(t) ? align_up(formed, 4) : Size(0), normalized = normal ? align_up(text, 4) : Size(0);
    own = align_up(own, 4);
    if (!(in_form + normalized + own).fits_memory()) return Fault{Error::overflow, 0, text_bytes, 0};
    return Room{size_t(in_form.value), size_t(normalized.value), size_t(own.value)};
}

// Whether a byte of the text can be a token with a space behind it that is one more: a longer token makes up for the space itself.
bool has_spaced_bytes(const Tokenizer& t) {
    if (!(t.header().flags & tokenizer_prefix_every)) return false;
    if (only_pairs || whole_tables_of(t)) return true;  // without a look at each
    EncodeOptions options;
    options.parse_special = true;
    const WholeTokens whole(t, options);
    for (uint32_t list = 0; list < 2; list++)
        for (uint32_t i = 0; i < whole.counts[list]; i++)
            if (piece(t, whole.lists[list][i]).count == 1) return true;
    return false;
}

}  // namespace

void remember(const Encoder& e, SeenWord* place, const WordKey& word, size_t first, uint8_t under, uint8_t level) {
    const bool are_wide = e.ids_are_wide();
    const size_t tokens = e.written - first;
    if (!place || e.seen.count == 0 || !e.fault.ok() || e.written > e.out.count || tokens > e.most_seen_tokens()) return;
    place->bytes = uint8_t(word.text.count);
    place->tokens = uint8_t(tokens);
    place->under = under;
    place->level = level;
    __builtin_memcpy(place->text, word.head, sizeof place->text);
    for (size_t i = 0; i < tokens; i++) {
        if (are_wide) place->wide_ids[i] = e.out[first + i];
        else place->ids[i] = uint16_t(e.out[first + i]);
    }
}

bool covers_bytes(const Tokenizer& t, Span<const char> text) {
    const Ids byte_ids = ids_at(t, t.header().byte_ids);
    for (const char& byte : text)
        if (byte_ids[uint8_t(byte)] == no_token) return false;
    return true;
}

Result<size_t> encode_scratch(const Tokenizer& t, size_t text_bytes) {
    if (t.vocab == 0) return size_t(0);
    const Result<Room> room = room_for(t, text_bytes);
    return room.ok() ? Result<size_t>(room.value.all()) : Result<size_t>(room.fault);
}

size_t encode_limit(const Tokenizer& t, size_t text_bytes) {
    const Size formed = formed_bytes(t, Size(text_bytes));
    Size most = (normalizes(t) ? normalized_bytes(t, formed) : formed + 1) + 2;
    if (has_spaced_bytes(t)) most = most + formed;
    return most.fits_memory() ? size_t(most.value) : PTRDIFF_MAX;
}

Result<size_t> encode(const Tokenizer& t, Span<const char> text, const EncodeOptions& options, Span<uint8_t> scratch,
                      Span<uint32_t> tokens) {
    if (t.vocab == 0) return Fault{Error::unsupported, 0, 0, 0};
    if ((text.count && !text.data) || (tokens.count && !tokens.data)) return Fault{Error::argument, 0, 0, 0};
    if (text.count > 0x7fffffff) return Fault{Error::limit, 0, text.count, 0x7fffffff};
    const Result<Room> made = room_for(t, text.count);
    if (!made.ok()) return made.fault;
    const Room room = made.value;
    const size_t needed = room.all();
    if (scratch.count < needed) return Fault{Error::buffer_too_small, 1, scratch.count, needed};
    if (!scratch.data || reinterpret_cast<uintptr_t>(scratch.data) % alignof(uint32_t)) return Fault{Error::alignment, 0, 0, 4};
    if (reinterpret_cast<uintptr_t>(options.words.data) % alignof(uint32_t)) return Fault{Error::alignment, 1, 0, 4};

    char* const texts = reinterpret_cast<char*>(scratch.data);
    Encoder e{t, {texts, room.formed}, {texts + room.formed, room.normalized},
              reinterpret_cast<uint32_t*>(scratch.data + room.formed + room.normalized), room.own / sizeof(uint32_t), {}, false, tokens};
    divide_scratch(e, text.count, options.words);
    const TokenizerHeader& h = t.header();
    if (options.add_special && (h.flags & tokenizer_add_bos)) e.emit(h.bos);
    encode_text(e, text, options);
    if (options.add_special && (h.flags & tokenizer_add_eos)) e.emit(h.eos);
    if (!e.fault.ok()) return e.fault;
    if (e.written > tokens.count) return Fault{Error::buffer_too_small, 0, tokens.count, e.written};
    return e.written;
}

}  // namespace mote
