// attention: dots by SDOT, and the sum of values too: weights, at most 32640, are kept as the two bytes of their negation, which
// then both lie within [-128, 127], and four positions' values of an element next to each other.
#include "../neon/attend.h"
#include "dotprod.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int8x16_t load_half(const int8_t* p) { return vcombine_s8(load8(p), vdup_n_s8(0)); }

// Four keys of 8: their first halves, and their second.
[[gnu::always_inline]] inline int32x4_t four_dots_of_8(int8x8_t q, const int32x4x2_t& halves) {
    const int32x4_t first = vdotq_lane_s32(vdupq_n_s32(0), vreinterpretq_s8_s32(halves.val[0]), q, 0);
    return vdotq_lane_s32(first, vreinterpretq_s8_s32(halves.val[1]), q, 1);
}

struct DotprodSteps {
    [[gnu::always_inline]] static int32x4_t four_dots(const int8_t* query, const int8_t* keys, size_t head_dim) {
        int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
        const int8_t *k0 = keys, *k1 = k0 + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
        for (size_t left = head_dim / 16; left; left--, query += 16, k0 += 16, k1 += 16, k2 += 16, k3 += 16) {
            const int8x16_t q = load16(query);
            s0 = vdotq_s32(s0, q, load16(k0));
            s1 = vdotq_s32(s1, q, load16(k1));
            s2 = vdotq_s32(s2, q, load16(k2));
            s3 = vdotq_s32(s3, q, load16(k3));
        }
        if (head_dim % 16) {
            const int8x16_t q = load_half(query);
            s0 = vdotq_s32(s0, q, load_half(k0));
            s1 = vdotq_s32(s1, q, load_half(k1));
            s2 = vdotq_s32(s2, q, load_half(k2));
            s3 = vdotq_s32(s3, q, load_half(k3));
        }
        return vpaddq_s32(vpaddq_s32(s0, s1), vpaddq_s32(s2, s3));
    }

    template <uint32_t queries>
    struct DotsOf8 {
        int8x8_t q[queries];
        [[gnu::always_inline]] explicit DotsOf8(const int8_t* query) {
            for (uint32_t j = 0; j < queries; j++) q[j] = load8(query + 8 * j);
        }
        [[gnu::always_inline]] void of_eight(const int8_t* keys, size_t, Eight* d) const {
            const int32x4x2_t k0 = vld2q_s32(reinterpret_cast<const int32_t*>(keys)),
                              k4 = vld2q_s32(reinterpret_cast<const int32_t*>(keys + 32));
            for (uint32_t j = 0; j < queries; j++) d[j] = {four_dots_of_8(q[j], k0), four_dots_of_8(q[j], k4)};
        }
    };

    // The negated weights' lower bytes, then what is left of them in multiples of 256.
    [[gnu::always_inline]] static void store_weights(int8_t* to, int16x8_t w) {
        const int16x8_t n = vnegq_s16(w);
        const int8x16_t both = vrshrn_high_n_s16(vmovn_s16(n), n, 8);
        store(reinterpret_cast<int32_t*>(to), vreinterpretq_s32_s8(both));
    }

    template <uint32_t queries>
    struct Sums {
        Eight low[queries], high[queries];
        [[gnu::always_inline]] Sums() {
            const int32x4_t zero = vdupq_n_s32(0);
            for (uint32_t j = 0; j < queries; j++) low[j] = high[j] = {zero, zero};
        }

        // Four positions, of which a register has four elements.
        template <int four>
        [[gnu::always_inline]] void add(int8x16_t v0, int8x16_t v4, const int8x16_t* w) {
            for (uint32_t j = 0; j < queries; j++) {
                low[j] = {vdotq_laneq_s32(low[j].low, v0, w[j], four), vdotq_laneq_s32(low[j].high, v4, w[j], four)};
                high[j] = {vdotq_laneq_s32(high[j].low, v0, w[j], 2 + four), vdotq_laneq_s32(high[j].high, v4, w[j], 2 + four)};
            }
        }

        template <int four>
        [[gnu::always_inline]] void add_rows(const int8_t*& v, size_t head_dim, const int8x16_t* w) {
            const int8_t *v1 = v + head_dim, *v2 = v1 + head_dim, *v3 = v2 + head_dim;
            const int8x16_t even = vzip1q_s8(load_half(v), load_half(v2)), odd = vzip1q_s8(load_half(v1), load_half(v3));
            add<four>(vzip1q_s8(even, odd), vzip2q_s8(even, odd), w);
            v = v3 + head_dim;
        }

        [[gnu::always_inline]] void add_eight(const int8_t*& v, size_t head_dim, const int8_t* weight, size_t row) {
            int8x16_t w[queries];
            for (uint32_t j = 0; j < queries; j++) w[j] = load16(weight + j * row);
            add_rows<0>(v, head_dim, w), add_rows<1>(v, head_dim, w);
        }

        [[gnu::always_inline]] void finish(Eight* to) const {
            for (uint32_t j = 0; j < queries; j++)
                to[j] = {vnegq_s32(vaddq_s32(vshlq_n_s32(high[j].low, 8), low[j].low)),
                         vnegq_s32(vaddq_s32(vshlq_n_s32(high[j].high, 8), low[j].high))};
        }
    };

    // Two positions a register.
    template <uint32_t queries>
    struct SumsOf8 : Sums<queries> {
        template <int four>
        [[gnu::always_inline]] void add_pairs(const int8_t*& v, const int8x16_t* w) {
            static const uint8_t order[16] = {0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27};
            const uint8x16_t first = vld1q_u8(order);
            const int8x16x2_t both = vld1q_s8_x2(v);
            v += 32;
            this->template add<four>(vqtbl2q_s8(both, first), vqtbl2q_s8(both, vaddq_u8(first, vdupq_n_u8(4))), w);
        }

        [[gnu::always_inline]] void add_eight(const int8_t*& v, size_t, const int8_t* weight, size_t row) {
            int8x16_t w[queries];
            for (uint32_t j = 0; j < queries; j++) w[j] = load16(weight + j * row);
            add_pairs<0>(v, w), add_pairs<1>(v, w);
        }
    };
};

}  // namespace

void dotprod_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<DotprodSteps>(a, q, out); }
void dotprod_attend_two_q8(const Attention& a, const float* q, float* out) { attend_two_q8<DotprodSteps>(a, q, out); }

}  // namespace mote
