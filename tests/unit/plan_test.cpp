// plan: sizes added up by hand for one architecture, and how they grow.
#include <gtest/gtest.h>

#include "src/checked.h"
#include "support/models.h"

namespace mote {
namespace {

using testing::make_model;
using testing::TestModel;

const char* const shape = "llama:dim=64,layers=2,heads=4,kv_heads=2,hidden=128,vocab=300,context=64";

TEST(plan, adds_up_what_was_added_up_by_hand) {
    const TestModel m = make_model(shape);
    const Plan p = plan(m.model, Options{32, 4, Format::q8, 0}).value;
    EXPECT_EQ(p.context, 32u);
    EXPECT_EQ(p.tile, 4u);
    EXPECT_EQ(p.state.bytes, 16u);                    // a position, and padding
    EXPECT_EQ(p.cache.bytes, 2u * (2048 + 256));      // layers x (2 x 2 heads x 32 tokens x 16, and 2 x 64 scales of 2 bytes)
    EXPECT_EQ(p.stream.bytes, 4u * 64 * 4);
    EXPECT_EQ(p.normed.bytes, 4u * 64 * 4);
    EXPECT_EQ(p.rope.bytes, 4u * 16 * 4);
    EXPECT_EQ(p.quant.bytes, 4u * (128 + 4));         // the widest is hidden, and a scale
    EXPECT_EQ(p.work.bytes, 4u * 128 * 4 * 2);        // gate and up; attention takes 4 x 128 x 4 + 2 x (32 + 4) x 4 = 2336
    EXPECT_EQ(p.total, 11552u);
    EXPECT_EQ(p.state.offset, 0u);
    EXPECT_EQ(p.cache.offset, 16u);
    EXPECT_EQ(p.work.offset + p.work.bytes, p.total);
}

TEST(plan, takes_the_cache_format_into_account) {
    const TestModel m = make_model(shape);
    EXPECT_EQ(plan(m.model, Options{32, 4, Format::f16, 0}).value.cache.bytes, 2u * 2 * 2 * 32 * 16 * 2);
    EXPECT_EQ(plan(m.model, Options{32, 4, Format::f32, 0}).value.cache.bytes, 2u * 2 * 2 * 32 * 16 * 4);
}

TEST(plan, has_scratch_for_each_worker) {
    const TestModel m = make_model(shape);
    const Plan alone = plan(m.model, Options{32, 4, Format::q8, 0}).value, many = plan(m.model, Options{32, 4, Format::q8, 0, 40}).value;
    EXPECT_EQ(many.work.bytes, 4u * 128 * 4 + 40 * 2 * (32 + 4) * 4);  // q, k, v of four tokens; scores of two queries, for each
    EXPECT_EQ(many.total - alone.total, many.work.bytes - alone.work.bytes);
}

TEST(plan, has_room_for_exponents_only_with_grouped_activations) {
    const TestModel m = make_model(std::string(shape) + ",scale=group");
    EXPECT_EQ(plan(m.model, Options{32, 4, Format::q8, 0}).value.quant.bytes, 4u * (128 + 4 + 4));
}

TEST(plan, has_no_room_for_quantized_activations_when_no_matrix_is_quantized) {
    const TestModel m = make_model(shape, "f32");
    EXPECT_EQ(plan(m.model, Options{32, 4, Format::q8, 0}).value.quant.bytes, 0u);
}

TEST(plan, makes_room_to_encode_a_prompt) {
    const TestModel m = make_model(shape);
    EXPECT_EQ(plan(m.model, Options{32, 4, Format::q8, 1000}).value.work.bytes, 20032u);  // 1001 x 20, a multiple of 16
}

TEST(plan, makes_room_for_the_logits) {
    const TestModel m = make_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=5000,context=8");
    EXPECT_EQ(plan(m.model, Options{8, 1, Format::q8, 0}).value.work.bytes, 20000u);
}

TEST(plan, takes_the_models_context_for_none_and_never_a_tile_beyond_it) {
    const TestModel m = make_model(shape);
    const Plan p = plan(m.model, Options{0, 1000, Format::q8, 0}).value;
    EXPECT_EQ(p.context, 64u);
    EXPECT_EQ(p.tile, 64u);
}

TEST(plan, grows_with_context_and_with_tile) {
    for (const char* formats : {"q8", "q4", "f16", "f32"}) {
        const TestModel m = make_model(shape, formats);
        for (const Format kv : {Format::q8, Format::f16, Format::f32}) {
            size_t before = 0;
            for (uint32_t context = 1; context <= 64; context++) {
                const size_t total = plan(m.model, Options{context, 1, kv, 0}).value.total;
                EXPECT_GT(total, before);
                before = total;
            }
            before = 0;
            for (uint32_t tile = 1; tile <= 64; tile++) {
                const size_t total = plan(m.model, Options{64, tile, kv, 0}).value.total;
                EXPECT_GT(total, before);
                before = total;
            }
        }
    }
}

TEST(plan, places_regions_one_after_the_other_at_multiples_of_16) {
    const TestModel m = make_model("gpt2:dim=36,layers=3,heads=3,hidden=50,vocab=77,context=19", "q4,embedding=f16");
    for (uint32_t tile = 1; tile < 19; tile += 3) {
        const Plan p = plan(m.model, Options{19, tile, Format::q8, 5}).value;
        size_t end = 0;
        for (const Region& r : {p.state, p.cache, p.stream, p.normed, p.rope, p.quant, p.work}) {
            EXPECT_EQ(r.offset, end);
            EXPECT_EQ(r.bytes % 16, 0u);
            end += r.bytes;
        }
        EXPECT_EQ(p.total, end);
    }
}

TEST(plan, refuses_what_it_cannot_do) {
    const TestModel m = make_model(shape);
    EXPECT_EQ(plan(Model{}, Options{}).fault.error, Error::argument);
    EXPECT_EQ(plan(m.model, Options{32, 0, Format::q8, 0}).fault.error, Error::argument);
    EXPECT_EQ(plan(m.model, Options{32, 1, Format::q4, 0}).fault.error, Error::argument);
    EXPECT_EQ(plan(m.model, Options{32, 1, Format::u32, 0}).fault.error, Error::argument);
    const Fault f = plan(m.model, Options{65, 1, Format::q8, 0}).fault;
    EXPECT_EQ(f.error, Error::limit);
    EXPECT_EQ(f.found, 65u);
    EXPECT_EQ(f.allowed, 64u);
    EXPECT_EQ(plan(m.model, Options{0xffffffffu, 1, Format::q8, 0}).fault.error, Error::limit);
}

// An architecture without weights: plan needs no more. The largest sizes that open lets through.
TEST(plan, of_the_largest_sizes_is_a_number_or_an_overflow_but_never_a_wrap) {
    Architecture a{};
    a.dim = max_dim, a.layers = max_layers, a.heads = a.kv_heads = max_dim / max_head_dim, a.head_dim = max_head_dim;
    a.hidden = max_hidden, a.vocab = max_vocab, a.context = max_context, a.rope_dim = max_head_dim, a.blocks = 1;
    a.block[0][1].work = Work::gated;
    Model m;
    m.image = reinterpret_cast<const uint8_t*>(&a);
    m.architecture = &a;
    TokenizerHeader pairs{};
    pairs.kind = TokenizerKind::bpe;
    m.tokenizer = Tokenizer{reinterpret_cast<const uint8_t*>(&pairs), max_vocab};
    const Result<Plan> p = plan(m, Options{max_context, max_context, Format::f32, 0xffffffffu});
    if (sizeof(size_t) == 4) {
        EXPECT_EQ(p.fault.error, Error::overflow);
    } else {
        const uint64_t cache = uint64_t(max_layers) * 2 * max_dim * max_context * 4;
        const uint64_t rows = uint64_t(max_context) * (max_dim * 2ull + max_head_dim) * 4;
        const uint64_t work = (uint64_t(0xffffffffu) + 1) * 20;  // more than gate and up: 65535 x 131072 x 8
        ASSERT_TRUE(p.ok());
        EXPECT_EQ(p.value.total, 16 + cache + rows + work);
    }
}

TEST(largest_context, is_the_last_that_fits) {
    const TestModel m = make_model(shape);
    for (const size_t arena : {size_t(0), size_t(1000), size_t(9000), size_t(11552), size_t(11551), size_t(100000)}) {
        const uint32_t c = largest_context(m.model, Options{0, 4, Format::q8, 0}, arena);
        if (c) {
            EXPECT_LE(plan(m.model, Options{c, 4, Format::q8, 0}).value.total, arena);
        }
        if (c < 64) {
            EXPECT_GT(plan(m.model, Options{c + 1, 4, Format::q8, 0}).value.total, arena);
        }
    }
    EXPECT_EQ(largest_context(m.model, Options{0, 4, Format::q8, 0}, 11552), 32u);
    EXPECT_EQ(largest_context(m.model, Options{0, 4, Format::q8, 0}, 11551), 31u);
}

TEST(checked_size, remembers_every_overflow) {
    EXPECT_FALSE((Size(UINT64_MAX) + 0).overflow);
    EXPECT_TRUE((Size(UINT64_MAX) + 1).overflow);
    EXPECT_TRUE((Size(UINT64_MAX) + 1 + 5).overflow);
    EXPECT_TRUE((Size(1ull << 32) * (1ull << 32)).overflow);
    EXPECT_FALSE((Size(1ull << 32) * ((1ull << 32) - 1)).overflow);
    EXPECT_TRUE(align_up(Size(UINT64_MAX - 3), 16).overflow);
    EXPECT_EQ(align_up(Size(17), 16).value, 32u);
    EXPECT_FALSE(Size(uint64_t(PTRDIFF_MAX) + 1).fits_memory());
    EXPECT_TRUE(Size(uint64_t(PTRDIFF_MAX)).fits_memory());
}

TEST(inside, does_not_wrap) {
    EXPECT_TRUE(inside(0, 0, 0));
    EXPECT_TRUE(inside(3, 7, 10));
    EXPECT_FALSE(inside(3, 8, 10));
    EXPECT_FALSE(inside(11, 0, 10));
    EXPECT_FALSE(inside(UINT64_MAX, 2, 10));
    EXPECT_FALSE(inside(5, UINT64_MAX, 10));
}

}  // namespace
}  // namespace mote
