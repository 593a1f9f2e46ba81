// write_tokenizer_json: tokens in order of id, a line each; everything else in one line a part.
#include "tokenizer/write_tokenizer_json.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/write_jinja.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer_wordpiece.h"
#include "tokenizer/write_pipeline_json.h"

namespace mote::tools {
namespace {

using Texts = std::vector<std::string>;  // every token as the file writes it, by id

std::string quoted(const std::string& text) { return Json(text).dump(); }
const char* truth(bool value) { return value ? "true" : "false"; }

// ---- tokens

std::string with_marks(const std::string& piece) {
    std::string text;
    for (const char c : piece) text += c == ' ' ? "▁" : std::string(1, c);
    return text;
}

std::string in_alphabet(const std::string& bytes) {
    std::string text;
    for (const char& c : bytes) text += byte_to_alphabet(static_cast<uint8_t>(c));
    return text;
}

// As it stands before the normalizer has put a space in front and marked it.
std::string content_of(const WholeRule& rule, const TokenizerModel& model) {
    const bool prepended = (model.flags & tokenizer_prefix_space) && !(model.flags & tokenizer_prefix_missing);
    return rule.normalized && prepended ? rule.text.substr(1) : rule.text;
}

Texts written_pieces(const TokenizerModel& model) {
    if (model.kind == TokenizerKind::wordpiece) return written_wordpiece(model);
    const bool bytes = is_byte_level(model);
    Texts texts;
    for (const std::string& piece : model.pieces) texts.push_back(bytes ? in_alphabet(piece) : with_marks(piece));
    for (uint32_t byte = 0; byte < 256 && !bytes; byte++)
        if (model.byte_ids[byte] != no_token) texts[model.byte_ids[byte]] = byte_name(static_cast<uint8_t>(byte));
    return texts;
}

Texts written_tokens(const TokenizerModel& model) {
    Texts texts = written_pieces(model);
    for (const uint32_t id : model.specials) texts[id] = model.pieces[id];
    for (const uint32_t id : model.added) texts[id] = model.pieces[id];
    for (const WholeRule& rule : model.whole) texts[rule.token] = content_of(rule, model);
    return texts;
}

void require_distinct(const Texts& texts, const std::string& file) {
    std::set<std::string> seen;
    for (const std::string& text : texts)
        if (!seen.insert(text).second)
            refuse("E_DUP", file, "two tokens would be written as " + shown(text) + "; give the control token another name");
}

// In order of id: control tokens, and those that every text is searched for.
std::string added_tokens(const TokenizerModel& model, const Texts& texts) {
    std::map<uint32_t, WholeRule> rules;
    for (const WholeRule& rule : model.whole) rules.emplace(rule.token, rule);
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    std::set<uint32_t> all(model.added.begin(), model.added.end());
    all.insert(special.begin(), special.end());
    std::string out;
    for (const uint32_t id : all) {
        const WholeRule& rule = rules[id];
        out += std::string(out.empty() ? "\n" : ",\n") + "    {\"id\": " + std::to_string(id) + ", \"content\": " + quoted(texts[id]) +
               ", \"single_word\": " + truth(rule.flags & whole_single_word) + ", \"lstrip\": " + truth(rule.flags & whole_strips_left) +
               ", \"rstrip\": " + truth(rule.flags & whole_strips_right) + ", \"normalized\": " + truth(rule.normalized) +
               ", \"special\": " + truth(special.count(id)) + "}";
    }
    return out.empty() ? out : out + "\n  ";
}

std::string vocabulary(const Texts& texts) {
    std::string out;
    for (size_t id = 0; id < texts.size(); id++)
        out += std::string(id ? ",\n" : "\n") + "      " + quoted(texts[id]) + ": " + std::to_string(id);
    return out + "\n    ";
}

// ---- what stands around a text

std::string template_token(const std::string& text) { return "{\"SpecialToken\": {\"id\": " + quoted(text) + ", \"type_id\": 0}}"; }

std::string post_processor(const TokenizerModel& model, const Texts& texts) {
    const bool begins = model.flags & tokenizer_add_bos, ends = model.flags & tokenizer_add_eos;
    if (!begins && !ends) return "null";
    const auto around = [&](const std::string& sequences) {
        return "[" + (begins ? template_token(texts[model.bos]) + ", " : "") + sequences + (ends ? ", " + template_token(texts[model.eos]) : "") + "]";
    };
    std::set<uint32_t> used;
    if (begins) used.insert(model.bos);
    if (ends) used.insert(model.eos);
    std::string tokens;
    for (const uint32_t id : used)
        tokens += (tokens.empty() ? "" : ", ") + quoted(texts[id]) + ": {\"id\": " + quoted(texts[id]) + ", \"ids\": [" + std::to_string(id) +
                  "], \"tokens\": [" + quoted(texts[id]) + "]}";
    const std::string one = R"({"Sequence": {"id": "A", "type_id": 0}})", two = R"({"Sequence": {"id": "B", "type_id": 0}})";
    return "{\"type\": \"TemplateProcessing\", \"single\": " + around(one) + ", \"pair\": " + around(one + ", " + two) + ", \"special_tokens\": {" + tokens + "}}";
}

// ---- models

// Ranks order the merges. Pairs that share one follow each other in the order of their tokens, as in the files that transformers makes.
std::string merge_list(const TokenizerModel& model, const Texts& texts) {
    std::vector<MergeRule> merges = model.merges;
    const auto before = [](const MergeRule& a, const MergeRule& b) {
        return a.rank != b.rank ? a.rank < b.rank : a.left != b.left ? a.left < b.left : a.right < b.right;
    };
    std::sort(merges.begin(), merges.end(), before);
    std::string out;
    for (const MergeRule& m : merges) out += std::string(out.empty() ? "\n" : ",\n") + "      " + quoted(texts[m.left] + " " + texts[m.right]);
    return out.empty() ? out : out + "\n    ";
}

bool has_byte_names(const TokenizerModel& model) {
    return !is_byte_level(model) && std::any_of(model.byte_ids.begin(), model.byte_ids.end(), [](uint32_t id) { return id != no_token; });
}

std::string bpe_model(const TokenizerModel& model, const Texts& texts) {
    return "    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": " + (model.unk == no_token ? "null" : quoted(texts[model.unk])) +
           ",\n    \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n    \"fuse_unk\": " + truth(model.flags & tokenizer_fuse_unk) +
           ",\n    \"byte_fallback\": " + truth(has_byte_names(model)) + ",\n    \"ignore_merges\": " + truth(model.flags & tokenizer_whole_words) +
           ",\n    \"vocab\": {" + vocabulary(texts) + "},\n    \"merges\": [" + merge_list(model, texts) + "]";
}

// The file's reader finds every token that is not apart.
void require_all_found(const TokenizerModel& model, const std::string& file) {
    std::set<uint32_t> known(model.specials.begin(), model.specials.end());
    known.insert(model.byte_ids.begin(), model.byte_ids.end());
    known.insert(model.added.begin(), model.added.end());
    for (const LexiconEntry& entry : model.lexicon.entries) known.insert(entry.token);
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        if (!known.count(id) && id != model.unk && !model.pieces[id].empty())
            refuse("E_UNSUPPORTED", file, "piece " + shown(model.pieces[id]) + " is unused, which tokenizer.json does not know");
}

// Scores are written as the double that the float is.
std::string unigram_model(const TokenizerModel& model, const Texts& texts, const std::string& file) {
    require_all_found(model, file);
    if (model.unk == no_token) refuse("E_UNSUPPORTED", file, "a Unigram tokenizer without unknown token is not written");
    std::string vocab;
    for (size_t id = 0; id < texts.size(); id++) {
        const float score = id < model.lexicon.scores.size() ? model.lexicon.scores[id] : 0;
        if (std::isnan(score)) refuse("E_UNSUPPORTED", file, "piece " + shown(texts[id]) + " is user-defined, which Unigram of tokenizer.json does not know");
        vocab += std::string(id ? ",\n" : "\n") + "      [" + quoted(texts[id]) + ", " + Json(double(score)).dump() + "]";
    }
    return "    \"type\": \"Unigram\",\n    \"unk_id\": " + std::to_string(model.unk) + ",\n    \"byte_fallback\": " + truth(has_byte_names(model)) +
           ",\n    \"vocab\": [" + vocab + "\n    ]";
}

std::string wordpiece_model(const TokenizerModel& model, const Texts& texts) {
    return "    \"type\": \"WordPiece\",\n    \"unk_token\": " + quoted(texts[model.unk]) + ",\n    \"continuing_subword_prefix\": " +
           quoted(WordPieceOptions().prefix) + ",\n    \"max_input_chars_per_word\": " + std::to_string(model.lexicon.word_characters) +
           ",\n    \"vocab\": {" + vocabulary(texts) + "}";
}

std::string model_part(const TokenizerModel& model, const Texts& texts, const std::string& file) {
    if (model.kind == TokenizerKind::wordpiece) return wordpiece_model(model, texts);
    return model.kind == TokenizerKind::unigram ? unigram_model(model, texts, file) : bpe_model(model, texts);
}

}  // namespace

std::string tokenizer_json(const TokenizerModel& model, const std::string& file, std::vector<std::string>* notes) {
    const PipelineJson pipeline = pipeline_json(model, file);
    const Texts texts = written_tokens(model);
    require_distinct(texts, file);
    if (notes && model.kind == TokenizerKind::unigram && model.lexicon.sum_bytes == sizeof(float))
        notes->push_back(file + ": programs that read tokenizer.json add up scores in float64; of two cuts with nearly equal sums they may take the other");
    return "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [" + added_tokens(model, texts) +
           "],\n  \"normalizer\": " + pipeline.normalizer + ",\n  \"pre_tokenizer\": " + pipeline.pre_tokenizer +
           ",\n  \"post_processor\": " + post_processor(model, texts) + ",\n  \"decoder\": " + pipeline.decoder + ",\n  \"model\": {\n" +
           model_part(model, texts, file) + "\n  }\n}\n";
}

std::string tokenizer_config_json(const TokenizerModel& model) {
    std::string out = "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"";
    if (model.bos != no_token) out += ",\n  \"bos_token\": " + quoted(model.pieces[model.bos]);
    if (model.eos != no_token) out += ",\n  \"eos_token\": " + quoted(model.pieces[model.eos]);
    if (model.unk != no_token) out += ",\n  \"unk_token\": " + quoted(model.pieces[model.unk]);
    if (const std::string jinja = written_chat_template(model); !jinja.empty()) out += ",\n  \"chat_template\": " + quoted(jinja);
    return out + ",\n  \"clean_up_tokenization_spaces\": false\n}\n";
}

}  // namespace mote::tools
