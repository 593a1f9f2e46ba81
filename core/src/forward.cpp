// forward: the transformer, read straight down. What varies between architectures is data in the model file.
#include "forward.h"

#include "../kernels/arithmetic.h"
#include "../kernels/kernels.h"

namespace mote {
namespace {

// What every function here needs, computed once a tile.
struct Pass {
    const Model& model;
    const Architecture& a;
    const Plan& plan;
    const Kernels& kernel;
    uint8_t* arena;
    uint32_t count;     // tokens in the tile
    uint32_t position;  // of the first

    float* floats(const Region& region) const { return reinterpret_cast<float*>(arena + region.offset); }
    float* stream() const { return floats(plan.stream); }
    float* normed() const { return floats(plan.normed); }
    float* work() const { return floats(plan.work); }
    float* rope_table() const { return floats(plan.rope); }
};

bool is_quantized(const Matrix& w) { return w.format == Format::q8 || w.format == Format::q4; }

// A tile of vectors in front of one or more matrices; its int8 form is made when the first quantized matrix asks.
struct Operand {
    const float* x;
    uint32_t cols;
    QuantizedTile quantized{};
    bool ready = false;
};

void quantize(const Pass& p, Operand& operand) {
    const uint32_t stride = padded_cols(Format::q4, operand.cols);
    uint8_t* bytes = p.arena + p.plan.quant.offset;
    QuantizedTile& t = operand.quantized;
    t.stride = stride;
    t.values = reinterpret_cast<int8_t*>(bytes);
    t.scales = reinterpret_cast<float*>(bytes + size_t(p.count) * stride);
    t.exponents = p.a.activation_scale == ActivationScale::group ? bytes + size_t(p.count) * (stride + 4) : nullptr;
    for (uint32_t i = 0; i < p.count; i++) p.kernel.quantize_row(operand.x + size_t(i) * operand.cols, operand.cols, t, i);
    operand.ready = true;
}

// y = w x + bias for each vector of the operand's tile.
void linear(const Pass& p, const Matrix& w, const Matrix& bias, Operand& operand, float* y) {
    if (is_quantized(w) && !operand.ready) quantize(p, operand);
    switch (w.format) {
        case Format::f32: p.kernel.matmul_f32(w, operand.x, p.count, y); break;
        case Format::f16: p.kernel.matmul_f16(w, operand.x, p.count, y); break;
        case Format::q8: p.kernel.matmul_q8(w, operand.quantized, p.count, y); break;
        case Format::q4: p.kernel.matmul_q4(w, operand.quantized, p.count, y); break;
        case Format::u32: break;  // never a weight: open refuses it
    }
    if (bias)
        for (uint32_t i = 0; i < p.count; i++) p.kernel.add(y + size_t(i) * w.rows, bias.f32(), w.rows);
}

void normalize(const Pass& p, const float* x, const Matrix& w, const Matrix& bias, float* y) {
    for (uint32_t i = 0; i < p.count; i++, x += p.a.dim, y += p.a.dim) {
        if (p.a.norm == Norm::rms) p.kernel.rms_norm(x, w.f32(), p.a.dim, p.a.norm_eps, y);
        else p.kernel.layer_norm(x, w.f32(), bias.f32(), p.a.dim, p.a.norm_eps, y);
    }
}

// One row of a packed matrix, as floats.
void read_row(const Matrix& w, uint32_t row, float* y) {
    const uint32_t padded = padded_cols(w.format, w.cols);
    const float scale = w.row_scales ? bf16_to_f32(w.row_scales[row]) : 0;
    const size_t first = size_t(row) * padded, block = size_t(row / 4) * 4 * padded;
    for (uint32_t i = 0; i < w.cols; i++) {
        if (w.format == Format::f32) y[i] = w.f32()[first + i];
        else if (w.format == Format::f16) y[i] = f16_to_f32(reinterpret_cast<const uint16_t*>(w.data)[first + i]);
        else if (w.format == Format::q8) y[i] = float(int8_t(w.data[block + (i / 4) * 16 + (row & 3u) * 4 + (i & 3u)])) * scale;
        else {
            const size_t group = i / group_cols;
            const uint32_t in_group = i % group_cols, chunk = (in_group & 15u) / 4;
            const uint32_t byte = w.data[block / 2 + group * 64 + chunk * 16 + (row & 3u) * 4 + (i & 3u)];
            const int32_t value = int32_t(in_group < 16 ? byte & 15u : byte >> 4) - 8;
            y[i] = float(value * w.group_scales[block / group_cols + group * 4 + (row & 3u)]) * scale;
        }
    }
}

void embed(const Pass& p, const uint32_t* tokens) {
    const Matrix tokens_table = tensor(p.model, Role::token_embedding);
    const Matrix positions_table = tensor(p.model, Role::position_embedding);
    for (uint32_t i = 0; i < p.count; i++) {
        float* x = p.stream() + size_t(i) * p.a.dim;
        read_row(tokens_table, tokens[i], x);
        if (!positions_table) continue;
        float* y = p.normed();
        read_row(positions_table, p.position + i, y);
        p.kernel.add(x, y, p.a.dim);
    }
}

// Cosines and sines of the tile's positions. A phase is a fraction of 2^32 of a turn, so that it wraps by itself.
void fill_rope_table(const Pass& p) {
    const Matrix frequencies = tensor(p.model, Role::rope_frequencies);
    float* to = p.rope_table();
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t pair = 0; pair < p.a.rope_dim / 2; pair++) {
            const CosSin angle = cos_sin((p.position + i) * frequencies.u32()[pair]);
            *to++ = angle.cosine;
            *to++ = angle.sine;
        }
}

// q/k norm and rotation of each head of a tile of q or k rows.
void finish_heads(const Pass& p, float* x, uint32_t heads, const Matrix& norm) {
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t h = 0; h < heads; h++, x += p.a.head_dim) {
            if (norm) p.kernel.rms_norm(x, norm.f32(), p.a.head_dim, p.a.norm_eps, x);
            if (p.a.rope_dim) p.kernel.rope(p.a.rope_pairing, x, p.rope_table() + size_t(i) * p.a.rope_dim, p.a.rope_dim / 2);
        }
}

// One layer's cache, head by head.
struct LayerCache {
    uint8_t* keys;
    uint8_t* values;
    uint16_t* key_scales;
    uint16_t* value_scales;
};

LayerCache cache_of(const Pass& p, uint32_t layer) {
    const CacheLayout layout = cache_layout(p.a, p.plan.kv, p.plan.context).value;  // checked when the plan was made
    uint8_t* base = p.arena + p.plan.cache.offset + size_t(layer) * layout.layer_bytes;
    return {base, base + layout.values, reinterpret_cast<uint16_t*>(base + layout.key_scales),
            reinterpret_cast<uint16_t*>(base + layout.value_scales)};
}

// Writes one head's key or value. q8 takes the smallest bf16 scale with |x| <= 127 scale, so that no element saturates.
void store_head(const Pass& p, const float* x, uint8_t* cells, uint16_t* scales, size_t row) {
    const uint32_t n = p.a.head_dim;
    if (p.plan.kv == Format::f32) {
        __builtin_memcpy(cells + row * n * 4, x, size_t(n) * 4);
    } else if (p.plan.kv == Format::f16) {
        uint16_t* to = reinterpret_cast<uint16_t*>(cells) + row * n;
        for (uint32_t i = 0; i < n; i++) to[i] = f32_to_f16(x[i]);
    } else {
        float scale;
        p.kernel.quantize_row(x, n, QuantizedTile{reinterpret_cast<int8_t*>(cells) + row * n, &scale, nullptr, n}, 0);
        scales[row] = scale == scale ? bf16_above(scale) : uint16_t(nan_bits >> 16);
    }
}

void store_tile(const Pass& p, const LayerCache& cache, const float* k, const float* v) {
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t h = 0; h < p.a.kv_heads; h++, k += p.a.head_dim, v += p.a.head_dim) {
            const size_t row = size_t(h) * p.plan.context + p.position + i;
            store_head(p, k, cache.keys, cache.key_scales, row);
            store_head(p, v, cache.values, cache.value_scales, row);
        }
}

// Every head of one token against the cache; the output replaces the query.
void attend_token(const Pass& p, const LayerCache& cache, uint32_t positions, float* q, uint32_t* scratch) {
    const auto run = p.plan.kv == Format::q8 ? p.kernel.attend_q8 : p.plan.kv == Format::f16 ? p.kernel.attend_f16 : p.kernel.attend_f32;
    const size_t cell_bytes = p.plan.kv == Format::q8 ? 1 : p.plan.kv == Format::f16 ? 2 : 4;
    const uint32_t queries_per_kv = p.a.heads / p.a.kv_heads;
    for (uint32_t h = 0; h < p.a.heads; h++, q += p.a.head_dim) {
        const size_t row = size_t(h / queries_per_kv) * p.plan.context;
        const size_t cells = row * p.a.head_dim * cell_bytes;
        run(Attention{cache.keys + cells, cache.values + cells, cache.key_scales + row, cache.value_scales + row, positions,
                      p.a.head_dim, p.a.attention_scale, scratch},
            q, q);
    }
}

void self_attention(const Pass& p, uint32_t layer, Operand& x, float* y) {
    const uint32_t q_dim = p.a.heads * p.a.head_dim, kv_dim = p.a.kv_heads * p.a.head_dim;
    float* q = p.work();
    float* k = q + size_t(p.plan.tile) * q_dim;
    float* v = k + size_t(p.plan.tile) * kv_dim;
    const size_t rows_bytes = (size_t(p.plan.tile) * (q_dim + 2 * kv_dim) * 4 + 15) & ~size_t(15);
    uint32_t* scratch = reinterpret_cast<uint32_t*>(p.arena + p.plan.work.offset + rows_bytes);

    linear(p, tensor(p.model, Role::q, layer), tensor(p.model, Role::q_bias, layer), x, q);
    linear(p, tensor(p.model, Role::k, layer), tensor(p.model, Role::k_bias, layer), x, k);
    linear(p, tensor(p.model, Role::v, layer), tensor(p.model, Role::v_bias, layer), x, v);
    finish_heads(p, q, p.a.heads, tensor(p.model, Role::q_norm, layer));
    finish_heads(p, k, p.a.kv_heads, tensor(p.model, Role::k_norm, layer));
    const LayerCache cache = cache_of(p, layer);
    store_tile(p, cache, k, v);
    for (uint32_t i = 0; i < p.count; i++) attend_token(p, cache, p.position + i + 1, q + size_t(i) * q_dim, scratch);
    Operand out{q, q_dim};
    linear(p, tensor(p.model, Role::o, layer), tensor(p.model, Role::o_bias, layer), out, y);
}

void feed_forward(const Pass& p, uint32_t layer, Work work, Operand& x, float* y) {
    float* hidden = p.work();
    float* up = hidden + (work == Work::gated ? size_t(p.plan.tile) * p.a.hidden : 0);
    linear(p, tensor(p.model, Role::up, layer), tensor(p.model, Role::up_bias, layer), x, up);
    if (work == Work::gated) {
        linear(p, tensor(p.model, Role::gate, layer), tensor(p.model, Role::gate_bias, layer), x, hidden);
        p.kernel.gate(p.a.activation, hidden, up, p.count * p.a.hidden);
    } else {
        p.kernel.activate(p.a.activation, hidden, p.count * p.a.hidden);
    }
    Operand out{hidden, p.a.hidden};
    linear(p, tensor(p.model, Role::down, layer), tensor(p.model, Role::down_bias, layer), out, y);
}

// Reads the stream, works, gives back to the stream.
void sublayer(const Pass& p, uint32_t layer, const SubLayer& s) {
    const bool attends = s.work == Work::self_attention;
    normalize(p, p.stream(), tensor(p.model, attends ? Role::attention_norm : Role::ffn_norm, layer),
              tensor(p.model, attends ? Role::attention_norm_bias : Role::ffn_norm_bias, layer), p.normed());
    Operand x{p.normed(), p.a.dim};
    float* y = p.normed();  // the operand has served when the last matrix writes
    if (attends) self_attention(p, layer, x, y);
    else feed_forward(p, layer, s.work, x, y);
    p.kernel.add(p.stream(), y, p.count * p.a.dim);
}

float* logits_of_last(Pass p) {
    const float* last = p.stream() + size_t(p.count - 1) * p.a.dim;
    p.count = 1;
    normalize(p, last, tensor(p.model, Role::final_norm), tensor(p.model, Role::final_norm_bias), p.normed());
    const Matrix own_head = tensor(p.model, Role::head);
    Operand x{p.normed(), p.a.dim};
    linear(p, own_head ? own_head : tensor(p.model, Role::token_embedding), Matrix{}, x, p.work());
    return p.work();
}

}  // namespace

float* forward(const Session& session, const uint32_t* tokens, uint32_t count, uint32_t position, bool want_logits) {
    const Model& model = *session.model;
    const Architecture& a = *model.architecture;
    const Pass p{model, a, session.plan, *session.kernels, session.arena, count, position};
    embed(p, tokens);
    if (a.rope_dim) fill_rope_table(p);
    for (uint32_t layer = 0; layer < a.layers; layer++)
        for (const SubLayer& s : a.block[model.block_of_layer[layer]])
            if (s.work != Work::none) sublayer(p, layer, s);
    return want_logits ? logits_of_last(p) : nullptr;
}

}  // namespace mote
