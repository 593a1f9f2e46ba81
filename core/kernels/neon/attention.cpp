// attention: dots by multiplying int8 to int16, where |q| is at most 127 and |k| at most 128, so two products stay within 32512;
// values by multiplying int16 to int32.
#include "attend.h"
#include "neon.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int16x8_t products16(int8x16_t q, int8x16_t k) {
    return vmlal_s8(vmull_s8(vget_low_s8(q), vget_low_s8(k)), vget_high_s8(q), vget_high_s8(k));
}

[[gnu::always_inline]] inline int32x4_t four_dots_of_8(int8x8_t q, int8x16_t k01, int8x16_t k23) {
    const int16x8_t pairs01 = add_neighbours(vmull_s8(vget_low_s8(k01), q), vmull_s8(vget_high_s8(k01), q));
    const int16x8_t pairs23 = add_neighbours(vmull_s8(vget_low_s8(k23), q), vmull_s8(vget_high_s8(k23), q));
    return add_neighbours(vpaddlq_s16(pairs01), vpaddlq_s16(pairs23));
}

template <int lane>
[[gnu::always_inline]] inline void add_weighted(Eight& sum, int16x8_t v, int16x4_t weights) {
    sum.low = vmlal_lane_s16(sum.low, vget_low_s16(v), weights, lane);
    sum.high = vmlal_lane_s16(sum.high, vget_high_s16(v), weights, lane);
}

struct NeonSteps {
    [[gnu::always_inline]] static int32x4_t four_dots(const int8_t* query, const int8_t* keys, size_t head_dim) {
        const int8_t *k0 = keys, *k1 = k0 + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
        int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
        for (size_t left = head_dim / 16; left; left--, query += 16, k0 += 16, k1 += 16, k2 += 16, k3 += 16) {
            const int8x16_t q = load16(query);
            s0 = vpadalq_s16(s0, products16(q, load16(k0)));
            s1 = vpadalq_s16(s1, products16(q, load16(k1)));
            s2 = vpadalq_s16(s2, products16(q, load16(k2)));
            s3 = vpadalq_s16(s3, products16(q, load16(k3)));
        }
        if (head_dim % 16) {
            const int8x8_t q = load8(query);
            s0 = vpadalq_s16(s0, vmull_s8(q, load8(k0)));
            s1 = vpadalq_s16(s1, vmull_s8(q, load8(k1)));
            s2 = vpadalq_s16(s2, vmull_s8(q, load8(k2)));
            s3 = vpadalq_s16(s3, vmull_s8(q, load8(k3)));
        }
        return add_neighbours(add_neighbours(s0, s1), add_neighbours(s2, s3));
    }

    template <uint32_t queries>
    struct DotsOf8 {
        int8x8_t q[queries];
        [[gnu::always_inline]] explicit DotsOf8(const int8_t* query) {
            for (uint32_t j = 0; j < queries; j++) q[j] = load8(query + 8 * j);
        }
        [[gnu::always_inline]] void of_eight(const int8_t* keys, size_t, Eight* d) const {
            const Unit u = next_unit(keys);
#pragma GCC unroll 2
            for (uint32_t j = 0; j < queries; j++)
                d[j] = {four_dots_of_8(q[j], u.chunk[0], u.chunk[1]), four_dots_of_8(q[j], u.chunk[2], u.chunk[3])};
        }
    };

    [[gnu::always_inline]] static void store_weights(int8_t* to, int16x8_t w) { store(reinterpret_cast<int16_t*>(to), w); }

    template <uint32_t queries>
    struct Sums {
        Eight sum[queries];
        [[gnu::always_inline]] Sums() {
            for (uint32_t j = 0; j < queries; j++) sum[j] = {vdupq_n_s32(0), vdupq_n_s32(0)};
        }

        template <int position>
        [[gnu::always_inline]] void add(int8x8_t values, const int16x8_t* w) {
            const int16x8_t v = vmovl_s8(values);
            for (uint32_t j = 0; j < queries; j++)
                add_weighted<position % 4>(sum[j], v, position < 4 ? vget_low_s16(w[j]) : vget_high_s16(w[j]));
        }

        [[gnu::always_inline]] void add_eight(const int8_t*& v, size_t head_dim, const int8_t* weight, size_t row) {
            int16x8_t w[queries];
            for (uint32_t j = 0; j < queries; j++) w[j] = load8(reinterpret_cast<const int16_t*>(weight + j * row));
            add<0>(load8(v), w), v += head_dim;
            add<1>(load8(v), w), v += head_dim;
            add<2>(load8(v), w), v += head_dim;
            add<3>(load8(v), w), v += head_dim;
            add<4>(load8(v), w), v += head_dim;
            add<5>(load8(v), w), v += head_dim;
            add<6>(load8(v), w), v += head_dim;
            add<7>(load8(v), w), v += head_dim;
        }

        [[gnu::always_inline]] void finish(Eight* to) const {
            for (uint32_t j = 0; j < queries; j++) to[j] = sum[j];
        }
    };

    // Two positions a register.
    template <uint32_t queries>
    struct SumsOf8 : Sums<queries> {
        template <int position>
        [[gnu::always_inline]] void add_both(int8x16_t v, const int16x8_t* w) {
            this->template add<position>(vget_low_s8(v), w), this->template add<position + 1>(vget_high_s8(v), w);
        }

        [[gnu::always_inline]] void add_eight(const int8_t*& v, size_t, const int8_t* weight, size_t row) {
            int16x8_t w[queries];
            for (uint32_t j = 0; j < queries; j++) w[j] = load8(reinterpret_cast<const int16_t*>(weight + j * row));
            const Unit u = next_unit(v);
            add_both<0>(u.chunk[0], w), add_both<2>(u.chunk[1], w), add_both<4>(u.chunk[2], w), add_both<6>(u.chunk[3], w);
        }
    };
};

}  // namespace

void neon_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<NeonSteps>(a, q, out); }
void neon_attend_two_q8(const Attention& a, const float* q, float* out) { attend_two_q8<NeonSteps>(a, q, out); }

uint32_t neon_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    const Query query{0, largest_score};
    uint32_t total;
    scores_to_weights<NeonSteps, 1>(a, largest_exponent, &query, reinterpret_cast<int32_t*>(a.scratch), &total);
    return total;
}

}  // namespace mote
