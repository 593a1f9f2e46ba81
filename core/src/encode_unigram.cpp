// encode_unigram: the most probable way to cut a text into pieces, by Viterbi's algorithm. Every sum, comparison and tie is that of
// SentencePiece's optimized encoder, so that the tokens are the same.
#include "encode.h"
#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr float unknown_penalty = 10.0f;

// Where sums lie, from the next word's first to its last: all under 2^under, and none under 2^(level - 1), if there is a level.
struct Region {
    static constexpr uint8_t first = 13, none = 255;

    uint8_t under = none, level = none;
    size_t sure_until = 0;  // so many tokens
};

// The best path to a place, and the sum of the best one that was not taken; until there are paths, sums are less than any.
struct Place {
    double sum, second;
    uint32_t token;  // the path's last piece; no_token: a character that no piece covers
    uint32_t bytes;  // of that piece; 0: no path
};
constexpr Place no_paths{-1e300, -1e300, no_token, 0};

// The best path to each place. A piece has at most `longest` bytes, so sums are kept for the places ahead that one can reach;
// lengths of last pieces are kept for all, to walk back.
struct Lattice {
    Encoder& e;
    const LexiconTables& lexicon;
    const float* scores;     // by token
    bool rounds;             // sums are kept as floats
    Trie pieces;
    Place* places;           // [window], at place % window
    uint32_t window;         // a power of two, more than `longest` and than the bytes of a remembered word
    uint16_t* room;          // for lengths
    size_t summed;           // tokens whose scores are in `start`; those behind them were copied
    Region region{};
    Span<const char> text{};    // a word, or all of it
    Span<uint16_t> lengths{};   // of the last piece on the best path to here; 0: none yet. [text + 1]
    double start = 0.0;         // the sum in front of the text
    bool after_unknown = false;

    Place& place(size_t at) const { return places[at & (window - 1)]; }
};

uint32_t window_of(const LexiconTables& lexicon) {
    uint32_t window = 32;
    while (window <= lexicon.longest) window *= 2;
    return window;
}
static_assert(WordKey::most_bytes < 32);

size_t unigram_words(uint32_t window, size_t text_bytes) {
    return (window * sizeof(Place) + (text_bytes + 1) * sizeof(uint16_t) + alignof(double) + sizeof(uint32_t) - 1) / sizeof(uint32_t);
}

// As precise as the sums are.
double rounded(const Lattice& l, double sum) { return l.rounds ? double(float(sum)) : sum; }

// Whether a double lies in the middle between two floats.
bool lies_between_floats(double sum) {
    uint64_t bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    return (uint32_t(bits) & 0x1fffffff) == 0x10000000;
}

// A user-defined symbol has NaN for a score: its own rule makes it win.
double score_of(const Lattice& l, uint32_t token, uint32_t bytes) {
    const float score = l.scores[token];
    return score == score ? double(score) : double(float(bytes) * l.lexicon.highest_score) - 0.1;
}

double unknown_score(const Lattice& l) { return rounded(l, double(l.lexicon.lowest_score) - double(unknown_penalty)); }

// A later path replaces an earlier one only if it is better. SentencePiece compares the candidate as a double with what it has
// rounded to float, so that of two equal paths the later may win: tokens are the same only if that is done here, too. Which path is
// better cannot be foretold, so that this has no jumps.
inline void offer(Place& place, bool rounds, uint32_t& tied, uint32_t token, uint32_t bytes, double candidate) {
    const double best = place.sum, second = place.second;
    const uint32_t taken = 0 - uint32_t((candidate > best) | (place.bytes == 0));
    const double better = candidate > best ? candidate : best, worse = candidate > best ? best : candidate;
    place.sum = rounds ? double(float(better)) : better;
    place.second = worse > second ? worse : second;
    place.token ^= (place.token ^ token) & taken;
    place.bytes ^= (place.bytes ^ bytes) & taken;
    if (wide_processor) tied |= taken & uint32_t(lies_between_floats(candidate));
}

// Extends the best path to a place by each piece that begins there, and by the character if none is that.
inline void extend_paths(Lattice& l, size_t begin, uint32_t character_bytes, uint32_t& tied) {
    const Trie pieces = l.pieces;
    Place* const places = l.places;
    const size_t mask = l.window - 1;
    const bool rounds = l.rounds;
    const size_t left = l.text.count - begin, most = left < l.lexicon.longest ? left : l.lexicon.longest;
    const char* const text = l.text.data + begin;
    const double here = begin ? places[begin & mask].sum : l.start;
    bool covered = false;
    uint32_t unit = pieces.root();
    for (uint32_t n = 0; n < most && pieces.step(unit, text[n]);) {
        n++;
        const uint32_t token = pieces.value(unit);
        if (token == no_token) continue;
        offer(places[(begin + n) & mask], rounds, tied, token, n, score_of(l, token, n) + here);
        covered |= n == character_bytes;
    }
    if (covered) return;
    const double unknown = unknown_score(l) + here;
    offer(places[(begin + character_bytes) & mask], rounds, tied, no_token, character_bytes, rounded(l, unknown));
    if (wide_processor) tied |= uint32_t(lies_between_floats(unknown));
}

// From lengths of the pieces that end at a place to those of the pieces that begin there. Returns how much better the path is than the one
// nearest to it: what was left out at each of its places, as far as they are kept.
float turn_around(Lattice& l) {
    float margin = 1e30f;
    uint16_t length = l.lengths[l.text.count];
    for (size_t end = l.text.count; end > 0;) {
        const Place& place = l.place(end);
        const float own = float(place.sum - place.second);
        if (own < margin) margin = own;
        const size_t begin = end - length;
        const uint16_t before = l.lengths[begin];
        l.lengths[begin] = length;
        end = begin;
        length = before;
    }
    return margin;
}

// Whether it became the one token of unknown text.
bool emit_unknown(Encoder& e, Span<const char> text, bool after_unknown) {
    if (covers_bytes(e.t, text)) {
        for (const char& byte : text) e.emit(ids_at(e.t, e.t.header().byte_ids)[uint8_t(byte)]);
        return false;
    }
    if (after_unknown && (e.t.header().flags & tokenizer_fuse_unk)) return false;
    e.emit(e.t.header().unk);
    return true;
}

// Whether a token that was copied stands for an unknown character. Small processors remember no words that have one.
bool is_unknown(const Lattice& l, uint32_t token) { return wide_processor && token == l.e.t.header().unk; }

bool has_score(const Lattice& l, uint32_t token) { return l.scores[token] == l.scores[token]; }

// The piece on the best path to `end`. Texts that are longer than the window have only its length.
uint32_t token_of(const Lattice& l, Span<const char> piece, size_t end) {
    if (l.text.count < l.window) return l.places[end].token;
    const Match found = longest_match(l.pieces, piece, l.lexicon.longest);
    return found.bytes == piece.count ? found.value : no_token;
}

// Whether each piece became a token that tells its score, so that the path can be taken again: one of the lexicon with a score of its own,
// or, behind the first piece, the token of unknown text for one character.
bool emit_path(Lattice& l) {
    bool plain = true;
    for (size_t begin = 0; begin < l.text.count;) {
        const Span<const char> piece{l.text.data + begin, l.lengths[begin]};
        const uint32_t token = token_of(l, piece, begin + piece.count);
        const bool known = token != no_token;
        bool tells_score = known && !is_unknown(l, token) && has_score(l, token);
        if (known) l.e.emit(token);
        else tells_score = emit_unknown(l.e, piece, l.after_unknown) && wide_processor && begin;
        plain = plain && tells_score;
        l.after_unknown = !known;
        begin += piece.count;
    }
    return plain;
}

float magnitude(float x) { return x < 0 ? -x : x; }

// How far rounding can move two paths through a word against each other, at most, for each unit that sums lie under: every sum on the way is
// rounded once or twice.
float rounding_of(const Lattice& l, size_t bytes) {
    return float(8 * (bytes + 1)) * (l.rounds ? 1.0f / (1 << 24) : 1.0f / float(uint64_t(1) << 53));
}

uint32_t exponent_of(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits >> 23 & 255;
}

float power_of_two(uint8_t power) {
    const uint32_t bits = power < 128 ? (127u + power) << 23 : 255u << 23;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

// The highest power of two for sums to lie under, so that rounding moves no path by this margin; 0 if there is none.
uint8_t holds_under(float margin, float rounding) {
    const float ratio = margin / rounding;
    return ratio >= 1.0f ? uint8_t(exponent_of(ratio) - 127) : uint8_t(0);
}

// Adds the scores of the tokens that were copied.
void catch_up(Lattice& l) {
    const uint32_t* tokens = l.e.out.data;
    if (wide_processor && l.summed < l.e.written) l.after_unknown = is_unknown(l, tokens[l.e.written - 1]);
    if (l.rounds) {
        const float unknown = float(unknown_score(l));
        float sum = float(l.start);
        for (; l.summed < l.e.written; l.summed++) sum += is_unknown(l, tokens[l.summed]) ? unknown : l.scores[tokens[l.summed]];
        l.start = double(sum);
    } else {
        const double unknown = unknown_score(l);
        for (; l.summed < l.e.written; l.summed++)
            l.start += is_unknown(l, tokens[l.summed]) ? unknown : double(l.scores[tokens[l.summed]]);
    }
}

// Sums move by a token's score, or by an unknown character's, and by no more than that and a unit where they are rounded. So for some tokens
// it is sure where they lie. A second unit is for rounding here.
void find_region(Lattice& l) {
    catch_up(l);
    const float lowest = magnitude(l.lexicon.lowest_score), highest = magnitude(l.lexicon.highest_score);
    const float sum = magnitude(float(l.start));
    float end, word, unit;
    uint8_t under = Region::first;
    for (;; under++) {
        end = power_of_two(under);
        unit = end * (2.0f / (1 << 24));
        word = float(WordKey::most_bytes) * (lowest + highest + unknown_penalty + unit);
        if (sum + word < end || under == Region::none) break;
    }
    float leaves = end - word - sum;
    l.region.level = Region::none;
    if (wide_processor && under > Region::first) {
        const float above = sum - word - end / 2;
        if (l.rounds && above >= 0) l.region.level = under;
        if (magnitude(above) < leaves) leaves = magnitude(above);
    }
    const float tokens = leaves / ((lowest > highest ? lowest : highest) + (wide_processor ? unknown_penalty : 0.0f) + unit);
    l.region.under = under;
    l.region.sure_until = l.e.written + (tokens > 0.0f ? tokens < 1e6f ? size_t(tokens) : 1000000 : 0);
}

// A word's tokens depend on what is before it through rounding alone. They are the same under a power of two where rounding cannot move the
// path by its margin; and from all sums of one level, which are multiples of one unit: to move all of them by some units changes no
// comparison, and moves what they are rounded to as far. Only a sum between two floats asks which of them is the even one.
struct Holds {
    uint8_t under, level;  // 0: nowhere
};

// The best path through a stretch of text that no piece crosses. SentencePiece's sums run through the whole text, and so `start` goes on
// from word to word.
Holds search(Lattice& l, Span<const char> text) {
    catch_up(l);
    l.e.want_scratch(unigram_words(l.window, text.count));
    l.text = text;
    l.lengths = {l.room, text.count + 1};
    const bool may_come_again = text.count <= WordKey::most_bytes;
    const size_t places = wide_processor && may_come_again ? WordKey::most_bytes + 1 : text.count < l.window ? text.count + 1 : l.window;
    for (size_t at = 0; at < places; at++) l.places[at] = no_paths;
    uint32_t tied = 0;  // a sum was rounded that lay in the middle between two floats
    for (size_t begin = 0; begin < text.count;) {
        const uint32_t bytes = first_character(text.data + begin, text.count - begin).bytes;
        extend_paths(l, begin, bytes, tied);
        l.lengths[begin] = uint16_t(l.place(begin).bytes);
        if (text.count >= l.window)
            for (size_t at = begin; at < begin + bytes; at++) l.place(at) = no_paths;
        begin += bytes;
    }
    l.lengths[text.count] = uint16_t(l.place(text.count).bytes);
    l.start = l.place(text.count).sum;
    const float rounding = rounding_of(l, text.count), margin = turn_around(l) - rounding * power_of_two(l.region.under);
    const bool plain = emit_path(l);
    l.summed = l.e.written;
    if (!plain) l.region.sure_until = 0;
    if (!plain || !may_come_again) return {0, 0};
    return {holds_under(margin, rounding), wide_processor && !tied && l.region.level != Region::none ? l.region.level : uint8_t(0)};
}

// Emits the tokens of a word that came before, if its path holds here.
inline bool emit_seen(Lattice& l, const SeenWord* place) {
    if (l.e.written >= l.region.sure_until) find_region(l);
    if (!l.e.may_emit(place) || (l.region.under > place->under && l.region.level != place->level)) return false;
    l.e.emit_again(*place);
    if (!wide_processor) l.after_unknown = false;
    return true;
}

Holds encode_new(Lattice& l, const WordKey& word, SeenWord* place) {
    const size_t first = l.e.written;
    const Holds holds = search(l, word.text);
    if (holds.under | holds.level) remember(l.e, place, word, first, holds.under, holds.level);
    return holds;
}

// Bytes up to the first seam, as far as words are remembered. Small processors, which remember few words, would lose by it.
size_t bytes_to_seam(const Lattice& l, const WordKey& word) {
    Chunk letter_before = 0;
    if (!wide_processor || !l.lexicon.seams) return word.text.count;
    for (size_t i = 0; i < WordKey::chunks; i++) {
        const Chunk letters = bytes_in(word.head[i] | each_byte * 0x20, 'a', 'z');
        const Chunk seams = bytes_in(word.head[i], '!', '~') & ~letters & (letters << 8 | letter_before);
        if (seams) return i * chunk_bytes + first_byte_of(seams);
        letter_before = letters >> 8 * (chunk_bytes - 1);
    }
    return word.text.count;
}

// No path crosses a seam, and a word that is new mostly has parts that are not.
[[gnu::noinline]] void encode_parts(Lattice& l, const WordKey& word) {
    const size_t first = l.e.written;
    Holds all{Region::none, l.region.level};
    for (Span<const char> rest = word.text; rest.count;) {
        const size_t bytes = bytes_to_seam(l, key_of(rest, l.e.readable_end));
        const WordKey part = key_of({rest.data, bytes}, l.e.readable_end);
        SeenWord* place = l.e.seen.place_of(part);
        const Holds own = emit_seen(l, place) ? Holds{place->under, place->level} : encode_new(l, part, place);
        if (own.under < all.under) all.under = own.under;
        if (own.level != all.level) all.level = 0;
        rest = {rest.data + bytes, rest.count - bytes};
    }
    if (all.under | all.level) remember(l.e, l.e.seen.place_of(word), word, first, all.under, all.level);
}

inline void encode_word(Lattice& l, const WordKey& word) {
    SeenWord* place = l.e.seen.place_of(word);
    if (emit_seen(l, place)) return;
    if (bytes_to_seam(l, word) < word.text.count) encode_parts(l, word);
    else encode_new(l, word, place);
}

}  // namespace

Size unigram_scratch(const Tokenizer& t, Size text_bytes) {
    return Size(window_of(*lexicon_of(t))) * sizeof(Place) + (text_bytes + 1) * sizeof(uint16_t) + alignof(double);
}

void encode_unigram(Encoder& e, Span<const char> text) {
    const LexiconTables& lexicon = *lexicon_of(e.t);
    const uintptr_t scratch = reinterpret_cast<uintptr_t>(e.scratch), aligned = (scratch + alignof(double) - 1) / alignof(double) * alignof(double);
    const uint32_t window = window_of(lexicon);
    Place* places = reinterpret_cast<Place*>(aligned);
    const float* scores = reinterpret_cast<const float*>(e.t.section + lexicon.scores);
    Lattice l{e, lexicon, scores, lexicon.sum_bytes == sizeof(float), trie_at(e.t, lexicon.units), places, window,
              reinterpret_cast<uint16_t*>(places + window), e.written};
    if (e.t.header().pre_tokenizer != PreTokenizer::each_space) {
        if (text.count) search(l, text);
        return;
    }
    SpaceCut words(text, e.readable_end);
    WordGroup groups[2];
    groups[0].take(words, e.readable_end, e.seen);
    for (size_t now = 0; groups[now].count; now ^= 1) {
        groups[now ^ 1].take(words, e.readable_end, e.seen);
        for (size_t i = 0; i < groups[now].count; i++) encode_word(l, groups[now].words[i]);
    }
}

}  // namespace mote
