// What a checkpoint is, told by its content; and what it is not, said by name.
#include "import/import.h"

#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "refusal.h"

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
    expect_named("E_UNSUPPORTED", "GGUF", "GGUF");
    expect_named("E_UNSUPPORTED", "PyTorch", "PK\x03\x04");
    expect_named("E_UNSUPPORTED", "pickle", "\x80\x02");
    expect_named("E_UNSUPPORTED", "safetensors", testing::safetensors("{}", ""));
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

}  // namespace
}  // namespace mote::tools
