// model: the transformer as straight lines, and the same lines backwards.
#include "train/model.h"

#include <cstring>
#include <utility>

#include "train/activation.h"
#include "train/attention.h"
#include "train/dropout.h"
#include "train/embedding.h"
#include "train/head_norm.h"
#include "train/linear.h"
#include "train/norm.h"
#include "train/qat.h"

namespace mote::tools {
namespace {

AttentionShape attention_shape(const Network& n, size_t length) {
    const Architecture& a = n.architecture;
    return {length, a.heads, a.kv_heads, a.head_dim, a.attention_scale};
}

// ---- operations as the architecture chooses them

void norm_forward(const Network& n, float* y, const float* x, const float* w, const float* bias, size_t rows) {
    const Architecture& a = n.architecture;
    if (a.norm == Norm::rms)
        rms_norm_forward(y, x, w, a.norm_eps, rows, a.dim);
    else
        layer_norm_forward(y, x, w, bias, a.norm_eps, rows, a.dim);
}

void norm_backward(const Network& n, float* dx, float* dw, float* dbias, const float* dy, const float* x, const float* w,
                   size_t rows) {
    const Architecture& a = n.architecture;
    if (a.norm == Norm::rms)
        rms_norm_backward(dx, dw, dy, x, w, a.norm_eps, rows, a.dim);
    else
        layer_norm_backward(dx, dw, dbias, dy, x, w, a.norm_eps, rows, a.dim);
}

// Heads of queries and of keys are neighbours and turn together.
HeadRows rotating_heads(const Network& n) {
    return {size_t(n.architecture.heads) + n.architecture.kv_heads, n.architecture.head_dim, n.qkv_dim()};
}

// Queries and keys as attention sees them but for rope, from the projected ones.
void head_norms_forward(const Network& n, float* qkv, const float* projected, const float* w, const LayerOffsets& l, size_t rows) {
    const Architecture& a = n.architecture;
    std::memcpy(qkv, projected, rows * n.qkv_dim() * sizeof(float));
    head_norm_forward(qkv, projected, at(w, l.q_norm), a.norm_eps, rows, {a.heads, a.head_dim, n.qkv_dim()});
    head_norm_forward(qkv + n.q_dim(), projected + n.q_dim(), at(w, l.k_norm), a.norm_eps, rows,
                      {a.kv_heads, a.head_dim, n.qkv_dim()});
}

void head_norms_backward(const Network& n, float* dqkv, float* dw, const float* projected, const float* w, const LayerOffsets& l,
                         size_t rows) {
    const Architecture& a = n.architecture;
    const HeadRows q{a.heads, a.head_dim, n.qkv_dim()}, k{a.kv_heads, a.head_dim, n.qkv_dim()};
    head_norm_backward(dqkv, at(dw, l.q_norm), projected, at(w, l.q_norm), a.norm_eps, rows, q);
    head_norm_backward(dqkv + n.q_dim(), at(dw, l.k_norm), projected + n.q_dim(), at(w, l.k_norm), a.norm_eps, rows, k);
}

// y = residual + dropout(x w^T + bias)
void residual_forward(float* y, const float* x, const float* w, const float* bias, const float* residual, LinearShape s,
                      Dropout d) {
    linear_forward(y, x, w, bias, d.rate == 0 ? residual : nullptr, s);
    if (d.rate != 0) add_dropped(y, residual, d.rate, d.seed, s.rows * s.out);
}

// The gradient in front of the sum and the dropout: dx itself without dropout, else in `space`.
const float* residual_backward(float* space, const float* dx, size_t count, Dropout d) {
    if (d.rate == 0) return dx;
    std::memcpy(space, dx, count * sizeof(float));
    dropout(space, d.rate, d.seed, count);
    return space;
}

// x as the matrix behind it gets it: x itself, or what the device's rounding leaves of it, in `space`, which may be x.
const float* operand(const Network& n, float* space, const float* x, size_t rows, size_t cols) {
    if (!n.rounded) return x;
    round_rows(space, x, rows, cols);
    return space;
}

// Every place has its own zeros; the constant spreads neighbouring places over all bits.
Dropout at_place(Dropout d, size_t place) { return {d.rate, d.seed ^ ((place + 1) * 0x9e3779b97f4a7c15u)}; }
Dropout after_attention(Dropout d, size_t layer) { return at_place(d, 2 * layer + 1); }
Dropout after_feed_forward(Dropout d, size_t layer) { return at_place(d, 2 * layer + 2); }

// ---- forward

void attention_layer(const Network& n, const float* w, size_t layer, const Batch& b, Dropout d, Activations& s) {
    const LayerOffsets& l = n.layers[layer];
    const size_t rows = b.rows(), dim = n.architecture.dim;
    const AttentionShape shape = attention_shape(n, b.length);
    norm_forward(n, s.normed, s.stream(layer), at(w, l.attention_norm), at(w, l.attention_norm_bias), rows);
    const float* x = operand(n, s.normed, s.normed, rows, dim);
    linear_forward(s.projected(layer), x, at(w, l.qkv), at(w, l.qkv_bias), nullptr, {rows, dim, n.qkv_dim()});
    if (n.head_norms()) head_norms_forward(n, s.qkv(layer), s.projected(layer), w, l, rows);
    for (size_t i = 0; i < b.sequences; i++) {
        float* qkv = s.qkv(layer) + i * b.length * n.qkv_dim();
        if (n.rope.pairs) rope_forward(qkv, n.rope, b.length, rotating_heads(n));
        if (n.rounded) round_heads(qkv, b.length, n);
        attention_forward(s.attended(layer) + i * b.length * n.q_dim(), s.lse(layer) + i * b.length * shape.heads, qkv, s.attention,
                          shape);
    }
    const float* attended = operand(n, s.dattended, s.attended(layer), rows, n.q_dim());
    residual_forward(s.middle(layer), attended, at(w, l.o), at(w, l.o_bias), s.stream(layer), {rows, n.q_dim(), dim},
                     after_attention(d, layer));
}

void feed_forward_layer(const Network& n, const float* w, size_t layer, const Batch& b, Dropout d, Activations& s) {
    const LayerOffsets& l = n.layers[layer];
    const size_t rows = b.rows(), dim = n.architecture.dim, hidden = n.architecture.hidden;
    norm_forward(n, s.normed, s.middle(layer), at(w, l.ffn_norm), at(w, l.ffn_norm_bias), rows);
    const float* x = operand(n, s.normed, s.normed, rows, dim);
    linear_forward(s.up(layer), x, at(w, l.up), at(w, l.up_bias), nullptr, {rows, dim, n.up_dim()});
    if (n.gated())
        gated_forward(s.active, s.up(layer), n.architecture.activation, rows, hidden);
    else
        activation_forward(s.active, s.up(layer), n.architecture.activation, rows, hidden);
    const float* active = operand(n, s.active, s.active, rows, hidden);
    residual_forward(s.stream(layer + 1), active, at(w, l.down), at(w, l.down_bias), s.middle(layer), {rows, hidden, dim},
                     after_feed_forward(d, layer));
}

// ---- backward: s.dstream is the gradient of the stream behind the sublayer on entry, and in front of it on return

void feed_forward_layer_backward(const Network& n, const float* w, float* dw, size_t layer, const Batch& b, Dropout d,
                                 Activations& s) {
    const LayerOffsets& l = n.layers[layer];
    const size_t rows = b.rows(), dim = n.architecture.dim, hidden = n.architecture.hidden;
    const LinearShape down{rows, hidden, dim}, up{rows, dim, n.up_dim()};
    const float* dy = residual_backward(s.dropped, s.dstream, rows * dim, after_feed_forward(d, layer));
    if (n.gated()) {
        linear_backward_input(s.active, dy, at(w, l.down), down);
        gated_backward(s.dup, s.active, s.up(layer), n.architecture.activation, rows, hidden);
    } else {
        linear_backward_input(s.dup, dy, at(w, l.down), down);
        activation_backward(s.dup, s.active, s.up(layer), n.architecture.activation, rows, hidden);
    }
    const float* active = operand(n, s.active, s.active, rows, hidden);
    linear_backward_weights(at(dw, l.down), at(dw, l.down_bias), dy, active, down);
    norm_forward(n, s.normed, s.middle(layer), at(w, l.ffn_norm), at(w, l.ffn_norm_bias), rows);
    const float* x = operand(n, s.normed, s.normed, rows, dim);
    linear_backward_weights(at(dw, l.up), at(dw, l.up_bias), s.dup, x, up);
    linear_backward_input(s.dnormed, s.dup, at(w, l.up), up);
    norm_backward(n, s.dstream, at(dw, l.ffn_norm), at(dw, l.ffn_norm_bias), s.dnormed, s.middle(layer), at(w, l.ffn_norm), rows);
}

void attention_layer_backward(const Network& n, const float* w, float* dw, size_t layer, const Batch& b, Dropout d,
                              Activations& s) {
    const LayerOffsets& l = n.layers[layer];
    const size_t rows = b.rows(), dim = n.architecture.dim;
    const LinearShape o{rows, n.q_dim(), dim}, qkv{rows, dim, n.qkv_dim()};
    const AttentionShape shape = attention_shape(n, b.length);
    const float* dy = residual_backward(s.dropped, s.dstream, rows * dim, after_attention(d, layer));
    const float* attended = operand(n, s.dattended, s.attended(layer), rows, n.q_dim());
    linear_backward_weights(at(dw, l.o), at(dw, l.o_bias), dy, attended, o);
    linear_backward_input(s.dattended, dy, at(w, l.o), o);
    for (size_t i = 0; i < b.sequences; i++) {
        const size_t q_at = i * b.length * n.q_dim(), qkv_at = i * b.length * n.qkv_dim();
        attention_backward(s.dqkv + qkv_at, s.dattended + q_at, s.attended(layer) + q_at, s.lse(layer) + i * b.length * shape.heads,
                           s.qkv(layer) + qkv_at, s.attention, shape);
        if (n.rope.pairs) rope_backward(s.dqkv + qkv_at, n.rope, b.length, rotating_heads(n));
    }
    if (n.head_norms()) head_norms_backward(n, s.dqkv, dw, s.projected(layer), w, l, rows);
    norm_forward(n, s.normed, s.stream(layer), at(w, l.attention_norm), at(w, l.attention_norm_bias), rows);
    const float* x = operand(n, s.normed, s.normed, rows, dim);
    linear_backward_weights(at(dw, l.qkv), at(dw, l.qkv_bias), s.dqkv, x, qkv);
    linear_backward_input(s.dnormed, s.dqkv, at(w, l.qkv), qkv);
    norm_backward(n, s.dstream, at(dw, l.attention_norm), at(dw, l.attention_norm_bias), s.dnormed, s.stream(layer),
                  at(w, l.attention_norm), rows);
}

}  // namespace

// ---- memory

// Sizes in floats; every buffer begins at a cache line.
struct Activations::Plan {
    size_t stream, qkv, projected, attended, lse, up, active, attention, logits;

    Plan(const Network& n, size_t sequences, size_t length) {
        const size_t rows = sequences * length;
        const auto lines = [](size_t floats) { return (floats + 15) / 16 * 16; };
        stream = lines(rows * n.architecture.dim);
        qkv = lines(rows * n.qkv_dim());
        projected = n.head_norms() ? qkv : 0;
        attended = lines(rows * n.q_dim());
        lse = lines(rows * n.architecture.heads);
        up = lines(rows * n.up_dim());
        active = lines(rows * n.architecture.hidden);
        attention = lines(attention_scratch(attention_shape(n, length)));
        logits = lines(head_scratch(n.architecture.vocab));
    }
    size_t kept_per_layer() const { return 2 * stream + qkv + projected + attended + lse + up; }
    size_t scratch() const { return 4 * stream + active + attended + qkv + up + attention + logits; }
    size_t total(size_t layers) const { return layers * kept_per_layer() + stream + scratch(); }
};

size_t Activations::count(const Network& network, size_t sequences, size_t length) {
    return Plan(network, sequences, length).total(network.architecture.layers);
}

Activations::Activations(const Network& network, size_t sequences, size_t length) : memory_(count(network, sequences, length)) {
    const Plan p(network, sequences, length);
    const size_t layers = network.architecture.layers;
    stream_step_ = p.stream, qkv_step_ = p.qkv, attended_step_ = p.attended, lse_step_ = p.lse, up_step_ = p.up;
    float* next = memory_.data();
    const auto take = [&next](size_t floats) { return std::exchange(next, next + floats); };
    stream_ = take((layers + 1) * p.stream);
    middle_ = take(layers * p.stream);
    qkv_ = take(layers * p.qkv);
    projected_ = p.projected ? take(layers * p.projected) : nullptr;
    attended_ = take(layers * p.attended);
    lse_ = take(layers * p.lse);
    up_ = take(layers * p.up);
    normed = take(p.stream);
    dstream = take(p.stream);
    dnormed = take(p.stream);
    dropped = take(p.stream);
    active = take(p.active);
    dattended = take(p.attended);
    dqkv = take(p.qkv);
    dup = take(p.up);
    attention = take(p.attention);
    logits = take(p.logits);
}

// ---- the whole

void forward(const Network& n, const float* w, const Batch& b, Dropout d, Activations& s) {
    embedding_forward(s.stream(0), b.tokens, at(w, n.token_embedding), at(w, n.position_embedding), b.rows(), b.length,
                      n.architecture.dim);
    const Dropout first = at_place(d, 0);
    dropout(s.stream(0), first.rate, first.seed, b.rows() * n.architecture.dim);
    for (size_t layer = 0; layer < n.layers.size(); layer++) {
        attention_layer(n, w, layer, b, d, s);
        feed_forward_layer(n, w, layer, b, d, s);
    }
    norm_forward(n, s.normed, s.stream(n.layers.size()), at(w, n.final_norm), at(w, n.final_norm_bias), b.rows());
    operand(n, s.normed, s.normed, b.rows(), n.architecture.dim);
}

double loss(const Network& n, const float* w, const Batch& b, Activations& s) {
    forward(n, w, b, {}, s);
    return head_loss(s.normed, at(w, n.head), b.targets, s.logits, {b.rows(), n.architecture.dim, n.architecture.vocab});
}

double loss_and_gradient(const Network& n, const float* w, float* dw, const Batch& b, float scale, Dropout d, Activations& s) {
    const size_t dim = n.architecture.dim, layers = n.layers.size();
    forward(n, w, b, d, s);
    const double loss = head_loss_and_gradient(s.dnormed, at(dw, n.head), s.normed, at(w, n.head), b.targets, scale, s.logits,
                                               {b.rows(), dim, n.architecture.vocab});
    std::memset(s.dstream, 0, b.rows() * dim * sizeof(float));
    norm_backward(n, s.dstream, at(dw, n.final_norm), at(dw, n.final_norm_bias), s.dnormed, s.stream(layers), at(w, n.final_norm),
                  b.rows());
    for (size_t layer = layers; layer-- > 0;) {
        feed_forward_layer_backward(n, w, dw, layer, b, d, s);
        attention_layer_backward(n, w, dw, layer, b, d, s);
    }
    const Dropout first = at_place(d, 0);
    dropout(s.dstream, first.rate, first.seed, b.rows() * dim);
    embedding_backward(at(dw, n.token_embedding), at(dw, n.position_embedding), s.dstream, b.tokens, b.rows(), b.length, dim);
    return loss;
}

}  // namespace mote::tools
