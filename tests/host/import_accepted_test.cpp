// Real files that must load: every model and tokenizer of the shared data that mote reads, with the figures that tell one from
// another. Which are absent is said by name.
#include <gtest/gtest.h>

#include <cctype>
#include <ostream>

#include "import/import.h"
#include "shared_data.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::shared_data;

struct Accepted {
    const char* path;
    const char* config;   // nullptr: its own
    uint64_t parameters;  // of a model, or pieces of a tokenizer
};

void PrintTo(const Accepted& file, std::ostream* out) { *out << file.path; }

std::string test_name(const ::testing::TestParamInfo<Accepted>& info) {
    std::string name = info.param.path;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

// Parameters by numpy, from the shapes in the files, each tensor once: a tied head is no second one.
constexpr Accepted models[] = {
    {"weights/llama2c/stories260K.bin", nullptr, 260032},
    {"weights/llama2c/stories260K_v1.bin", nullptr, 260032},
    {"weights/llama2c/stories260K_q80.bin", nullptr, 260032},
    {"weights/gguf/stories260K_f32.gguf", nullptr, 260032},
    {"weights/hf/stories656K", nullptr, 656000},
    {"weights/hf/stories656K/model.safetensors", nullptr, 656000},
    {"weights/hf/tiny_llama3", nullptr, 106816},
    {"weights/hf/tiny_qwen3", nullptr, 106880},
    {"weights/pth/llama_demo_rand_params.pth", "weights/pth/llama_demo_config.json", 313280},
    {"weights/gpt2/vanilla_1m_v1.pt", nullptr, 950608},
    {"weights/gpt2/tiny_gpt2_hf", nullptr, 2168},
};

class AcceptedModel : public ::testing::TestWithParam<Accepted> {};

TEST_P(AcceptedModel, loads_with_all_its_numbers) {
    MOTE_NEEDS(GetParam().path);
    ImportOptions options;
    if (GetParam().config) {
        options.config = shared_data(GetParam().config);
        options.sizes.context = 128;  // which that file does not say
    }
    const Weights weights = import_checkpoint(shared_data(GetParam().path), options);
    EXPECT_EQ(parameters(weights), GetParam().parameters);
    for (const auto& [key, tensor] : weights.tensors) EXPECT_EQ(tensor.values().size(), tensor.count()) << role_name(key.first);
}
INSTANTIATE_TEST_SUITE_P(files, AcceptedModel, ::testing::ValuesIn(models), test_name);

// Pieces as data/README.md has them, and the added tokens of those that have such.
constexpr Accepted tokenizers[] = {
    {"weights/llama2c/tok512.bin", nullptr, 512},
    {"weights/llama2c/tokenizer_llama2.bin", nullptr, 32000},
    {"weights/llama2c/tokenizer_llama2.model", nullptr, 32000},
    {"weights/gguf/stories260K_f32.gguf", nullptr, 512},
    {"weights/hf/stories656K", nullptr, 2048},
    {"weights/gpt2/tiny_gpt2_hf", nullptr, 21},
    {"tokenizers/llamacpp/ggml-vocab-gpt-2.gguf", nullptr, 50257},
    {"tokenizers/llamacpp/ggml-vocab-llama-spm.gguf", nullptr, 32000},
    {"tokenizers/qwen2/qwen.tiktoken", nullptr, 151643 + 3},
    {"tokenizers/gpt2/vocab.json", nullptr, 50257},
    {"tokenizers/bert/bert_base_uncased_vocab.txt", nullptr, 30522},
    {"tokenizers/t5/t5_spiece.model", nullptr, 32000},
    {"tokenizers/sentencepiece/test_model.model", nullptr, 1000},
    {"tokenizers/sentencepiece/test_ja_model.model", nullptr, 8000},
    {"tokenizers/sentencepiece/en.wiki.bpe.vs10000.model", nullptr, 10000},
    {"tokenizers/minimind/tokenizer.json", nullptr, 6400},
};

class AcceptedTokenizer : public ::testing::TestWithParam<Accepted> {};

TEST_P(AcceptedTokenizer, loads_with_all_its_pieces) {
    MOTE_NEEDS(GetParam().path);
    EXPECT_EQ(import_tokenizer(shared_data(GetParam().path)).pieces.size(), GetParam().parameters);
}
INSTANTIATE_TEST_SUITE_P(files, AcceptedTokenizer, ::testing::ValuesIn(tokenizers), test_name);

}  // namespace
}  // namespace mote::tools
