// llama2.c files written: read back as they were, and the same bytes as the original's.
#include "export/llama2c.h"

#include <gtest/gtest.h>

#include <functional>

#include "export/llama2c_tokenizer.h"
#include "export/unpack.h"
#include "import/import.h"
#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "pack/pack.h"
#include "pack/random_model.h"
#include "refusal.h"
#include "shared_data.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

TEST(export_llama2c, is_read_back_as_it_was_in_both_layouts_of_floats) {
    const std::string shape = "llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=24,vocab=30,context=16,pairing=interleaved,tied=";
    for (const char* tied : {"0", "1"})
        for (const uint32_t version : {0u, 1u}) {
            const TemporaryFolder folder;
            const std::string path = folder.path() + "/model.bin";
            const Weights w = random_model(shape + tied, 1);
            export_llama2c(path, w, {version, 0});
            const Weights read = import_checkpoint(path);
            ASSERT_EQ(read.tensors.size(), w.tensors.size());
            for (const auto& [key, tensor] : w.tensors)
                EXPECT_EQ(read.tensors.at(key).values(), tensor.values()) << role_name(key.first);
            EXPECT_EQ(read.rope_frequencies, w.rope_frequencies);
        }
}

// By hand: the largest of a group becomes 127; 0.5 and 1.5 steps become 0 and 2, the even ones; a group of zeros has the scale 0.
TEST(export_llama2c, writes_groups_of_8_bits) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.bin";
    Weights w = random_model("llama:dim=4,layers=1,heads=1,hidden=4,vocab=2,context=4,pairing=interleaved,tied=1", 1);
    w.tensors[{Role::token_embedding, 0}] = HostTensor(2, 4, std::vector<float>{-254, 1, 3, 6, 0, 0, 0, 0});
    export_llama2c(path, w, {2, 0});
    const std::string bytes = read_file(path), norms(3 * 4 * 4, '\0');
    EXPECT_EQ(bytes.substr(0, 41),
              bytes_of(std::vector<uint32_t>{0x616b3432, 2, 4, 4, 1, 1, 1, 2, 4}) + "\1" + bytes_of(uint32_t{4}));
    EXPECT_EQ(bytes.substr(256 + norms.size(), 8), std::string("\x81\0\2\3\0\0\0\0", 8));
    EXPECT_EQ(bytes.substr(256 + norms.size() + 8, 8), bytes_of(std::vector<float>{2, 0}));
    EXPECT_EQ(import_checkpoint(path).tensors.at({Role::token_embedding, 0}).values(),
              (std::vector<float>{-254, 0, 4, 6, 0, 0, 0, 0}));
}

TEST(export_llama2c, refuses_groups_that_do_not_divide_a_matrix) {
    const TemporaryFolder folder;
    const Weights w = random_model("llama:dim=8,layers=1,heads=2,hidden=12,vocab=3,context=4", 1);
    expect_refusal("E_SHAPE", {"token_embedding", "24 elements", "16"}, [&] {
        export_llama2c(folder.path() + "/x.bin", w, {2, 16});
    });
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(export_llama2c, moves_the_rows_of_halves_to_pairs) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.bin";
    const Weights w = random_model("llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=4,vocab=3,context=8", 1);
    export_llama2c(path, w);
    const std::vector<float> before = w.tensors.at({Role::q, 0}).values(),
                             after = import_checkpoint(path).tensors.at({Role::q, 0}).values();
    const size_t row_of[] = {0, 2, 1, 3, 4, 6, 5, 7};  // (0, 2), (1, 3) become (0, 1), (2, 3) in each head of four
    for (size_t row = 0; row < 8; row++)
        for (size_t i = 0; i < 8; i++) EXPECT_EQ(before[row * 8 + i], after[row_of[row] * 8 + i]) << "row " << row;
}

TEST(export_llama2c, refuses_what_llama2c_does_not_compute) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.bin";
    for (const auto& [shape, word] : {std::pair("gpt2:dim=16", "layer norms"), std::pair("qwen2:dim=16", "q_bias"),
                                      std::pair("llama:dim=16,heads=2,head_dim=4", "wide")})
        expect_refusal("E_UNSUPPORTED", {word}, [&, name = shape] { export_llama2c(path, random_model(name, 1)); });
    EXPECT_FALSE(exists(path));
}

// Others wrote the three files from one model, in groups of 8.
TEST(export_llama2c, writes_stories260K_as_others_did) {
    const struct {
        const char* name;
        Llama2cLayout layout;
        size_t same;  // bytes; behind them are cosines and sines: computed anew, and skipped by readers
    } files[] = {{"stories260K.bin", {0, 0}, 28 + 4 * 260032},
                 {"stories260K_v1.bin", {1, 0}, 1040384},
                 {"stories260K_q80.bin", {2, 8}, 392064}};
    for (const auto& file : files) {
        const std::string name = std::string("weights/llama2c/") + file.name;
        MOTE_NEEDS("weights/llama2c/stories260K.bin");
        MOTE_NEEDS(name);
        const TemporaryFolder folder;
        const std::string packed = folder.path() + "/m.mote", path = folder.path() + "/model.bin";
        std::vector<std::string> notes;
        pack_file(packed, import_checkpoint(shared_data("weights/llama2c/stories260K.bin")), parse_formats("f32"), notes);
        export_llama2c(path, unpack_model(packed), file.layout);
        const std::string written = read_file(path), original = read_file(shared_data(name));
        ASSERT_EQ(written.size(), original.size());
        EXPECT_TRUE(written.substr(0, file.same) == original.substr(0, file.same)) << name;
    }
}

// ---- the tokenizer

const std::vector<ScoredText> scored = {{" ", -9}, {"a", -8}, {"b", -7}, {"ab", -2}, {" a", -1}, {" ab", -3}};

TEST(export_llama2c, writes_a_tokenizer_that_merges_as_it_did) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.bin", llama2c_tokenizer(scored)));
    std::vector<std::string> notes;
    const std::string written = written_llama2c_tokenizer(model, 267, "", notes);
    const TokenizerModel again = import_tokenizer(folder.write("again.bin", written));
    EXPECT_TRUE(notes.empty());
    ASSERT_EQ(again.pieces.size(), 267u);
    EXPECT_EQ(again.pieces.back(), "[PAD266]");
    EXPECT_TRUE(std::equal(model.pieces.begin(), model.pieces.end(), again.pieces.begin()));
    EXPECT_NE(written.find("\n</s>\n"), std::string::npos);
    ASSERT_EQ(again.merges.size(), model.merges.size());
    for (size_t i = 0; i < model.merges.size(); i++) EXPECT_EQ(again.merges[i].merged, model.merges[i].merged) << i;
}

TEST(export_llama2c, refuses_tokenizers_of_other_rules_by_name) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.bin", llama2c_tokenizer(scored)));
    const auto refuses = [&](const char* why, const std::function<void(TokenizerModel&)>& change) {
        TokenizerModel other = model;
        change(other);
        std::vector<std::string> notes;
        expect_refusal("E_UNSUPPORTED", {why}, [&] { written_llama2c_tokenizer(other, 265, "", notes); });
    };
    refuses("Unigram", [](TokenizerModel& m) { m.kind = TokenizerKind::unigram; });
    refuses("a split rule", [](TokenizerModel& m) { m.pre_tokenizer = PreTokenizer::gpt2; });
    refuses("NFD", [](TokenizerModel& m) { m.normal_form.present = true; });
    refuses("added tokens", [](TokenizerModel& m) { m.added.push_back(260); });
    refuses("without a space in front", [](TokenizerModel& m) { m.flags &= ~uint32_t(tokenizer_prefix_space); });
    refuses("without a space:", [](TokenizerModel& m) { m.pieces[259] = "_"; });
    refuses("not 1 and 2", [](TokenizerModel& m) { m.eos = 0; });
    refuses("3 to 258", [](TokenizerModel& m) { std::swap(m.byte_ids[0], m.byte_ids[1]); });
    const TokenizerModel bytes = import_tokenizer(folder.write("tokenizer.json", byte_level_tokenizer().dump()));
    std::vector<std::string> notes;
    expect_refusal("E_UNSUPPORTED", {"merges of bytes"}, [&] { written_llama2c_tokenizer(bytes, 259, "", notes); });
}

TEST(export_llama2c, says_when_a_tokenizer_merges_by_rules_that_are_no_scores) {
    const TemporaryFolder folder;
    TokenizerModel model = import_tokenizer(folder.write("tokenizer.bin", llama2c_tokenizer(scored)));
    model.merges.pop_back();
    std::vector<std::string> notes;
    written_llama2c_tokenizer(model, 265, "", notes);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("merges by score"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
