// control_tokens: what contradicts the model is refused.
#include "tokenizer/control_tokens.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "tokenizer/bpe.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

std::set<uint32_t> user_defined(const TokenizerModel& model) {
    std::set<uint32_t> ids;
    if (model.kind == TokenizerKind::wordpiece) return ids;
    for (const LexiconEntry& entry : model.lexicon.entries)
        if (model.kind != TokenizerKind::unigram || std::isnan(model.lexicon.scores[entry.token])) ids.insert(entry.token);
    return ids;
}

// A piece of the model is found as the model finds it; `kind` are those of the model that are as the token says that it is.
void require_own(const AddedToken& token, const std::string& piece, const std::set<uint32_t>& kind) {
    const uint32_t id = static_cast<uint32_t>(token.id);
    if (!kind.count(id))
        token.said.refuse("E_UNSUPPORTED", shown(token.text) +
                                               (token.special ? " is no control token" : " is no user-defined symbol") +
                                               " of the model that it is added to");
    if (token.text != piece && with_spaces(token.text) != piece)
        token.said.refuse("E_DUP", "id " + std::to_string(id) + " stands for " + shown(piece) + " and for " + shown(token.text));
}

void append_control(const AddedToken& token, TokenizerModel& model) {
    if (!token.special)
        token.said.refuse("E_UNSUPPORTED",
                          shown(token.text) + ": added tokens that are no control tokens need a tokenizer.json here");
    if (token.id != model.pieces.size())
        token.said.refuse("E_RANGE", shown(token.text) + " has id " + std::to_string(token.id) + ", but " +
                                         std::to_string(model.pieces.size()) + " is the next");
    model.specials.push_back(static_cast<uint32_t>(token.id));
    model.pieces.push_back(token.text);
}

}  // namespace

void add_control_tokens(std::vector<AddedToken> added, TokenizerModel& model) {
    std::sort(added.begin(), added.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
    const std::set<uint32_t> control(model.specials.begin(), model.specials.end()), symbols = user_defined(model);
    const size_t own = model.pieces.size();
    std::unordered_map<std::string, uint64_t> ids;
    for (uint32_t id = 0; id < own; id++) ids.emplace(model.pieces[id], id);
    std::unordered_map<uint64_t, uint32_t> flags;
    for (const AddedToken& token : added) {
        if (token.text.empty()) token.said.refuse("E_EMPTY", "its content has no characters");
        flags.emplace(token.id, token.flags);
        if (token.id < own) {
            require_own(token, model.pieces[token.id], token.special ? control : symbols);
            continue;
        }
        const auto [known, is_new] = ids.emplace(token.text, token.id);
        if (!is_new)
            token.said.refuse("E_DUP", shown(token.text) + " has id " + std::to_string(token.id) + " here and " +
                                           std::to_string(known->second) + " before");
        append_control(token, model);
    }
    std::vector<WholeRule> rules;
    for (const uint32_t id : model.specials) rules.push_back({id, flags.count(id) ? flags[id] : 0, false, model.pieces[id]});
    put_whole_rules(rules, true, model);
}

std::vector<std::string> leave_out_control_tokens(size_t vocab, TokenizerModel& model) {
    if (model.pieces.size() <= vocab) return {};
    const auto beyond = [&](uint32_t token) { return token != no_token && token >= vocab; };
    const std::set<uint32_t> control(model.specials.begin(), model.specials.end());
    const size_t without_use = static_cast<size_t>(std::count_if(control.begin(), control.end(), beyond));
    if (without_use != model.pieces.size() - vocab || beyond(model.bos) || beyond(model.eos) || beyond(model.unk)) return {};
    const std::vector<std::string> texts(model.pieces.begin() + static_cast<std::ptrdiff_t>(vocab), model.pieces.end());
    model.pieces.resize(vocab);
    if (model.lexicon.scores.size() > vocab) model.lexicon.scores.resize(vocab);
    model.specials.erase(std::remove_if(model.specials.begin(), model.specials.end(), beyond), model.specials.end());
    const auto of_one_beyond = [&](const WholeRule& rule) { return beyond(rule.token); };
    model.whole.erase(std::remove_if(model.whole.begin(), model.whole.end(), of_one_beyond), model.whole.end());
    return texts;
}

}  // namespace mote::tools
