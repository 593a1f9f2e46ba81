// greedy: the token without the logits is the one that sampling at temperature 0 takes from them.
#include <gtest/gtest.h>

#include <limits>

#include "run/arena.h"
#include "support/models.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::make_model;
using testing::Random;
using testing::start_test_session;
using testing::TestModel;
using testing::TestSession;

using Tokens = std::vector<uint32_t>;

Options options_for(bool greedy, uint32_t tile = 1, uint32_t workers = 1) { return Options{24, tile, Format::q8, 0, workers, greedy}; }

uint32_t sampled(Session& session, const Tokens& tokens) {
    Sampler chooser = sampler(SamplerOptions{0}).value;
    const Result<Span<float>> logits = step(session, tokens.data(), tokens.size());
    EXPECT_TRUE(logits.ok());
    return logits.ok() ? sample(chooser, logits.value).value : no_token;
}

class AnyHead : public ::testing::TestWithParam<std::tuple<uint32_t, const char*>> {};

TEST_P(AnyHead, gives_the_token_that_sampling_takes) {
    const auto [vocab, formats] = GetParam();
    const TestModel m = make_model("llama:dim=32,layers=1,heads=4,kv_heads=2,hidden=48,context=24,tied=0,vocab=" + std::to_string(vocab), formats);
    Random random(vocab);
    for (const uint32_t workers : {1u, 2u, 5u}) {
        tools::Pool pool(workers);
        TestSession whole = start_test_session(m.model, options_for(false)), greedy = start_test_session(m.model, options_for(true, 3, workers));
        if (workers > 1) greedy.session.workers = tools::workers_of(pool);
        for (const size_t count : {1u, 4u, 1u, 7u, 3u, 1u, 1u, 2u}) {
            Tokens tokens;
            for (size_t i = 0; i < count; i++) tokens.push_back(uint32_t(random.below(vocab)));
            const uint32_t expected = sampled(whole.session, tokens);
            const Result<uint32_t> token = step_greedy(greedy.session, tokens.data(), count);
            ASSERT_TRUE(token.ok());
            ASSERT_EQ(token.value, expected) << workers << " workers";
            ASSERT_EQ(position(greedy.session), position(whole.session));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(vocabularies, AnyHead,
                         ::testing::Combine(::testing::Values(1u, 3u, 60u, 127u, 128u, 129u, 300u, 3000u), ::testing::Values("f32", "f16", "q8", "q4")),
                         [](const auto& c) { return std::to_string(std::get<0>(c.param)) + "_" + std::get<1>(c.param); });

// A head of one row after another that is all zeros but for some: equal logits in several blocks and of several workers.
TEST(greedy, takes_the_lowest_id_among_equals) {
    tools::Weights w = tools::random_model("llama:dim=32,layers=1,heads=1,hidden=32,context=24,tied=0,vocab=2000", 1);
    tools::HostTensor& head = w.tensors.at({Role::head, 0});
    std::vector<float> rows(head.count(), 0.0f);
    for (const size_t row : {131u, 132u, 700u, 1999u})
        for (size_t col = 0; col < 32; col++) rows[row * 32 + col] = 1.0f;
    for (const float sign : {1.0f, -1.0f}) {  // one of them makes these rows the largest, the other all that are zero
        for (float& v : rows) v *= sign;
        head = tools::HostTensor(head.rows, head.cols, rows);
        const TestModel m = testing::open_test_model(testing::packed_file(w, "f32"));
        TestSession whole = start_test_session(m.model, options_for(false));
        const uint32_t expected = sampled(whole.session, {5});
        EXPECT_TRUE(expected == 131 || expected == 0);
        for (const uint32_t workers : {1u, 3u}) {
            tools::Pool pool(workers);
            TestSession s = start_test_session(m.model, options_for(true, 1, workers));
            if (workers > 1) s.session.workers = tools::workers_of(pool);
            const uint32_t token = 5;
            EXPECT_EQ(step_greedy(s.session, &token, 1).value, expected);
        }
    }
}

TEST(greedy, names_the_first_logit_that_is_not_finite) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        tools::Weights w = tools::random_model("llama:dim=32,layers=1,heads=1,hidden=32,context=24,tied=0,vocab=2000", 1);
        tools::HostTensor& head = w.tensors.at({Role::head, 0});
        std::vector<float> rows(head.count(), 0.5f);
        for (const size_t row : {1500u, 301u, 302u}) rows[row * 32] = bad;
        head = tools::HostTensor(head.rows, head.cols, rows);
        const TestModel m = testing::open_test_model(testing::packed_file(w, "f32"));
        for (const uint32_t workers : {1u, 3u}) {
            tools::Pool pool(workers);
            TestSession s = start_test_session(m.model, options_for(true, 1, workers));
            if (workers > 1) s.session.workers = tools::workers_of(pool);
            const uint32_t token = 5;
            const Fault fault = step_greedy(s.session, &token, 1).fault;
            EXPECT_EQ(fault.error, Error::nonfinite);
            EXPECT_EQ(fault.where, 301u);
        }
    }
}

TEST(greedy, plan_has_no_room_for_the_logits) {
    const TestModel m = make_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=5000,context=24");
    const Plan whole = plan(m.model, options_for(false)).value, greedy = plan(m.model, options_for(true)).value;
    EXPECT_EQ(whole.work.bytes, 20000u);
    EXPECT_EQ(greedy.work.bytes, 128u * 4 + 16);
    EXPECT_EQ(whole.total - greedy.total, whole.work.bytes - greedy.work.bytes);
}

TEST(greedy, sessions_and_others_are_not_mixed_up) {
    const TestModel m = make_model("llama:dim=32,layers=1,heads=1,hidden=32,vocab=60,context=24");
    TestSession whole = start_test_session(m.model, options_for(false)), greedy = start_test_session(m.model, options_for(true));
    const uint32_t token = 1;
    EXPECT_EQ(step_greedy(whole.session, &token, 1).fault.error, Error::state);
    EXPECT_EQ(step(greedy.session, &token, 1).fault.error, Error::state);
    EXPECT_EQ(position(whole.session), 0u);
    EXPECT_EQ(position(greedy.session), 0u);
    const uint32_t none = 60;
    EXPECT_EQ(step_greedy(greedy.session, &none, 1).fault.error, Error::token);
    EXPECT_EQ(step_greedy(greedy.session, nullptr, 1).fault.error, Error::argument);
}

}  // namespace
}  // namespace mote
