// optimizer: sequences and parameters are shared out in fixed parts, and sums over threads are taken in order of thread.
#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "train/clip.h"
#include "train/vector.h"

namespace mote::tools {
namespace {

// Rows of a matrix product that reach its full speed; more only move activations out of the cache.
constexpr size_t enough_rows = 384;

// Sequences that one thread takes through the model at once.
size_t sequences_at_once(size_t threads, size_t sequences, size_t length) {
    const size_t share = (sequences + threads - 1) / threads;
    const size_t parts = (share * length + enough_rows - 1) / enough_rows;
    return std::max<size_t>(1, (share + parts - 1) / parts);
}

MOTE_VECTOR void add(float* sum, const float* x, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

}  // namespace

Optimizer::Optimizer(const Network& network, Threads& threads, size_t sequences, size_t length)
    : network_(network), threads_(threads), part_sequences_(sequences_at_once(threads.count(), sequences, length)) {
    for (size_t t = 0; t < threads.count(); t++) {
        activations_.push_back(std::make_unique<Activations>(network, part_sequences_, length));
        gradients_.emplace_back(network.count);
    }
}

size_t Optimizer::bytes(const Network& network, size_t threads, size_t sequences, size_t length) {
    return threads * sizeof(float) *
           (network.count + Activations::count(network, sequences_at_once(threads, sequences, length), length));
}

template <class F>
double Optimizer::over_parts(const Batch& batch, const F& f) {
    std::vector<double> sums(threads_.count());
    threads_.run([&](size_t thread) {
        const Share share = share_of(batch.sequences, thread, threads_.count());
        for (size_t first = share.begin; first < share.end; first += part_sequences_) {
            const size_t at = first * batch.length;
            const Batch part{batch.tokens + at, batch.targets + at, std::min(part_sequences_, share.end - first), batch.length};
            sums[thread] += f(part, first, thread);
        }
    });
    double sum = 0;
    for (const double s : sums) sum += s;
    return sum;
}

double Optimizer::loss(const float* values, const Batch& batch) {
    return over_parts(batch, [&](const Batch& part, size_t, size_t thread) {
        return tools::loss(network_, values, part, *activations_[thread]);
    });
}

double Optimizer::accumulate(const float* values, const Batch& batch, float scale, Dropout dropout) {
    return over_parts(batch, [&](const Batch& part, size_t first, size_t thread) {
        const Dropout own{dropout.rate, dropout.seed + first};
        return loss_and_gradient(network_, values, gradients_[thread].data(), part, scale, own, *activations_[thread]);
    });
}

double Optimizer::reduce() {
    std::vector<double> squares(threads_.count());
    threads_.run([&](size_t thread) {
        const Share share = share_of(network_.count, thread, threads_.count());
        for (size_t other = 1; other < threads_.count(); other++)
            add(&gradients_[0][share.begin], &gradients_[other][share.begin], share.end - share.begin);
        squares[thread] = sum_of_squares(&gradients_[0][share.begin], share.end - share.begin);
    });
    double sum = 0;
    for (const double s : squares) sum += s;
    return std::sqrt(sum);
}

void Optimizer::step(TrainState& state, const StepOptions& options, double length) {
    const float factor = clip_factor(length, options.longest_gradient);
    state.step++;
    threads_.run([&](size_t thread) {
        const Share share = share_of(network_.count, thread, threads_.count());
        for (const Parameter& p : network_.parameters) {
            const size_t begin = std::max(p.offset, share.begin), end = std::min(p.offset + p.count(), share.end);
            if (begin >= end) continue;
            adamw_update(&state.values[begin], &state.first_moment[begin], &state.second_moment[begin], &gradients_[0][begin],
                         end - begin, options.adam, factor, p.rows > 1 ? options.adam.weight_decay : 0, options.rate, state.step);
        }
        for (std::vector<float>& gradient : gradients_)
            std::memset(&gradient[share.begin], 0, (share.end - share.begin) * sizeof(float));
    });
}

}  // namespace mote::tools
