// numeric: gradients by central differences in double precision, and the operations of the trainer written plainly in double.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "mote/format.h"
#include "support/random.h"

namespace mote::testing {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

inline Floats floats_of(const Doubles& x) { return Floats(x.begin(), x.end()); }

/// Numbers in [-1, 1) that are exact in float.
inline Doubles random_doubles(Random& random, size_t n) {
    const Floats x = random.floats(n);
    return Doubles(x.begin(), x.end());
}

/// The derivative of f at x, in each element: (f(x + h) - f(x - h)) / 2h, off by h^2 and by 2^-52 / h.
inline Doubles numeric_gradient(const std::function<double(const Doubles&)>& f, Doubles x) {
    constexpr double h = 1e-5;
    Doubles gradient(x.size());
    for (size_t i = 0; i < x.size(); i++) {
        const double kept = x[i];
        x[i] = kept + h;
        const double above = f(x);
        x[i] = kept - h;
        gradient[i] = (above - f(x)) / (2 * h);
        x[i] = kept;
    }
    return gradient;
}

/// Within `tolerance` of the largest magnitude: float sums of a few dozen products stay below 1e-6 of it, the fast e^x below 2e-7.
inline void expect_close(const Floats& got, const Doubles& expected, const char* what, double tolerance = 4e-6) {
    ASSERT_EQ(got.size(), expected.size()) << what;
    double largest = 1e-3;
    for (const double e : expected) largest = std::max(largest, std::fabs(e));
    for (size_t i = 0; i < got.size(); i++) ASSERT_NEAR(double(got[i]), expected[i], tolerance * largest) << what << " at " << i;
}

inline double sum_of_products(const Doubles& a, const Doubles& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
    return sum;
}

// ---- the operations

inline Doubles plain_norm(const Doubles& x, const Doubles& w, const Doubles* bias, double eps) {
    const size_t dim = w.size();
    Doubles y(x.size());
    for (size_t r = 0; r < x.size() / dim; r++) {
        double mean = 0, squares = 0;
        if (bias)
            for (size_t i = 0; i < dim; i++) mean += x[r * dim + i] / double(dim);
        for (size_t i = 0; i < dim; i++) squares += (x[r * dim + i] - mean) * (x[r * dim + i] - mean) / double(dim);
        for (size_t i = 0; i < dim; i++) y[r * dim + i] = (x[r * dim + i] - mean) / std::sqrt(squares + eps) * w[i] + (bias ? (*bias)[i] : 0);
    }
    return y;
}

inline double plain_activation(double x, Activation f) {
    switch (f) {
        case Activation::silu: return x / (1 + std::exp(-x));
        case Activation::gelu_tanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        case Activation::gelu_erf: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
        case Activation::relu: return x > 0 ? x : 0;
    }
    return 0;
}

/// x (rows, in) w (out, in)^T
inline Doubles plain_linear(const Doubles& x, const Doubles& w, size_t in) {
    const size_t rows = x.size() / in, out = w.size() / in;
    Doubles y(rows * out);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            for (size_t i = 0; i < in; i++) y[r * out + o] += x[r * in + i] * w[o * in + i];
    return y;
}

/// qkv (tokens, (heads + 2 kv_heads) * head_dim) -> (tokens, heads * head_dim)
inline Doubles plain_attention(const Doubles& qkv, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim, double scale) {
    const size_t stride = (heads + 2 * kv_heads) * head_dim;
    Doubles y(tokens * heads * head_dim);
    for (size_t h = 0; h < heads; h++) {
        const size_t k_at = (heads + h * kv_heads / heads) * head_dim, v_at = k_at + kv_heads * head_dim;
        for (size_t t = 0; t < tokens; t++) {
            Doubles weight(t + 1);
            double sum = 0;
            for (size_t j = 0; j <= t; j++) {
                double score = 0;
                for (size_t i = 0; i < head_dim; i++) score += qkv[t * stride + h * head_dim + i] * qkv[j * stride + k_at + i];
                sum += weight[j] = std::exp(scale * score);
            }
            for (size_t j = 0; j <= t; j++)
                for (size_t i = 0; i < head_dim; i++) y[(t * heads + h) * head_dim + i] += weight[j] / sum * qkv[j * stride + v_at + i];
        }
    }
    return y;
}

/// The sum of -ln softmax(logits)[target] over rows with a target.
inline double plain_cross_entropy(const Doubles& logits, const std::vector<int32_t>& targets) {
    const size_t vocab = logits.size() / targets.size();
    double loss = 0;
    for (size_t r = 0; r < targets.size(); r++) {
        if (targets[r] < 0) continue;
        double sum = 0;
        for (size_t i = 0; i < vocab; i++) sum += std::exp(logits[r * vocab + i]);
        loss += std::log(sum) - logits[r * vocab + size_t(targets[r])];
    }
    return loss;
}

}  // namespace mote::testing
