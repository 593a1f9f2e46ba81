// gguf_tokenizer: texts, types, and scores or merges.
#include "export/gguf_tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/error.h"
#include "chat/write_jinja.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

constexpr int32_t normal = 1, unknown = 2, control = 3, unused = 5, byte = 6;

std::string with_marks(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == ' ' ? "\xe2\x96\x81" : std::string(1, c);
    return out;
}

std::string in_alphabet(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) out += byte_to_alphabet(static_cast<uint8_t>(c));
    return out;
}

// Tokens as the file writes them. llama.cpp ends where two are alike.
class Vocabulary {
public:
    explicit Vocabulary(std::string source) : source_(std::move(source)) {}

    void add(std::string text, int32_t type) {
        if (text.empty()) text = "[EMPTY_" + std::to_string(texts.size()) + "]";
        if (!seen_.insert(text).second)
            refuse("E_DUP", source_, "token " + std::to_string(texts.size()) + " would be the second " + shown(text) + " of the file");
        texts.push_back(std::move(text));
        types.push_back(type);
    }
    // Models may be wider than their tokenizers.
    void pad(uint32_t vocab) {
        while (texts.size() < vocab) add("[PAD" + std::to_string(texts.size()) + "]", unused);
    }

    std::vector<std::string> texts;
    std::vector<int32_t> types;

private:
    std::string source_;
    std::set<std::string> seen_;
};

void write_id(GgufWriter& gguf, const char* key, uint32_t id) {
    if (id != no_token) gguf.u32(std::string("tokenizer.ggml.") + key, id);
}

void write_common(const TokenizerModel& model, const Vocabulary& vocabulary, GgufWriter& gguf) {
    gguf.texts("tokenizer.ggml.tokens", vocabulary.texts);
    gguf.i32s("tokenizer.ggml.token_type", vocabulary.types);
    write_id(gguf, "bos_token_id", model.bos);
    write_id(gguf, "eos_token_id", model.eos);
    write_id(gguf, "unknown_token_id", model.unk);
    gguf.flag("tokenizer.ggml.add_bos_token", model.flags & tokenizer_add_bos);
    gguf.flag("tokenizer.ggml.add_eos_token", model.flags & tokenizer_add_eos);
    if (const std::string jinja = written_chat_template(model); !jinja.empty()) gguf.text("tokenizer.chat_template", jinja);
}

// ---- byte-level

// In order of rank, each as its two parts.
std::vector<std::string> merges_of(const TokenizerModel& model, const Vocabulary& vocabulary) {
    std::vector<MergeRule> sorted = model.merges;
    std::stable_sort(sorted.begin(), sorted.end(), [](const MergeRule& a, const MergeRule& b) { return a.rank < b.rank; });
    std::vector<std::string> merges;
    for (const MergeRule& merge : sorted) merges.push_back(vocabulary.texts[merge.left] + " " + vocabulary.texts[merge.right]);
    return merges;
}

void write_byte_level(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        vocabulary.add(special.count(id) ? model.pieces[id] : in_alphabet(model.pieces[id]), special.count(id) ? control : normal);
    vocabulary.pad(vocab);
    gguf.text("tokenizer.ggml.model", "gpt2");
    gguf.text("tokenizer.ggml.pre", "gpt-2");
    gguf.texts("tokenizer.ggml.merges", merges_of(model, vocabulary));
    write_common(model, vocabulary, gguf);
}

// ---- by score

// A token's score is the first of its ranks, negative. Tokens that no pair makes are never looked up.
std::vector<float> scores_of(const TokenizerModel& model, size_t tokens) {
    std::vector<float> scores(tokens, 0);
    std::vector<bool> seen(tokens);
    for (const MergeRule& merge : model.merges) {
        const float score = -static_cast<float>(merge.rank) - 1;
        if (!seen[merge.merged] || score > scores[merge.merged]) scores[merge.merged] = score;
        seen[merge.merged] = true;
    }
    return scores;
}

// The ranks of each token's merges do not reach into those of another, but that several tokens may share one rank.
bool ranks_are_apart(const TokenizerModel& model) {
    constexpr uint32_t none = 0xffffffff;
    struct Ranks {
        uint32_t first = none, last = 0;
    };
    std::vector<Ranks> of(model.pieces.size());
    for (const MergeRule& merge : model.merges) {
        of[merge.merged].first = std::min(of[merge.merged].first, merge.rank);
        of[merge.merged].last = std::max(of[merge.merged].last, merge.rank);
    }
    std::sort(of.begin(), of.end(), [](const Ranks& a, const Ranks& b) { return a.first != b.first ? a.first < b.first : a.last < b.last; });
    for (size_t i = 1; i < of.size() && of[i].first != none; i++) {
        const bool shared = of[i].first == of[i].last && of[i].first == of[i - 1].first && of[i].last == of[i - 1].last;
        if (of[i].first <= of[i - 1].last && !shared) return false;
    }
    return true;
}

// llama.cpp merges any two neighbours whose texts together are a token, by the token's score. A tokenizer of ours does the same if every
// such pair is one of its merges.
bool merges_by_score(const TokenizerModel& model) {
    std::set<uint32_t> apart(model.specials.begin(), model.specials.end());
    apart.insert(model.byte_ids.begin(), model.byte_ids.end());
    TokenIds ids;
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        if (!apart.count(id)) ids.emplace(model.pieces[id], id);
    TokenizerModel every_pair = empty_tokenizer();
    add_merges_by_rank(every_pair, ids, std::vector<uint32_t>(model.pieces.size(), 0));
    return every_pair.merges.size() == model.merges.size() && ranks_are_apart(model);
}

void write_scored(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    std::vector<int> byte_of(model.pieces.size(), -1);
    for (int value = 0; value < 256; value++)
        if (model.byte_ids[size_t(value)] != no_token) byte_of[model.byte_ids[size_t(value)]] = value;
    if (std::count(byte_of.begin(), byte_of.end(), -1) != std::ptrdiff_t(byte_of.size()) - 256)
        notes.push_back(source + ": not every byte has a token; llama.cpp ends at characters that are not in the vocabulary");
    Vocabulary vocabulary(source);
    for (uint32_t id = 0; id < model.pieces.size(); id++) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", unsigned(byte_of[id]) & 255u);
        if (byte_of[id] >= 0)
            vocabulary.add(name, byte);
        else if (special.count(id))
            vocabulary.add(model.pieces[id], id == model.unk ? unknown : control);
        else
            vocabulary.add(with_marks(model.pieces[id]), normal);
    }
    vocabulary.pad(vocab);
    if (!merges_by_score(model))
        notes.push_back(source + ": llama.cpp merges by score what this tokenizer merges by rule; it may cut some texts in other places");
    gguf.text("tokenizer.ggml.model", "llama");
    gguf.text("tokenizer.ggml.pre", "default");
    gguf.f32s("tokenizer.ggml.scores", scores_of(model, vocabulary.texts.size()));
    gguf.flag("tokenizer.ggml.add_space_prefix", model.flags & tokenizer_prefix_space);
    write_common(model, vocabulary, gguf);
}

}  // namespace

void write_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf, std::vector<std::string>& notes) {
    if (model.kind != TokenizerKind::bpe || model.normalizer.present || !model.lexicon.entries.empty())
        refuse("E_UNSUPPORTED", source, "only byte-pair tokenizers without normalization are written to GGUF");
    constexpr uint32_t unknown_flags = tokenizer_prefix_missing | tokenizer_prefix_kept | tokenizer_whole_words;
    if (!model.added.empty() || (model.flags & unknown_flags))
        refuse("E_UNSUPPORTED", source, "a tokenizer with added tokens, whole words or such spaces cannot be written to GGUF yet");
    if (model.pre_tokenizer == PreTokenizer::gpt2) return write_byte_level(model, vocab, source, gguf);
    if (model.pre_tokenizer == PreTokenizer::none && !model.characters.empty()) return write_scored(model, vocab, source, gguf, notes);
    refuse("E_UNSUPPORTED", source, "llama.cpp has no tokenizer of this kind");
}

}  // namespace mote::tools
