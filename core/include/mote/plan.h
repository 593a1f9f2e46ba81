// plan: how many bytes a session needs and where each purpose begins. Pure arithmetic, the same on a PC and on a board.
#pragma once

#include "mote/model.h"

namespace mote {

/// What a session is to be able to do.
struct Options {
    uint32_t context = 0;      // tokens the KV cache holds; 0: as many as the model was made for
    uint32_t tile = 1;         // tokens that one pass over the weights takes in a prompt
    Format kv = Format::q8;    // of the KV cache: f32, f16 or q8
    uint32_t prompt_bytes = 0; // longest text that `encode` gets with this session's scratch; 0: no reserve
    uint32_t workers = 1;      // who may share the work (session.h); each has scratch of its own
    bool greedy = false;       // step_greedy instead of step: no room for the logits
};

#ifndef MOTE_WORKERS
#define MOTE_WORKERS 1  // 0: core is built without Workers, for chips with one core
#endif
constexpr uint32_t max_workers = MOTE_WORKERS ? 64 : 1;

/// One run of bytes in the arena.
struct Region {
    size_t offset = 0;
    size_t bytes = 0;
};

/// The layout of an arena. All offsets are multiples of 16.
struct Plan {
    uint32_t context = 0;
    uint32_t tile = 0;
    Format kv = Format::q8;
    uint32_t prompt_bytes = 0;
    uint32_t workers = 1;
    bool greedy = false;
    uint32_t quant_cols = 0;  // columns that `quant` has room for in each token
    Region state;   // position and such
    Region cache;   // layers x (keys, values)
    Region stream;  // x: tile x dim f32
    Region normed;  // tile x dim f32: what a sublayer reads, then what it gives back
    Region rope;    // tile x rope_dim f32: cosines and sines of the tile's positions
    Region quant;   // int8 activations of the tile, with their scales
    Region work;    // the larger of attention, feed-forward and logits, which never live together; and encode's scratch
    size_t total = 0;
};

/// The exact layout for these options.
/// Errors: argument (kv is not a cache format, tile 0), limit (`where` 0: context beyond the model's or 65535; 1: workers beyond
/// max_workers or 0; `found` and `allowed`: tokens, workers), overflow (more bytes than size_t counts).
Result<Plan> plan(const Model& model, const Options& options);

/// The largest context whose plan fits `arena_bytes` with the other options kept; 0 if not even one token fits.
uint32_t largest_context(const Model& model, Options options, size_t arena_bytes);

/// Bytes of the cache of one layer: keys and values of every kv head, and their scales.
struct CacheLayout {
    size_t values;        // offset of the values; keys begin at 0. [kv_heads][context][head_dim]
    size_t key_scales;    // q8: bf16[kv_heads][context]
    size_t value_scales;
    size_t layer_bytes;
};
Result<CacheLayout> cache_layout(const Architecture& architecture, Format kv, uint32_t context);

}  // namespace mote
