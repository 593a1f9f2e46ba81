// session: same bits for any tile, split, arena content and neighbour; refusals that change nothing.
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "run/arena.h"
#include "support/models.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::AlignedBytes;
using testing::make_model;
using testing::Random;
using testing::start_test_session;
using testing::step_bits;
using testing::TestModel;
using testing::TestSession;

using Tokens = std::vector<uint32_t>;
using Bits = std::vector<uint32_t>;

const char* const small = "llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=48,vocab=60,context=24";

Tokens random_tokens(uint32_t vocab, size_t count, Random& random) {
    Tokens tokens;
    for (size_t i = 0; i < count; i++) tokens.push_back(uint32_t(random.below(vocab)));
    return tokens;
}

Tokens part(const Tokens& tokens, size_t begin, size_t end) { return Tokens(tokens.begin() + long(begin), tokens.begin() + long(end)); }

// ---- any split, any tile

struct Case {
    const char* shape;
    const char* formats;
};

const Case cases[] = {
    {"llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=48,vocab=60,context=24", "q8"},
    {"llama:dim=40,layers=2,heads=5,kv_heads=1,hidden=70,vocab=61,context=24,pairing=interleaved,scale=group", "q8"},
    {"llama:dim=36,layers=1,heads=2,hidden=50,vocab=33,context=24,tied=0", "q4,embedding=q8"},
    {"qwen2:dim=32,layers=2,heads=4,kv_heads=4,hidden=64,vocab=64,context=24,scale=group", "q4"},
    {"qwen3:dim=32,layers=2,heads=4,kv_heads=2,head_dim=12,hidden=64,vocab=64,context=24", "f16"},
    {"gpt2:dim=48,layers=2,heads=3,hidden=96,vocab=80,context=24", "f32"},
    {"gpt2:dim=48,layers=2,heads=3,hidden=96,vocab=80,context=24,activation=gelu_erf", "q8,embedding=f16"},
    {"llama:dim=33,layers=1,heads=3,hidden=35,vocab=19,context=24,activation=relu", "q8"},
};

class AnyCase : public ::testing::TestWithParam<Case> {};

TEST_P(AnyCase, gives_the_same_bits_for_every_tile_and_any_split) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(1);
    const Tokens tokens = random_tokens(m.model.architecture->vocab, 20, random);
    for (const Format kv : {Format::q8, Format::f16, Format::f32}) {
        std::vector<Bits> expected;  // after each token, one by one
        TestSession one = start_test_session(m.model, Options{24, 1, kv, 0});
        for (const uint32_t token : tokens) expected.push_back(step_bits(one.session, {token}));
        for (uint32_t tile = 1; tile <= 24; tile++) {
            TestSession whole = start_test_session(m.model, Options{24, tile, kv, 0});
            ASSERT_EQ(step_bits(whole.session, tokens), expected.back()) << "tile " << tile;
            TestSession split = start_test_session(m.model, Options{24, tile, kv, 0});
            for (size_t begin = 0; begin < tokens.size();) {
                const size_t end = std::min(tokens.size(), begin + 1 + size_t(random.below(9)));
                ASSERT_EQ(step_bits(split.session, part(tokens, begin, end)), expected[end - 1]) << "tile " << tile << " from " << begin;
                begin = end;
            }
        }
    }
}

// Workers of which the last comes first: any order must do.
void run_backwards(void* pool, void (*job)(void*, uint32_t), void* context) {
    for (uint32_t worker = *static_cast<uint32_t*>(pool); worker-- > 0;) job(context, worker);
}

TEST_P(AnyCase, gives_the_same_bits_for_any_number_of_workers) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(7);
    const Tokens tokens = random_tokens(m.model.architecture->vocab, 20, random);
    for (const Format kv : {Format::q8, Format::f16, Format::f32}) {
        TestSession alone = start_test_session(m.model, Options{24, 8, kv, 0});
        const Bits prompt = step_bits(alone.session, tokens), next = step_bits(alone.session, {1});
        for (uint32_t workers = 1; workers <= 11; workers++) {
            TestSession s = start_test_session(m.model, Options{24, 8, kv, 0, workers});
            s.session.workers = Workers{workers, run_backwards, &workers};
            ASSERT_EQ(step_bits(s.session, tokens), prompt) << workers << " workers";
            ASSERT_EQ(step_bits(s.session, {1}), next) << workers << " workers";
        }
    }
}

TEST_P(AnyCase, gives_the_same_bits_on_threads) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(8);
    const Tokens tokens = random_tokens(m.model.architecture->vocab, 23, random);
    TestSession alone = start_test_session(m.model, Options{24, 16, Format::q8, 0});
    const Bits prompt = step_bits(alone.session, tokens), next = step_bits(alone.session, {1});
    for (uint32_t workers = 2; workers <= 4; workers++) {
        tools::Pool pool(workers);
        TestSession s = start_test_session(m.model, Options{24, 16, Format::q8, 0, workers});
        s.session.workers = tools::workers_of(pool);
        for (int round = 0; round < 20; round++) {
            ASSERT_TRUE(rewind(s.session, 0).ok());
            ASSERT_EQ(step_bits(s.session, tokens), prompt) << workers << " workers";
            ASSERT_EQ(step_bits(s.session, {1}), next) << workers << " workers";
        }
    }
}

TEST_P(AnyCase, does_not_depend_on_what_the_arena_held) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(2);
    const Tokens tokens = random_tokens(m.model.architecture->vocab, 13, random);
    const Plan p = plan(m.model, Options{24, 5, Format::q8, 0}).value;
    Bits expected;
    for (int fill = 0; fill < 5; fill++) {
        AlignedBytes arena(p.total);
        for (size_t i = 0; i < p.total; i++)
            arena[i] = fill == 0 ? 0 : fill == 1 ? 0xff : fill == 2 ? 0xa5 : fill == 3 ? 0x7f : uint8_t(random.next());
        Session s = start(m.model, p, arena.data(), p.total).value;
        const Bits bits = step_bits(s, tokens);
        if (fill == 0) expected = bits;
        EXPECT_EQ(bits, expected) << "fill " << fill;
    }
}

TEST_P(AnyCase, touches_no_byte_on_either_side_of_the_arena) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(3);
    const Plan p = plan(m.model, Options{24, 7, Format::q8, 40}).value;
    AlignedBytes memory(64 + p.total + 64);
    std::memset(memory.data(), 0x5a, memory.size());
    Session s = start(m.model, p, memory.data() + 64, p.total).value;
    step_bits(s, random_tokens(m.model.architecture->vocab, 24, random));
    for (size_t i = 0; i < 64; i++) {
        ASSERT_EQ(memory[i], 0x5a) << i;
        ASSERT_EQ(memory[64 + p.total + i], 0x5a) << i;
    }
}

TEST_P(AnyCase, forgets_what_it_rewinds) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(4);
    const Tokens a = random_tokens(m.model.architecture->vocab, 12, random), b = random_tokens(m.model.architecture->vocab, 6, random);
    for (uint32_t keep = 0; keep <= 12; keep += 3) {
        TestSession s = start_test_session(m.model, Options{24, 4, Format::q8, 0}), fresh = start_test_session(m.model, Options{24, 4, Format::q8, 0});
        step_bits(s.session, a);
        ASSERT_TRUE(rewind(s.session, keep).ok());
        EXPECT_EQ(position(s.session), keep);
        Tokens joined = part(a, 0, keep);
        joined.insert(joined.end(), b.begin(), b.end());
        EXPECT_EQ(step_bits(s.session, b), step_bits(fresh.session, joined)) << "keep " << keep;
    }
}

TEST_P(AnyCase, needs_only_the_bytes_of_the_arena_to_go_on_elsewhere) {
    const TestModel m = make_model(GetParam().shape, GetParam().formats);
    Random random(5);
    const Tokens a = random_tokens(m.model.architecture->vocab, 9, random), b = random_tokens(m.model.architecture->vocab, 5, random);
    TestSession s = start_test_session(m.model, Options{24, 4, Format::q8, 0}), moved = start_test_session(m.model, Options{24, 4, Format::q8, 0});
    step_bits(s.session, a);
    std::memcpy(moved.arena.data(), s.arena.data(), s.arena.size());
    EXPECT_EQ(step_bits(moved.session, b), step_bits(s.session, b));
}

INSTANTIATE_TEST_SUITE_P(session, AnyCase, ::testing::ValuesIn(cases), [](const auto& p) {
    std::string name = std::string(p.param.shape).substr(0, 5) + "_" + p.param.formats + "_" + std::to_string(p.index);
    for (char& c : name)
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

// ---- arenas

TEST(start, refuses_every_size_below_the_plan_with_both_numbers) {
    const TestModel m = make_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=4");
    const Plan p = plan(m.model, Options{4, 1, Format::q8, 0}).value;
    AlignedBytes arena(p.total);
    for (size_t size = 0; size < p.total; size++) {
        const Fault f = start(m.model, p, arena.data(), size).fault;
        ASSERT_EQ(f.error, size == 0 ? Error::argument : Error::arena_too_small) << size;
        ASSERT_EQ(f.found, size);
        ASSERT_EQ(f.allowed, p.total);
    }
    EXPECT_TRUE(start(m.model, p, arena.data(), p.total).ok());
    EXPECT_TRUE(start(m.model, p, arena.data(), p.total + 1).ok());
}

TEST(start, refuses_an_arena_that_is_not_at_a_multiple_of_16) {
    const TestModel m = make_model(small);
    const Plan p = plan(m.model, Options{}).value;
    AlignedBytes arena(p.total + 16);
    for (size_t offset = 1; offset < 16; offset++) {
        const Fault f = start(m.model, p, arena.data() + offset, p.total).fault;
        EXPECT_EQ(f.error, Error::alignment) << offset;
        EXPECT_EQ(f.found, offset);
        EXPECT_EQ(f.allowed, 16u);
    }
    EXPECT_TRUE(start(m.model, p, arena.data() + 16, p.total).ok());
}

TEST(start, refuses_null_no_model_and_an_arena_that_wraps) {
    const TestModel m = make_model(small);
    const Plan p = plan(m.model, Options{}).value;
    AlignedBytes arena(p.total);
    EXPECT_EQ(start(m.model, p, nullptr, p.total).fault.error, Error::argument);
    EXPECT_EQ(start(Model{}, p, arena.data(), p.total).fault.error, Error::argument);
    // Addresses that nothing is read from or written to: the refusal comes first.
    void* const end_of_memory = reinterpret_cast<void*>(~uintptr_t(15));
    EXPECT_EQ(start(m.model, p, end_of_memory, 64).fault.error, Error::argument);
    EXPECT_EQ(start(m.model, p, arena.data(), SIZE_MAX).fault.error, Error::argument);
}

TEST(start, refuses_an_arena_that_shares_bytes_with_the_model) {
    const std::vector<uint8_t> file = testing::packed_file(tools::random_model(small, 1));
    const Plan p = plan(testing::open_test_model(file).model, Options{}).value;
    const size_t before = (p.total + 63) / 64 * 64, after = (file.size() + 63) / 64 * 64;
    AlignedBytes memory(before + after + p.total);
    std::memcpy(memory.data() + before, file.data(), file.size());
    const Model m = open(memory.data() + before, file.size()).value;
    const size_t first_after = before + (file.size() + 15) / 16 * 16, last_before = (before - p.total) / 16 * 16;
    for (size_t offset = last_before + 16; offset < first_after; offset += 16) {
        const Fault f = start(m, p, memory.data() + offset, p.total).fault;
        ASSERT_EQ(f.error, Error::argument) << offset;
    }
    EXPECT_EQ(crc32(0, memory.data() + before, file.size()), crc32(0, file.data(), file.size())) << "the model was written to";
    EXPECT_TRUE(start(m, p, memory.data() + last_before, p.total).ok());
    EXPECT_TRUE(start(m, p, memory.data() + first_after, p.total).ok());
}

TEST(start, refuses_the_plan_of_another_model) {
    const TestModel a = make_model(small), b = make_model("llama:dim=32,layers=3,heads=4,kv_heads=2,hidden=48,vocab=60,context=24");
    const Plan p = plan(b.model, Options{}).value;
    AlignedBytes arena(p.total);
    EXPECT_EQ(start(a.model, p, arena.data(), p.total).fault.error, Error::mismatch);
    Plan changed = plan(a.model, Options{}).value;
    changed.total -= 16;
    EXPECT_EQ(start(a.model, changed, arena.data(), p.total).fault.error, Error::mismatch);
}

TEST(start, refuses_a_plan_with_any_region_moved) {
    const TestModel m = make_model(small);
    const Plan good = plan(m.model, Options{}).value;
    AlignedBytes arena(good.total);
    Region Plan::*const regions[] = {&Plan::state, &Plan::cache, &Plan::stream, &Plan::normed, &Plan::rope, &Plan::quant, &Plan::work};
    for (Region Plan::*const region : regions) {
        Plan changed = good;
        (changed.*region).offset += 1u << 20;
        EXPECT_EQ(start(m.model, changed, arena.data(), good.total).fault.error, Error::mismatch);
        changed = good;
        (changed.*region).bytes += 16;
        EXPECT_EQ(start(m.model, changed, arena.data(), good.total).fault.error, Error::mismatch);
    }
}

// ---- refusals of step

TEST(step, refuses_a_token_out_of_the_vocabulary_and_stays_as_it_was) {
    const TestModel m = make_model(small);
    Random random(6);
    const Tokens tokens = random_tokens(60, 5, random);
    TestSession s = start_test_session(m.model, Options{24, 3, Format::q8, 0}), twin = start_test_session(m.model, Options{24, 3, Format::q8, 0});
    step_bits(s.session, tokens);
    step_bits(twin.session, tokens);
    const std::vector<uint8_t> before(s.arena.data(), s.arena.data() + s.arena.size());
    for (const uint32_t bad : {60u, 61u, 0x7fffffffu, 0xffffffffu}) {
        const Tokens with_bad = {1, 2, 3, 4, bad};
        const Fault f = step(s.session, with_bad.data(), with_bad.size()).fault;
        EXPECT_EQ(f.error, Error::token);
        EXPECT_EQ(f.where, 4u);
        EXPECT_EQ(f.found, bad);
        EXPECT_EQ(f.allowed, 59u);
        EXPECT_EQ(position(s.session), 5u);
        EXPECT_EQ(std::memcmp(before.data(), s.arena.data(), before.size()), 0);
    }
    EXPECT_EQ(step_bits(s.session, {7}), step_bits(twin.session, {7}));
}

TEST(step, fills_the_context_and_refuses_one_more) {
    const TestModel m = make_model(small);
    Random random(7);
    const Tokens tokens = random_tokens(60, 24, random);
    for (const size_t held : {0u, 1u, 23u, 24u}) {
        TestSession s = start_test_session(m.model, Options{24, 8, Format::q8, 0});
        if (held) step_bits(s.session, part(tokens, 0, held));
        const std::vector<uint8_t> before(s.arena.data(), s.arena.data() + s.arena.size());
        const Tokens more(25 - held, 1);
        const Fault f = step(s.session, more.data(), more.size()).fault;
        EXPECT_EQ(f.error, Error::context_full);
        EXPECT_EQ(f.found, 25u);
        EXPECT_EQ(f.allowed, 24u);
        EXPECT_EQ(position(s.session), held);
        EXPECT_EQ(std::memcmp(before.data(), s.arena.data(), before.size()), 0);
        TestSession fresh = start_test_session(m.model, Options{24, 8, Format::q8, 0});
        if (held < 24) {
            EXPECT_EQ(step_bits(s.session, part(tokens, held, 24)), step_bits(fresh.session, tokens));
        }
        EXPECT_EQ(position(s.session), 24u);
    }
}

TEST(step, refuses_absurd_counts_before_it_reads_a_token) {
    const TestModel m = make_model(small);
    TestSession s = start_test_session(m.model, Options{});
    const uint32_t token = 1;
    EXPECT_EQ(step(s.session, &token, SIZE_MAX).fault.error, Error::context_full);
    EXPECT_EQ(step(s.session, &token, size_t(1) << 31).fault.error, Error::context_full);
    EXPECT_EQ(step(s.session, &token, 0).fault.error, Error::argument);
    EXPECT_EQ(step(s.session, nullptr, 1).fault.error, Error::argument);
    Session none;
    EXPECT_EQ(step(none, &token, 1).fault.error, Error::argument);
    EXPECT_EQ(position(none), 0u);
    EXPECT_EQ(rewind(none, 0).error, Error::state);
}

TEST(rewind, refuses_to_keep_more_than_there_is) {
    const TestModel m = make_model(small);
    TestSession s = start_test_session(m.model, Options{});
    step_bits(s.session, {1, 2, 3});
    const Fault f = rewind(s.session, 4);
    EXPECT_EQ(f.error, Error::range);
    EXPECT_EQ(f.found, 4u);
    EXPECT_EQ(f.allowed, 3u);
    EXPECT_EQ(position(s.session), 3u);
    EXPECT_TRUE(rewind(s.session, 3).ok());
}

// ---- neighbours and damage

TEST(sessions, interleaved_on_one_model_are_as_if_alone) {
    const TestModel m = make_model(small);
    Random random(8);
    const Tokens a = random_tokens(60, 20, random), b = random_tokens(60, 20, random);
    TestSession sa = start_test_session(m.model, Options{24, 2, Format::q8, 0}), sb = start_test_session(m.model, Options{20, 4, Format::f32, 0});
    TestSession alone_a = start_test_session(m.model, Options{24, 2, Format::q8, 0}), alone_b = start_test_session(m.model, Options{20, 4, Format::f32, 0});
    std::vector<Bits> together_a, together_b;
    for (size_t i = 0; i < 20; i++) {
        together_a.push_back(step_bits(sa.session, {a[i]}));
        together_b.push_back(step_bits(sb.session, {b[i]}));
    }
    for (size_t i = 0; i < 20; i++) ASSERT_EQ(step_bits(alone_a.session, {a[i]}), together_a[i]);
    for (size_t i = 0; i < 20; i++) ASSERT_EQ(step_bits(alone_b.session, {b[i]}), together_b[i]);
}

TEST(scratch, may_be_overwritten_between_steps) {
    const TestModel m = make_model(small);
    TestSession s = start_test_session(m.model, Options{24, 2, Format::q8, 30}), twin = start_test_session(m.model, Options{24, 2, Format::q8, 30});
    for (uint32_t token = 0; token < 10; token++) {
        EXPECT_EQ(step_bits(s.session, {token}), step_bits(twin.session, {token}));
        const Span<uint8_t> free_bytes = scratch(s.session);
        ASSERT_GE(free_bytes.count, encode_scratch(m.model.tokenizer, 30).value);
        std::memset(free_bytes.data, int(token * 37), free_bytes.count);
    }
}

Error error_of_sampling(const Model& model, Format kv) {
    TestSession s = start_test_session(model, Options{8, 2, kv, 0});
    const uint32_t tokens[] = {1, 2, 3};
    const Result<Span<float>> logits = step(s.session, tokens, 3);
    Sampler chooser = sampler(SamplerOptions{}).value;
    return logits.ok() ? sample(chooser, logits.value).fault.error : logits.fault.error;
}

// Each tensor in turn is NaN or infinite: the sampler must notice, and never answer with a token.
TEST(nonfinite_weights, become_an_error_and_never_a_token) {
    for (const char* shape : {"llama:dim=32,layers=2,heads=2,hidden=40,vocab=30,context=8,tied=0", "gpt2:dim=32,layers=2,heads=2,hidden=40,vocab=30,context=8,tied=0"})
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            const tools::Weights sound = tools::random_model(shape, 1);
            for (const auto& [key, tensor] : sound.tensors)
                for (const char* formats : {"f32", "q8", "q4"}) {
                    tools::Weights w = sound;
                    w.tensors[key] = tools::HostTensor(tensor.rows, tensor.cols, std::vector<float>(tensor.count(), bad));
                    const TestModel m = testing::open_test_model(testing::packed_file(w, formats));
                    for (const Format kv : {Format::q8, Format::f16, Format::f32})
                        EXPECT_EQ(error_of_sampling(m.model, kv), Error::nonfinite)
                            << shape << " role " << int(key.first) << " layer " << key.second << " " << formats << " cache " << int(kv) << " weight " << bad;
                }
        }
}

TEST(nonfinite_row_scales, become_an_error_and_never_a_token) {
    const TestModel m = make_model("llama:dim=32,layers=2,heads=2,hidden=40,vocab=30,context=8", "q8");
    for (uint32_t i = 0; i < m.model.directory_count; i++) {
        const TensorRecord& r = m.model.directory[i];
        if (r.format != Format::q8) continue;
        AlignedBytes image(std::vector<uint8_t>(m.image.data(), m.image.data() + m.image.size()));
        uint8_t* scales = image.data() + r.offset + matrix_layout(r.format, r.rows, r.cols).row_scales;
        for (uint32_t row = 0; row < r.rows; row++) scales[2 * row] = 0x80, scales[2 * row + 1] = 0x7f;  // infinity
        testing::reseal(image.data(), image.size());
        const Result<Model> damaged = open(image.data(), image.size());
        ASSERT_TRUE(damaged.ok());
        EXPECT_EQ(error_of_sampling(damaged.value, Format::q8), Error::nonfinite) << "role " << int(r.role) << " layer " << r.layer;
    }
}

TEST(workers, beyond_the_plan_are_refused) {
    const TestModel m = make_model(small);
    EXPECT_EQ(plan(m.model, Options{24, 1, Format::q8, 0, 0}).fault.error, Error::limit);
    EXPECT_EQ(plan(m.model, Options{24, 1, Format::q8, 0, max_workers + 1}).fault.allowed, max_workers);
    TestSession s = start_test_session(m.model, Options{24, 1, Format::q8, 0, 2});
    const uint32_t token = 1;
    uint32_t count = 3;
    s.session.workers = Workers{count, run_backwards, &count};
    const Fault more = step(s.session, &token, 1).fault;
    EXPECT_EQ(more.error, Error::argument);
    EXPECT_EQ(more.found, 3u);
    EXPECT_EQ(more.allowed, 2u);
    s.session.workers = Workers{2, nullptr, nullptr};
    EXPECT_EQ(step(s.session, &token, 1).fault.error, Error::argument);
    EXPECT_EQ(position(s.session), 0u);
}

}  // namespace
}  // namespace mote
