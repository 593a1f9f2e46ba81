// tiny_run: a run of a moment, on a text of random words.
#pragma once

#include <string>

#include "base/random.h"
#include "host/make_checkpoint.h"
#include "train/trainer.h"

namespace mote::testing {

inline std::string words(size_t count) {
    tools::Random random(3);
    const char* const all[] = {"the ", "cat ", "sat ", "on ", "a ", "mat ", "and ", "saw ", "it.\n"};
    std::string text;
    for (size_t i = 0; i < count; i++) text += all[random.below(9)];
    return text;
}

inline tools::TrainOptions tiny_run(const TemporaryFolder& folder, const std::string& name) {
    tools::TrainOptions o;
    tools::TrainSettings& s = o.settings;
    s.family = "llama";
    s.layers = 1, s.dim = 16, s.heads = 2, s.kv_heads = 1, s.context = 16, s.batch = 5, s.accumulate = 2;
    s.steps = 40, s.warmup = 5, s.dropout = 0.1f, s.eval_every = 8, s.eval_batches = 2, s.threads = 2;
    s.data = {folder.write("words.txt", words(600))};
    o.run = folder.path() + "/" + name;
    return o;
}

}  // namespace mote::testing
