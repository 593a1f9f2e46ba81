// The pipelines of well-known models, each with a small vocabulary: taken in, they give the tokens that Hugging Face's tokenizers give
// (known_pipelines.py), and written out again, they still do, or are refused by name.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/json.h"
#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/write_tokenizer_json.h"

namespace mote::tools {
namespace {

using testing::OpenedTokenizer;
using testing::TemporaryFolder;

TokenizerModel import(const std::string& json) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.json", json));
}

void expect_tokens(const TokenizerModel& model, const Json& pipeline) {
    const OpenedTokenizer tokenizer(model);
    EncodeOptions options = testing::plain();
    options.parse_special = true;
    for (const Json& text : pipeline["texts"])
        EXPECT_EQ(tokenizer.encode(text[0].get<std::string>(), options), text[1].get<std::vector<uint32_t>>()) << pipeline["name"] << ": " << text[0];
}

TEST(known_pipelines, give_the_tokens_of_their_models) {
    const Json pipelines = read_json(MOTE_TESTS_HOST "/known_pipelines.json", 1 << 20);
    ASSERT_EQ(pipelines.size(), 26u);
    for (const Json& pipeline : pipelines) expect_tokens(import(pipeline["tokenizer"].dump()), pipeline);
}

TEST(known_pipelines, give_them_again_where_they_can_be_written) {
    std::set<std::string> refused;
    for (const Json& pipeline : read_json(MOTE_TESTS_HOST "/known_pipelines.json", 1 << 20)) {
        std::string written;
        try {
            written = tokenizer_json(import(pipeline["tokenizer"].dump()), "test");
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.code(), "E_UNSUPPORTED") << failure.what();
            refused.insert(pipeline["name"].get<std::string>());
            continue;
        }
        expect_tokens(import(written), pipeline);
    }
    // A charsmap of a few characters is no hindrance, two tables of rules, lower case behind a form and words behind other steps
    // than BERT's are.
    EXPECT_EQ(refused,
              (std::set<std::string>{"ALBERT", "ALBERT as transformers writes it", "GPT-2 with words of a user's",
                                     "WordPiece behind NFC, without accents", "WordPiece of Hugging Face's course", "XLNet"}));
}

}  // namespace
}  // namespace mote::tools
