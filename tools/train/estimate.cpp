// estimate: arithmetic on the settings.
#include "train/estimate.h"

#include <cstdio>

#include "train/optimizer.h"

namespace mote::tools {
namespace {

// Hours and minutes, minutes and seconds, or seconds.
std::string duration(double seconds) {
    char text[64];
    const unsigned long whole = static_cast<unsigned long>(seconds + 0.5);
    if (whole >= 3600)
        std::snprintf(text, sizeof text, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        std::snprintf(text, sizeof text, "%lu min %02lu s", whole / 60, whole % 60);
    else
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

// Steps, and evaluations of both splits: forward only, a third of the work.
double run_seconds(const TrainSettings& s, double step_seconds) {
    const double evaluations = double((s.steps + s.eval_every - 1) / s.eval_every);
    return step_seconds * (double(s.steps) + evaluations * 2 * double(s.eval_batches) / 3 / double(s.accumulate));
}

}  // namespace

double run_bytes(const Network& network, const TrainSettings& s, size_t data_tokens) {
    constexpr double program = 16 << 20;  // with its libraries, and what the BLAS sets aside for a thread
    constexpr double kept = 4;    // the model as tensors and as one array, two moments
    constexpr double saving = 4;  // the model's tensors as they are written, its file, and the moments'
    const double arrays = kept + saving + (s.qat.empty() ? 0 : 1);
    return program + sizeof(uint32_t) * double(data_tokens) + arrays * sizeof(float) * double(network.count) +
           double(Optimizer::bytes(network, s.threads, s.batch, s.context));
}

std::string estimate_text(const TrainSettings& s, const Estimate& e) {
    const double tokens = double(s.tokens()), ratio = tokens / double(e.parameters), epochs = tokens / double(e.data_tokens);
    char text[640];
    std::snprintf(text, sizeof text,
                  "parameters    %zu, vocabulary %u\n"
                  "data          %zu tokens, seen %.1f times\n"
                  "training      %u steps of %.0f tokens, %.3g tokens in all\n"
                  "operations    %.3g (6 x parameters x tokens)\n"
                  "memory        %.0f MiB on %u threads\n"
                  "time          %s, %.3g s a step as measured\n"
                  "ratio         %.1f tokens a parameter\n",
                  e.parameters, e.vocab, e.data_tokens, epochs, s.steps, tokens / s.steps, tokens,
                  6 * double(e.parameters) * tokens, e.memory_bytes / 1048576, s.threads,
                  duration(run_seconds(s, e.step_seconds)).c_str(), e.step_seconds, ratio);
    std::string out = text;
    if (ratio < 5) out += "warning       far fewer than 20 tokens a parameter: a smaller model or more steps would do as well\n";
    if (ratio > 80)
        out += "warning       far more than 20 tokens a parameter: a larger model would learn more from as many tokens\n";
    return out;
}

}  // namespace mote::tools
