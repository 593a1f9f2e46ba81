// blas: the three matrix products that training needs, row-major, on one BLAS thread.
#pragma once

#include <cblas.h>

#include <cstddef>

namespace mote::tools {

/// A matrix inside a larger one: `stride` floats from one row to the next.
struct ConstMatrix {
    const float* data;
    size_t stride;
};
struct MutableMatrix {
    float* data;
    size_t stride;
};

/// c (m, n) = alpha a (m, k) b (n, k)^T + beta c
inline void product_nt(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                int(b.stride), beta, c.data, int(c.stride));
}

/// c (m, n) = alpha a (m, k) b (k, n) + beta c
inline void product_nn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                int(b.stride), beta, c.data, int(c.stride));
}

/// c (m, n) = alpha a (k, m)^T b (k, n) + beta c
inline void product_tn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                int(b.stride), beta, c.data, int(c.stride));
}

}  // namespace mote::tools
