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
    Trie pieces;
    Span<const char> text;
    Span<uint16_t> lengths;  // of the last piece on the best path to here; 0: none yet. [text + 1]
    double* sums;            // [window], at place % window
    uint32_t window;         // a power of two, more than `longest`

    double& sum(size_t place) const { return sums[place & (window - 1)]; }
};

// As precise as the sums are.
double rounded(const Lattice& l, double sum) { return l.lexicon.sum_bytes == sizeof(float) ? double(float(sum)) : sum; }

// A later path replaces an earlier one only if it is better. SentencePiece compares the candidate as a double with what it has
// rounded to float, so that of two equal paths the later may win: tokens are the same only if that is done here, too.
void offer(const Lattice& l, size_t begin, uint32_t bytes, double candidate) {
    uint16_t& length = l.lengths[begin + bytes];
    double& best = l.sum(begin + bytes);
    if (length != 0 && !(candidate > best)) return;
    length = uint16_t(bytes);
    best = rounded(l, candidate);
}

// A user-defined symbol has NaN for a score: its own rule makes it win.
double score_of(const Lattice& l, uint32_t token, uint32_t bytes) {
    const float score = reinterpret_cast<const float*>(l.e.t.section + l.lexicon.scores)[token];
    return score == score ? double(score) : double(float(bytes) * l.lexicon.highest_score) - 0.1;
}

double unknown_score(const Lattice& l) { return rounded(l, double(l.lexicon.lowest_score) - unknown_penalty); }

void extend_paths(const Lattice& l, size_t begin, uint32_t character_bytes) {
    const double here = begin ? l.sum(begin) : 0.0;
    bool covered = false;
    uint32_t unit = l.pieces.root();
    for (uint32_t n = 0; begin + n < l.text.count && n < l.lexicon.longest && l.pieces.step(unit, l.text[begin + n]);) {
        n++;
        const uint32_t token = l.pieces.value(unit);
        if (token == no_token) continue;
        offer(l, begin, n, score_of(l, token, n) + here);
        covered = covered || n == character_bytes;
    }
    if (covered) return;
    const double unknown = unknown_score(l) + here;
    offer(l, begin, character_bytes, rounded(l, unknown));
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

void emit_path(const Lattice& l) {
    bool after_unknown = false;
    for (size_t begin = 0; begin < l.text.count;) {
        const Span<const char> piece{l.text.data + begin, l.lengths[begin]};
        const Match found = longest_match(l.pieces, piece, l.lexicon.longest);
        const bool known = found.bytes == piece.count;
        if (known) l.e.emit(found.value);
        else emit_unknown(l.e, piece, after_unknown);
        after_unknown = !known;
        begin += piece.count;
    }
}

uint32_t window_of(const LexiconTables& lexicon) {
    uint32_t window = 8;
    while (window <= lexicon.longest) window *= 2;
    return window;
}

}  // namespace

Size unigram_scratch(const Tokenizer& t, Size text_bytes) {
    return Size(window_of(*lexicon_of(t))) * sizeof(double) + (text_bytes + 1) * sizeof(uint16_t) + alignof(double);
}

void encode_unigram(Encoder& e, Span<const char> text) {
    const LexiconTables& lexicon = *lexicon_of(e.t);
    const uintptr_t scratch = reinterpret_cast<uintptr_t>(e.scratch), sums = (scratch + alignof(double) - 1) / alignof(double) * alignof(double);
    Lattice l{e, lexicon, trie_at(e.t, lexicon.units), text, {}, reinterpret_cast<double*>(sums), window_of(lexicon)};
    l.lengths = {reinterpret_cast<uint16_t*>(l.sums + l.window), text.count + 1};
    for (uint16_t& length : l.lengths) length = 0;
    for (size_t begin = 0; begin < text.count;) {
        const uint32_t bytes = first_character(text.data + begin, text.count - begin).bytes;
        extend_paths(l, begin, bytes);
        begin += bytes;
    }
    turn_around(l.lengths);
    emit_path(l);
}

}  // namespace mote
