// network: the order of tensors in the flat array.
#include "train/network.h"

#include <algorithm>

#include "base/error.h"

namespace mote::tools {
namespace {

[[noreturn]] void refuse_training(const Weights& w, const std::string& what) {
    refuse("E_UNSUPPORTED", w.source, what + ": training of such a model is not supported");
}

bool has(const Weights& w, Role role) { return w.tensors.count({role, 0}) != 0; }

void require_together(const Weights& w, std::initializer_list<Role> roles) {
    for (const Role role : roles)
        if (has(w, role) != has(w, *roles.begin()))
            refuse_training(w, std::string(role_name(*roles.begin())) + " and " + role_name(role) + ", only one of them present");
}

void require_trainable(const Weights& w) {
    const Architecture& a = w.architecture;
    const SubLayer attention = a.block[0][0], feed_forward = a.block[0][1];
    if (a.blocks != 1 || a.block[0][2].work != Work::none) refuse_training(w, "layers that differ, or have three sublayers");
    if (attention.work != Work::self_attention || (feed_forward.work != Work::dense && feed_forward.work != Work::gated))
        refuse_training(w, "sublayers other than self-attention and a plain or gated feed-forward");
    for (const SubLayer sublayer : {attention, feed_forward})
        if (sublayer.input != Input::normed || sublayer.output != Output::add)
            refuse_training(w, "a sublayer that is not x += work(norm(x))");
    if (a.mask != Mask::causal) refuse_training(w, "a mask that is not causal");
    if (a.position != Position::learned && a.position != Position::rope && a.position != Position::none)
        refuse_training(w, "positions that are neither learned nor rope");
    require_together(w, {Role::q_norm, Role::k_norm});
    require_together(w, {Role::q_bias, Role::k_bias, Role::v_bias});
    if (feed_forward.work == Work::gated) require_together(w, {Role::gate_bias, Role::up_bias});
}

// Appends tensors to the flat array.
class Placer {
public:
    Placer(Network& network, const Weights& weights) : network_(network), weights_(weights) {}

    // The offset of the first; the others follow without a gap. Absent ones take no place.
    size_t place(uint32_t layer, std::initializer_list<Role> roles) {
        size_t first = absent;
        network_.count = (network_.count + 15) / 16 * 16;  // a cache line
        for (const Role role : roles) {
            const auto found = weights_.tensors.find({role, layer});
            if (found == weights_.tensors.end()) continue;
            if (first == absent) first = network_.count;
            network_.parameters.push_back({found->first, found->second.rows, found->second.cols, network_.count});
            network_.count += found->second.count();
        }
        return first;
    }

private:
    Network& network_;
    const Weights& weights_;
};

}  // namespace

Network network_of(const Weights& weights) {
    require_trainable(weights);
    Network n;
    n.architecture = weights.architecture;
    n.rope = rope_table(weights.rope_frequencies, n.architecture.rope_pairing, n.architecture.context);
    Placer placer(n, weights);
    n.token_embedding = placer.place(0, {Role::token_embedding});
    n.position_embedding = placer.place(0, {Role::position_embedding});
    for (uint32_t layer = 0; layer < n.architecture.layers; layer++) {
        LayerOffsets l;
        l.attention_norm = placer.place(layer, {Role::attention_norm});
        l.attention_norm_bias = placer.place(layer, {Role::attention_norm_bias});
        l.qkv = placer.place(layer, {Role::q, Role::k, Role::v});
        l.qkv_bias = placer.place(layer, {Role::q_bias, Role::k_bias, Role::v_bias});
        l.q_norm = placer.place(layer, {Role::q_norm});
        l.k_norm = placer.place(layer, {Role::k_norm});
        l.o = placer.place(layer, {Role::o});
        l.o_bias = placer.place(layer, {Role::o_bias});
        l.ffn_norm = placer.place(layer, {Role::ffn_norm});
        l.ffn_norm_bias = placer.place(layer, {Role::ffn_norm_bias});
        l.up = placer.place(layer, {Role::gate, Role::up});
        l.up_bias = placer.place(layer, {Role::gate_bias, Role::up_bias});
        l.down = placer.place(layer, {Role::down});
        l.down_bias = placer.place(layer, {Role::down_bias});
        n.layers.push_back(l);
    }
    n.final_norm = placer.place(0, {Role::final_norm});
    n.final_norm_bias = placer.place(0, {Role::final_norm_bias});
    n.head = placer.place(0, {Role::head});
    if (n.head == absent) n.head = n.token_embedding;
    return n;
}

std::vector<float> flat_values(const Network& network, const Weights& weights) {
    std::vector<float> values(network.count);
    for (const Parameter& p : network.parameters) {
        const std::vector<float> tensor = weights.tensors.at(p.key).values();
        std::copy(tensor.begin(), tensor.end(), &values[p.offset]);
    }
    return values;
}

void store_values(const Network& network, const float* values, Weights& weights) {
    for (const Parameter& p : network.parameters)
        weights.tensors.at(p.key) =
            HostTensor(p.rows, p.cols, std::vector<float>(values + p.offset, values + p.offset + p.count()));
}

}  // namespace mote::tools
