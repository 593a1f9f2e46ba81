// quantize: an activation vector to int8 with one scale, four elements at a time through the registers of the FPU.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../arithmetic.h"
#include "../ref/ref.h"

namespace mote {
namespace {

uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

// Magnitudes without their sign are ordered as integers, and so are they doubled.
uint32_t largest_magnitude(const float* x, uint32_t n) {
    uint32_t twice = 0, i = 0;
    for (; i + 4 <= n; i += 4, x += 4)
        twice = larger(larger(larger(larger(twice, bits_of(x[0]) << 1), bits_of(x[1]) << 1), bits_of(x[2]) << 1), bits_of(x[3]) << 1);
    for (; i < n; i++) twice = larger(twice, bits_of(*x++) << 1);
    return twice >> 1;
}

// As ref rounds: the low byte is the integer.
[[gnu::always_inline]] inline int8_t rounded(float x, float inverse) { return int8_t(bits_of(x * inverse + 12582912.0f)); }

}  // namespace

void dsp_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const uint32_t largest = largest_magnitude(x, cols);
    if (is_grouped(to) || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    const float inverse = 127.0f / float_of(largest);
    to.scales[token] = float_of(largest) / 127.0f;
    uint32_t i = 0;
    for (; i + 4 <= cols; i += 4, x += 4, q += 4) {
        const float x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        const int8_t q0 = rounded(x0, inverse), q1 = rounded(x1, inverse), q2 = rounded(x2, inverse), q3 = rounded(x3, inverse);
        q[0] = q0, q[1] = q1, q[2] = q2, q[3] = q3;
    }
    for (; i < cols; i++) *q++ = rounded(*x++, inverse);
    for (; i < to.stride; i++) *q++ = 0;
}

}  // namespace mote

#endif
