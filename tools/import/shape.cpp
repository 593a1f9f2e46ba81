// shape: sizes against each other and against core's limits.
#include "import/shape.h"

#include <cmath>

#include "base/error.h"

namespace mote::tools {

Shape shape_of(const Architecture& a, Role role) {
    const uint32_t q_dim = a.heads * a.head_dim, kv_dim = a.kv_heads * a.head_dim;
    switch (role) {
        case Role::token_embedding:
        case Role::head:
            return {a.vocab, a.dim};
        case Role::position_embedding:
            return {a.context, a.dim};
        case Role::rope_frequencies:
            return {1, a.rope_dim / 2};
        case Role::final_norm:
        case Role::final_norm_bias:
        case Role::attention_norm:
        case Role::attention_norm_bias:
        case Role::ffn_norm:
        case Role::ffn_norm_bias:
        case Role::o_bias:
        case Role::down_bias:
            return {1, a.dim};
        case Role::q:
            return {q_dim, a.dim};
        case Role::q_bias:
            return {1, q_dim};
        case Role::k:
        case Role::v:
            return {kv_dim, a.dim};
        case Role::k_bias:
        case Role::v_bias:
            return {1, kv_dim};
        case Role::o:
            return {a.dim, q_dim};
        case Role::q_norm:
        case Role::k_norm:
            return {1, a.head_dim};
        case Role::gate:
        case Role::up:
            return {a.hidden, a.dim};
        case Role::gate_bias:
        case Role::up_bias:
            return {1, a.hidden};
        case Role::down:
            return {a.dim, a.hidden};
    }
    return {0, 0};
}

void require_possible(const Architecture& a, const std::string& file) {
    const struct {
        const char* name;
        uint64_t value, limit;
    } sizes[] = {
        {"dim", a.dim, max_dim},
        {"layers", a.layers, max_layers},
        {"heads", a.heads, max_dim},
        {"kv_heads", a.kv_heads, max_dim},
        {"head_dim", a.head_dim, max_head_dim},
        {"heads * head_dim", uint64_t(a.heads) * a.head_dim, max_dim},
        {"hidden", a.hidden, max_hidden},
        {"vocab", a.vocab, max_vocab},
        {"context", a.context, max_context},
    };
    for (const auto& size : sizes) {
        if (size.value == 0) refuse("E_SHAPE", file, std::string(size.name) + " is 0");
        if (size.value > size.limit)
            refuse("E_LIMIT", file,
                   std::string(size.name) + " is " + std::to_string(size.value) + "; at most " + std::to_string(size.limit));
    }
    if (a.heads % a.kv_heads != 0)
        refuse("E_SHAPE", file, std::to_string(a.heads) + " heads do not share " + std::to_string(a.kv_heads) + " kv_heads evenly");
    if (a.rope_dim % 2 != 0) refuse("E_SHAPE", file, "rotates " + std::to_string(a.rope_dim) + " elements of a head; must be even");
    if (!std::isnormal(a.norm_eps) || a.norm_eps < 0) refuse("E_RANGE", file, "the norm's epsilon is not a positive number");
}

void require_finite(const std::vector<float>& values, const std::string& tensor, const std::string& file, Nonfinite policy) {
    if (policy == Nonfinite::allowed) return;
    size_t count = 0, first = 0;
    for (size_t i = 0; i < values.size(); i++)
        if (!std::isfinite(values[i]) && count++ == 0) first = i;
    if (count == 0) return;
    refuse("E_NONFINITE", file,
           tensor + ": " + std::to_string(count) + " of " + std::to_string(values.size()) +
               " elements are NaN or infinite, the first at index " + std::to_string(first));
}

}  // namespace mote::tools
