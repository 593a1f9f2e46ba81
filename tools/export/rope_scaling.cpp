// rope_scaling: each number of a rule follows from some pairs; the rule must then give all of them, bit for bit.
#include "export/rope_scaling.h"

#include <cmath>

#include "export/family_of.h"
#include "import/rope.h"
#include "model/weights.h"

namespace mote::tools {
namespace {

constexpr double two_pi = 6.283185307179586476925, low = 1, usual_high = 4;

// Pairs from fast to slow: how they would turn, and how much slower they do.
struct Pairs {
    std::vector<double> radians, slower;
};

Pairs pairs_of(const std::vector<uint32_t>& frequencies, double theta) {
    Pairs pairs;
    for (size_t i = 0; i < frequencies.size(); i++) {
        pairs.radians.push_back(std::pow(theta, -double(i) / double(frequencies.size())));
        pairs.slower.push_back(pairs.radians[i] / (double(frequencies[i]) * radians_of_one));
    }
    return pairs;
}

double rounded(double value, double step) { return std::round(value / step) * step; }

bool gives(const std::vector<uint32_t>& frequencies, uint32_t rope_dim, double theta, const Json& scaling) {
    return rope_frequencies(rope_dim, theta, JsonView(scaling, "rope_scaling")) == frequencies;
}

Json llama3(double factor, double high, double context) {
    return {{"rope_type", "llama3"}, {"factor", factor}, {"low_freq_factor", low}, {"high_freq_factor", high}, {"original_max_position_embeddings", uint64_t(context)}};
}

// A pair between is slowed by a blend that says how many of its waves fit the context, from `low` to `high`. Two such pairs tell `high`,
// one tells the context; without any the context lies between the last fast and the first slow one.
std::optional<Json> llama3_rule(const Pairs& pairs, double factor) {
    std::vector<std::pair<double, double>> between;  // radians and blend
    double fast = 0, slow = 0;
    for (size_t i = 0; i < pairs.radians.size(); i++) {
        const double blend = (1 / pairs.slower[i] - 1 / factor) / (1 - 1 / factor);
        constexpr double sure = 1e-3;  // the slowest are known to some hundred units
        if (blend > 1 - sure) fast = pairs.radians[i];
        else if (blend > sure) between.emplace_back(pairs.radians[i], blend);
        else if (slow == 0) slow = pairs.radians[i];
    }
    if (fast == 0 || slow == 0) return std::nullopt;
    double high = usual_high;
    if (between.size() > 1) {
        const auto [r, b] = between.front();
        const auto [s, c] = between.back();
        const double ratio = r / s;  // (low + b (high - low)) / (low + c (high - low))
        high = rounded(low + low * (1 - ratio) / (c * ratio - b), 0.5);
    }
    if (!(high > low)) return std::nullopt;
    if (!between.empty()) return llama3(factor, high, std::round((low + between[0].second * (high - low)) * two_pi / between[0].first));
    const double least = high * two_pi / fast, most = low * two_pi / slow, power = std::exp2(std::ceil(std::log2(least)));
    return llama3(factor, high, power < most ? power : std::round((least + most) / 2));
}

}  // namespace

std::optional<RopeRule> rope_rule(const std::vector<uint32_t>& frequencies, uint32_t rope_dim) {
    const RopeBase base = rope_base(frequencies, rope_dim);
    if (base.divisors.empty()) return RopeRule{base.theta, nullptr};
    for (const double theta : {base.theta, std::round(base.theta)}) {
        const Pairs pairs = pairs_of(frequencies, theta);
        for (const double step : {1.0, 0.25}) {
            const Json linear = {{"rope_type", "linear"}, {"factor", rounded(pairs.slower[0], step)}};
            if (linear["factor"] > 1 && gives(frequencies, rope_dim, theta, linear)) return RopeRule{theta, linear};
            const double factor = rounded(pairs.slower.back(), step);
            const std::optional<Json> stretched = factor > 1 ? llama3_rule(pairs, factor) : std::nullopt;
            if (stretched && gives(frequencies, rope_dim, theta, *stretched)) return RopeRule{theta, *stretched};
        }
    }
    return std::nullopt;
}

}  // namespace mote::tools
