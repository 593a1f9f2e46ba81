// plan: adds up what a session needs. Every region begins at a multiple of 16 bytes, so sizes are multiples of 16 too.
#include "mote/plan.h"

#include "../kernels/kernels.h"
#include "checked.h"
#include "state.h"

namespace mote {
namespace {

Size larger(Size a, Size b) { return !b.overflow && (a.overflow || a.value >= b.value) ? a : b; }

bool is_quantized(const Model& model, Role role) {
    for (uint32_t i = model.first_of_role[uint32_t(role)]; i < model.first_of_role[uint32_t(role) + 1]; i++)
        if (model.directory[i].format == Format::q8 || model.directory[i].format == Format::q4) return true;
    return false;
}

// The widest vector that stands in front of a quantized matrix, in columns padded for every format; 0 if there is none.
uint32_t widest_quantized_input(const Model& model) {
    const Architecture& a = *model.architecture;
    static constexpr Role reads_dim[] = {Role::q, Role::k, Role::v, Role::gate, Role::up, Role::head, Role::token_embedding};
    uint32_t widest = 0;
    for (Role role : reads_dim)
        if (is_quantized(model, role)) widest = a.dim;
    if (is_quantized(model, Role::o) && a.heads * a.head_dim > widest) widest = a.heads * a.head_dim;
    if (is_quantized(model, Role::down) && a.hidden > widest) widest = a.hidden;
    return padded_cols(Format::q4, widest);
}

Size attention_bytes(const Architecture& a, const Plan& p) {
    const uint64_t row = uint64_t(a.heads + 2 * a.kv_heads) * a.head_dim;  // q, k, v of a token
    return align_up(Size(p.tile) * row * 4, 16) + Size(p.workers) * worker_scratch(p.context, a.head_dim, queries_at_once(a)) * 4;
}

}  // namespace

Result<CacheLayout> cache_layout(const Architecture& a, Format kv, uint32_t context) {
    const Size heads_tokens = Size(a.kv_heads) * context;
    const Size elements = heads_tokens * a.head_dim;
    const uint64_t element_bytes = kv == Format::f32 ? 4 : kv == Format::f16 ? 2 : 1;
    const Size half = align_up(elements * element_bytes, 16);
    const Size scales = kv == Format::q8 ? heads_tokens * 2 : Size(0);
    const Size key_scales = half + half, value_scales = key_scales + scales;
    const Size layer = align_up(value_scales + scales, 16);
    if (!layer.fits_memory()) return Fault{Error::overflow, 0, context, 0};
    return CacheLayout{size_t(half.value), size_t(key_scales.value), size_t(value_scales.value), size_t(layer.value)};
}

Result<Plan> plan(const Model& model, const Options& options) {
    if (!model.image || options.tile == 0) return Fault{Error::argument, 0, options.tile, 1};
    if (options.kv != Format::f32 && options.kv != Format::f16 && options.kv != Format::q8)
        return Fault{Error::argument, 0, uint64_t(options.kv), uint64_t(Format::q8)};
    if (!built_cache(options.kv)) return Fault{Error::left_out, 0, uint64_t(options.kv), 0};
    const Architecture& a = *model.architecture;
    const uint32_t context = options.context ? options.context : a.context;
    if (context > a.context) return Fault{Error::limit, 0, context, a.context};
    if (options.workers == 0 || options.workers > max_workers) return Fault{Error::limit, 1, options.workers, max_workers};
    Plan p;
    p.context = context;
    p.tile = options.tile < context ? options.tile : context;
    p.kv = options.kv;
    p.prompt_bytes = options.prompt_bytes;
    p.workers = options.workers;
    p.greedy = options.greedy;

    const Result<CacheLayout> cache = cache_layout(a, options.kv, context);
    if (!cache.ok()) return cache.fault;
    const Result<size_t> encode = encode_scratch(model.tokenizer, options.prompt_bytes);
    if (!encode.ok()) return encode.fault;
    p.quant_cols = widest_quantized_input(model);
    const Size tile(p.tile);
    const uint32_t exponents = a.activation_scale == ActivationScale::group ? p.quant_cols / group_cols : 0;
    const Size quant = tile * (uint64_t(p.quant_cols) + exponents + (p.quant_cols ? 4 : 0));
    const Size ffn = tile * a.hidden * (is_gated(a) ? 8 : 4);
    Size work = larger(attention_bytes(a, p), ffn);
    work = larger(work, options.greedy ? Size(p.workers) * greedy_scratch_bytes : Size(a.vocab) * 4);
    work = larger(work, options.prompt_bytes ? Size(encode.value) : Size(0));

    Size end(0);
    bool fits = true;
    const auto place = [&](Region& region, Size bytes) {
        const Size padded = align_up(bytes, 16);
        fits = fits && (end + padded).fits_memory();
        if (fits) region = Region{size_t(end.value), size_t(padded.value)};
        end = end + padded;
    };
    place(p.state, Size(sizeof(State)));
    place(p.cache, Size(a.layers) * cache.value.layer_bytes);
    place(p.stream, tile * a.dim * 4);
    place(p.normed, tile * a.dim * 4);
    place(p.rope, tile * a.rope_dim * 4);
    place(p.quant, quant);
    place(p.work, work);
    if (!fits) return Fault{Error::overflow, 0, context, 0};
    p.total = size_t(end.value);
    return p;
}

uint32_t largest_context(const Model& model, Options options, size_t arena_bytes) {
    if (!model.image) return 0;
    uint32_t fits = 0, beyond = model.architecture->context + 1;
    while (beyond - fits > 1) {  // plan.total grows with context
        options.context = fits + (beyond - fits) / 2;
        const Result<Plan> p = plan(model, options);
        if (p.ok() && p.value.total <= arena_bytes) fits = options.context;
        else beyond = options.context;
    }
    return fits;
}

}  // namespace mote
