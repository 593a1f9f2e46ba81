// embedding: a copy forward, a scattered sum backward.
#include "train/embedding.h"

#include <cstring>

#include "train/vector.h"

namespace mote::tools {
namespace {

MOTE_VECTOR void add(float* y, const float* x, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

}  // namespace

void embedding_forward(float* x, const uint32_t* tokens, const float* w, const float* positions, size_t rows, size_t length,
                       size_t dim) {
    for (size_t r = 0; r < rows; r++) {
        std::memcpy(x + r * dim, w + tokens[r] * dim, dim * sizeof(float));
        if (positions) add(x + r * dim, positions + r % length * dim, dim);
    }
}

void embedding_backward(float* dw, float* dpositions, const float* dx, const uint32_t* tokens, size_t rows, size_t length,
                        size_t dim) {
    for (size_t r = 0; r < rows; r++) {
        add(dw + tokens[r] * dim, dx + r * dim, dim);
        if (dpositions) add(dpositions + r % length * dim, dx + r * dim, dim);
    }
}

}  // namespace mote::tools
