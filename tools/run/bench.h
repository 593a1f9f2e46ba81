// bench: how fast a model runs here, beside how fast this machine can read its weights at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/arena.h"

namespace mote::tools {

struct BenchOptions {
    std::vector<uint32_t> threads, depths;  // every pair is measured; threads 0: as many as make the model fastest
    uint32_t decode = 64;                   // tokens made one by one at each depth
    uint32_t prefill = 128;                 // tokens of the prompt; 0: none is measured
    uint32_t rounds = 5;                    // of each measurement, in turn with all others
    Options session;                        // context 0: as many as the depths and the prompt need
    std::string isa;
};

/// One measurement: the median of all rounds.
struct Speed {
    uint32_t threads = 0;
    bool prefill = false;         // a prompt of `tokens`; otherwise `tokens` one by one after `depth`
    uint32_t depth = 0, tokens = 0;
    double tokens_per_second = 0;
    double read_share = 0;        // decode: bytes of weights a second, as a share of what this machine reads with these threads
};

struct Bench {
    std::string isa;
    uint64_t weight_bytes = 0;    // that one token reads
    uint32_t context = 0, chosen_threads = 0;
    double first_token_seconds = 0;  // from a mapped file: open, plan, start, one token
    uint64_t peak_bytes = 0;      // of this process, above what it had before the model was opened
    uint64_t model_bytes = 0, arena_bytes = 0;
    std::vector<Speed> speeds;
};

/// Throws Failure.
Bench bench(const std::string& file, const BenchOptions& options);

}  // namespace mote::tools
