// tokenizer_import: which importer a tokenizer needs.
#include "tokenizer/tokenizer_import.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/looks_like.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/tokenizer_gguf.h"
#include "tokenizer/tokenizer_gpt2.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/tokenizer_llama2c.h"
#include "tokenizer/tokenizer_sentencepiece.h"
#include "tokenizer/tokenizer_tiktoken.h"
#include "tokenizer/tokenizer_wordpiece.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_json_bytes = 64 << 20;

bool is_folder(const std::string& path) {
    std::error_code unreadable;  // is said when the file is opened
    return std::filesystem::is_directory(path, unreadable);
}

std::string folder_of(const std::string& file) {
    const std::string folder = std::filesystem::path(file).parent_path().string();
    return folder.empty() ? "." : folder;
}

bool is_json(std::string_view text) {
    if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return false;
    text.remove_prefix(begin);
    const bool list = text[0] == '[' && text.find_first_of("]{[\"0123456789 \t\r\n", 1) == 1;  // but not a line such as [PAD]
    return text[0] == '{' || list || text.substr(0, 4) == "null";
}

// merges.txt beside vocab.json, x-merges.txt beside x-vocab.json.
std::string beside_vocabulary(const std::string& vocab, const std::string& name) {
    const std::string ending = "vocab.json";
    if (vocab.size() < ending.size() || vocab.compare(vocab.size() - ending.size(), ending.size(), ending) != 0)
        return folder_of(vocab) + "/" + name;
    return vocab.substr(0, vocab.size() - ending.size()) + name;
}

TokenizerModel import_gpt2(const JsonView& vocab, SpecialTokens& special, std::vector<std::string>& notes) {
    read_added_tokens(beside_vocabulary(vocab.file(), "added_tokens.json"), special);
    return import_tokenizer_gpt2(vocab, beside_vocabulary(vocab.file(), "merges.txt"), special, notes);
}

TokenizerModel import_json(const std::string& file, std::vector<std::string>& notes) {
    const Json json = read_json(file, max_json_bytes);
    const JsonView root(json, file);
    SpecialTokens special = read_special_tokens(file);
    const Json::const_iterator model = root.object().find("model");
    const bool only_ids = !json.empty() && std::all_of(json.begin(), json.end(), [](const Json& v) { return v.is_number(); });
    const bool gpt2 = only_ids || (model != json.end() && model->is_number());
    TokenizerModel tokenizer = gpt2 ? import_gpt2(root, special, notes) : import_tokenizer_json(root, notes);
    complete_special_tokens(special, tokenizer, notes);
    return tokenizer;
}

// What the files beside the model say of its begin and end token counts more than what it says itself, which was before it learnt to chat. The
// library adds neither; the files may ask for that.
TokenizerModel import_sentencepiece(const MappedFile& file, std::vector<std::string>& notes) {
    SpecialTokens special = read_special_tokens(file.path());
    read_added_tokens(folder_of(file.path()) + "/added_tokens.json", special);
    TokenizerModel model = import_tokenizer_sentencepiece(file, notes);
    add_control_tokens(special.added, model);
    const uint32_t bos = std::exchange(model.bos, no_token), eos = std::exchange(model.eos, no_token);
    complete_special_tokens(special, model, notes);
    if (model.bos == no_token) model.bos = bos;
    if (model.eos == no_token) model.eos = eos;
    if (special.add_bos && model.bos != no_token) model.flags |= tokenizer_add_bos;
    if (special.add_eos && model.eos != no_token) model.flags |= tokenizer_add_eos;
    return model;
}

TokenizerModel import_wordpiece(const MappedFile& file, std::vector<std::string>& notes) {
    SpecialTokens special = read_special_tokens(file.path());
    read_added_tokens(folder_of(file.path()) + "/added_tokens.json", special);
    TokenizerModel model = import_vocab_txt(file, notes);
    add_control_tokens(special.added, model);
    attach_chat_template_beside(file.path(), model, notes);
    return model;
}

TokenizerModel import_file(const std::string& path, std::vector<std::string>& notes) {
    const MappedFile file(path);
    if (file.text().find_first_not_of(" \t\r\n") == std::string_view::npos) refuse("E_EMPTY", path, "is empty");
    if (is_json(file.text())) return import_json(path, notes);
    if (is_sentencepiece(file.text())) return import_sentencepiece(file, notes);
    const auto with_template = [&](TokenizerModel model) {
        attach_chat_template_beside(path, model, notes);
        return model;
    };
    if (is_vocab_txt(file.text())) return import_wordpiece(file, notes);
    if (is_tiktoken(file.text())) return with_template(import_tokenizer_tiktoken(file));
    const std::string kind = looks_like(file.text());
    if (kind == "a GGUF file") return import_tokenizer_gguf(read_gguf(path), notes);
    if (kind.empty()) return with_template(import_tokenizer_llama2c(file, notes));
    refuse("E_UNSUPPORTED", path,
           "looks like " + kind +
               "; a tokenizer is a tokenizer.json, a vocab.json beside its merges.txt, a SentencePiece .model, a vocab.txt of WordPiece, a "
               "GGUF file, a tiktoken rank file, or a tokenizer.bin of llama2.c");
}

// The file of a folder that holds its tokenizer; empty if there is none.
std::string tokenizer_file(const std::string& folder) {
    for (const char* name : {"/tokenizer.json", "/vocab.json", "/tokenizer.model", "/spiece.model", "/vocab.txt", "/tokenizer.bin"})
        if (exists(folder + name)) return folder + name;
    return "";
}

}  // namespace

TokenizerModel import_tokenizer(const std::string& path, std::vector<std::string>& notes) {
    if (!is_folder(path)) return import_file(path, notes);
    const std::string file = tokenizer_file(path);
    if (!file.empty()) return import_file(file, notes);
    refuse("E_MISSING", path, "has neither tokenizer.json, nor vocab.json and merges.txt, nor tokenizer.model, nor vocab.txt, nor tokenizer.bin");
}

bool has_tokenizer(const std::string& folder) { return !tokenizer_file(folder).empty(); }

}  // namespace mote::tools
