// matmul_q4: nibbles keep their offset of 8 and stay so small that eight multiplications add up before the dot is taken out.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "../ref/ref.h"
#include "../row_sums.h"
#include "pairs.h"

namespace mote {
namespace {

constexpr uint32_t slab_groups = __ARM_ARCH_ISA_THUMB >= 2 ? 4 : 1;  // 272 bytes of stack, on the smallest cores 68

struct Group {
    uint32_t factors[16];  // four for each chunk: columns (0, 2), (16, 18), (1, 3), (17, 19)
    int32_t offset;        // -8 times the sum of the activations
};

void pair_up(const int8_t* x, uint32_t groups, Group* to) {
    for (; groups > 0; groups--, x += group_cols, to++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < group_cols; i++) sum += x[i];
        to->offset = -8 * sum;
        for (uint32_t i = 0; i < 16; i++) {
            const int8_t* at = x + (i & ~3u) + ((i >> 1) & 1u) + ((i & 1u) ? 16 : 0);
            to->factors[i] = crossed(at[0], at[2]);
        }
    }
}

// Of two chunks, eight multiplications: |sum of a v| <= 8 * 15 * 127 = 15240, and of a u + b v twice that, 30480.
#if __ARM_ARCH_ISA_THUMB >= 2

// As below. r3-r6 weights, r7-r10 sums of products, r11 r12 factors, r2 mask; at sp: x, x_end; at sp + 48: scales, sums, sums_end, skip.
#define MOTE_CHUNK(start8, start9, start10)  \
    "ldm r0!, {r3, r4, r5, r6}\n"            \
    "ldrd r11, r12, [r1], #8\n"              \
    "and lr, r2, r6\n"                       \
    "mla r10, lr, r11, " start10 "\n"        \
    "and lr, r2, r6, lsr #4\n"               \
    "mla r10, lr, r12, r10\n"                \
    "and lr, r2, r5\n"                       \
    "mla r9, lr, r11, " start9 "\n"          \
    "and lr, r2, r5, lsr #4\n"               \
    "mla r9, lr, r12, r9\n"                  \
    "and lr, r2, r4\n"                       \
    "mla r8, lr, r11, " start8 "\n"          \
    "and lr, r2, r4, lsr #4\n"               \
    "mla r8, lr, r12, r8\n"                  \
    "and lr, r2, r3\n"                       \
    "mla r7, lr, r11, r7\n"                  \
    "and lr, r2, r3, lsr #4\n"               \
    "mla r7, lr, r12, r7\n"                  \
    "ldrd r11, r12, [r1], #8\n"              \
    "and lr, r2, r3, lsr #8\n"               \
    "mla r7, lr, r11, r7\n"                  \
    "and lr, r2, r3, lsr #12\n"              \
    "mla r7, lr, r12, r7\n"                  \
    "and lr, r2, r4, lsr #8\n"               \
    "mla r8, lr, r11, r8\n"                  \
    "and lr, r2, r4, lsr #12\n"              \
    "mla r8, lr, r12, r8\n"                  \
    "and lr, r2, r5, lsr #8\n"               \
    "mla r9, lr, r11, r9\n"                  \
    "and lr, r2, r5, lsr #12\n"              \
    "mla r9, lr, r12, r9\n"                  \
    "and lr, r2, r6, lsr #8\n"               \
    "mla r10, lr, r11, r10\n"                \
    "and lr, r2, r6, lsr #12\n"              \
    "mla r10, lr, r12, r10\n"
#define MOTE_TWO_CHUNKS     \
    "mov r7, #0x8000\n"     \
    MOTE_CHUNK("r7", "r7", "r7") \
    MOTE_CHUNK("r8", "r9", "r10")

[[gnu::naked, gnu::noinline]] void add_groups(const uint8_t* /*w*/, const Group* /*x*/, const Group* /*x_end*/, int /*unused*/,
                                              const int8_t* /*scales*/, uint32_t* /*sums*/, const uint32_t* /*sums_end*/,
                                              size_t /*skip*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r2, #0x000f000f\n"
        "1:\n"
        MOTE_TWO_CHUNKS
        "push {r7, r8, r9, r10}\n"
        MOTE_TWO_CHUNKS
        "pop {r3, r4, r5, r6}\n"
        "ldr lr, [r1], #4\n"
        "ldrd r12, r11, [sp, #48]\n"
        "add r3, lr, r3, asr #16\n"
        "add r4, lr, r4, asr #16\n"
        "add r5, lr, r5, asr #16\n"
        "add r6, lr, r6, asr #16\n"
        "add r3, r3, r7, asr #16\n"
        "add r4, r4, r8, asr #16\n"
        "add r5, r5, r9, asr #16\n"
        "add r6, r6, r10, asr #16\n"
        "ldr lr, [r12], #4\n"
        "str r12, [sp, #48]\n"
        "ldm r11, {r7, r8, r9, r10}\n"
        "sxtb r12, lr\n"
        "mla r7, r3, r12, r7\n"
        "sxtb r12, lr, ror #8\n"
        "mla r8, r4, r12, r8\n"
        "sxtb r12, lr, ror #16\n"
        "mla r9, r5, r12, r9\n"
        "sxtb r12, lr, ror #24\n"
        "mla r10, r6, r12, r10\n"
        "ldr lr, [sp, #4]\n"
        "stm r11, {r7, r8, r9, r10}\n"
        "cmp r1, lr\n"
        "blo 1b\n"
        "ldrd r3, r4, [sp, #56]\n"
        "ldr r12, [sp, #48]\n"
        "add r11, r11, #16\n"
        "ldr r1, [sp]\n"
        "add r12, r12, r4, lsl #2\n"
        "add r0, r0, r4, lsl #6\n"
        "strd r12, r11, [sp, #48]\n"
        "cmp r11, r3\n"
        "blo 1b\n"
        "pop {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#undef MOTE_CHUNK
#undef MOTE_TWO_CHUNKS

#else

[[gnu::always_inline]] inline uint32_t products(const uint8_t* at, const uint32_t f[4]) {
    constexpr uint32_t mask = 0x000f000f;
    const uint32_t w = *reinterpret_cast<const uint32_t*>(at);  // weights lie at words
    return (w & mask) * f[0] + (w >> 4 & mask) * f[1] + (w >> 8 & mask) * f[2] + (w >> 12 & mask) * f[3];
}

uint32_t dot_group(const uint8_t* w, const Group& x) {
    const uint32_t a = half_of_low + products(w, x.factors) + products(w + 16, x.factors + 4);
    const uint32_t b = half_of_low + products(w + 32, x.factors + 8) + products(w + 48, x.factors + 12);
    return uint32_t(x.offset) + upper(a) + upper(b);
}

// Adds to sums, modulo 2^32, the sums of scale * dot of blocks of four rows over all groups from x to x_end (not none). Behind a
// block's last group lie `skip` that are not asked for.
void add_groups(const uint8_t* w, const Group* x, const Group* x_end, int /*unused*/, const int8_t* scales, uint32_t* sums,
                const uint32_t* sums_end, size_t skip) {
    for (; sums < sums_end; sums += 4, w += 64 * skip, scales += 4 * skip)
        for (const Group* p = x; p < x_end; p++, w += 64, scales += 4)
            for (uint32_t r = 0; r < 4; r++) sums[r] += uint32_t(int32_t(scales[r])) * dot_group(w + 4 * r, *p);
}

#endif

}  // namespace

void thumb_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    Group group[slab_groups];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < groups; begin += slab_groups) {
            const uint32_t n = groups - begin < slab_groups ? groups - begin : slab_groups;
            pair_up(x.values + size_t(token) * x.stride + size_t(begin) * group_cols, n, group);
            const uint8_t* data = w.data + size_t(begin) * 64;
            const int8_t* scales = w.group_scales + size_t(begin) * 4;
            const size_t left = size_t(w.rows / 4) * groups, skip = groups - n;
            if (w.rows >= 4) add_groups(data, group, group + n, 0, scales, sums.whole, sums.whole_end, skip);
            if (w.rows % 4) add_groups(data + left * 64, group, group + n, 0, scales + left * 4, sums.left, sums.left + 4, skip);
        }
        sums.scale(w.rows, w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
