// activation: the nonlinearities of the feed-forward sublayers.
#include "../arithmetic.h"
#include "ref.h"

namespace mote {

void ref_activate(Activation activation, float* x, uint32_t n) {
    switch (activation) {
        case Activation::silu:
            for (uint32_t i = 0; built(Activation::silu) && i < n; i++) x[i] = silu(x[i]);
            break;
        case Activation::gelu_tanh:
            for (uint32_t i = 0; built(Activation::gelu_tanh) && i < n; i++) x[i] = gelu_tanh(x[i]);
            break;
        case Activation::gelu_erf:
            for (uint32_t i = 0; built(Activation::gelu_erf) && i < n; i++) x[i] = gelu_erf(x[i]);
            break;
        case Activation::relu:
            for (uint32_t i = 0; built(Activation::relu) && i < n; i++) x[i] = x[i] < 0 ? 0 : x[i];  // NaN stays
            break;
    }
}

void ref_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    ref_activate(activation, gate, n);
    for (uint32_t i = 0; i < n; i++) gate[i] = gate[i] * up[i];
}

}  // namespace mote
