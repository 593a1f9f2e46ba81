// activation: each function with its derivative, and one loop for each that the compiler turns into vectors.
#include "train/activation.h"

#include <cmath>

#include "train/vector.h"

namespace mote::tools {
namespace {

struct ValueAndSlope {
    float value, slope;
};

struct Silu {
    static ValueAndSlope at(float x) {
        const float s = sigmoid(x);
        return {x * s, s + x * s * (1.0f - s)};
    }
};

// (1 + tanh z) / 2 = sigmoid(2 z) with z = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
    static ValueAndSlope at(float x) {
        constexpr float twice_root = 1.5957691216f, cubic = 0.044715f;
        const float s = sigmoid(twice_root * (x + cubic * x * x * x));
        return {x * s, s + x * s * (1.0f - s) * twice_root * (1.0f + 3.0f * cubic * x * x)};
    }
};

// x times the normal distribution function, whose derivative is the normal density.
struct GeluErf {
    static ValueAndSlope at(float x) {
        const float below = 0.5f * (1.0f + std::erf(x * 0.70710678f));
        return {x * below, below + x * 0.39894228f * vector_exp(-0.5f * x * x)};
    }
};

struct Relu {
    static ValueAndSlope at(float x) { return {x > 0 ? x : 0, x > 0 ? 1.0f : 0.0f}; }
};

template <class F>
MOTE_INLINE void dense_values(float* y, const float* u, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = F::at(u[i]).value;
}

template <class F>
MOTE_INLINE void dense_slopes(float* du, float* y, const float* u, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const ValueAndSlope f = F::at(u[i]);
        y[i] = f.value;
        du[i] *= f.slope;
    }
}

template <class F>
MOTE_INLINE void gated_values(float* y, const float* gate_up, size_t rows, size_t hidden) {
    for (size_t r = 0; r < rows; r++, y += hidden, gate_up += 2 * hidden) {
#pragma omp simd
        for (size_t i = 0; i < hidden; i++) y[i] = F::at(gate_up[i]).value * gate_up[hidden + i];
    }
}

template <class F>
MOTE_INLINE void gated_slopes(float* dgate_up, float* y, const float* gate_up, size_t rows, size_t hidden) {
    for (size_t r = 0; r < rows; r++, y += hidden, gate_up += 2 * hidden, dgate_up += 2 * hidden) {
#pragma omp simd
        for (size_t i = 0; i < hidden; i++) {
            const ValueAndSlope f = F::at(gate_up[i]);
            const float dy = y[i], up = gate_up[hidden + i];
            dgate_up[i] = dy * up * f.slope;
            dgate_up[hidden + i] = dy * f.value;
            y[i] = f.value * up;
        }
    }
}

}  // namespace

MOTE_VECTOR void activation_forward(float* y, const float* u, Activation f, size_t rows, size_t hidden) {
    switch (f) {
        case Activation::silu: return dense_values<Silu>(y, u, rows * hidden);
        case Activation::gelu_tanh: return dense_values<GeluTanh>(y, u, rows * hidden);
        case Activation::gelu_erf: return dense_values<GeluErf>(y, u, rows * hidden);
        case Activation::relu: return dense_values<Relu>(y, u, rows * hidden);
    }
}

MOTE_VECTOR void activation_backward(float* du, float* y, const float* u, Activation f, size_t rows, size_t hidden) {
    switch (f) {
        case Activation::silu: return dense_slopes<Silu>(du, y, u, rows * hidden);
        case Activation::gelu_tanh: return dense_slopes<GeluTanh>(du, y, u, rows * hidden);
        case Activation::gelu_erf: return dense_slopes<GeluErf>(du, y, u, rows * hidden);
        case Activation::relu: return dense_slopes<Relu>(du, y, u, rows * hidden);
    }
}

MOTE_VECTOR void gated_forward(float* y, const float* gate_up, Activation f, size_t rows, size_t hidden) {
    switch (f) {
        case Activation::silu: return gated_values<Silu>(y, gate_up, rows, hidden);
        case Activation::gelu_tanh: return gated_values<GeluTanh>(y, gate_up, rows, hidden);
        case Activation::gelu_erf: return gated_values<GeluErf>(y, gate_up, rows, hidden);
        case Activation::relu: return gated_values<Relu>(y, gate_up, rows, hidden);
    }
}

MOTE_VECTOR void gated_backward(float* dgate_up, float* y, const float* gate_up, Activation f, size_t rows, size_t hidden) {
    switch (f) {
        case Activation::silu: return gated_slopes<Silu>(dgate_up, y, gate_up, rows, hidden);
        case Activation::gelu_tanh: return gated_slopes<GeluTanh>(dgate_up, y, gate_up, rows, hidden);
        case Activation::gelu_erf: return gated_slopes<GeluErf>(dgate_up, y, gate_up, rows, hidden);
        case Activation::relu: return gated_slopes<Relu>(dgate_up, y, gate_up, rows, hidden);
    }
}

}  // namespace mote::tools
