// evaluate_pairs: how often a model completes a prompt exactly as it should.
#pragma once

#include <string>
#include <vector>

#include "base/pairs.h"
#include "mote/mote.h"

namespace mote::tools {

/// What the model wrote where something else was wanted.
struct Miss {
    const Pair* pair;
    std::string written;
};

struct PairsEvaluation {
    uint64_t pairs = 0;
    std::vector<Miss> misses{};

    uint64_t exact() const { return pairs - misses.size(); }
    double percent() const { return 100.0 * double(exact()) / double(pairs); }
};

/// Completes each prompt with the most probable token at each place, until a control token, a line's end (unless a completion
/// has one inside), or a few tokens more than the longest completion has. Line ends behind a completion do not count.
/// `pairs` must outlive the result. Errors: E_CONTEXT (a pair longer than the context), and those of a session. Throws Failure.
PairsEvaluation evaluate_pairs(const Model& model, const Options& options, const std::vector<Pair>& pairs, const std::string& file);

}  // namespace mote::tools
