// arithmetic: the scalar functions that are too long to inline. Integer polynomials, so that soft-float cores keep up.
#include "arithmetic.h"

namespace mote {

float square_root_integer(float x) {
    const uint32_t bits = bits_of(x);
    if (bits > 0x80000000u && bits <= 0xff800000u) return 0;            // negative
    if (magnitude(x) == 0 || magnitude(x) >= infinity_bits) return x;  // zero, infinity, NaN
    int32_t exponent = int32_t(bits >> 23);
    uint32_t mantissa = bits & 0x7fffffu;
    if (exponent == 0) {  // denormal
        exponent = 1;
        while (!(mantissa & 0x800000u)) mantissa <<= 1, exponent--;
    }
    mantissa = (mantissa | 0x800000u) << 1;
    exponent -= 127;
    if (exponent & 1) mantissa <<= 1;
    // Binary digits of the root, highest first; the 25th decides how to round.
    uint32_t root = 0, trial_base = 0;
    for (uint32_t bit = 1u << 24; bit; bit >>= 1) {
        const uint32_t trial = trial_base + bit;
        if (trial <= mantissa) {
            trial_base = trial + bit;
            mantissa -= trial;
            root += bit;
        }
        mantissa <<= 1;
    }
    if (mantissa) root += root & 1u;
    return float_of((root >> 1) + (uint32_t((exponent >> 1) + 126) << 23));
}

float exponential(float x) {
    if (x != x) return x;
    if (!(x >= -87.0f)) return 0;
    if (!(x <= 88.72f)) return float_of(infinity_bits);
    // |x| < 128: x 2^24 is an integer of 31 bits up to truncation; times log2(e) 2^30 is log2 of the result, times 2^54.
    const int64_t log2 = int64_t(int32_t(x * 16777216.0f)) * 1549082005;
    const int32_t exponent = int32_t(log2 >> 54);
    const uint32_t mantissa = exp2_fraction(uint32_t(uint64_t(log2) >> 22));
    // Round 32 bits to 24, then the exponent; a carry moves into it as it should.
    return float_of((((mantissa >> 7) + 1) >> 1) + (uint32_t(exponent + 126) << 23));
}

float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

float silu(float x) { return x * sigmoid(x); }

// 0.5 x (1 + tanh(u)) = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3)
float gelu_tanh(float x) { return x * sigmoid(1.59576912f * (x + 0.044715f * (x * x * x))); }

// 0.5 x (1 + erf(x / sqrt 2)); erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7.
float gelu_erf(float x) {
    const float z = (x < 0 ? -x : x) * 0.707106781f;
    const float t = 1.0f / (1.0f + 0.3275911f * z);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const float tail = 0.5f * (p * t) * exponential(-(z * z));  // (1 - erf(z)) / 2
    return x < 0 ? x * tail : x * (1.0f - tail);
}

// sin(pi / 2 t) for t in [0, 1], a multiple of 2^-32: odd minimax polynomial, coefficients times 2^31, absolute error 3.4e-9.
static float quarter_sine(uint32_t t) {
    const uint32_t t2 = multiply_high(t, t);
    uint32_t p = 0x0099197d - multiply_high(0x0004f12d, t2);
    p = 0x0a333b6d - multiply_high(p, t2);
    p = 0x52aeed69 - multiply_high(p, t2);
    p = 0xc90fda53 - multiply_high(p, t2);
    return float(multiply_high(p, t)) * 4.656612873077393e-10f;  // 2^-31
}

CosSin cos_sin(uint32_t phase) {
    const uint32_t quadrant = phase >> 30, t = phase << 2, rest = ~t;  // rest = 1 - t, to 2^-32
    const float s = quarter_sine(quadrant & 1u ? rest : t), c = quarter_sine(quadrant & 1u ? t : rest);
    return {quadrant == 1 || quadrant == 2 ? -c : c, quadrant >= 2 ? -s : s};
}

}  // namespace mote
