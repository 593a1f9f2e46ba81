// sampler: from logits to a token. After one subtraction and one multiplication a logit is an integer, and stays one.
#include "mote/sampler.h"

#include "../kernels/arithmetic.h"
#include "../kernels/kernels.h"

namespace mote {
namespace {

// How far a logit lies below the largest, as log2 in multiples of 2^-16; `cut` and above are out of the game.
// They replace the logits in place.
using Depth = uint32_t;
constexpr Depth cut = 31u << 16;  // beyond 2^-31 of the largest probability nothing is ever drawn

// 2^-depth as a multiple of 2^-31.
uint32_t weight_of(Depth depth) {
    if (depth >= cut) return 0;
    const uint32_t whole = depth >> 16, fraction = depth & 0xffffu;
    return fraction ? exp2_fraction((0x10000u - fraction) << 16) >> (whole + 1) : 0x80000000u >> whole;
}

// log2 of the ratio to the largest logit, rounded to nearest even.
Depth depth_of(float below) {
    const float scaled = below * 94548.4609f;  // log2(e) * 2^16
    return scaled < 2031616.0f ? bits_of(scaled + 8388608.0f) - 0x4b000000u : cut;
}

struct Depths {
    uint32_t* words;  // bits of floats before, depths after
    size_t count;

    Depth operator[](size_t i) const { return words[i]; }
};

size_t count_up_to(const Depths& d, Depth limit) {
    size_t n = 0;
    for (size_t i = 0; i < d.count; i++) n += d[i] <= limit;
    return n;
}

uint64_t mass_between(const Depths& d, Depth above, Depth limit) {
    uint64_t sum = 0;
    for (size_t i = 0; i < d.count; i++)
        if (d[i] >= above && d[i] <= limit) sum += weight_of(d[i]);
    return sum;
}

// Keeps the first `k` in order of probability; the lower id among equals.
void keep_top_k(const Depths& d, uint32_t k) {
    if (k == 0 || count_up_to(d, cut - 1) <= k) return;
    Depth low = 0, high = cut - 1;  // the smallest limit that leaves at least k
    while (low < high) {
        const Depth middle = low + (high - low) / 2;
        if (count_up_to(d, middle) >= k) high = middle;
        else low = middle + 1;
    }
    size_t equals = k - (low ? count_up_to(d, low - 1) : 0);
    for (size_t i = 0; i < d.count; i++) {
        if (d[i] < low) continue;
        if (d[i] == low && equals) equals--;
        else d.words[i] = cut;
    }
}

// Keeps the most probable tokens until their sum reaches p of all; the lower id among equals.
void keep_top_p(const Depths& d, float p) {
    if (p >= 1.0f) return;
    const uint64_t total = mass_between(d, 0, cut - 1);
    const uint64_t wanted = (total >> 16) * uint32_t(p * 65536.0f) + 1;
    Depth low = 0, high = cut - 1;  // the smallest limit whose mass reaches `wanted`
    uint64_t below_low = 0;         // mass of [0, low)
    while (low < high) {
        const Depth middle = low + (high - low) / 2;
        const uint64_t part = mass_between(d, low, middle);
        if (below_low + part >= wanted) {
            high = middle;
        } else {
            below_low += part;
            low = middle + 1;
        }
    }
    const uint64_t one = weight_of(low);
    uint64_t mass = below_low;
    for (size_t i = 0; i < d.count; i++) {
        if (d[i] < low) continue;
        if (d[i] == low && mass < wanted) mass += one;
        else d.words[i] = cut;
    }
}

// Drops tokens whose probability is below p times the largest.
void keep_min_p(const Depths& d, float p) {
    const uint32_t least = uint32_t(p * 2147483648.0f);
    for (size_t i = 0; i < d.count; i++)
        if (weight_of(d[i]) < least) d.words[i] = cut;
}

// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t draw(uint64_t& state) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// depth / temperature, with 1 / temperature as a multiple of 2^-16 in `inverse`.
Depth at_temperature(Depth depth, uint64_t inverse) {
    const uint64_t scaled = (depth * inverse) >> 16;
    return depth >= cut || scaled >= cut ? cut : Depth(scaled);
}

uint32_t draw_token(const Depths& d, float temperature, uint64_t& state) {
    const float inverse_f = 65536.0f / temperature;
    const uint64_t inverse = inverse_f < 4294967040.0f ? uint64_t(uint32_t(inverse_f)) : 0xffffffffu;
    uint64_t total = 0;
    for (size_t i = 0; i < d.count; i++) total += weight_of(at_temperature(d[i], inverse));
    // total < 2^55, so a product with 32 random bits, taken in two halves, stays within 64.
    const uint64_t random = draw(state) >> 32;
    uint64_t target = (total >> 32) * random + (((total & 0xffffffffu) * random) >> 32);
    uint32_t last = 0;
    for (size_t i = 0; i < d.count; i++) {
        const uint32_t w = weight_of(at_temperature(d[i], inverse));
        if (w == 0) continue;
        if (target < w) return uint32_t(i);
        target -= w;
        last = uint32_t(i);
    }
    return last;
}

// NaN or infinite: the exponent is all ones.
bool is_finite(float x) { return magnitude(x) < infinity_bits; }

}  // namespace

Result<Sampler> sampler(const SamplerOptions& o) {
    if (!is_finite(o.temperature) || o.temperature < 0) return Fault{Error::argument, 0, 0, 0};
    if (!(o.top_p > 0 && o.top_p <= 1)) return Fault{Error::argument, 1, 0, 0};
    if (!(o.min_p >= 0 && o.min_p <= 1)) return Fault{Error::argument, 2, 0, 0};
    return Sampler{o, o.seed};
}

Result<uint32_t> sample(Sampler& s, Span<float> logits) {
    if (!logits.data || logits.count == 0) return Fault{Error::argument, 0, 0, 1};
    if (logits.count > max_vocab) return Fault{Error::limit, 0, logits.count, max_vocab};
    const uint32_t best = ref_argmax(logits.data, uint32_t(logits.count));
    if (best == logits.count) {
        size_t at = 0;
        while (is_finite(logits[at])) at++;
        return Fault{Error::nonfinite, at, 0, 0};
    }
    if (s.options.temperature == 0) return best;

    const float largest = logits[best];
    const Depths depths{reinterpret_cast<uint32_t*>(logits.data), logits.count};
    for (size_t i = 0; i < logits.count; i++) {
        const Depth depth = depth_of(largest - logits[i]);
        __builtin_memcpy(&logits[i], &depth, sizeof depth);
    }
    keep_top_k(depths, s.options.top_k);
    keep_top_p(depths, s.options.top_p);
    keep_min_p(depths, s.options.min_p);
    return draw_token(depths, s.options.temperature, s.state);
}

}  // namespace mote
