// head: chunks of rows whose logits stay in the cache.
#include "train/head.h"

#include <cmath>
#include <cstring>

#include "train/blas.h"
#include "train/vector.h"

namespace mote::tools {
namespace {

// As many rows as fit a megabyte, in which the products still run at full speed.
size_t chunk_rows(size_t vocab) { return std::clamp<size_t>((size_t(1) << 18) / vocab, 32, 512); }

MOTE_VECTOR float max_of(const float* x, size_t n) {
    float max = x[0];
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

// x becomes e^(x - max); returns the sum.
MOTE_VECTOR float exponentials(float* x, float max, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        x[i] = vector_exp(x[i] - max);
        sum += x[i];
    }
    return sum;
}

MOTE_VECTOR void multiply(float* x, float factor, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

// -ln softmax(logits)[target]; the logits become exponentials, whose sum is returned in `sum`.
double row_loss(float* logits, int32_t target, float& sum, size_t vocab) {
    const float max = max_of(logits, vocab), chosen = logits[target];
    sum = exponentials(logits, max, vocab);
    return std::log(double(sum)) + double(max) - double(chosen);
}

}  // namespace

size_t head_scratch(size_t vocab) { return chunk_rows(vocab) * vocab; }

double head_loss(const float* x, const float* w, const int32_t* targets, float* scratch, HeadShape s) {
    double loss = 0;
    for (size_t first = 0; first < s.rows; first += chunk_rows(s.vocab)) {
        const size_t rows = std::min(chunk_rows(s.vocab), s.rows - first);
        product_nt({scratch, s.vocab}, {x + first * s.dim, s.dim}, {w, s.dim}, rows, s.vocab, s.dim, 1, 0);
        for (size_t r = 0; r < rows; r++) {
            float sum;
            if (targets[first + r] != no_target) loss += row_loss(scratch + r * s.vocab, targets[first + r], sum, s.vocab);
        }
    }
    return loss;
}

double head_loss_and_gradient(float* dx, float* dw, const float* x, const float* w, const int32_t* targets, float scale,
                              float* scratch, HeadShape s) {
    double loss = 0;
    for (size_t first = 0; first < s.rows; first += chunk_rows(s.vocab)) {
        const size_t rows = std::min(chunk_rows(s.vocab), s.rows - first);
        const float* chunk = x + first * s.dim;
        product_nt({scratch, s.vocab}, {chunk, s.dim}, {w, s.dim}, rows, s.vocab, s.dim, 1, 0);
        for (size_t r = 0; r < rows; r++) {
            float* logits = scratch + r * s.vocab;
            const int32_t target = targets[first + r];
            if (target == no_target) {
                std::memset(logits, 0, s.vocab * sizeof(float));
                continue;
            }
            float sum;
            loss += row_loss(logits, target, sum, s.vocab);
            multiply(logits, scale / sum, s.vocab);
            logits[target] -= scale;
        }
        product_nn({dx + first * s.dim, s.dim}, {scratch, s.vocab}, {w, s.dim}, rows, s.dim, s.vocab, 1, 0);
        product_tn({dw, s.dim}, {scratch, s.vocab}, {chunk, s.dim}, s.vocab, s.dim, rows, 1, 1);
    }
    return loss;
}

}  // namespace mote::tools
