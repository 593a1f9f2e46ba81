// special_tokens: the files beside a tokenizer that name control tokens.
#include "tokenizer/special_tokens.h"

#include <charconv>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "base/files.h"
#include "base/json.h"
#include "tokenizer/bpe.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_file_bytes = 16 << 20;

// A token is its text, or an object that holds it.
std::string content_of(const JsonView& token) { return token.value().is_object() ? token.at("content").text() : token.text(); }

void add_token(const JsonView& token, SpecialTokens& known) {
    known.texts.push_back(content_of(token));
    if (token.value().is_object()) known.flags.emplace(known.texts.back(), whole_flags(token));
}

void read_text(const JsonView& root, const char* key, std::optional<std::string>& text, SpecialTokens& known) {
    const std::optional<JsonView> token = root.find(key);
    if (!token) return;
    add_token(*token, known);
    if (!text) text = known.texts.back();
}

void read_texts(const JsonView& root, SpecialTokens& known) {
    read_text(root, "bos_token", known.bos, known);
    read_text(root, "eos_token", known.eos, known);
    read_text(root, "unk_token", known.unk, known);
    for (const char* key : {"pad_token", "cls_token", "sep_token", "mask_token"})
        if (const std::optional<JsonView> token = root.find(key)) add_token(*token, known);
    const std::optional<JsonView> others = root.find("additional_special_tokens");
    for (size_t i = 0; others && others->value().is_array() && i < others->array().size(); i++)
        add_token(others->element(i), known);
}

uint64_t id_of_key(const JsonView& decoder, const std::string& key) {
    uint64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || std::to_string(id) != key || id >= max_vocab)
        decoder.refuse("E_RANGE", shown(key) + " is no id; ids are 0 to " + std::to_string(max_vocab - 1));
    return id;
}

// Another configuration in the folder is of another tokenizer.
void read_decoder(const JsonView& root, SpecialTokens& known) {
    const std::optional<JsonView> decoder = root.find("added_tokens_decoder");
    if (!decoder || !known.added.empty()) return;
    for (const auto& [key, value] : decoder->object().items())
        known.added.push_back(added_token(decoder->at(key), id_of_key(*decoder, key), "added_tokens_decoder." + shown(key)));
}

// A text, or a list of named ones, of which "default" is for chats.
std::optional<ChatSource> chat_source_of(const JsonView& root) {
    const std::optional<JsonView> found = root.find("chat_template");
    if (!found) return std::nullopt;
    ChatSource source{"", root.file(), ""};
    if (!found->value().is_array()) {
        source.jinja = found->text();
        return source;
    }
    std::string names;
    for (size_t i = 0; i < found->array().size(); i++) {
        const JsonView named = found->element(i);
        const std::string& name = named.at("name").text();
        names += (names.empty() ? "" : ", ") + shown(name);
        if (name == "default") source.jinja = named.at("template").text();
    }
    if (source.jinja.empty()) source.problem = "of its templates (" + names + ") none is the \"default\"";
    return source;
}

std::string folder_of(const std::string& file) {
    const size_t slash = file.rfind('/');
    return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

std::optional<ChatSource> chat_jinja_beside(const std::string& tokenizer) {
    const std::string jinja = folder_of(tokenizer) + "chat_template.jinja";
    if (!exists(jinja)) return std::nullopt;
    return ChatSource{std::string(MappedFile(jinja).text()), jinja, ""};
}

// Some models stop at any of several tokens.
void read_id(const JsonView& root, const char* key, std::optional<uint64_t>& id, SpecialTokens& known) {
    const std::optional<JsonView> found = root.find(key);
    if (!found || id) return;
    constexpr uint64_t any = std::numeric_limits<uint64_t>::max();
    if (!found->value().is_array()) {
        id = found->integer(any);
        return;
    }
    if (found->array().empty()) return;
    id = found->element(0).integer(any);
    if (found->array().size() > 1)
        known.notes.push_back(root.file() + ": " + key + " has " + std::to_string(found->array().size()) +
                              " ids; the first is used");
}

void read_file(const std::string& file, SpecialTokens& known) {
    if (!exists(file)) return;
    const Json json = read_json(file, max_file_bytes);
    const JsonView root(json, file);
    read_texts(root, known);
    read_decoder(root, known);
    if (!known.chat) known.chat = chat_source_of(root);
    read_id(root, "bos_token_id", known.bos_id, known);
    read_id(root, "eos_token_id", known.eos_id, known);
    for (const auto& [key, flag] : {std::pair("add_bos_token", &known.add_bos), std::pair("add_eos_token", &known.add_eos),
                                    std::pair("add_prefix_space", &known.add_prefix_space)})
        if (const std::optional<JsonView> found = root.find(key)) *flag = found->boolean();
    const std::optional<JsonView> name = root.find("tokenizer_class");
    if (!name || !known.tokenizer_class.empty()) return;
    known.tokenizer_class = name->text();
    known.class_said = {file, "tokenizer_class"};
}

void complete(const char* name, const std::optional<uint64_t>& id, const std::optional<std::string>& text, TokenizerModel& model,
              uint32_t& token, std::vector<std::string>& notes) {
    if (token != no_token) return;
    if (id && *id < model.pieces.size()) {
        token = static_cast<uint32_t>(*id);
        return;
    }
    if (id)
        notes.push_back(std::string(name) + "_token_id " + std::to_string(*id) + " is not one of the tokenizer's " +
                        std::to_string(model.pieces.size()) + " tokens and not used");
    for (const uint32_t special : model.specials)
        if (text && model.pieces[special] == *text) token = special;
}

// Not even transformers looks for a token that only this file has where the configuration has its own list.
void read_list(const std::string& file, SpecialTokens& known) {
    const Json json = read_json(file, max_file_bytes);
    const JsonView root(json, file);
    std::unordered_map<std::string, const AddedToken*> before;
    for (const AddedToken& token : known.added) before.emplace(token.text, &token);
    std::vector<AddedToken> added;
    for (const auto& [text, value] : root.object().items()) {
        const uint64_t id = root.at(text).integer(max_vocab - 1);
        const auto other = before.find(text);
        if (other != before.end() && other->second->id != id)
            root.refuse("E_DUP", shown(text) + " has id " + std::to_string(id) + " here and " + std::to_string(other->second->id) +
                                     " in " + other->second->said.file);
        if (other == before.end() && !before.empty())
            root.refuse("E_MISMATCH", shown(text) + " is not in added_tokens_decoder of " + known.added[0].said.file);
        const auto flags = known.flags.find(text);
        added.push_back({text, id, flags == known.flags.end() ? 0 : flags->second, false, true, {file, ""}});
    }
    if (before.empty()) known.added = std::move(added);
}

}  // namespace

std::string config_beside(const std::string& tokenizer) {
    const std::string ending = ".json";
    const bool ends = tokenizer.size() > ending.size() && tokenizer.compare(tokenizer.size() - ending.size(), ending.size(), ending) == 0;
    return tokenizer.substr(0, tokenizer.size() - (ends ? ending.size() : 0)) + "_config.json";
}

SpecialTokens read_special_tokens(const std::string& tokenizer) {
    const std::string folder = folder_of(tokenizer), own = config_beside(tokenizer);
    SpecialTokens known;
    known.chat = chat_jinja_beside(tokenizer);
    if (own != folder + "tokenizer_config.json") read_file(own, known);
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "config.json"})
        read_file(folder + name, known);
    return known;
}

void read_added_tokens(const std::string& file, SpecialTokens& known) {
    if (exists(file)) read_list(file, known);
    const std::unordered_set<std::string> names(known.texts.begin(), known.texts.end());
    for (AddedToken& token : known.added)
        if (names.count(token.text)) token.special = true;
}

void complete_special_tokens(const SpecialTokens& known, TokenizerModel& model, std::vector<std::string>& notes) {
    complete("bos", known.bos_id, known.bos, model, model.bos, notes);
    complete("eos", known.eos_id, known.eos, model, model.eos, notes);
    notes.insert(notes.end(), known.notes.begin(), known.notes.end());
    if (known.chat) attach_chat_template(*known.chat, model, notes);
}

void attach_chat_template_beside(const std::string& tokenizer, TokenizerModel& model, std::vector<std::string>& notes) {
    std::optional<ChatSource> source = chat_jinja_beside(tokenizer);
    const std::string config = folder_of(tokenizer) + "tokenizer_config.json";
    if (!source && exists(config)) {
        const Json json = read_json(config, max_file_bytes);
        source = chat_source_of(JsonView(json, config));
    }
    if (source) attach_chat_template(*source, model, notes);
}

}  // namespace mote::tools
