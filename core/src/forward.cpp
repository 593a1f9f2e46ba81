// forward: the transformer, read straight down. What varies between architectures is data in the model file.
#include "forward.h"

#include "../kernels/arithmetic.h"
#include "../kernels/kernels.h"
#include "state.h"

namespace mote {
namespace {

// What every function here needs: some tokens of a tile, and who works on them.
struct Pass {
    const Model& model;
    const Architecture& a;
    const Plan& plan;
    const Kernels& kernel;
    uint8_t* arena;
    const Workers* workers;  // share the work of each token; nullptr: this one does it all
    uint32_t worker;         // who this is
    uint32_t first;          // token of the tile
    uint32_t count;          // tokens
    uint32_t position;       // of the first
    uint32_t layer = 0;

    float* floats(const Region& region, size_t token_floats) const {
        return reinterpret_cast<float*>(arena + region.offset) + first * token_floats;
    }
    float* stream() const { return floats(plan.stream, a.dim); }
    float* normed() const { return floats(plan.normed, a.dim); }
    float* rope_table() const { return floats(plan.rope, a.rope_dim); }
    float* work() const { return floats(plan.work, 0); }
    bool has(Role role) const { return model.first_of_role[uint32_t(role)] < model.first_of_role[uint32_t(role) + 1]; }
    Matrix tensor(Role role) const { return has(role) ? mote::tensor(model, role, layer) : Matrix{}; }
    const float* vector(Role role) const { return has(role) ? mote::tensor(model, role, layer).f32() : nullptr; }
};

struct Range {
    uint32_t begin, end;
};

// One worker's share of whatever is to do.
struct Share {
    uint32_t worker, workers;

    // Its part of [0, n), cut at multiples of `unit`.
    Range of(uint32_t n, uint32_t unit) const {
        if (workers == 1) return {0, n};
        const uint64_t units = (n + unit - 1) / unit;
        const uint32_t begin = uint32_t(units * worker / workers) * unit, end = uint32_t(units * (worker + 1) / workers) * unit;
        return {begin < n ? begin : n, end < n ? end : n};
    }
};

// Products of two numbers that are worth a handover to another core and back, which costs about what they do.
constexpr uint64_t least_shared_products = 48 << 10;

// Calls work(share) for every worker at once, or for one where there is one, or little to do.
template <class Work>
[[gnu::always_inline]] inline void share(const Pass& p, uint64_t products, const Work& work) {
    if (MOTE_WORKERS && p.workers && products >= least_shared_products) {
        struct Job {
            const Work& work;
            uint32_t workers;
        } job{work, p.workers->count};
        return p.workers->run(p.workers->pool, [](void* context, uint32_t worker) {
            const Job& own = *static_cast<const Job*>(context);
            own.work(Share{worker, own.workers});
        }, &job);
    }
    work(Share{0, 1});
}

// Calls work(pass): with one token, whose work is shared inside; or with a part of the tokens for each worker.
template <class Work>
[[gnu::always_inline]] inline void share_tokens(const Pass& p, const Work& work) {
    if (!MOTE_WORKERS || !p.workers || p.count == 1) return work(p);
    share(p, least_shared_products, [&](Share own) {
        const Range tokens = own.of(p.count, 1);
        if (tokens.begin == tokens.end) return;
        work(Pass{p.model, p.a, p.plan, p.kernel, p.arena, nullptr, own.worker, p.first + tokens.begin, tokens.end - tokens.begin,
                  p.position + tokens.begin, p.layer});
    });
}

bool is(const Matrix& w, Format format) { return built(format) && w.format == format; }

bool is_quantized(const Matrix& w) { return is(w, Format::q8) || is(w, Format::q4); }

// Vectors in front of one or more matrices; their int8 form is made when the first quantized matrix asks.
struct Operand {
    const float* x;
    uint32_t cols;
    QuantizedTile quantized{};
    bool ready = false;
};

// Each token has its own place for the widest operand there is: while one worker is at a narrow one, another is at the widest.
void quantize(const Pass& p, Operand& operand) {
    const size_t tile = p.plan.tile, wide = p.plan.quant_cols;
    uint8_t* values = p.arena + p.plan.quant.offset;
    uint8_t* scales = values + tile * wide;
    uint8_t* exponents = scales + tile * sizeof(float);
    QuantizedTile& t = operand.quantized;
    t.stride = padded_cols(Format::q4, operand.cols);
    t.values = reinterpret_cast<int8_t*>(values + p.first * wide);
    t.scales = reinterpret_cast<float*>(scales) + p.first;
    t.exponents = built(ActivationScale::group) && p.a.activation_scale == ActivationScale::group ? exponents + p.first * (wide / group_cols) : nullptr;
    for (uint32_t i = 0; i < p.count; i++) p.kernel.quantize_row(operand.x + size_t(i) * operand.cols, operand.cols, t, i);
    operand.ready = true;
}

// y = w x + bias for each vector of an operand, with this layer's tensors of these roles.
struct Product {
    Role w, bias;
    float* y;
};
constexpr Role no_bias = Role(0);

constexpr uint32_t row_unit = 16;  // kernels take up to 16 rows at a time

void keep_rows(Matrix& w, const Range& rows) {
    const size_t before = size_t(rows.begin) * padded_cols(w.format, w.cols);
    w.rows = rows.end - rows.begin;
    w.data += w.format == Format::f32 ? before * 4 : w.format == Format::f16 ? before * 2 : w.format == Format::q8 ? before : before / 2;
    if (w.row_scales) w.row_scales += rows.begin;
    if (w.group_scales) w.group_scales += before / group_cols;
}

void multiply_matrix(const Pass& p, const Matrix& w, const Operand& x, float* y) {
    switch (w.format) {
        case Format::f32: if (built(Format::f32)) p.kernel.matmul_f32(w, x.x, p.count, y); break;
        case Format::f16: if (built(Format::f16)) p.kernel.matmul_f16(w, x.x, p.count, y); break;
        case Format::q8: if (built(Format::q8)) p.kernel.matmul_q8(w, x.quantized, p.count, y); break;
        case Format::q4: if (built(Format::q4)) p.kernel.matmul_q4(w, x.quantized, p.count, y); break;
        case Format::u32: break;  // never a weight: open refuses it, as it refuses what is not built
    }
}

// A worker's rows of a product; with more than one vector they are all of them.
void multiply_rows(const Pass& p, const Operand& x, const Product& product, Share own) {
    Matrix w = p.tensor(product.w);
    const Range rows = own.of(w.rows, row_unit);
    if (rows.begin == rows.end) return;
    if (rows.begin || rows.end < w.rows) keep_rows(w, rows);
    float* y = product.y + rows.begin;
    multiply_matrix(p, w, x, y);
    if (const float* bias = p.vector(product.bias))
        for (uint32_t i = 0; i < p.count; i++) p.kernel.add(y + size_t(i) * w.rows, bias + rows.begin, w.rows);
}

// Several matrices over one operand; `then(share)` goes on with what the worker has made.
template <class Then>
[[gnu::always_inline]] inline void multiply(const Pass& p, Operand& x, const Product* products, uint32_t count, const Then& then) {
    for (uint32_t i = 0; i < count; i++)
        if (!x.ready && is_quantized(p.tensor(products[i].w))) quantize(p, x);
    uint64_t weights = 0;
    for (uint32_t i = 0; MOTE_WORKERS && p.workers && i < count; i++) {
        const Matrix w = p.tensor(products[i].w);
        weights += uint64_t(w.rows) * w.cols;
    }
    share(p, weights, [&](Share own) __attribute__((always_inline)) {
        for (uint32_t i = 0; i < count; i++) multiply_rows(p, x, products[i], own);
        then(own);
    });
}

void multiply(const Pass& p, Operand& x, const Product* products, uint32_t count) {
    multiply(p, x, products, count, [](Share) {});
}

// x normed, as it stands at these tokens.
void normalize(const Pass& p, Role weight, Role bias) {
    const float *x = p.stream(), *w = p.vector(weight), *b = p.vector(bias);
    float* y = p.normed();
    for (uint32_t i = 0; i < p.count; i++, x += p.a.dim, y += p.a.dim) {
        if (!built(Norm::layer) || p.a.norm == Norm::rms) p.kernel.rms_norm(x, w, p.a.dim, p.a.norm_eps, y);
        else p.kernel.layer_norm(x, w, b, p.a.dim, p.a.norm_eps, y);
    }
}

// One row of a packed matrix, as floats.
void read_row(const Matrix& w, uint32_t row, float* y) {
    const uint32_t padded = padded_cols(w.format, w.cols);
    const float scale = w.row_scales ? bf16_to_f32(w.row_scales[row]) : 0;
    const size_t first = size_t(row) * padded, block = size_t(row / 4) * 4 * padded;
    for (uint32_t i = 0; i < w.cols; i++) {
        if (is(w, Format::f32)) y[i] = w.f32()[first + i];
        else if (is(w, Format::f16)) y[i] = f16_to_f32(reinterpret_cast<const uint16_t*>(w.data)[first + i]);
        else if (is(w, Format::q8)) y[i] = float(int8_t(w.data[block + (i / 4) * 16 + (row & 3u) * 4 + (i & 3u)])) * scale;
        else if (is(w, Format::q4)) {
            const size_t group = i / group_cols;
            const uint32_t in_group = i % group_cols, chunk = (in_group & 15u) / 4;
            const uint32_t byte = w.data[block / 2 + group * 64 + chunk * 16 + (row & 3u) * 4 + (i & 3u)];
            const int32_t value = int32_t(in_group < 16 ? byte & 15u : byte >> 4) - 8;
            y[i] = float(value * w.group_scales[block / group_cols + group * 4 + (row & 3u)]) * scale;
        }
    }
}

void embed(const Pass& p, const uint32_t* tokens) {
    const Matrix tokens_table = p.tensor(Role::token_embedding);
    const Matrix positions_table = p.tensor(Role::position_embedding);
    for (uint32_t i = 0; i < p.count; i++) {
        float* x = p.stream() + size_t(i) * p.a.dim;
        read_row(tokens_table, tokens[i], x);
        if (!built(Position::learned) || !positions_table) continue;
        float* y = p.normed();
        read_row(positions_table, p.position + i, y);
        p.kernel.add(x, y, p.a.dim);
    }
}

// Cosines and sines of the tile's positions. A phase is a fraction of 2^32 of a turn, so that it wraps by itself.
void fill_rope_table(const Pass& p) {
    const Matrix frequencies = p.tensor(Role::rope_frequencies);
    float* to = p.rope_table();
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t pair = 0; pair < p.a.rope_dim / 2; pair++) {
            const CosSin angle = cos_sin((p.position + i) * frequencies.u32()[pair]);
            *to++ = angle.cosine;
            *to++ = angle.sine;
        }
}

// q/k norm and rotation of each head of a tile of q or k rows.
void finish_heads(const Pass& p, float* x, uint32_t heads, const float* norm) {
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t h = 0; h < heads; h++, x += p.a.head_dim) {
            if (norm) p.kernel.rms_norm(x, norm, p.a.head_dim, p.a.norm_eps, x);
            if (built(Position::rope) && p.a.rope_dim) p.kernel.rope(p.a.rope_pairing, x, p.rope_table() + size_t(i) * p.a.rope_dim, p.a.rope_dim / 2);
        }
}

// One layer's cache, head by head.
struct LayerCache {
    uint8_t* keys;
    uint8_t* values;
    uint16_t* key_scales;
    uint16_t* value_scales;
};

LayerCache cache_of(const Pass& p) {
    const CacheLayout layout = cache_layout(p.a, p.plan.kv, p.plan.context).value;  // checked when the plan was made
    uint8_t* base = p.arena + p.plan.cache.offset + size_t(p.layer) * layout.layer_bytes;
    return {base, base + layout.values, reinterpret_cast<uint16_t*>(base + layout.key_scales),
            reinterpret_cast<uint16_t*>(base + layout.value_scales)};
}

bool caches_as(const Pass& p, Format format) { return built_cache(format) && p.plan.kv == format; }

// Writes one head's key or value. q8 takes the smallest bf16 scale with |x| <= 127 scale, so that no element saturates.
void store_head(const Pass& p, const float* x, uint8_t* cells, uint16_t* scales, size_t row) {
    const uint32_t n = p.a.head_dim;
    if (caches_as(p, Format::f32)) {
        __builtin_memcpy(cells + row * n * 4, x, size_t(n) * 4);
    } else if (caches_as(p, Format::f16)) {
        uint16_t* to = reinterpret_cast<uint16_t*>(cells) + row * n;
        for (uint32_t i = 0; i < n; i++) to[i] = f32_to_f16(x[i]);
    } else if (caches_as(p, Format::q8)) {
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

// The rows of q, k and v of these tokens, and the scratch behind them.
struct AttentionRows {
    float *q, *k, *v;
    uint32_t* scratch;       // of all workers
    uint32_t scratch_words;  // of each
};

AttentionRows attention_rows(const Pass& p) {
    const size_t q_dim = size_t(p.a.heads) * p.a.head_dim, kv_dim = size_t(p.a.kv_heads) * p.a.head_dim, tile = p.plan.tile;
    const size_t bytes = (tile * (q_dim + 2 * kv_dim) * 4 + 15) & ~size_t(15);
    float* k = p.work() + tile * q_dim;
    return {p.work() + p.first * q_dim, k + p.first * kv_dim, k + (tile + p.first) * kv_dim,
            reinterpret_cast<uint32_t*>(p.arena + p.plan.work.offset + bytes), worker_scratch(p.plan.context, p.a.head_dim, queries_at_once(p.a))};
}

// What stands at these positions, as queries and in the cache.
void project(const Pass& p) {
    const AttentionRows rows = attention_rows(p);
    normalize(p, Role::attention_norm, Role::attention_norm_bias);
    Operand x{p.normed(), p.a.dim};
    const Product products[] = {{Role::q, Role::q_bias, rows.q}, {Role::k, Role::k_bias, rows.k}, {Role::v, Role::v_bias, rows.v}};
    multiply(p, x, products, 3);
    finish_heads(p, rows.q, p.a.heads, p.vector(Role::q_norm));
    finish_heads(p, rows.k, p.a.kv_heads, p.vector(Role::k_norm));
    store_tile(p, cache_of(p), rows.k, rows.v);
}

// Some heads of one token against the cache; the output replaces the query.
void attend_heads(const Pass& p, const LayerCache& cache, uint32_t positions, float* q, const Range& heads, uint32_t* scratch) {
    const auto run = p.plan.kv == Format::q8 ? p.kernel.attend_q8 : p.plan.kv == Format::f16 ? p.kernel.attend_f16 : p.kernel.attend_f32;
    const size_t cell_bytes = p.plan.kv == Format::q8 ? 1 : p.plan.kv == Format::f16 ? 2 : 4;
    const uint32_t queries_per_kv = p.a.heads / p.a.kv_heads;
    const auto run_two = p.plan.kv == Format::q8 ? p.kernel.attend_two_q8 : nullptr;
    for (uint32_t h = heads.begin, count; h < heads.end; h += count) {
        const uint32_t kv_head = h / queries_per_kv;
        const size_t row = size_t(kv_head) * p.plan.context;
        const size_t cells = row * p.a.head_dim * cell_bytes;
        const Attention a{cache.keys + cells, cache.values + cells, cache.key_scales + row, cache.value_scales + row, positions,
                          p.a.head_dim, p.a.attention_scale, scratch};
        float* head = q + size_t(h) * p.a.head_dim;
        count = run_two && h + 1 < heads.end && (h + 1) / queries_per_kv == kv_head ? 2 : 1;
        (count == 2 ? run_two : run)(a, head, head);
    }
}

void attend(const Pass& p) {
    const AttentionRows rows = attention_rows(p);
    const LayerCache cache = cache_of(p);
    const uint32_t q_dim = p.a.heads * p.a.head_dim;
    const uint64_t products = uint64_t(p.position + p.count) * p.count * q_dim * 2;
    share(p, products, [&](Share own) {
        uint32_t* scratch = rows.scratch + size_t(p.worker + own.worker) * rows.scratch_words;
        for (uint32_t i = 0; i < p.count; i++)
            attend_heads(p, cache, p.position + i + 1, rows.q + size_t(i) * q_dim, own.of(p.a.heads, 1), scratch);
    });
}

void feed_forward(const Pass& p, bool gated) {
    float* hidden = p.work() + size_t(p.first) * p.a.hidden;
    float* up = hidden + (gated ? size_t(p.plan.tile) * p.a.hidden : 0);
    normalize(p, Role::ffn_norm, Role::ffn_norm_bias);
    Operand x{p.normed(), p.a.dim};
    const auto activate = [&](Share own) {
        const Range rows = own.of(p.a.hidden, row_unit);
        for (size_t at = rows.begin; at < size_t(p.count) * p.a.hidden; at += p.a.hidden) {
            if (built(Work::gated) && gated) p.kernel.gate(p.a.activation, hidden + at, up + at, rows.end - rows.begin);
            else if (built(Work::dense)) p.kernel.activate(p.a.activation, hidden + at, rows.end - rows.begin);
        }
    };
    const Product products[] = {{Role::up, Role::up_bias, up}, {Role::gate, Role::gate_bias, hidden}};
    multiply(p, x, products, gated ? 2 : 1, activate);
}

// The last matrix of a sublayer, from its own width to the stream's, and the sum.
void give_back(const Pass& p, uint32_t cols, Role w, Role bias) {
    Operand x{p.work() + size_t(p.first) * cols, cols};
    const Product product{w, bias, p.normed()};
    multiply(p, x, &product, 1);
    p.kernel.add(p.stream(), p.normed(), p.count * p.a.dim);
}

// Reads the stream, works, gives back to the stream.
void sublayer(const Pass& p, Work work) {
    if (work == Work::self_attention) {
        share_tokens(p, [](const Pass& part) { project(part); });
        share_tokens(p, [](const Pass& part) {
            attend(part);
            give_back(part, part.a.heads * part.a.head_dim, Role::o, Role::o_bias);
        });
    } else {
        share_tokens(p, [&](const Pass& part) {
            feed_forward(part, work == Work::gated);
            give_back(part, part.a.hidden, Role::down, Role::down_bias);
        });
    }
}

Pass pass_of(const Session& session, uint32_t first, uint32_t count, uint32_t position) {
    const Model& model = *session.model;
    const Workers* workers = session.workers.count > 1 ? &session.workers : nullptr;
    return Pass{model, *model.architecture, session.plan, *session.kernels, session.arena, workers, 0, first, count, position};
}

Role head_of(const Pass& p) { return p.has(Role::head) ? Role::head : Role::token_embedding; }

// The most probable token of a worker's rows of the head, some at a time, each looked through while it is warm.
void find_greedy(const Pass& p, const Matrix& head, const Operand& x, const Range& rows, GreedyScratch& best) {
    best.largest = -float_of(infinity_bits);
    best.token = 0;
    best.finite = true;
    for (uint32_t begin = rows.begin, end; begin < rows.end; begin = end) {
        end = rows.end - begin < greedy_rows ? rows.end : begin + greedy_rows;
        Matrix some = head;
        keep_rows(some, {begin, end});
        multiply_matrix(p, some, x, best.logits);
        const uint32_t at = p.kernel.argmax(best.logits, end - begin);
        best.finite = at < end - begin;
        if (!best.finite) {
            best.token = begin;
            while (magnitude(best.logits[best.token - begin]) < infinity_bits) best.token++;
            return;
        }
        if (best.logits[at] > best.largest) {
            best.largest = best.logits[at];
            best.token = begin + at;
        }
    }
}

}  // namespace

void forward(const Session& session, const uint32_t* tokens, uint32_t count, uint32_t position) {
    Pass p = pass_of(session, 0, count, position);
    embed(p, tokens);
    if (built(Position::rope) && p.a.rope_dim) fill_rope_table(p);
    for (p.layer = 0; p.layer < p.a.layers; p.layer++)
        for (const SubLayer& s : p.a.block[p.model.block_of_layer[p.layer]])
            if (s.work != Work::none) sublayer(p, s.work);
}

float* logits_of_last(const Session& session, uint32_t count) {
    const Pass p = pass_of(session, count - 1, 1, 0);
    normalize(p, Role::final_norm, Role::final_norm_bias);
    Operand x{p.normed(), p.a.dim};
    const Product product{head_of(p), no_bias, p.work()};
    multiply(p, x, &product, 1);
    return p.work();
}

const GreedyScratch& greedy_of_last(const Session& session, uint32_t count) {
    const Pass p = pass_of(session, count - 1, 1, 0);
    GreedyScratch* best = reinterpret_cast<GreedyScratch*>(p.work());
    normalize(p, Role::final_norm, Role::final_norm_bias);
    Operand x{p.normed(), p.a.dim};
    const Matrix head = p.tensor(head_of(p));
    if (is_quantized(head)) quantize(p, x);
    uint32_t workers = 1;
    share(p, uint64_t(p.a.vocab) * p.a.dim, [&](Share own) {
        if (own.worker == 0) workers = own.workers;
        find_greedy(p, head, x, own.of(p.a.vocab, row_unit), best[own.worker]);
    });
    for (uint32_t i = 1; i < workers && best->finite; i++)
        if (!best[i].finite || best[i].largest > best->largest) *best = best[i];
    return *best;
}

}  // namespace mote
