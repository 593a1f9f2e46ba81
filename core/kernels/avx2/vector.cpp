// vector: quantization of activations, norms, rotation and the addition to the stream.
#include <immintrin.h>

#include "../arithmetic.h"
#include "../ref/ref.h"
#include "avx2.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 8;

// The four stripes of a sum: x[i] goes to stripe i % 4, in ascending order, as in Stripes.
template <class Load4, class Load1>
float striped_sum(uint32_t n, Load4 load4, Load1 load1) {
    __m128 sum = _mm_setzero_ps();
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4) sum = _mm_add_ps(sum, load4(i));
    Stripes s;
    _mm_storeu_ps(s.s, sum);
    for (; i < n; i++) s.add(i, load1(i));
    return s.sum();
}

uint32_t largest_magnitude(const float* x, uint32_t n) {
    const __m256i mask = _mm256_set1_epi32(0x7fffffff);
    __m256i most = _mm256_setzero_si256();
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes)
        most = _mm256_max_epi32(most, _mm256_and_si256(mask, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
    alignas(32) uint32_t each[lanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(each), most);
    uint32_t largest = 0;
    for (const uint32_t e : each) largest = e > largest ? e : largest;
    for (; i < n; i++) largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
    return largest;
}

}  // namespace

void avx2_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const uint32_t largest = largest_magnitude(x, cols);
    if (to.exponents || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    to.scales[token] = float_of(largest) / 127.0f;
    const float inverse = 127.0f / float_of(largest);
    const __m256 scale = _mm256_set1_ps(inverse), magic = _mm256_set1_ps(12582912.0f);
    const __m256i magic_bits = _mm256_set1_epi32(0x4b400000);
    uint32_t i = 0;
    for (; i + lanes <= cols; i += lanes) {
        const __m256 v = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), scale), magic);
        const __m256i n = _mm256_sub_epi32(_mm256_castps_si256(v), magic_bits);
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(n), _mm256_extracti128_si256(n, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(q + i), _mm_packs_epi16(words, words));
    }
    for (; i < cols; i++) q[i] = int8_t(bits_of(x[i] * inverse + 12582912.0f) - 0x4b400000u);
    if (cols < to.stride) __builtin_memset(q + cols, 0, to.stride - cols);
}

void avx2_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y) {
    const auto square4 = [&](uint32_t i) { return _mm_mul_ps(_mm_loadu_ps(x + i), _mm_loadu_ps(x + i)); };
    const float squares = striped_sum(n, square4, [&](uint32_t i) { return x[i] * x[i]; });
    const float r = 1.0f / square_root(squares / float(int32_t(n)) + eps);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes)
        _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(r)), _mm256_loadu_ps(w + i)));
    for (; i < n; i++) y[i] = (x[i] * r) * w[i];
}

// Four pairs at a time: (u, v) becomes (u c - v s, v c + u s).
static uint32_t rotate_interleaved(float* head, const float* cos_sin, uint32_t pairs) {
    uint32_t i = 0;
    for (; i + 4 <= pairs; i += 4) {
        const __m256 x = _mm256_loadu_ps(head + 2 * i), angles = _mm256_loadu_ps(cos_sin + 2 * i);
        const __m256 straight = _mm256_mul_ps(x, _mm256_moveldup_ps(angles)), crossed = _mm256_mul_ps(_mm256_permute_ps(x, 0xb1), _mm256_movehdup_ps(angles));
        _mm256_storeu_ps(head + 2 * i, _mm256_addsub_ps(straight, crossed));
    }
    return i;
}

static uint32_t rotate_halves(float* head, const float* cos_sin, uint32_t pairs) {
    uint32_t i = 0;
    for (; i + 4 <= pairs; i += 4) {
        const __m128 a = _mm_loadu_ps(cos_sin + 2 * i), b = _mm_loadu_ps(cos_sin + 2 * i + 4);
        const __m128 c = _mm_shuffle_ps(a, b, 0x88), s = _mm_shuffle_ps(a, b, 0xdd), u = _mm_loadu_ps(head + i), v = _mm_loadu_ps(head + pairs + i);
        _mm_storeu_ps(head + i, _mm_sub_ps(_mm_mul_ps(u, c), _mm_mul_ps(v, s)));
        _mm_storeu_ps(head + pairs + i, _mm_add_ps(_mm_mul_ps(u, s), _mm_mul_ps(v, c)));
    }
    return i;
}

void avx2_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs) {
    const bool interleaved = pairing == RopePairing::interleaved;
    uint32_t i = interleaved ? rotate_interleaved(head, cos_sin, pairs) : rotate_halves(head, cos_sin, pairs);
    for (; i < pairs; i++) {
        float& a = head[interleaved ? 2 * i : i];
        float& b = head[interleaved ? 2 * i + 1 : pairs + i];
        const float c = cos_sin[2 * i], s = cos_sin[2 * i + 1], u = a, v = b;
        a = u * c - v * s;
        b = u * s + v * c;
    }
}

void avx2_add(float* y, const float* x, uint32_t n) {
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), _mm256_loadu_ps(x + i)));
    for (; i < n; i++) y[i] = y[i] + x[i];
}

}  // namespace mote
