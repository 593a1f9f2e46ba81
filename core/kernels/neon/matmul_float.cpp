// matmul_float: f32 and f16, AArch64. The four stripes of a row are the four lanes; four rows share their loads of x. Multiplied, then
// added, never fused.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline float32x4_t widen4(const float* p) { return load4(p); }
[[gnu::always_inline]] inline float32x4_t widen4(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(load4(p))); }

[[gnu::always_inline]] inline float widen1(const float* p) { return *p; }
[[gnu::always_inline]] inline float widen1(const uint16_t* p) { return f16_to_f32(*p); }

// The last columns, fewer than four, go to the stripes that they belong to; then (s0 + s2) + (s1 + s3).
template <class T>
float finish(float32x4_t stripes, const T* w, const float* x, uint32_t from, uint32_t cols) {
    float s[4];
    store(s, stripes);
    for (uint32_t i = from; i < cols; i++) s[i & 3u] += widen1(w + i) * x[i];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

// Four rows; those past the end repeat the last one, and are not written.
template <class T>
void four_rows(const T* w, uint32_t cols, uint32_t rows, const float* x, float* y) {
    const T* r0 = w;
    const T* r1 = r0 + (rows > 1 ? cols : 0);
    const T* r2 = r1 + (rows > 2 ? cols : 0);
    const T* r3 = r2 + (rows > 3 ? cols : 0);
    const uint32_t whole = cols & ~3u;
    float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = s0;
    for (uint32_t i = 0; i < whole; i += 4) {
        const float32x4_t v = load4(x + i);
        s0 = vaddq_f32(s0, vmulq_f32(widen4(r0 + i), v));
        s1 = vaddq_f32(s1, vmulq_f32(widen4(r1 + i), v));
        s2 = vaddq_f32(s2, vmulq_f32(widen4(r2 + i), v));
        s3 = vaddq_f32(s3, vmulq_f32(widen4(r3 + i), v));
    }
    y[0] = finish(s0, r0, x, whole, cols);
    if (rows > 1) y[1] = finish(s1, r1, x, whole, cols);
    if (rows > 2) y[2] = finish(s2, r2, x, whole, cols);
    if (rows > 3) y[3] = finish(s3, r3, x, whole, cols);
}

template <class T>
void matmul(const T* data, const Matrix& w, const float* x, uint32_t count, float* y) {
    for (uint32_t row = 0; row < w.rows; row += 4)
        for (uint32_t token = 0; token < count; token++)
            four_rows(data + size_t(row) * w.cols, w.cols, w.rows - row, x + size_t(token) * w.cols, y + size_t(token) * w.rows + row);
}

}  // namespace

void neon_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y) { matmul(w.f32(), w, x, count, y); }

void neon_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y) {
    matmul(reinterpret_cast<const uint16_t*>(w.data), w, x, count, y);
}

}  // namespace mote
