// inspect_tokenizer: one description, whether the tokenizer is packed or not; and what kind of file it is.
#include "verbs/inspect_tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/files.h"
#include "base/looks_like.h"
#include "gguf/gguf_file.h"
#include "import/checkpoint.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/tokenizer_llama2c.h"
#include "tokenizer/tokenizer_sentencepiece.h"
#include "tokenizer/tokenizer_tiktoken.h"
#include "tokenizer/tokenizer_wordpiece.h"
#include "tokenizer/unicode_forms.h"
#include "verbs/inspect_lines.h"

namespace mote::tools {
namespace {

const char* kind_name(TokenizerKind kind) {
    return kind == TokenizerKind::bpe ? "byte-pair merges" : kind == TokenizerKind::unigram ? "Unigram" : "WordPiece";
}

const char* const pre_tokenizer_names[] = {"none",
                                           "gpt2",
                                           "llama3",
                                           "qwen2",
                                           "newline",
                                           "letters",
                                           "punctuation",
                                           "trailing space",
                                           "ideographs",
                                           "each digit",
                                           "digits",
                                           "three digits at most",
                                           "marks",
                                           "digits of bytes",
                                           "three digits",
                                           "each space",
                                           "spaces and lines"};
static_assert(std::size(pre_tokenizer_names) == known_pre_tokenizers);
const char* const chat_part_names[] = {"begin",       "without_system",   "system_prefix",    "system_suffix", "user_prefix",
                                       "user_suffix", "assistant_prefix", "assistant_suffix", "generation"};
static_assert(std::size(chat_part_names) == chat_parts);

// The stages of a split rule, in order.
Json split_rule(PreTokenizer stages) {
    Json names = Json::array();
    for (uint32_t rest = uint32_t(stages); rest; rest >>= pre_tokenizer_bits)
        names.push_back(pre_tokenizer_names[rest & ((1u << pre_tokenizer_bits) - 1)]);
    return names;
}

Json token(uint32_t id) { return id == no_token ? Json(nullptr) : Json(id); }

// Which form text takes on, without its tables.
NormalForm form_in(const Tokenizer& t) {
    NormalForm form;
    if (t.header().normal_form == 0) return form;
    const NormalFormTables& tables = *reinterpret_cast<const NormalFormTables*>(t.section + t.header().normal_form);
    form.present = true;
    form.flags = tables.flags;
    form.unicode = tables.unicode;
    return form;
}

// What both forms have, by the same names.
template <class T>
Json describe_header(const T& t, size_t pieces, bool normalized, const NormalForm& form, size_t specials) {
    return {{"kind", kind_name(t.kind)},
            {"pieces", pieces},
            {"normalized", normalized},
            {"normal_form", form.present ? Json(name_of(form)) : Json(nullptr)},
            {"unicode", form.present ? Json(version_of(form)) : Json(nullptr)},
            {"begin", token(t.bos)},
            {"adds_begin", (t.flags & tokenizer_add_bos) != 0},
            {"end", token(t.eos)},
            {"adds_end", (t.flags & tokenizer_add_eos) != 0},
            {"unknown", token(t.unk)},
            {"control_tokens", specials},
            {"template", nullptr}};
}

void describe_merges(PreTokenizer rule, size_t merges, Json& out) {
    out["merges"] = merges;
    out["split_rule"] = split_rule(rule);
}

// ---- the template

template <class TextOf>
Json describe_chat(TextOf text_of) {
    Json parts = Json::object();
    for (uint32_t i = 0; i < chat_parts; i++) parts[chat_part_names[i]] = text_of(i);
    return parts;
}

// The file may hold any bytes.
std::string quoted(const Json& text) { return text.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string template_line(const Json& t) {
    const Json& parts = t["template"];
    const bool has_source = t.contains("template_source") && !t["template_source"].is_null();
    if (parts.is_null() && has_source)
        return "template     of another shape: " + quoted(t["template_source"]).substr(0, 400) + "\n";
    if (parts.is_null()) return "template     none\n";
    return "template     a user's turn is " + quoted(parts["user_prefix"]) + " ... " + quoted(parts["user_suffix"]) +
           ", the answer is " + quoted(parts["assistant_prefix"]) + " ... " + quoted(parts["assistant_suffix"]) + "\n";
}

// ---- files

// A folder may have a tokenizer beside its weights; then it is a checkpoint.
std::string format_of_folder(const std::string& path) {
    if (!has_tokenizer(path) || has_weights(path)) return "";
    return "a folder with a tokenizer";
}

// The first of several parts may have no tensors, either.
bool has_only_keys(const GgufFile& gguf) { return gguf.tensors.empty() && !gguf.find("split.count"); }

bool ends_with(const std::string& text, const std::string& ending) {
    return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// A vocabulary may have "model" too, as a token with a number.
bool has_model_object(std::string_view text) {
    const auto skip_spaces = [&](size_t at) { return std::min(text.find_first_not_of(" \t\r\n", at), text.size()); };
    const std::string_view key = "\"model\"";
    for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
        const size_t colon = skip_spaces(at + key.size());
        const size_t value = skip_spaces(std::min(colon + 1, text.size()));
        if (text.substr(colon, 1) == ":" && text.substr(value, 1) == "{") return true;
    }
    return false;
}

std::string format_of_file(const std::string& path) {
    const MappedFile file(path);
    const std::string kind = looks_like(file.text());
    if (is_checkpoint_file(file)) return "";
    if (kind == "a GGUF file") return has_only_keys(read_gguf(path)) ? "GGUF with a vocabulary only" : "";
    const bool json = kind == "JSON text";  // or a vocabulary that begins with [PAD]
    if (json && has_model_object(file.text())) return "tokenizer.json";
    if (is_vocab_txt(file.text())) return "a vocab.txt of WordPiece";
    if (json) return ends_with(path, "vocab.json") ? "vocab.json with merges.txt" : "";
    if (is_sentencepiece(file.text())) return "a SentencePiece model";
    if (is_tiktoken(file.text())) return "tiktoken ranks";
    return is_tokenizer_llama2c(file.text()) ? "a tokenizer.bin of llama2.c" : "";
}

}  // namespace

Json describe_tokenizer(const Tokenizer& tokenizer) {
    if (tokenizer.vocab == 0) return nullptr;
    const TokenizerHeader& h = tokenizer.header();
    Json out = describe_header(h, h.vocab, h.normalizer != 0, form_in(tokenizer), h.specials_count);
    const auto part = [&](uint32_t i) {
        const Span<const char> text = chat_part(tokenizer, ChatPart(i));
        return std::string(text.data, text.count);
    };
    if (chat_template(tokenizer)) out["template"] = describe_chat(part);
    if (h.kind == TokenizerKind::bpe) describe_merges(h.pre_tokenizer, h.merges_count, out);
    return out;
}

Json describe_tokenizer(const TokenizerModel& model) {
    Json out = describe_header(model, model.pieces.size(), model.normalizer.present, model.normal_form, model.specials.size());
    if (model.chat) out["template"] = describe_chat([&](uint32_t i) { return model.chat->parts[i]; });
    out["template_source"] = model.chat_source ? Json(*model.chat_source) : Json(nullptr);
    if (model.kind == TokenizerKind::bpe) describe_merges(model.pre_tokenizer, model.merges.size(), out);
    return out;
}

std::string table_of_tokenizer(const Json& t) {
    if (t.is_null()) return "tokenizer    none\n";
    std::string out = "tokenizer    " + text_of(t["kind"]) + ", " + t["pieces"].dump() + " pieces";
    if (t.contains("merges")) out += ", " + t["merges"].dump() + " merges, split rule " + joined(t["split_rule"], ", then ");
    if (!t["normal_form"].is_null()) out += ", " + text_of(t["normal_form"]) + " of Unicode " + text_of(t["unicode"]);
    out += std::string(t["normalized"].get<bool>() ? ", normalized" : "") + "\n";
    out += "tokens       begin " + text_of(t["begin"]) + (t["adds_begin"].get<bool>() ? " (added)" : "") + ", end " +
           text_of(t["end"]) + (t["adds_end"].get<bool>() ? " (added)" : "") + ", unknown " + text_of(t["unknown"]) + "; " +
           t["control_tokens"].dump() + " control tokens\n";
    return out + template_line(t);
}

std::string tokenizer_format(const std::string& path) {
    std::error_code unreadable;  // is said when the file is opened
    return std::filesystem::is_directory(path, unreadable) ? format_of_folder(path) : format_of_file(path);
}

Json describe_tokenizer_file(const std::string& path) {
    std::vector<std::string> notes;
    const TokenizerModel model = import_tokenizer(path, notes);
    return {{"file", path}, {"format", tokenizer_format(path)}, {"tokenizer", describe_tokenizer(model)}, {"notes", notes}};
}

}  // namespace mote::tools
