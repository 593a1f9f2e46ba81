// llama2c_tokenizer: the few things that llama2.c's encoder does, and the file.
#include "export/llama2c_tokenizer.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "export/tokenizer_parts.h"
#include "tokenizer/bpe.h"
#include "tokenizer/unicode_forms.h"

namespace mote::tools {
namespace {

constexpr uint32_t begin = 1, end = 2, first_byte = 3;  // which its program knows by number

bool has_bytes_in_place(const TokenizerModel& model) {
    for (uint32_t value = 0; value < 256; value++)
        if (model.byte_ids[value] != first_byte + value) return false;
    return true;
}

// What llama2.c does not do, by name.
std::optional<std::string> part_beyond_llama2c(const TokenizerModel& model) {
    if (model.kind != TokenizerKind::bpe) return model.kind == TokenizerKind::unigram ? "Unigram" : "WordPiece";
    if (is_byte_level(model)) return "merges of bytes";
    if (const auto part = part_beyond_scores(model)) return part;
    if (model.normal_form.present) return "text brought into " + name_of(model.normal_form);
    if (!model.added.empty()) return "added tokens";
    if (!(model.flags & tokenizer_prefix_space)) return "texts without a space in front";
    if (model.bos != begin || model.eos != end) return "begin and end tokens that are not 1 and 2";
    if (!has_bytes_in_place(model)) return "bytes that are not the tokens 3 to 258";
    if (std::find(model.pieces.begin() + first_byte + 256, model.pieces.end(), " ") == model.pieces.end()) return "a vocabulary without a space";
    return std::nullopt;
}

template <class T>
void append(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Begin and end stand between line ends, as its own script writes them, so that no text is merged to them.
std::vector<std::string> texts_of(const TokenizerModel& model, uint32_t vocab) {
    std::vector<std::string> texts = model.pieces;
    for (const uint32_t id : {begin, end}) texts[id] = "\n" + texts[id] + "\n";
    for (uint32_t value = 0; value < 256; value++) texts[first_byte + value] = byte_name(static_cast<uint8_t>(value));
    while (texts.size() < vocab) texts.push_back("[PAD" + std::to_string(texts.size()) + "]");
    for (size_t id = 0; id < texts.size(); id++)
        if (texts[id].empty()) texts[id] = "[EMPTY_" + std::to_string(id) + "]";
    return texts;
}

}  // namespace

std::string written_llama2c_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, std::vector<std::string>& notes) {
    if (const auto part = part_beyond_llama2c(model)) refuse("E_UNSUPPORTED", source, *part + ": llama2.c's tokenizer does no such thing");
    if (!merges_by_score(model))
        notes.push_back(source + ": llama2.c merges by score what this tokenizer merges by rule; it may cut some texts in other places");
    const std::vector<std::string> texts = texts_of(model, vocab);
    const std::vector<float> scores = scores_of(model, texts.size());
    size_t longest = 0;
    for (const std::string& text : texts) longest = std::max(longest, text.size());
    std::string out;
    append(out, static_cast<int32_t>(longest));
    for (size_t id = 0; id < texts.size(); id++) {
        append(out, scores[id]);
        append(out, static_cast<int32_t>(texts[id].size()));
        out += texts[id];
    }
    return out;
}

}  // namespace mote::tools
