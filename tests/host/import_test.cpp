// What a checkpoint is, told by its content; and what it is not, said by name.
#include "import/import.h"

#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "refusal.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::TemporaryFolder;

void expect_named(const std::string& code, const char* name, const std::string& beginning) {
    const TemporaryFolder folder;
    const std::string file = folder.write("model.bin", beginning + std::string(300, '\0'));
    expect_refusal(code, {"model.bin", "looks like", name}, [&] { import_checkpoint(file); });
}

TEST(import, names_model_files_it_does_not_read) {
    expect_named("E_UNSUPPORTED", "pickle", "\x80\x02");
    expect_named("E_UNSUPPORTED", ".mote", "MOTE\r\n\x1a\n");
}

TEST(import, names_files_that_are_no_models) {
    expect_named("E_MAGIC", "Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    expect_named("E_MAGIC", "HTML", "<!DOCTYPE html>");
    expect_named("E_MAGIC", "gzip", "\x1f\x8b\x08");
    expect_named("E_MAGIC", "JSON", "{\"a\": 1}");
}

TEST(import, refuses_what_is_not_there) {
    expect_refusal("E_IO", {"/nowhere/model.bin"}, [] { import_checkpoint("/nowhere/model.bin"); });
}

TEST(import, adds_the_tokenizer_that_is_asked_for) {
    const TemporaryFolder folder;
    testing::Llama2cSizes sizes;
    sizes.vocab = 261;
    const std::string model = folder.write("model.bin", testing::llama2c_v0(sizes));
    ImportOptions options;
    options.tokenizer = folder.write("tokenizer.bin", testing::llama2c_tokenizer({{"a", -1}, {"b", -2}}));
    EXPECT_EQ(import_checkpoint(model, options).tokenizer->pieces.size(), 261u);
    EXPECT_FALSE(import_checkpoint(model).tokenizer);
}

TEST(import, refuses_a_tokenizer_of_another_vocabulary) {
    const TemporaryFolder folder;
    testing::Llama2cSizes sizes;
    sizes.vocab = 262;
    const std::string model = folder.write("model.bin", testing::llama2c_v0(sizes));
    ImportOptions options;
    options.tokenizer = folder.write("tokenizer.bin", testing::llama2c_tokenizer({{"a", -1}, {"b", -2}}));
    expect_refusal("E_MISMATCH", {"tokenizer.bin", "261", "262"}, [&] { import_checkpoint(model, options); });
}

// The values of all tensors, which an import leaves in the file.
void read_all(const Weights& weights) {
    for (const auto& [key, tensor] : weights.tensors) tensor.values();
}

// Reads a file with one bit of each of its bytes changed in turn: an answer or a refusal, and under a sanitizer nothing else.
template <class Read>
void expect_answers(const std::string& name, const std::string& whole, size_t bytes, Read read) {
    const TemporaryFolder folder;
    for (size_t i = 0; i < bytes; i++) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
        const std::string file = folder.write(name, damaged);
        try {
            read(file);
        } catch (const Failure& failure) {
            EXPECT_NE(failure.exit(), Exit::internal) << "byte " << i << ": " << failure.what();
        }
    }
}

TEST(import, answers_to_every_damaged_byte) {
    const auto checkpoint = [](const std::string& file) { read_all(import_checkpoint(file)); };
    expect_answers("v0.bin", testing::llama2c_v0(), 28 + 8, checkpoint);
    expect_answers("v1.bin", testing::llama2c_v1(), 256 + 8, checkpoint);
    expect_answers("v2.bin", testing::llama2c_v2(), 256 + 8, checkpoint);
    const testing::HfModel model = testing::tiny_llama();
    const std::string weights = testing::safetensors(model.tensors);
    const TemporaryFolder folder;
    model.write(folder);
    expect_answers("x", weights, 8 + 600, [&](const std::string& file) {
        std::filesystem::copy_file(file, folder.path() + "/model.safetensors", std::filesystem::copy_options::overwrite_existing);
        read_all(import_checkpoint(folder.path()));
    });
}

TEST(import, answers_to_every_damaged_byte_of_a_tokenizer) {
    const auto tokenizer = [](const std::string& file) {
        const TokenizerModel model = import_tokenizer(file);
        pack_tokenizer(model, static_cast<uint32_t>(model.pieces.size()), file);
    };
    const std::string marked = testing::marked_tokenizer().dump();
    expect_answers("tokenizer.json", marked, marked.size(), tokenizer);
    const std::string scored = testing::llama2c_tokenizer({{"a", -1}, {"b", -2}, {"ab", -3}});
    expect_answers("tokenizer.bin", scored, 64, tokenizer);
}

}  // namespace
}  // namespace mote::tools
