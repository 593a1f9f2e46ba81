// optimizer: parameters, gradients and moments of a model, and one step of all of them on several threads. The result depends on
// the number of threads, and on nothing else but its arguments.
#pragma once

#include <memory>
#include <vector>

#include "train/adamw.h"
#include "train/model.h"
#include "train/threads.h"

namespace mote::tools {

/// All that changes from step to step.
struct TrainState {
    std::vector<float> values, first_moment, second_moment;  // laid out by Network
    uint64_t step = 0;                                       // steps done
};

struct StepOptions {
    AdamW adam;
    float rate = 1e-3f;
    float longest_gradient = 1;  // 0: no bound
};

class Optimizer {
public:
    /// Room for batches of at most `sequences` of `length`.
    Optimizer(const Network& network, Threads& threads, size_t sequences, size_t length);

    /// Bytes of activations and gradients that an optimizer of this size allocates.
    static size_t bytes(const Network& network, size_t threads, size_t sequences, size_t length);

    /// The sum of -ln p over the batch's targets.
    double loss(const float* values, const Batch& batch);

    /// The same, with dropout; the gradient of `scale` times it is added up until `step`.
    double accumulate(const float* values, const Batch& batch, float scale, Dropout dropout);

    /// Adds the threads' gradients; returns the length of the sum, which is in gradient().
    double reduce();
    const float* gradient() const { return gradients_[0].data(); }

    /// Moves the parameters against the reduced gradient of length `length`, and forgets it.
    void step(TrainState& state, const StepOptions& options, double length);

private:
    // Calls f(part of the batch, index of its first sequence, activations) for parts of one thread's share.
    template <class F>
    double over_parts(const Batch& batch, const F& f);

    const Network& network_;
    Threads& threads_;
    size_t part_sequences_;
    std::vector<std::unique_ptr<Activations>> activations_;  // one a thread
    std::vector<std::vector<float>> gradients_;              // one a thread
};

}  // namespace mote::tools
