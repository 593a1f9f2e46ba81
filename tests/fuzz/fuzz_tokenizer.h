// fuzz_tokenizer: imports a tokenizer of any kind; one that is accepted must pack, open and work.
#pragma once

#include "scratch_folder.h"
#include "support/exercise.h"
#include "support/tokenizers.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::fuzz {

inline void import_and_use(const std::string& path) {
    expect_answer([&] {
        const tools::TokenizerModel model = tools::import_tokenizer(path);
        if (model.pieces.empty()) std::abort();
        const testing::TestTokenizer t = testing::open_test_tokenizer(model);
        if (testing::exercise_tokenizer(t.tokenizer) == SIZE_MAX) std::abort();
    });
}

}  // namespace mote::fuzz
