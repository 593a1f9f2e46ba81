// matmul_q4: nibbles keep their offset of 8 and stay so small that eight multiplications add up before the dot is taken out.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "../ref/ref.h"
#include "../row_sums.h"
#include "pairs.h"

namespace mote {
namespace {

constexpr uint32_t slab_groups = 2;  // 136 bytes of stack

struct Group {
    uint32_t start;        // -8 times the sum of the activations
    uint32_t factors[16];  // four for each chunk: columns (0, 2), (16, 18), (1, 3), (17, 19)
};

void pair_up(const int8_t* x, uint32_t groups, Group* to) {
    for (; groups > 0; groups--, x += group_cols, to++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < group_cols; i++) sum += x[i];
        to->start = uint32_t(-8 * sum);
        for (uint32_t i = 0; i < 16; i++) {
            const int8_t* at = x + (i & ~3u) + ((i >> 1) & 1u) + ((i & 1u) ? 16 : 0);
            to->factors[i] = crossed(at[0], at[2]);
        }
    }
}

[[gnu::always_inline]] inline uint32_t products(const uint8_t* at, const uint32_t f[4]) {
    const uint32_t w = *reinterpret_cast<const uint32_t*>(at);  // weights lie at words
    constexpr uint32_t mask = 0x000f000f;
    return (w & mask) * f[0] + (w >> 4 & mask) * f[1] + (w >> 8 & mask) * f[2] + (w >> 12 & mask) * f[3];
}

// The dot of a row's group and x. Of two chunks, eight multiplications: |sum of a v| <= 8 * 15 * 127 = 15240, and of
// a u + b v twice that, 30480.
uint32_t dot_group(const uint8_t* w, const Group& x) {
    const uint32_t a = half_of_low + products(w, x.factors) + products(w + 16, x.factors + 4);
    const uint32_t b = half_of_low + products(w + 32, x.factors + 8) + products(w + 48, x.factors + 12);
    return x.start + upper(a) + upper(b);
}

}  // namespace

void thumb_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    Group group[slab_groups];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < groups; begin += slab_groups) {
            const uint32_t n = groups - begin < slab_groups ? groups - begin : slab_groups;
            pair_up(x.values + size_t(token) * x.stride + size_t(begin) * group_cols, n, group);
            for (uint32_t row = 0; row < w.rows; row++) {
                const size_t first = size_t(row / 4) * groups + begin;
                uint32_t* sum = row < (w.rows & ~3u) ? sums.whole + row : sums.left + (row & 3u);
                for (uint32_t g = 0; g < n; g++) {
                    const int32_t scale = w.group_scales[(first + g) * 4 + (row & 3u)];
                    *sum += uint32_t(scale) * dot_group(w.data + (first + g) * 64 + (row & 3u) * 4, group[g]);
                }
            }
        }
        sums.scale(w.rows, w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
