// blas: the three matrix products that training needs, row-major, on one BLAS thread.
#pragma once

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

/// Loads OpenBLAS, once a process, and holds it to the calling thread; the products do the same when they come first.
/// Throws Failure where it is not installed.
void load_blas();

/// c (m, n) = alpha a (m, k) b (n, k)^T + beta c
void product_nt(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta);

/// c (m, n) = alpha a (m, k) b (k, n) + beta c
void product_nn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta);

/// c (m, n) = alpha a (k, m)^T b (k, n) + beta c
void product_tn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta);

}  // namespace mote::tools
