// vector: norms, rope and sums. In sums the four lanes are the four stripes, and nothing is fused: AArch64 NEON gives the bits of ref.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

// The last elements, fewer than four, go to the stripes that they belong to; then (s0 + s2) + (s1 + s3).
template <class Term>
[[gnu::always_inline]] inline float sum_of(uint32_t n, Term term) {
    float32x4_t stripes = vdupq_n_f32(0);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) stripes = vaddq_f32(stripes, term(i));
    float s[lanes];
    store(s, stripes);
    for (; i < n; i++) s[i & 3u] += term.one(i);
    return (s[0] + s[2]) + (s[1] + s[3]);
}

struct Element {
    const float* x;
    [[gnu::always_inline]] float32x4_t operator()(uint32_t i) const { return load4(x + i); }
    [[gnu::always_inline]] float one(uint32_t i) const { return x[i]; }
};

struct SquareFrom {
    const float* x;
    float mean;
    [[gnu::always_inline]] float32x4_t operator()(uint32_t i) const {
        const float32x4_t v = vsubq_f32(load4(x + i), vdupq_n_f32(mean));
        return vmulq_f32(v, v);
    }
    [[gnu::always_inline]] float one(uint32_t i) const { return (x[i] - mean) * (x[i] - mean); }
};

// x - 0 is x, but for the sign of a zero, which a square loses.
float inverse_deviation(const float* x, float mean, uint32_t n, float eps) {
    return 1.0f / square_root(sum_of(n, SquareFrom{x, mean}) / float(int32_t(n)) + eps);
}

}  // namespace

void neon_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y) {
    const float r = inverse_deviation(x, 0, n, eps);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) store(y + i, vmulq_f32(vmulq_n_f32(load4(x + i), r), load4(w + i)));
    for (; i < n; i++) y[i] = (x[i] * r) * w[i];
}

void neon_layer_norm(const float* x, const float* w, const float* bias, uint32_t n, float eps, float* y) {
    const float mean = sum_of(n, Element{x}) / float(int32_t(n));
    const float r = inverse_deviation(x, mean, n, eps);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const float32x4_t scaled = vmulq_f32(vmulq_n_f32(vsubq_f32(load4(x + i), vdupq_n_f32(mean)), r), load4(w + i));
        store(y + i, bias ? vaddq_f32(scaled, load4(bias + i)) : scaled);
    }
    for (; i < n; i++) {
        const float scaled = ((x[i] - mean) * r) * w[i];
        y[i] = bias ? scaled + bias[i] : scaled;
    }
}

void neon_add(float* y, const float* x, uint32_t n) {
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) store(y + i, vaddq_f32(load4(y + i), load4(x + i)));
    for (; i < n; i++) y[i] = y[i] + x[i];
}

void neon_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs) {
    const bool interleaved = pairing == RopePairing::interleaved;
    uint32_t i = 0;
    for (; i + lanes <= pairs; i += lanes, cos_sin += 2 * lanes) {
        const float32x4x2_t angle = vld2q_f32(cos_sin);
        float* const a = interleaved ? head + 2 * i : head + i;
        float* const b = a + pairs;
        float32x4x2_t v;
        if (interleaved) v = vld2q_f32(a);
        else v.val[0] = load4(a), v.val[1] = load4(b);
        const float32x4_t c = angle.val[0], s = angle.val[1];
        const float32x4x2_t turned{{vsubq_f32(vmulq_f32(v.val[0], c), vmulq_f32(v.val[1], s)),
                                    vaddq_f32(vmulq_f32(v.val[0], s), vmulq_f32(v.val[1], c))}};
        if (interleaved) vst2q_f32(a, turned);
        else store(a, turned.val[0]), store(b, turned.val[1]);
    }
    for (; i < pairs; i++, cos_sin += 2) {
        float& a = head[interleaved ? 2 * i : i];
        float& b = head[interleaved ? 2 * i + 1 : i + pairs];
        const float u = a, v = b, c = cos_sin[0], s = cos_sin[1];
        a = u * c - v * s;
        b = u * s + v * c;
    }
}

}  // namespace mote
