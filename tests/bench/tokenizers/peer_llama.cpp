// peer_llama: peer_llama MODEL.gguf FILE ROUNDS. Seconds that llama.cpp takes to tokenize a file as one text, and the tokens, a line a round.
// Built beside the project, with llama.cpp's headers and library; tokenizers.py takes its path.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "llama.h"

int main(int count, char** words) {
    if (count != 4) return 2;
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    llama_model* model = llama_model_load_from_file(words[1], parameters);
    if (!model) return 3;
    const llama_vocab* vocab = llama_model_get_vocab(model);
    std::ifstream in(words[2], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::vector<llama_token> tokens(text.size() + 8);
    for (int round = 0; round < std::atoi(words[3]); round++) {
        const auto start = std::chrono::steady_clock::now();
        const int32_t made = llama_tokenize(vocab, text.data(), static_cast<int32_t>(text.size()), tokens.data(), static_cast<int32_t>(tokens.size()), false, false);
        std::printf("%.6f %d\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), made);
    }
}
