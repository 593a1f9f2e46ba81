// vocab_txt: vocabularies of WordPiece, packed and used.
#include "base/files.h"
#include "fuzz_tokenizer.h"
#include "tokenizer/tokenizer_wordpiece.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("vocab.txt", data, size);
    fuzz::expect_answer([&] {
        std::vector<std::string> notes;
        tools::TokenizerModel model = tools::import_vocab_txt(tools::MappedFile(path), notes);
        fuzz::leave_out_large_tables(model);
        const testing::TestTokenizer t = testing::open_test_tokenizer(model);
        if (testing::exercise_tokenizer(t.tokenizer) == SIZE_MAX) std::abort();
    });
    return 0;
}
