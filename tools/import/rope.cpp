// rope: the rules of Hugging Face transformers that need no state at run time.
#include "import/rope.h"

#include <cmath>

#include "model/weights.h"

namespace mote::tools {
namespace {

constexpr double two_pi = 6.283185307179586476925;

double positive(const JsonView& view) {
    const double value = view.number();
    if (!(value > 0)) view.refuse("E_RANGE", "must be more than 0");
    return value;
}

// Llama 3.1: long waves are slowed down by `factor`, short ones stay, those between are blended.
struct Llama3 {
    double factor, low, high, context;

    explicit Llama3(const JsonView& scaling)
        : factor(positive(scaling.at("factor"))),
          low(positive(scaling.at("low_freq_factor"))),
          high(positive(scaling.at("high_freq_factor"))),
          context(positive(scaling.at("original_max_position_embeddings"))) {
        if (high <= low) scaling.refuse("E_RANGE", "high_freq_factor must be more than low_freq_factor");
    }
    double operator()(double radians) const {
        const double waves = context * radians / two_pi;  // that fit the original context
        if (waves < low) return radians / factor;
        if (waves > high) return radians;
        const double blend = (waves - low) / (high - low);
        return (1 - blend) * radians / factor + blend * radians;
    }
};

std::vector<double> plain_radians(uint32_t rope_dim, double theta) {
    std::vector<double> radians;
    for (uint32_t i = 0; i < rope_dim; i += 2) radians.push_back(std::pow(theta, -static_cast<double>(i) / rope_dim));
    return radians;
}

}  // namespace

std::vector<uint32_t> rope_frequencies(uint32_t rope_dim, double theta, const std::optional<JsonView>& scaling) {
    std::vector<double> radians = plain_radians(rope_dim, theta);

    std::string rule = "default";
    if (scaling) rule = (scaling->find("rope_type") ? scaling->at("rope_type") : scaling->at("type")).text();
    if (rule == "linear") {
        const double factor = positive(scaling->at("factor"));
        for (double& r : radians) r /= factor;
    } else if (rule == "llama3") {
        const Llama3 stretch(*scaling);
        for (double& r : radians) r = stretch(r);
    } else if (rule != "default") {
        scaling->refuse("E_UNSUPPORTED", "rule \"" + rule + "\"; supported are default, linear and llama3");
    }

    std::vector<uint32_t> turns;
    for (const double r : radians) turns.push_back(rope_turns(r));
    return turns;
}

std::vector<uint32_t> divided_rope_frequencies(uint32_t rope_dim, double theta, const std::vector<double>& divisors) {
    std::vector<uint32_t> turns;
    for (const double r : plain_radians(rope_dim, theta)) turns.push_back(rope_turns(r / divisors[turns.size()]));
    return turns;
}

}  // namespace mote::tools
