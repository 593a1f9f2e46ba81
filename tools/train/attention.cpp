// attention: matrix products around a softmax. Keys behind a block's last query are never touched; those between a query and
// the end of its block are computed and set to 0.
#include "train/attention.h"

#include <cmath>
#include <cstring>

#include "train/blas.h"
#include "train/vector.h"

namespace mote::tools {
namespace {

constexpr size_t query_block = 64;

// scores become e^(score - max), 0 behind `keys`; returns 1 / sum, and ln(sum) + max in lse.
MOTE_INLINE float softmax_row(float* scores, float* lse, size_t keys, size_t width) {
    float max = scores[0];
#pragma omp simd reduction(max : max)
    for (size_t j = 0; j < keys; j++) max = scores[j] > max ? scores[j] : max;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < keys; j++) {
        scores[j] = vector_exp(scores[j] - max);
        sum += scores[j];
    }
    std::memset(scores + keys, 0, (width - keys) * sizeof(float));
    *lse = max + std::log(sum);
    return 1.0f / sum;
}

MOTE_INLINE void multiply(float* x, float factor, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

MOTE_INLINE float dot(const float* a, const float* b, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

// scores become p, and dp becomes ds = scale p (dp - along); both 0 behind `keys`.
MOTE_INLINE void softmax_backward_row(float* scores, float* dp, float lse, float along, float scale, size_t keys, size_t width) {
#pragma omp simd
    for (size_t j = 0; j < keys; j++) {
        const float p = vector_exp(scores[j] - lse);
        scores[j] = p;
        dp[j] = scale * p * (dp[j] - along);
    }
    std::memset(scores + keys, 0, (width - keys) * sizeof(float));
    std::memset(dp + keys, 0, (width - keys) * sizeof(float));
}

// A block of queries against the keys from the beginning to its end; rows of scores and dp are `end` wide.
struct Block {
    size_t first, end, rows;
};

Block block_at(size_t first, size_t tokens) {
    const size_t end = std::min(first + query_block, tokens);
    return {first, end, end - first};
}

MOTE_VECTOR void softmax_rows(float* scores, float* inverse_sums, float* lse, Block b) {
    for (size_t i = 0; i < b.rows; i++)
        inverse_sums[i] = softmax_row(scores + i * b.end, lse + b.first + i, b.first + i + 1, b.end);
}

MOTE_VECTOR void multiply_rows(float* y, const float* factors, size_t rows, size_t cols, size_t stride) {
    for (size_t i = 0; i < rows; i++) multiply(y + i * stride, factors[i], cols);
}

MOTE_VECTOR void softmax_backward_rows(float* scores, float* dp, const float* dy, const float* y, const float* lse, Block b,
                                       const AttentionShape& s) {
    for (size_t i = 0; i < b.rows; i++) {
        const float along = dot(dy + i * s.q_dim(), y + i * s.q_dim(), s.head_dim);
        softmax_backward_row(scores + i * b.end, dp + i * b.end, lse[b.first + i], along, s.scale, b.first + i + 1, b.end);
    }
}

}  // namespace

size_t attention_scratch(const AttentionShape& s) { return 2 * query_block * s.tokens; }

void attention_forward(float* y, float* lse, const float* qkv, float* scratch, const AttentionShape& s) {
    const size_t stride = s.stride(), group = s.heads / s.kv_heads;
    for (size_t h = 0; h < s.heads; h++) {
        const float* q = qkv + h * s.head_dim;
        const float* k = qkv + s.q_dim() + h / group * s.head_dim;
        const float* v = k + s.kv_dim();
        for (size_t first = 0; first < s.tokens; first += query_block) {
            const Block b = block_at(first, s.tokens);
            float* out = y + first * s.q_dim() + h * s.head_dim;
            float inverse_sums[query_block];
            product_nt({scratch, b.end}, {q + first * stride, stride}, {k, stride}, b.rows, b.end, s.head_dim, s.scale, 0);
            softmax_rows(scratch, inverse_sums, lse + h * s.tokens, b);
            product_nn({out, s.q_dim()}, {scratch, b.end}, {v, stride}, b.rows, s.head_dim, b.end, 1, 0);
            multiply_rows(out, inverse_sums, b.rows, s.head_dim, s.q_dim());
        }
    }
}

void attention_backward(float* dqkv, const float* dy, const float* y, const float* lse, const float* qkv, float* scratch,
                        const AttentionShape& s) {
    const size_t stride = s.stride(), group = s.heads / s.kv_heads;
    std::memset(dqkv, 0, s.tokens * stride * sizeof(float));
    for (size_t h = 0; h < s.heads; h++) {
        const size_t q_at = h * s.head_dim, k_at = s.q_dim() + h / group * s.head_dim, v_at = k_at + s.kv_dim();
        for (size_t first = 0; first < s.tokens; first += query_block) {
            const Block b = block_at(first, s.tokens);
            const float* q = qkv + first * stride + q_at;
            const float* dout = dy + first * s.q_dim() + q_at;
            const float* out = y + first * s.q_dim() + q_at;
            float* p = scratch;
            float* ds = scratch + b.rows * b.end;
            product_nt({p, b.end}, {q, stride}, {qkv + k_at, stride}, b.rows, b.end, s.head_dim, s.scale, 0);
            product_nt({ds, b.end}, {dout, s.q_dim()}, {qkv + v_at, stride}, b.rows, b.end, s.head_dim, 1, 0);
            softmax_backward_rows(p, ds, dout, out, lse + h * s.tokens, b, s);
            product_tn({dqkv + v_at, stride}, {p, b.end}, {dout, s.q_dim()}, b.end, s.head_dim, b.rows, 1, 1);
            product_nn({dqkv + first * stride + q_at, stride}, {ds, b.end}, {qkv + k_at, stride}, b.rows, s.head_dim, b.end, 1, 0);
            product_tn({dqkv + k_at, stride}, {ds, b.end}, {q, stride}, b.end, s.head_dim, b.rows, 1, 1);
        }
    }
}

}  // namespace mote::tools
