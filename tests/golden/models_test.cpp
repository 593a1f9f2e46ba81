// models: whole models, from checkpoint to logits, against numpy in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "golden/golden_json.h"
#include "import/import.h"
#include "run/evaluate.h"
#include "support/models.h"

namespace mote {
namespace {

using testing::start_test_session;
using testing::TestModel;
using testing::TestSession;

struct Golden {
    std::string name, files;
    std::vector<uint32_t> prompt, greedy, ids, steps;
    std::vector<double> gaps, max;
    std::vector<std::vector<double>> logits;
    std::vector<uint32_t> nll_ids;
    double nll_mean = 0;
};

std::vector<Golden> all_goldens() {
    std::vector<Golden> all;
    for (const auto& j : testing::golden_json("expected.json")) {
        Golden g;
        g.name = j.at("name");
        const std::string files = j.at("files");
        const bool here = files.rfind("models/", 0) == 0;
        g.files = std::string(here ? MOTE_GOLDEN_DIR : MOTE_SHARED_DATA) + "/" + files;
        j.at("prompt").get_to(g.prompt);
        j.at("greedy").get_to(g.greedy);
        j.at("gaps").get_to(g.gaps);
        j.at("logit_ids").get_to(g.ids);
        j.at("steps").get_to(g.steps);
        j.at("max").get_to(g.max);
        j.at("logits").get_to(g.logits);
        if (j.contains("nll")) {
            j.at("nll").at("ids").get_to(g.nll_ids);
            j.at("nll").at("mean").get_to(g.nll_mean);
        }
        all.push_back(g);
    }
    return all;
}

// How a model is run, and how far its logits may be off: a part of the largest logit's magnitude.
struct Way {
    const char* name;
    const char* weights;
    ActivationScale activations;
    Format cache;
    double tolerance;
};

// f32: sums of up to 172 products and 5 layers, 2^-24 each, magnified by norms: the README asks for 1e-4 to see a wrong eps.
// f16: 2^-11 in each weight and each cached number.
// q8: half of 1/127 of a row's largest in weights and in activations, against a root mean square of a third of it.
const Way ways[] = {
    {"f32", "f32", ActivationScale::vector, Format::f32, 2e-5},
    {"f16", "f16", ActivationScale::vector, Format::f16, 4e-3},
    {"q8", "q8", ActivationScale::vector, Format::q8, 8e-2},
    {"q8_group", "q8", ActivationScale::group, Format::q8, 8e-2},
};

class GoldenModel : public ::testing::TestWithParam<std::tuple<Golden, Way>> {};

TestModel load(const Golden& g, const Way& way) {
    tools::Weights w = tools::import_checkpoint(g.files, {});
    w.architecture.activation_scale = way.activations;
    return testing::open_test_model(testing::packed_file(w, way.weights));
}

uint32_t argmax(Span<const float> logits) { return uint32_t(std::max_element(logits.begin(), logits.end()) - logits.begin()); }

#define SKIP_WITHOUT(golden) \
    if (!std::filesystem::exists((golden).files)) GTEST_SKIP() << "the shared data is absent: " << (golden).name

TEST_P(GoldenModel, gives_the_golden_logits_and_greedy_tokens) {
    const auto& [g, way] = GetParam();
    SKIP_WITHOUT(g);
    const TestModel m = load(g, way);
    TestSession s = start_test_session(m.model, Options{0, 5, way.cache, 0});
    Result<Span<float>> logits = step(s.session, g.prompt.data(), g.prompt.size());
    double largest = 1e-30, worst = 0;
    for (const double l : g.max) largest = std::max(largest, std::fabs(l));
    for (size_t i = 0, row = 0; i < g.greedy.size(); i++) {
        ASSERT_TRUE(logits.ok());
        if (row < g.steps.size() && g.steps[row] == i) {
            for (size_t c = 0; c < g.ids.size(); c++)
                worst = std::max(worst, std::fabs(double(logits.value[g.ids[c]]) - g.logits[row][c]));
            row++;
        }
        // Where the gap is more than twice the error, the token is certain.
        if (g.gaps[i] > 2 * way.tolerance * largest) {
            EXPECT_EQ(argmax({logits.value.data, logits.value.count}), g.greedy[i]) << "step " << i;
        }
        if (i + 1 < g.greedy.size()) logits = step(s.session, &g.greedy[i], 1);
    }
    EXPECT_LE(worst, way.tolerance * largest);
    RecordProperty("worst", std::to_string(worst / largest));
}

std::string name_of(const ::testing::TestParamInfo<GoldenModel::ParamType>& p) {
    return std::get<0>(p.param).name + "_" + std::get<1>(p.param).name;
}

INSTANTIATE_TEST_SUITE_P(models, GoldenModel, ::testing::Combine(::testing::ValuesIn(all_goldens()), ::testing::ValuesIn(ways)), name_of);

TEST(likelihood, of_a_text_is_the_golden_one) {
    bool found = false;
    for (const Golden& g : all_goldens()) {
        if (g.nll_ids.empty()) continue;
        found = true;
        SKIP_WITHOUT(g);
        const TestModel m = load(g, ways[0]);
        TestSession s = start_test_session(m.model, Options{0, 1, Format::f32, 0});
        double sum = 0;
        for (size_t i = 0; i + 1 < g.nll_ids.size(); i++) {
            const Result<Span<float>> logits = step(s.session, &g.nll_ids[i], 1);
            ASSERT_TRUE(logits.ok());
            sum += tools::negative_log_likelihood({logits.value.data, logits.value.count}, g.nll_ids[i + 1]);
        }
        EXPECT_NEAR(sum / double(g.nll_ids.size() - 1), g.nll_mean, 1e-4);  // logits within 2e-5 of 20
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace mote
