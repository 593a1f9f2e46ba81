// fuzz_tokenizer: imports a tokenizer of any kind; one that is accepted must pack, open and work.
#pragma once

#include "scratch_folder.h"
#include "support/exercise.h"
#include "support/tokenizers.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::fuzz {

/// BERT's rules for all of Unicode are the same in every file, and take a hundred times as long to pack as all the rest.
inline void leave_out_large_tables(tools::TokenizerModel& model) {
    if (model.normalizer.ranges.size() > 100) model.normalizer = tools::Normalizer{};
}

inline void import_and_use(const std::string& path) {
    expect_answer([&] {
        tools::TokenizerModel model = tools::import_tokenizer(path);
        if (model.pieces.empty()) std::abort();
        leave_out_large_tables(model);
        const testing::TestTokenizer t = testing::open_test_tokenizer(model);
        if (testing::exercise_tokenizer(t.tokenizer) == SIZE_MAX) std::abort();
    });
}

}  // namespace mote::fuzz
