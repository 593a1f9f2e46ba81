// weights: the pieces of a model that every importer fills in the same way.
#include "model/weights.h"

#include <cmath>
#include <memory>

#include "base/error.h"

namespace mote::tools {
namespace {

struct NamedRole {
    Role role;
    const char* name;
};

constexpr NamedRole named_roles[] = {
    {Role::token_embedding, "token_embedding"},
    {Role::position_embedding, "position_embedding"},
    {Role::rope_frequencies, "rope_frequencies"},
    {Role::final_norm, "final_norm"},
    {Role::final_norm_bias, "final_norm_bias"},
    {Role::head, "head"},
    {Role::attention_norm, "attention_norm"},
    {Role::attention_norm_bias, "attention_norm_bias"},
    {Role::q, "q"},
    {Role::q_bias, "q_bias"},
    {Role::k, "k"},
    {Role::k_bias, "k_bias"},
    {Role::v, "v"},
    {Role::v_bias, "v_bias"},
    {Role::o, "o"},
    {Role::o_bias, "o_bias"},
    {Role::q_norm, "q_norm"},
    {Role::k_norm, "k_norm"},
    {Role::ffn_norm, "ffn_norm"},
    {Role::ffn_norm_bias, "ffn_norm_bias"},
    {Role::gate, "gate"},
    {Role::gate_bias, "gate_bias"},
    {Role::up, "up"},
    {Role::up_bias, "up_bias"},
    {Role::down, "down"},
    {Role::down_bias, "down_bias"},
};

}  // namespace

HostTensor::HostTensor(uint32_t row_count, uint32_t col_count, std::vector<float> values)
    : HostTensor(row_count, col_count, [kept = std::make_shared<const std::vector<float>>(std::move(values))] { return *kept; }) {}

std::vector<float> HostTensor::values() const {
    std::vector<float> loaded = source_();
    if (loaded.size() == count()) return loaded;
    throw Failure(Exit::internal, "E_STATE", "", std::nullopt,
                  "a tensor of " + std::to_string(count()) + " elements gave " + std::to_string(loaded.size()));
}

uint64_t parameters(const Weights& weights) {
    uint64_t count = 0;
    for (const auto& [key, tensor] : weights.tensors) count += tensor.count();
    return count;
}

void set_decoder_block(Weights& weights, Work feed_forward) {
    Architecture& a = weights.architecture;
    a.blocks = 1;
    a.block[0][0] = {Work::self_attention, Input::normed, Output::add, 0};
    a.block[0][1] = {feed_forward, Input::normed, Output::add, 0};
    weights.block_of_layer.assign(a.layers, 0);
}

uint32_t rope_turns(double radians_per_position) {
    constexpr double turn = 6.283185307179586476925;
    const double turns = radians_per_position / turn;
    // The fraction of a turn is below 1, but may round up to a whole one, which is none.
    return static_cast<uint32_t>(static_cast<uint64_t>(std::llround((turns - std::floor(turns)) * 4294967296.0)));
}

const char* role_name(Role role) {
    for (const NamedRole& named : named_roles)
        if (named.role == role) return named.name;
    return "unknown";
}

std::optional<Role> role_from_name(const std::string& name) {
    for (const NamedRole& named : named_roles)
        if (name == named.name) return named.role;
    return std::nullopt;
}

}  // namespace mote::tools
