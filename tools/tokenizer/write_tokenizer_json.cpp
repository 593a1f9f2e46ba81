// write_tokenizer_json: tokens in order of id, a line each; everything else in one line a part.
#include "tokenizer/write_tokenizer_json.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/write_jinja.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

const char* const byte_level_pipeline = R"(  "normalizer": null,
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": SPLITS},
  "post_processor": null,
  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
)";

const char* const marked_pipeline = R"(  "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
  "pre_tokenizer": null,
  "post_processor": null,
  "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Fuse"}]},
)";

const char* const unigram_pipeline = R"(  "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
  "pre_tokenizer": null,
  "post_processor": null,
  "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
)";

std::string quoted(const std::string& text) { return Json(text).dump(); }

bool is_byte_level(const TokenizerModel& model) { return !(model.flags & tokenizer_fold_space); }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    return text;
}

bool is_byte_token(const TokenizerModel& model, uint32_t id) {
    return model.pieces[id].size() == 1 && model.byte_ids[static_cast<uint8_t>(model.pieces[id][0])] == id;
}

// Every token as the file writes it, by id.
std::vector<std::string> written_tokens(const TokenizerModel& model, const std::string& file) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    std::vector<std::string> texts;
    std::set<std::string> seen;
    for (uint32_t id = 0; id < model.pieces.size(); id++) {
        std::string text;
        if (special.count(id))
            text = model.pieces[id];
        else if (model.kind == TokenizerKind::unigram && is_byte_token(model, id))
            text = byte_name(static_cast<uint8_t>(model.pieces[id][0]));
        else if (is_byte_level(model))
            for (const char& c : model.pieces[id]) text += byte_to_alphabet(static_cast<uint8_t>(c));
        else
            text = replaced(model.pieces[id], " ", "▁");
        if (!seen.insert(text).second)
            refuse("E_DUP", file, "two tokens would be written as " + shown(text) + "; give the control token another name");
        texts.push_back(std::move(text));
    }
    return texts;
}

void require_plain(const TokenizerModel& model, const std::string& file) {
    if (model.kind == TokenizerKind::wordpiece || model.normalizer.present)
        refuse("E_UNSUPPORTED", file, "a tokenizer with a normalizer is not written");
    if (model.kind == TokenizerKind::unigram) return;
    if ((model.flags & ~(tokenizer_fold_space | tokenizer_fuse_unk)) || (!is_byte_level(model) && model.byte_ids != empty_tokenizer().byte_ids))
        refuse("E_UNSUPPORTED", file, "a tokenizer with begin or end tokens, a space in front, or byte fallback is not written");
    if ((model.pre_tokenizer != PreTokenizer::none && model.pre_tokenizer != PreTokenizer::gpt2) || !model.added.empty())
        refuse("E_UNSUPPORTED", file, "a tokenizer with another split rule than GPT-2's, or with added tokens, is not written");
}

std::string added_tokens(const TokenizerModel& model) {
    std::string out;
    for (const uint32_t id : model.specials)
        out += std::string(out.empty() ? "\n" : ",\n") + "    {\"id\": " + std::to_string(id) + ", \"content\": " + quoted(model.pieces[id]) +
               ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}";
    return out.empty() ? out : out + "\n  ";
}

std::string vocabulary(const std::vector<std::string>& texts) {
    std::string out;
    for (size_t id = 0; id < texts.size(); id++)
        out += std::string(id ? ",\n" : "\n") + "      " + quoted(texts[id]) + ": " + std::to_string(id);
    return out + "\n    ";
}

// A space between the parts, which is in no token of a byte-level tokenizer; others have no merges here.
std::string merge_list(const TokenizerModel& model, const std::vector<std::string>& texts) {
    std::string out;
    for (const MergeRule& m : model.merges)
        out += std::string(out.empty() ? "\n" : ",\n") + "      " + quoted(texts[m.left] + " " + texts[m.right]);
    return out.empty() ? out : out + "\n    ";
}

// Scores are written as the double that the float is.
std::string unigram_model(const TokenizerModel& model, const std::vector<std::string>& texts) {
    std::string vocab;
    for (size_t id = 0; id < texts.size(); id++)
        vocab += std::string(id ? ",\n" : "\n") + "      [" + quoted(texts[id]) + ", " + Json(double(model.lexicon.scores[id])).dump() + "]";
    return "  \"model\": {\n    \"type\": \"Unigram\",\n    \"unk_id\": " + std::to_string(model.unk) + ",\n    \"byte_fallback\": true,\n    \"vocab\": [" +
           vocab + "\n    ]\n  }\n}\n";
}

}  // namespace

std::string tokenizer_json(const TokenizerModel& model, const std::string& file) {
    require_plain(model, file);
    const std::vector<std::string> texts = written_tokens(model, file);
    const std::string head = "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [" + added_tokens(model) + "],\n";
    if (model.kind == TokenizerKind::unigram) return head + unigram_pipeline + unigram_model(model, texts);
    const char* const splits = model.pre_tokenizer == PreTokenizer::gpt2 ? "true" : "false";
    const std::string pipeline = is_byte_level(model) ? replaced(byte_level_pipeline, "SPLITS", splits) : marked_pipeline;
    return head + pipeline + "  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": " +
           (model.unk == no_token ? "null" : quoted(model.pieces[model.unk])) +
           ",\n    \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n    \"fuse_unk\": " +
           (model.flags & tokenizer_fuse_unk ? "true" : "false") +
           ",\n    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \"vocab\": {" + vocabulary(texts) + "},\n    \"merges\": [" +
           merge_list(model, texts) + "]\n  }\n}\n";
}

std::string tokenizer_config_json(const TokenizerModel& model) {
    std::string out = "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"";
    if (model.eos != no_token) out += ",\n  \"eos_token\": " + quoted(model.pieces[model.eos]);
    if (model.unk != no_token) out += ",\n  \"unk_token\": " + quoted(model.pieces[model.unk]);
    if (const std::string jinja = written_chat_template(model); !jinja.empty()) {
        if (model.bos != no_token) out += ",\n  \"bos_token\": " + quoted(model.pieces[model.bos]);
        out += ",\n  \"chat_template\": " + quoted(jinja);
    }
    return out + ",\n  \"clean_up_tokenization_spaces\": false\n}\n";
}

}  // namespace mote::tools
