// vocabulary: ids are read strictly; no two tokens share one, and none is left out.
#include "tokenizer/vocabulary.h"

#include <set>

#include "base/error.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

constexpr size_t max_token_bytes = 1 << 16;

void place_added(const AddedToken& token, Vocabulary& vocabulary) {
    if (token.text.empty()) token.said.refuse("E_EMPTY", "its content has no characters");
    const auto known = vocabulary.ids.find(token.text);
    if (known == vocabulary.ids.end())
        add_token(token.said, token.text, token.id, vocabulary);
    else if (known->second != token.id)
        token.said.refuse("E_DUP", shown(token.text) + " has id " + std::to_string(token.id) + " here and " +
                                       std::to_string(known->second) + " before");
}

}  // namespace

void Saying::refuse(const std::string& code, const std::string& text) const {
    tools::refuse(code, file, place.empty() ? text : place + ": " + text);
}

void add_token(const Saying& saying, const std::string& text, uint64_t id, Vocabulary& vocabulary) {
    if (text.size() > max_token_bytes)
        saying.refuse("E_LIMIT",
                      "a token of " + std::to_string(text.size()) + " bytes; at most " + std::to_string(max_token_bytes));
    if (id >= vocabulary.most)
        saying.refuse("E_RANGE", shown(text) + " has id " + std::to_string(id) + ", but there are only " +
                                     std::to_string(vocabulary.most) + " tokens");
    if (id >= vocabulary.text.size()) vocabulary.text.resize(id + 1);
    if (vocabulary.text[id])
        saying.refuse("E_DUP",
                      "id " + std::to_string(id) + " stands for " + shown(*vocabulary.text[id]) + " and for " + shown(text));
    vocabulary.text[id] = text;
    vocabulary.ids.emplace(text, static_cast<uint32_t>(id));
}

void read_vocabulary(const JsonView& vocab, const std::string& place, size_t added, Vocabulary& vocabulary) {
    if (vocab.object().empty()) vocab.refuse("E_EMPTY", "has no tokens");
    vocabulary.most = vocab.object().size() + added;
    for (const auto& [text, id] : vocab.object().items())
        add_token({vocab.file(), place}, text, JsonView(id, vocab.file(), place).integer(max_vocab - 1), vocabulary);
}

void require_dense(const Vocabulary& vocabulary, const std::string& file) {
    for (size_t id = 0; id < vocabulary.text.size(); id++)
        if (!vocabulary.text[id])
            refuse("E_RANGE", file,
                   "no token has id " + std::to_string(id) + ", though ids go up to " + std::to_string(vocabulary.text.size() - 1));
}

AddedToken added_token(const JsonView& token, uint64_t id, const std::string& place) {
    const bool special = flag(token, "special", false);
    return {token.at("content").text(), id, whole_flags(token), special, flag(token, "normalized", true), {token.file(), place}};
}

std::vector<WholeRule> put_added(const std::vector<AddedToken>& added, const NormalizedToken& normalized, Vocabulary& vocabulary,
                                 TokenizerModel& model) {
    std::vector<WholeRule> rules;
    std::set<uint64_t> ids;
    for (const AddedToken& token : added) {
        place_added(token, vocabulary);
        if (!ids.insert(token.id).second) token.said.refuse("E_DUP", shown(token.text) + " is added twice");
        const bool late = token.normalized && !token.special;
        const std::optional<std::string> found_by = late ? normalized(token.text) : token.text;
        if (!found_by || found_by->empty())
            token.said.refuse("E_UNSUPPORTED",
                              shown(token.text) + ", looked for in the normalized text, is not supported with this normalizer");
        const uint32_t id = static_cast<uint32_t>(token.id);
        rules.push_back({id, token.flags, late, *found_by});
        (token.special ? model.specials : model.added).push_back(id);
    }
    return rules;
}

void put_byte_level(const Vocabulary& vocabulary, TokenizerModel& model) {
    for (const auto& text : vocabulary.text) model.pieces.push_back(bytes_from_alphabet(*text).value_or(*text));
    for (const uint32_t id : model.specials) model.pieces[id] = *vocabulary.text[id];
    for (const uint32_t id : model.added) model.pieces[id] = *vocabulary.text[id];
    for (uint32_t byte = 0; byte < 256; byte++) {
        const auto found = vocabulary.ids.find(byte_to_alphabet(static_cast<uint8_t>(byte)));
        if (found != vocabulary.ids.end()) model.byte_ids[byte] = found->second;
    }
}

}  // namespace mote::tools
