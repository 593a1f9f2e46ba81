// llama2c: a header with seven sizes, then the tensors of each role for all layers.
#include "export/llama2c.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "export/rope_rows.h"
#include "import/rope.h"

namespace mote::tools {
namespace {

constexpr uint32_t magic = 0x616b3432;
constexpr size_t header_bytes = 256;  // of versions 1 and 2

constexpr Role legacy_order[] = {Role::token_embedding, Role::attention_norm, Role::q,    Role::k,  Role::v,         Role::o,
                                 Role::ffn_norm,        Role::gate,           Role::down, Role::up, Role::final_norm};
constexpr Role order[] = {
    Role::attention_norm, Role::ffn_norm, Role::final_norm, Role::token_embedding, Role::q, Role::k, Role::v, Role::o,
    Role::gate,           Role::down,     Role::up};
constexpr double theta = 10000;

void require(bool met, const Weights& w, const std::string& what) {
    if (!met) refuse("E_UNSUPPORTED", w.source, "llama2.c has no models with " + what);
}

// What its forward pass takes for granted.
void require_llama(const Weights& w) {
    const Architecture& a = w.architecture;
    require(a.norm == Norm::rms, w, "layer norms");
    require(std::fabs(a.norm_eps - 1e-5f) < 1e-8f, w, "an epsilon other than 1e-5");
    require(a.block[0][1].work == Work::gated && a.activation == Activation::silu, w, "a feed-forward other than gated SiLU");
    require(a.position == Position::rope && a.rope_dim == a.head_dim, w, "positions other than rope over whole heads");
    require(w.rope_frequencies == rope_frequencies(a.rope_dim, theta), w, "a theta other than 10000, or a stretched context");
    require(a.heads * a.head_dim == a.dim, w, "heads that are not dim / heads wide");
    for (const auto& [key, tensor] : w.tensors) {
        bool known = key.first == Role::head;
        for (const Role role : order) known = known || role == key.first;
        require(known, w, std::string("a tensor ") + role_name(key.first));
    }
}

// Rounded to float32 at each step, as PyTorch computes them.
std::vector<float> rope_table(const Architecture& a, double (*function)(double)) {
    std::vector<float> table;
    for (uint32_t position = 0; position < a.context; position++)
        for (uint32_t i = 0; i < a.head_dim; i += 2) {
            const float power = float(std::pow(theta, double(float(i) / float(a.head_dim)))), frequency = 1.0f / power;
            const float angle = float(position) * frequency;
            table.push_back(float(function(double(angle))));
        }
    return table;
}

class Appender {
public:
    explicit Appender(const std::string& path) : file_(path) {}

    template <class T>
    void append(const std::vector<T>& values) {
        file_.write_at(end_, values.data(), values.size() * sizeof(T));
        end_ += values.size() * sizeof(T);
    }
    void append(const std::string& bytes) { append(std::vector<char>(bytes.begin(), bytes.end())); }
    void commit() { file_.commit(); }

private:
    OutputFile file_;
    uint64_t end_ = 0;
};

// ---- headers

bool is_tied(const Weights& w) { return w.tensors.count({Role::head, 0}) == 0; }

template <class T>
std::string bytes_of(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// Version 0 says by a negative vocabulary that the head is a matrix of its own.
std::string sizes_of(const Architecture& a, bool negative_vocab) {
    const int32_t vocab = int32_t(a.vocab);
    std::string bytes;
    for (const uint32_t size : {a.dim, a.hidden, a.layers, a.heads, a.kv_heads}) bytes += bytes_of(size);
    return bytes + bytes_of(negative_vocab ? -vocab : vocab) + bytes_of(a.context);
}

std::string header_of(const Weights& w, Llama2cLayout layout) {
    if (layout.version == 0) return sizes_of(w.architecture, !is_tied(w));
    std::string bytes =
        bytes_of(magic) + bytes_of(layout.version) + sizes_of(w.architecture, false) + bytes_of(uint8_t(is_tied(w)));
    if (layout.version == 2) bytes += bytes_of(layout.group);
    bytes.resize(header_bytes);
    return bytes;
}

// ---- 8 bits

// runq quantizes activations in the same groups, so that they divide dim and hidden.
uint32_t default_group(const Architecture& a) {
    uint32_t group = 64;
    while (a.dim % group != 0 || a.hidden % group != 0) group /= 2;
    return group;
}

void append_groups(const std::vector<float>& values, uint32_t group, Appender& file) {
    std::vector<int8_t> elements(values.size());
    std::vector<float> scales(values.size() / group);
    for (size_t g = 0; g < scales.size(); g++) {
        float largest = 0;
        for (size_t i = g * group; i < (g + 1) * group; i++) largest = std::max(largest, std::fabs(values[i]));
        scales[g] = largest / 127.0f;
        for (size_t i = g * group; scales[g] > 0 && i < (g + 1) * group; i++)
            elements[i] = static_cast<int8_t>(std::nearbyint(values[i] / scales[g]));
    }
    file.append(elements);
    file.append(scales);
}

// ---- tensors

void append_tensor(const Weights& w, Role role, uint32_t layer, Llama2cLayout layout, Appender& file) {
    stop_if_interrupted();
    const HostTensor& tensor = w.tensors.at({role, layer});
    const std::vector<float> values = paired_values(w.architecture, role, tensor, RopePairing::interleaved);
    if (layout.version != 2 || tensor.rows == 1) return file.append(values);
    if (values.size() % layout.group != 0)
        refuse("E_SHAPE", w.source,
               std::string(role_name(role)) + " has " + std::to_string(values.size()) + " elements, which groups of " +
                   std::to_string(layout.group) + " do not divide");
    append_groups(values, layout.group, file);
}

}  // namespace

void export_llama2c(const std::string& path, const Weights& w, Llama2cLayout layout) {
    require_llama(w);
    const Architecture& a = w.architecture;
    if (layout.group == 0) layout.group = default_group(a);
    Appender file(path);
    file.append(header_of(w, layout));
    for (const Role role : layout.version == 0 ? legacy_order : order)
        for (uint32_t layer = 0; layer < (role >= Role::attention_norm ? a.layers : 1); layer++)
            append_tensor(w, role, layer, layout, file);
    if (layout.version == 0) {
        file.append(rope_table(a, std::cos));
        file.append(rope_table(a, std::sin));
    }
    if (!is_tied(w)) append_tensor(w, Role::head, 0, layout, file);
    file.commit();
}

}  // namespace mote::tools
