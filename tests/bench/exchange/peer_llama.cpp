// peer_llama: peer_llama MODEL.gguf COUNT PROMPT. The ids of the prompt, and those of COUNT tokens that llama.cpp finds most probable
// behind it with caches of float32, a line each. Built beside the project, with llama.cpp's headers and library; exchange.py takes
// its path.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "llama.h"

namespace {

llama_token most_probable(const float* logits, int32_t vocab) {
    llama_token best = 0;
    for (llama_token id = 1; id < vocab; id++)
        if (logits[id] > logits[best]) best = id;
    return best;
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model* model = llama_model_load_from_file(words[1], llama_model_default_params());
    if (!model) return 3;
    const llama_vocab* vocab = llama_model_get_vocab(model);
    const int tokens = std::atoi(words[2]), bytes = static_cast<int>(std::strlen(words[3]));
    std::vector<llama_token> ids(static_cast<size_t>(bytes) + 8);
    ids.resize(static_cast<size_t>(llama_tokenize(vocab, words[3], bytes, ids.data(), static_cast<int32_t>(ids.size()), true, false)));
    for (const llama_token id : ids) std::printf("%d ", id);
    std::printf("\n");

    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = static_cast<uint32_t>(ids.size()) + static_cast<uint32_t>(tokens) + 8;
    parameters.n_threads = parameters.n_threads_batch = 1;
    parameters.type_k = parameters.type_v = GGML_TYPE_F32;
    llama_context* context = llama_init_from_model(model, parameters);
    if (!context) return 3;
    llama_batch batch = llama_batch_get_one(ids.data(), static_cast<int32_t>(ids.size()));
    for (int i = 0; i < tokens; i++) {
        if (llama_decode(context, batch)) return 4;
        llama_token next = most_probable(llama_get_logits_ith(context, -1), llama_vocab_n_tokens(vocab));
        std::printf("%d ", next);
        batch = llama_batch_get_one(&next, 1);
    }
    std::printf("\n");
}
