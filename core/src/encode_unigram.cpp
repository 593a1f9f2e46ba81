// encode_unigram: the most probable way to cut a text into pieces, by Viterbi's algorithm. Every sum, comparison and tie is that of
// SentencePiece's optimized encoder, so that the tokens are the same.
#include "encode.h"
#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr double unknown_penalty = 10.0;

// The best path to each place. A piece has at most `longest` bytes, so sums are kept for the places ahead that one can reach;
// lengths of last pieces are kept for all, to walk back.
struct Lattice {
    Encoder& e;
    const LexiconTables& lexicon;
    const float* scores;     // by token
    bool rounds;             // sums are kept as floats
    Trie pieces;
    double* sums;            // [window], at place % window
    double* seconds;         // the same, of the best path that was not taken
    uint32_t* tokens;        // the same, the last piece of the best path; no_token: a character that no piece covers
    uint32_t window;         // a power of two, more than `longest` and than the bytes of a remembered word
    uint16_t* room;          // for lengths
    Span<const char> text{};    // a word, or all of it
    Span<uint16_t> lengths{};   // of the last piece on the best path to here; 0: none yet. [text + 1]
    double start = 0.0;         // the sum in front of the text
    bool after_unknown = false;

    double& sum(size_t place) const { return sums[place & (window - 1)]; }
    double& second(size_t place) const { return seconds[place & (window - 1)]; }
};

uint32_t window_of(const LexiconTables& lexicon) {
    uint32_t window = 32;
    while (window <= lexicon.longest) window *= 2;
    return window;
}
static_assert(SeenWord::most_bytes < 32);

constexpr size_t window_bytes = 2 * sizeof(double) + sizeof(uint32_t);  // of sums, seconds and tokens

size_t unigram_words(uint32_t window, size_t text_bytes) {
    return (window * window_bytes + (text_bytes + 1) * sizeof(uint16_t) + alignof(double) + sizeof(uint32_t) - 1) / sizeof(uint32_t);
}

// As precise as the sums are.
double rounded(const Lattice& l, double sum) { return l.rounds ? double(float(sum)) : sum; }

// A later path replaces an earlier one only if it is better. SentencePiece compares the candidate as a double with what it has
// rounded to float, so that of two equal paths the later may win: tokens are the same only if that is done here, too.
void offer(const Lattice& l, size_t begin, uint32_t bytes, uint32_t token, double candidate) {
    constexpr double lowest = -1e300;
    uint16_t& length = l.lengths[begin + bytes];
    double& best = l.sum(begin + bytes);
    double& second = l.second(begin + bytes);
    if (length == 0) {
        second = lowest;
    } else if (candidate > best) {
        second = best;
    } else {
        if (candidate > second) second = candidate;
        return;
    }
    length = uint16_t(bytes);
    l.tokens[(begin + bytes) & (l.window - 1)] = token;
    best = rounded(l, candidate);
}

// A user-defined symbol has NaN for a score: its own rule makes it win.
double score_of(const Lattice& l, uint32_t token, uint32_t bytes) {
    const float score = l.scores[token];
    return score == score ? double(score) : double(float(bytes) * l.lexicon.highest_score) - 0.1;
}

double unknown_score(const Lattice& l) { return rounded(l, double(l.lexicon.lowest_score) - unknown_penalty); }

void extend_paths(const Lattice& l, size_t begin, uint32_t character_bytes) {
    const double here = begin ? l.sum(begin) : l.start;
    bool covered = false;
    uint32_t unit = l.pieces.root();
    for (uint32_t n = 0; begin + n < l.text.count && n < l.lexicon.longest && l.pieces.step(unit, l.text[begin + n]);) {
        n++;
        const uint32_t token = l.pieces.value(unit);
        if (token == no_token) continue;
        offer(l, begin, n, token, score_of(l, token, n) + here);
        covered = covered || n == character_bytes;
    }
    if (covered) return;
    const double unknown = unknown_score(l) + here;
    offer(l, begin, character_bytes, no_token, rounded(l, unknown));
}

// From lengths of the pieces that end at a place to those of the pieces that begin there.
void turn_around(Span<uint16_t> lengths) {
    uint16_t length = lengths[lengths.count - 1];
    for (size_t end = lengths.count - 1; end > 0;) {
        const size_t begin = end - length;
        const uint16_t before = lengths[begin];
        lengths[begin] = length;
        end = begin;
        length = before;
    }
}

void emit_unknown(Encoder& e, Span<const char> text, bool after_unknown) {
    if (covers_bytes(e.t, text)) {
        for (const char& byte : text) e.emit(ids_at(e.t, e.t.header().byte_ids)[uint8_t(byte)]);
    } else if (!(after_unknown && (e.t.header().flags & tokenizer_fuse_unk))) {
        e.emit(e.t.header().unk);
    }
}

bool has_score(const Lattice& l, uint32_t token) { return l.scores[token] == l.scores[token]; }

// The piece on the best path to `end`. Texts that are longer than the window have only its length.
uint32_t token_of(const Lattice& l, Span<const char> piece, size_t end) {
    if (l.text.count < l.window) return l.tokens[end];
    const Match found = longest_match(l.pieces, piece, l.lexicon.longest);
    return found.bytes == piece.count ? found.value : no_token;
}

// Whether all pieces are tokens of the lexicon with scores of their own, so that the path can be taken again.
bool emit_path(Lattice& l) {
    bool plain = true;
    for (size_t begin = 0; begin < l.text.count;) {
        const Span<const char> piece{l.text.data + begin, l.lengths[begin]};
        const uint32_t token = token_of(l, piece, begin + piece.count);
        const bool known = token != no_token;
        if (known) l.e.emit(token);
        else emit_unknown(l.e, piece, l.after_unknown);
        plain = plain && known && has_score(l, token);
        l.after_unknown = !known;
        begin += piece.count;
    }
    return plain;
}

// How much better the best path to the end is than the one nearest to it: what was left out at each of its places.
double margin_of(const Lattice& l) {
    double margin = 1e300;
    for (size_t place = l.text.count; place > 0; place -= l.lengths[place]) {
        const double own = l.sum(place) - l.second(place);
        if (own < margin) margin = own;
    }
    return margin;
}

// More than rounding can move two paths through this word against each other, where its sums begin from `start`. Every sum on the way is
// rounded once or twice, to a part in 2^24 or 2^53 of no more than `largest`.
double rounding_of(const Lattice& l, size_t bytes) {
    const double unit = l.rounds ? 1.0 / (1 << 24) : 1.0 / (uint64_t(1) << 53);
    const auto magnitude = [](double x) { return x < 0 ? -x : x; };
    const double piece = magnitude(double(l.lexicon.lowest_score)) + magnitude(double(l.lexicon.highest_score)) + unknown_penalty;
    const double largest = magnitude(l.start) + double(bytes) * piece;
    return double(8 * (bytes + 1)) * unit * largest;
}

// The path that this word took before, if it is the best from here, too.
bool take_again(Lattice& l, const SeenWord& seen) {
    if (!seen.bytes || !(double(seen.margin) > rounding_of(l, l.text.count))) return false;
    for (uint32_t i = 0; i < seen.tokens; i++) {
        l.e.emit(seen.ids[i]);
        l.start = rounded(l, double(l.scores[seen.ids[i]]) + l.start);
    }
    l.after_unknown = false;
    return true;
}

// A stretch of text that no piece crosses. SentencePiece's sums run through the whole text, and so `start` goes on from word to word.
void encode_word(Lattice& l, Span<const char> word) {
    l.text = word;
    SeenWord* seen = place_of(l.e, word);
    if (seen && take_again(l, *seen)) return;
    l.e.want_scratch(unigram_words(l.window, word.count));
    l.lengths = {l.room, word.count + 1};
    for (uint16_t& length : l.lengths) length = 0;
    for (size_t begin = 0; begin < word.count;) {
        const uint32_t bytes = first_character(word.data + begin, word.count - begin).bytes;
        extend_paths(l, begin, bytes);
        begin += bytes;
    }
    const double margin = seen ? margin_of(l) - rounding_of(l, word.count) : 0.0;
    turn_around(l.lengths);
    const size_t first = l.e.written;
    const bool plain = emit_path(l);
    if (plain && margin > 0.0 && l.e.seen_count) remember(l.e, *seen, word, first, float(margin));
    l.start = l.sum(word.count);
}

}  // namespace

Size unigram_scratch(const Tokenizer& t, Size text_bytes) {
    return Size(window_of(*lexicon_of(t))) * window_bytes + (text_bytes + 1) * sizeof(uint16_t) + alignof(double);
}

void encode_unigram(Encoder& e, Span<const char> text) {
    const LexiconTables& lexicon = *lexicon_of(e.t);
    const uintptr_t scratch = reinterpret_cast<uintptr_t>(e.scratch), sums = (scratch + alignof(double) - 1) / alignof(double) * alignof(double);
    const uint32_t window = window_of(lexicon);
    double* sum = reinterpret_cast<double*>(sums);
    uint32_t* tokens = reinterpret_cast<uint32_t*>(sum + 2 * window);
    const float* scores = reinterpret_cast<const float*>(e.t.section + lexicon.scores);
    Lattice l{e, lexicon, scores, lexicon.sum_bytes == sizeof(float), trie_at(e.t, lexicon.units), sum, sum + window, tokens, window,
              reinterpret_cast<uint16_t*>(tokens + window)};
    const bool cuts = e.t.header().pre_tokenizer == PreTokenizer::each_space;
    for (size_t begin = 0; begin < text.count;) {
        const size_t end = cuts ? word_end(text, begin) : text.count;
        encode_word(l, {text.data + begin, end - begin});
        begin = end;
    }
}

}  // namespace mote
