// tokenizer_json_parts: read strictly; what is not recognised is refused.
#include "tokenizer/tokenizer_json_parts.h"

#include "base/error.h"
#include "tokenizer/character_steps.h"
#include "tokenizer/unicode_forms.h"

namespace mote::tools {
namespace {

// JSON's depth is limited, and so is this.
void add_parts(const JsonView& part, const char* list, std::vector<JsonView>& parts) {
    if (type_of(part) != "Sequence") return parts.push_back(part);
    const JsonView members = part.at(list);
    for (size_t i = 0; i < members.array().size(); i++) add_parts(members.element(i), list, parts);
}

// The one id of a special token of the template.
uint32_t template_id(const JsonView& part, const JsonView& piece, size_t vocab) {
    const std::string& name = piece.at("SpecialToken").at("id").text();
    const JsonView ids = part.at("special_tokens").at(name).at("ids");
    if (ids.array().size() != 1) ids.refuse("E_UNSUPPORTED", "a special token of several ids is not supported");
    const uint64_t id = ids.element(0).integer(UINT32_MAX);
    if (id >= vocab) ids.refuse("E_TOKEN", "id " + std::to_string(id) + " is not one of " + std::to_string(vocab) + " tokens");
    return static_cast<uint32_t>(id);
}

// One token before the text, one behind it, or both.
void read_template(const JsonView& part, TokenizerModel& model) {
    const JsonView single = part.at("single");
    bool text = false;
    for (size_t i = 0; i < single.array().size(); i++) {
        const JsonView piece = single.element(i);
        if (piece.find("Sequence")) {
            if (text) refuse_part(part, "the text stands twice");
            text = true;
            continue;
        }
        const uint32_t flag = text ? tokenizer_add_eos : tokenizer_add_bos;
        if (model.flags & flag) refuse_part(part, "more than one special token on one side of the text");
        model.flags |= flag;
        (text ? model.eos : model.bos) = template_id(part, piece, model.pieces.size());
    }
    if (!text) refuse_part(part, "the text does not appear");
}

// [CLS] and [SEP] around the text, each as [name, id]. What RoBERTa's says beyond that is of offsets.
void read_bert_processing(const JsonView& part, TokenizerModel& model) {
    if (model.flags & (tokenizer_add_bos | tokenizer_add_eos)) refuse_part(part, "more than one special token on one side of the text");
    for (const auto& [key, token] : {std::make_pair("cls", &model.bos), std::make_pair("sep", &model.eos)}) {
        const JsonView pair = part.at(key);
        if (pair.array().size() != 2) pair.refuse("E_SYNTAX", "must be a token and its id");
        const uint64_t id = pair.element(1).integer(UINT32_MAX);
        if (id >= model.pieces.size()) pair.refuse("E_TOKEN", "id " + std::to_string(id) + " is not one of " + std::to_string(model.pieces.size()) + " tokens");
        *token = static_cast<uint32_t>(id);
    }
    model.flags |= tokenizer_add_bos | tokenizer_add_eos;
}

}  // namespace

std::string type_of(const JsonView& part) { return part.at("type").text(); }

void refuse_part(const JsonView& part, const std::string& why) {
    part.refuse("E_UNSUPPORTED", type_of(part) + " is not supported" + (why.empty() ? "" : ": " + why));
}

std::vector<JsonView> parts_of(const JsonView& root, const char* stage, const char* list) {
    std::vector<JsonView> parts;
    if (const std::optional<JsonView> part = root.find(stage)) add_parts(*part, list, parts);
    return parts;
}

bool is_form(const std::vector<JsonView>& normalizers, size_t i) {
    if (form_named(type_of(normalizers[i])) == no_token) return false;
    if (!step_named(type_of(normalizers[i]))) return true;
    for (i++; i < normalizers.size() && step_named(type_of(normalizers[i])); i++)
        if (step_named(type_of(normalizers[i])) == CharacterStep::strip_accents) return false;
    return true;
}

bool replaces(const JsonView& part, const std::string& from, const std::string& to) {
    const std::optional<JsonView> pattern = part.at("pattern").find("String");
    return pattern && pattern->text() == from && part.at("content").text() == to;
}

void read_model_vocabulary(const JsonView& root, Vocabulary& vocabulary) {
    const std::optional<JsonView> added = root.find("added_tokens");
    read_vocabulary(root.at("model").at("vocab"), "model.vocab", added ? added->array().size() : 0, vocabulary);
}

std::vector<WholeRule> read_added(const JsonView& root, const NormalizedToken& normalized, Vocabulary& vocabulary, TokenizerModel& model) {
    std::vector<AddedToken> tokens;
    const std::optional<JsonView> added = root.find("added_tokens");
    for (size_t i = 0; added && i < added->array().size(); i++) {
        const JsonView token = added->element(i);
        tokens.push_back(added_token(token, token.at("id").integer(max_vocab - 1), "added_tokens[" + std::to_string(i) + "]"));
    }
    return put_added(tokens, normalized, vocabulary, model);
}

void read_post_processor(const JsonView& root, TokenizerModel& model) {
    for (const JsonView& part : parts_of(root, "post_processor", "processors")) {
        if (type_of(part) == "TemplateProcessing")
            read_template(part, model);
        else if (type_of(part) == "BertProcessing" || type_of(part) == "RobertaProcessing")
            read_bert_processing(part, model);
        else if (type_of(part) != "ByteLevel")
            refuse_part(part);  // ByteLevel trims offsets only
    }
}

void read_unknown(const JsonView& bpe, const Vocabulary& vocabulary, TokenizerModel& model) {
    const std::optional<JsonView> name = bpe.find("unk_token");
    if (!name) return;
    const auto found = vocabulary.ids.find(name->text());
    if (found == vocabulary.ids.end()) name->refuse("E_MISSING", shown(name->text()) + " is not in the vocabulary");
    model.unk = found->second;
    if (flag(bpe, "fuse_unk", false)) model.flags |= tokenizer_fuse_unk;
}

void note_ignored(const JsonView& root, std::vector<std::string>& notes) {
    for (const char* key : {"truncation", "padding"})
        if (root.find(key)) notes.push_back(root.file() + ": " + key + " is a matter of batches and not applied");
}

}  // namespace mote::tools
