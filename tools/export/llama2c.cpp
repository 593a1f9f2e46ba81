// llama2c: seven sizes, then the tensors of each role for all layers.
#include "export/llama2c.h"

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "export/rope_rows.h"
#include "import/rope.h"

namespace mote::tools {
namespace {

constexpr Role order[] = {Role::token_embedding, Role::attention_norm, Role::q,    Role::k,  Role::v,         Role::o,
                          Role::ffn_norm,        Role::gate,           Role::down, Role::up, Role::final_norm};
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
    void commit() { file_.commit(); }

private:
    OutputFile file_;
    uint64_t end_ = 0;
};

}  // namespace

void export_llama2c(const Weights& w, const std::string& path) {
    require_llama(w);
    const Architecture& a = w.architecture;
    const bool tied = w.tensors.count({Role::head, 0}) == 0;
    const auto size = [](uint32_t n) { return int32_t(n); };
    Appender file(path);
    file.append(std::vector<int32_t>{size(a.dim), size(a.hidden), size(a.layers), size(a.heads), size(a.kv_heads),
                                     tied ? size(a.vocab) : -size(a.vocab), size(a.context)});
    for (const Role role : order)
        for (uint32_t layer = 0; layer < (role >= Role::attention_norm ? a.layers : 1); layer++)
            file.append(paired_values(a, role, w.tensors.at({role, layer}), RopePairing::interleaved));
    file.append(rope_table(a, std::cos));
    file.append(rope_table(a, std::sin));
    if (!tied) file.append(w.tensors.at({Role::head, 0}).values());
    file.commit();
}

}  // namespace mote::tools
