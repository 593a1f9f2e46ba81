// soak: many tokens in one process. The same work gives the same digest for ever, in an arena that never grows.
#include <gtest/gtest.h>

#include "support/models.h"

namespace mote {
namespace {

using testing::make_model;
using testing::start_test_session;
using testing::TestModel;
using testing::TestSession;

// Fills the context with what the model draws; the digest of all logits on the way.
uint64_t round_digest(Session& session, uint32_t tokens) {
    EXPECT_TRUE(rewind(session, 0).ok());
    Sampler chooser = sampler(SamplerOptions{0.8f, 40, 0.95f, 0.05f, 7}).value;
    uint64_t d = digest_start;
    uint32_t token = 1;
    for (uint32_t i = 0; i < tokens; i++) {
        const Result<Span<float>> logits = step(session, &token, 1);
        EXPECT_TRUE(logits.ok());
        d = digest(d, {logits.value.data, logits.value.count});
        token = sample(chooser, logits.value).value;
    }
    return d;
}

TEST(soak, of_100000_tokens_with_resets_repeats_its_digest) {
    const TestModel m = make_model("llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=64,vocab=259,context=200");
    TestSession s = start_test_session(m.model, Options{200, 1, Format::q8, 0});
    const size_t arena_bytes = s.session.plan.total;
    const uint64_t first = round_digest(s.session, 200);
    for (int round = 1; round < 500; round++) {
        ASSERT_EQ(round_digest(s.session, 200), first) << "round " << round;
        ASSERT_EQ(s.session.plan.total, arena_bytes);
    }
}

}  // namespace
}  // namespace mote
