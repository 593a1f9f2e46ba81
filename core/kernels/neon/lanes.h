// lanes: what the Arm rows share, and where AArch64 and armv7 differ. `static`, because each file is compiled for instructions of its
// own. AArch64 NEON is IEEE; armv7 NEON flushes denormals, so floats stay scalar there.
#pragma once

#include <arm_neon.h>

#include "../arithmetic.h"
#include "../kernels.h"

namespace mote {

// Loads and stores at a multiple of the element only. GCC splits its own into bytes where unaligned access is forbidden, although
// LD1 and ST1 want no more than that, in Device memory too.
#if defined(__aarch64__) && !defined(__ARM_FEATURE_UNALIGNED)
#define MOTE_LOAD(name, element, vector, count, arrangement)                                                       \
    [[gnu::always_inline]] static inline vector name(const element* p) {                                           \
        vector v;                                                                                                  \
        asm("ld1 {%0." arrangement "}, [%1]" : "=w"(v) : "r"(p), "m"(*reinterpret_cast<const element(*)[count]>(p))); \
        return v;                                                                                                  \
    }
#define MOTE_STORE(element, vector, count, arrangement)                                                            \
    [[gnu::always_inline]] static inline void store(element* p, vector v) {                                        \
        asm("st1 {%1." arrangement "}, [%2]" : "=m"(*reinterpret_cast<element(*)[count]>(p)) : "w"(v), "r"(p));     \
    }
MOTE_LOAD(load16, int8_t, int8x16_t, 16, "16b")
MOTE_LOAD(load8, int8_t, int8x8_t, 8, "8b")
MOTE_LOAD(load8, int16_t, int16x8_t, 8, "8h")
MOTE_LOAD(load8, uint16_t, uint16x8_t, 8, "8h")
MOTE_LOAD(load4, uint16_t, uint16x4_t, 4, "4h")
MOTE_LOAD(load4, int32_t, int32x4_t, 4, "4s")
MOTE_LOAD(load4, float, float32x4_t, 4, "4s")
MOTE_STORE(int8_t, int8x8_t, 8, "8b")
MOTE_STORE(int16_t, int16x8_t, 8, "8h")
MOTE_STORE(int32_t, int32x4_t, 4, "4s")
MOTE_STORE(float, float32x4_t, 4, "4s")
#undef MOTE_LOAD
#undef MOTE_STORE
#else
[[gnu::always_inline]] static inline int8x16_t load16(const int8_t* p) { return vld1q_s8(p); }
[[gnu::always_inline]] static inline int8x8_t load8(const int8_t* p) { return vld1_s8(p); }
[[gnu::always_inline]] static inline int16x8_t load8(const int16_t* p) { return vld1q_s16(p); }
[[gnu::always_inline]] static inline uint16x8_t load8(const uint16_t* p) { return vld1q_u16(p); }
[[gnu::always_inline]] static inline uint16x4_t load4(const uint16_t* p) { return vld1_u16(p); }
[[gnu::always_inline]] static inline int32x4_t load4(const int32_t* p) { return vld1q_s32(p); }
[[gnu::always_inline]] static inline float32x4_t load4(const float* p) { return vld1q_f32(p); }
[[gnu::always_inline]] static inline void store(int8_t* p, int8x8_t v) { vst1_s8(p, v); }
[[gnu::always_inline]] static inline void store(int16_t* p, int16x8_t v) { vst1q_s16(p, v); }
[[gnu::always_inline]] static inline void store(int32_t* p, int32x4_t v) { vst1q_s32(p, v); }
[[gnu::always_inline]] static inline void store(float* p, float32x4_t v) { vst1q_f32(p, v); }
#endif

/// y = (float(sum) * row scale) * x scale for four rows, of which `rows` (1 and more) are written.
[[gnu::always_inline]] static inline void store_rows(int32x4_t sums, const uint16_t* row_scales, float x_scale, uint32_t rows, float* y) {
#if defined(__aarch64__)
    const float32x4_t scales = vreinterpretq_f32_u32(vshll_n_u16(load4(row_scales), 16));  // of padded rows too
    const float32x4_t r = vmulq_n_f32(vmulq_f32(vcvtq_f32_s32(sums), scales), x_scale);
    if (rows >= 4) return store(y, r);
    float each[4];
    store(each, r);
    for (uint32_t i = 0; i < rows; i++) y[i] = each[i];
#else
    float each[4], scales[4];  // neither of these two steps can meet a denormal; products could
    store(each, vcvtq_f32_s32(sums));
    store(scales, vreinterpretq_f32_u32(vshll_n_u16(load4(row_scales), 16)));
    for (uint32_t i = 0; i < 4 && i < rows; i++) y[i] = (each[i] * scales[i]) * x_scale;
#endif
}

/// Some blocks of four rows of a packed matrix.
struct RowBlocks {
    const int8_t* data;
    const int8_t* group_scales;  // q4 only
    const uint16_t* row_scales;
    uint32_t cols;               // padded
    uint32_t rows;               // to write
};

/// Writes y (rows) for one vector.
using RowsKernel = void (*)(const RowBlocks& w, const int8_t* x, float x_scale, float* y);

/// A product with one scale a vector: `many` takes `most` whole blocks at a time, `one` a single block that may be short.
template <uint32_t most, RowsKernel many, RowsKernel one>
static void matmul_by_blocks(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    const uint32_t cols = padded_cols(w.format, w.cols);
    const size_t block_bytes = w.format == Format::q4 ? size_t(cols) * 2 : size_t(cols) * 4;
    for (uint32_t row = 0, rows; row < w.rows; row += rows) {
        rows = w.rows - row >= 4 * most ? 4 * most : w.rows - row < 4 ? w.rows - row : 4;
        const size_t block = row / 4;
        const RowBlocks own{reinterpret_cast<const int8_t*>(w.data) + block * block_bytes,
                            w.group_scales + block * (cols / group_cols * 4), w.row_scales + row, cols, rows};
        for (uint32_t token = 0; token < count; token++) {
            const int8_t* v = x.values + size_t(token) * x.stride;
            float* to = y + size_t(token) * w.rows + row;
            if (rows == 4 * most) many(own, v, x.scales[token], to);
            else one(own, v, x.scales[token], to);
        }
    }
}

/// 64 bytes: four chunks of four rows.
struct Unit {
    int8x16_t chunk[4];
};

/// Loads a unit and moves on to the next. Armv7's VLD1 has no offset, only a post-increment.
[[gnu::always_inline]] static inline Unit next_unit(const int8_t*& p) {
    Unit u;
#if defined(__aarch64__)
    const int8x16x4_t v = vld1q_s8_x4(p);
    u = {{v.val[0], v.val[1], v.val[2], v.val[3]}};
    p += 64;
#else
    u.chunk[0] = load16(p), p += 16;
    u.chunk[1] = load16(p), p += 16;
    u.chunk[2] = load16(p), p += 16;
    u.chunk[3] = load16(p), p += 16;
#endif
    return u;
}

[[gnu::always_inline]] static inline int8x16_t low_nibbles(int8x16_t v) { return vandq_s8(v, vdupq_n_s8(15)); }
[[gnu::always_inline]] static inline int8x16_t high_nibbles(int8x16_t v) { return vreinterpretq_s8_u8(vshrq_n_u8(vreinterpretq_u8_s8(v), 4)); }

/// Group scales of four rows as int16. p is a multiple of 4.
[[gnu::always_inline]] static inline int16x4_t load_scales(const int8_t* p) {
    int32_t four;
    __builtin_memcpy(&four, __builtin_assume_aligned(p, 4), sizeof four);
    return vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four))));
}

/// Sums of neighbours: of a, then of b.
[[gnu::always_inline]] static inline int32x4_t add_neighbours(int32x4_t a, int32x4_t b) {
#if defined(__aarch64__)
    return vpaddq_s32(a, b);
#else
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#endif
}

[[gnu::always_inline]] static inline int16x8_t add_neighbours(int16x8_t a, int16x8_t b) {
#if defined(__aarch64__)
    return vpaddq_s16(a, b);
#else
    return vcombine_s16(vpadd_s16(vget_low_s16(a), vget_high_s16(a)), vpadd_s16(vget_low_s16(b), vget_high_s16(b)));
#endif
}

/// Four activations in the places of four rows; on armv7, of two, to save registers.
#if defined(__aarch64__)
using Spread = int8x16_t;
template <int lane>
[[gnu::always_inline]] static inline Spread spread(int8x16_t x) {
    return vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x), lane));
}
[[gnu::always_inline]] static inline int8x8_t low_half(Spread x) { return vget_low_s8(x); }
[[gnu::always_inline]] static inline int8x8_t high_half(Spread x) { return vget_high_s8(x); }
#else
using Spread = int8x8_t;
template <int lane>
[[gnu::always_inline]] static inline Spread spread(int8x16_t x) {
    const int32x4_t words = vreinterpretq_s32_s8(x);
    return vreinterpret_s8_s32(vdup_lane_s32(lane < 2 ? vget_low_s32(words) : vget_high_s32(words), lane % 2));
}
[[gnu::always_inline]] static inline int8x8_t low_half(Spread x) { return x; }
[[gnu::always_inline]] static inline int8x8_t high_half(Spread x) { return x; }
#endif

/// Products of a chunk by columns: four lanes a row.
struct Products {
    int16x8_t rows01, rows23;
};

[[gnu::always_inline]] static inline Products multiply(int8x16_t w, Spread x) {
    return {vmull_s8(vget_low_s8(w), low_half(x)), vmull_s8(vget_high_s8(w), high_half(x))};
}

[[gnu::always_inline]] static inline Products multiply_add(const Products& p, int8x16_t w, Spread x) {
    return {vmlal_s8(p.rows01, vget_low_s8(w), low_half(x)), vmlal_s8(p.rows23, vget_high_s8(w), high_half(x))};
}

}  // namespace mote
