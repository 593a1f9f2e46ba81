// matmul_float: f32 and f16. The four stripes of a row are the four lanes of half a register, so two rows go side by side.
#include <immintrin.h>

#include "../arithmetic.h"
#include "avx2.h"

namespace mote {
namespace {

__m128 load4(const float* p) { return _mm_loadu_ps(p); }
__m128 load4(const uint16_t* p) { return _mm_cvtph_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }

float load1(const float* p) { return *p; }
float load1(const uint16_t* p) { return f16_to_f32(*p); }

// The last columns, fewer than four, go to the stripes that they belong to; then (s0 + s2) + (s1 + s3).
template <class T>
float finish(__m128 stripes, const T* w, const float* x, uint32_t from, uint32_t cols) {
    alignas(16) float s[4];
    _mm_store_ps(s, stripes);
    for (uint32_t i = from; i < cols; i++) s[i & 3u] += load1(w + i) * x[i];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

template <class T>
void matmul(const T* data, const Matrix& w, const float* x, uint32_t count, float* y) {
    const uint32_t whole = w.cols & ~3u;
    for (uint32_t row = 0; row < w.rows; row += 4) {
        const uint32_t last = w.rows - 1 - row;  // rows past the end repeat the last one, and are not written
        const T* r[4];
        for (uint32_t i = 0; i < 4; i++) r[i] = data + size_t(row + (i < last ? i : last)) * w.cols;
        for (uint32_t token = 0; token < count; token++) {
            const float* v = x + size_t(token) * w.cols;
            __m256 a = _mm256_setzero_ps(), b = _mm256_setzero_ps();
            for (uint32_t i = 0; i < whole; i += 4) {
                const __m256 v2 = _mm256_broadcast_ps(reinterpret_cast<const __m128*>(v + i));
                a = _mm256_add_ps(a, _mm256_mul_ps(_mm256_set_m128(load4(r[1] + i), load4(r[0] + i)), v2));
                b = _mm256_add_ps(b, _mm256_mul_ps(_mm256_set_m128(load4(r[3] + i), load4(r[2] + i)), v2));
            }
            const __m128 sums[4] = {_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1), _mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1)};
            float* to = y + size_t(token) * w.rows + row;
            for (uint32_t i = 0; i < 4 && i <= last; i++) to[i] = finish(sums[i], r[i], v, whole, w.cols);
        }
    }
}

}  // namespace

void avx2_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y) { matmul(w.f32(), w, x, count, y); }

void avx2_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y) {
    matmul(reinterpret_cast<const uint16_t*>(w.data), w, x, count, y);
}

}  // namespace mote
