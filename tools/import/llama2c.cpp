// llama2c: the three layouts as tables of what follows what.
#include "import/llama2c.h"

#include <cmath>
#include <cstring>
#include <iterator>

#include "base/checked.h"
#include "base/error.h"
#include "import/rope.h"

namespace mote::tools {
namespace {

constexpr uint32_t magic = 0x616b3432;
constexpr uint64_t legacy_header_bytes = 28, header_bytes = 256;
constexpr float norm_eps = 1e-5f;
constexpr double rope_theta = 10000;

// Version 0 stores tables of cosines and sines, [context][head_dim / 2] each; they are computed anew.
constexpr Role legacy_order[] = {
    Role::token_embedding, Role::attention_norm, Role::q,    Role::k,  Role::v,          Role::o,
    Role::ffn_norm,        Role::gate,           Role::down, Role::up, Role::final_norm, Role::rope_frequencies};
constexpr Role order[] = {
    Role::attention_norm, Role::ffn_norm, Role::final_norm, Role::token_embedding, Role::q, Role::k, Role::v, Role::o,
    Role::gate,           Role::down,     Role::up};

struct Layout {
    uint32_t version = 0;
    uint64_t data = 0;   // where the first tensor begins
    uint32_t group = 0;  // version 2: int8 elements that share a scale
    std::vector<Role> roles;
    Architecture sizes{};
};

uint32_t word(const MappedFile& file, uint64_t offset) {
    uint32_t value = 0;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

bool is_vector(Role role) { return role == Role::attention_norm || role == Role::ffn_norm || role == Role::final_norm; }

bool is_per_layer(Role role) { return role >= Role::attention_norm; }

// ---- the header

struct Field {
    const char* name;
    uint32_t Architecture::*member;
    uint32_t limit;
};
constexpr Field fields[] = {
    {"dim", &Architecture::dim, max_dim},
    {"hidden_dim", &Architecture::hidden, max_hidden},
    {"n_layers", &Architecture::layers, max_layers},
    {"n_heads", &Architecture::heads, max_dim},
    {"n_kv_heads", &Architecture::kv_heads, max_dim},
    {"vocab_size", &Architecture::vocab, max_vocab},
    {"seq_len", &Architecture::context, max_context},
};
constexpr uint32_t vocab_field = 5;

// Sizes that make no sense as they stand, and do with their bytes swapped.
bool is_swapped(const MappedFile& file, uint64_t at) {
    constexpr uint32_t plausible = 1u << 24;
    bool own = true, swapped = true;
    for (uint32_t i = 0; i < vocab_field; i++) {
        const uint32_t value = word(file, at + 4 * i);
        own = own && value - 1 < plausible;
        swapped = swapped && __builtin_bswap32(value) - 1 < plausible;
    }
    return swapped && !own;
}

// The seven sizes. Returns whether the head is a matrix of its own, which version 0 says by a negative vocabulary.
bool read_sizes(const MappedFile& file, uint64_t at, Layout& layout) {
    if (is_swapped(file, at)) refuse_at("E_ENDIAN", file.path(), at, "the sizes are big-endian; llama2.c files are little-endian");
    bool own_head = false;
    for (uint32_t i = 0; i < std::size(fields); i++) {
        int64_t value = static_cast<int32_t>(word(file, at + 4 * i));
        if (i == vocab_field && layout.version == 0 && value < 0) {
            own_head = true;
            value = -value;
        }
        if (value <= 0 || value > fields[i].limit)
            refuse_at(value <= 0 ? "E_SHAPE" : "E_LIMIT", file.path(), at + 4 * i,
                      std::string(fields[i].name) + " is " + std::to_string(value) + "; a llama2.c checkpoint has 1 to " +
                          std::to_string(fields[i].limit));
        layout.sizes.*fields[i].member = static_cast<uint32_t>(value);
    }
    return own_head;
}

void complete_architecture(const MappedFile& file, Architecture& a) {
    if (a.dim % a.heads != 0)
        refuse("E_SHAPE", file.path(), "dim " + std::to_string(a.dim) + " is not a multiple of n_heads " + std::to_string(a.heads));
    a.head_dim = a.dim / a.heads;
    a.rope_dim = a.head_dim;
    a.norm = Norm::rms;
    a.norm_eps = norm_eps;
    a.activation = Activation::silu;
    a.position = Position::rope;
    a.rope_pairing = RopePairing::interleaved;
    a.attention_scale = 1.0f / std::sqrt(static_cast<float>(a.head_dim));
    require_possible(a, file.path());
}

void require_bytes(const MappedFile& file, uint64_t needed, const char* what) {
    if (file.size() < needed)
        refuse_at("E_TRUNC", file.path(), file.size(),
                  std::string(what) + " has " + std::to_string(needed) + " bytes, the file " + std::to_string(file.size()));
}

Layout legacy_layout(const MappedFile& file) {
    require_bytes(file, legacy_header_bytes, "the header of a llama2.c checkpoint");
    Layout layout;
    layout.data = legacy_header_bytes;
    layout.roles.assign(std::begin(legacy_order), std::end(legacy_order));
    if (read_sizes(file, 0, layout)) layout.roles.push_back(Role::head);
    complete_architecture(file, layout.sizes);
    return layout;
}

Layout versioned_layout(const MappedFile& file) {
    require_bytes(file, header_bytes, "the header of a llama2.c checkpoint");
    if (word(file, 0) != magic) refuse_at("E_ENDIAN", file.path(), 0, "a big-endian llama2.c checkpoint; must be little-endian");
    Layout layout;
    layout.version = word(file, 4);
    if (layout.version != 1 && layout.version != 2)
        refuse_at("E_VERSION", file.path(), 4, "llama2.c version " + std::to_string(layout.version) + "; known are 0, 1 and 2");
    layout.data = header_bytes;
    layout.roles.assign(std::begin(order), std::end(order));
    read_sizes(file, 8, layout);
    complete_architecture(file, layout.sizes);

    uint64_t at = 36;
    const uint8_t shared_head = file.data()[at++];
    if (shared_head > 1)
        refuse_at("E_TYPE", file.path(), 36, "shared_classifier is " + std::to_string(shared_head) + "; must be 0 or 1");
    if (!shared_head) layout.roles.push_back(Role::head);
    if (layout.version == 2) {
        layout.group = word(file, at);
        at += 4;
    }
    for (; at < header_bytes; at++)
        if (file.data()[at])
            refuse_at("E_VERSION", file.path(), at, "padding of the header is not zero: a layout that is not known");
    return layout;
}

// ---- the tensors

Size tensor_bytes(const MappedFile& file, const Layout& layout, Role role) {
    const Architecture& a = layout.sizes;
    if (role == Role::rope_frequencies) return Size(a.context) * a.head_dim * 4;
    const Shape shape = shape_of(a, role);
    const Size elements = Size(shape.rows) * shape.cols;
    const Size count = is_per_layer(role) ? a.layers : 1;
    if (layout.version != 2 || is_vector(role)) return count * elements * 4;
    if (layout.group == 0 || elements.value % layout.group != 0)
        refuse_at("E_SHAPE", file.path(), 37,
                  std::string(role_name(role)) + " has " + std::to_string(elements.value) + " elements, which groups of " +
                      std::to_string(layout.group) + " do not divide");
    return count * (elements + Size(elements.value / layout.group) * 4);
}

void require_exact_size(const MappedFile& file, const Layout& layout) {
    Size total = layout.data;
    for (const Role role : layout.roles) total = total + tensor_bytes(file, layout, role);
    if (!total.fits_memory()) refuse("E_OVERFLOW", file.path(), "the sizes in the header multiply to more than memory can hold");
    const std::string says =
        "the header says " + std::to_string(total.value) + " bytes, the file has " + std::to_string(file.size());
    if (file.size() < total.value) refuse_at("E_TRUNC", file.path(), file.size(), says);
    if (file.size() > total.value) refuse_at("E_TRAILING", file.path(), total.value, says);
}

// One layer's share of a role's bytes.
uint64_t layer_bytes(const MappedFile& file, const Layout& layout, Role role) {
    return tensor_bytes(file, layout, role).value / (is_per_layer(role) ? layout.sizes.layers : 1);
}

// The elements at `at`; the size of the file has been checked.
std::vector<float> read_tensor(const MappedFile& file, const Layout& layout, Role role, uint64_t at) {
    const Shape shape = shape_of(layout.sizes, role);
    std::vector<float> values(size_t(shape.rows) * shape.cols);
    if (layout.version != 2 || is_vector(role)) {
        std::memcpy(values.data(), file.data() + at, values.size() * 4);
    } else {
        std::vector<float> scales(values.size() / layout.group);
        std::memcpy(scales.data(), file.data() + at + values.size(), scales.size() * 4);
        for (size_t i = 0; i < values.size(); i++)
            values[i] = static_cast<float>(static_cast<int8_t>(file.data()[at + i])) * scales[i / layout.group];
    }
    file.release(at, layer_bytes(file, layout, role));
    return values;
}

}  // namespace

bool has_llama2c_magic(const MappedFile& file) {
    return file.size() >= 4 && (word(file, 0) == magic || word(file, 0) == __builtin_bswap32(magic));
}

Weights import_llama2c(const std::shared_ptr<const MappedFile>& mapped, Nonfinite policy) {
    const MappedFile& file = *mapped;
    const Layout layout = has_llama2c_magic(file) ? versioned_layout(file) : legacy_layout(file);
    require_exact_size(file, layout);

    Weights weights;
    weights.source = file.path();
    weights.architecture = layout.sizes;
    set_decoder_block(weights, Work::gated);
    weights.rope_frequencies = rope_frequencies(layout.sizes.rope_dim, rope_theta);
    uint64_t at = layout.data;
    for (const Role role : layout.roles) {
        const Shape shape = shape_of(layout.sizes, role);
        for (uint32_t layer = 0; layer < (is_per_layer(role) ? layout.sizes.layers : 1); layer++) {
            const std::string place = is_per_layer(role) ? " of layer " + std::to_string(layer) : "";
            const auto read = [=, name = role_name(role) + place] {
                std::vector<float> values = read_tensor(*mapped, layout, role, at);
                require_finite(values, name, mapped->path(), policy);
                return values;
            };
            if (role != Role::rope_frequencies)
                weights.tensors.emplace(TensorKey(role, layer), HostTensor(shape.rows, shape.cols, read));
            at += layer_bytes(file, layout, role);
        }
    }
    return weights;
}

}  // namespace mote::tools
