// special_tokens: what the files beside a tokenizer say of its control tokens.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chat/reduce.h"
#include "model/tokenizer_model.h"
#include "tokenizer/vocabulary.h"

namespace mote::tools {

struct SpecialTokens {
    std::vector<std::string> texts;  // every control token that has a role: bos_token, additional_special_tokens ...
    std::vector<AddedToken> added;   // added_tokens_decoder of the first configuration that has one, else added_tokens.json
    std::map<std::string, uint32_t> flags;     // of those that are found under conditions (SPEC 6.7)
    std::optional<std::string> bos, eos, unk;  // tokenizer_config.json, else special_tokens_map.json
    std::optional<uint64_t> bos_id, eos_id;    // generation_config.json, else config.json
    bool add_bos = false, add_eos = false;     // tokenizer_config.json
    bool add_prefix_space = false;             // tokenizer_config.json
    std::string tokenizer_class;               // as transformers calls it; empty: no file says it
    Saying class_said;
    std::optional<ChatSource> chat;            // chat_template.jinja, else tokenizer_config.json
    std::vector<std::string> notes;
};

/// Where the configuration of a tokenizer's file lies: tokenizer_config.json beside tokenizer.json, x_config.json beside x.json or x.
std::string config_beside(const std::string& tokenizer);

/// Reads the file's own configuration, and those of the four files that its folder has.
SpecialTokens read_special_tokens(const std::string& tokenizer);

/// Takes in an added_tokens.json, where there is one, which must not contradict what is known; of all added tokens, those with a
/// role are control tokens from then on. Errors: E_DUP (two ids of a text), E_MISMATCH (a token that the configuration's
/// added_tokens_decoder lacks), those of JSON.
void read_added_tokens(const std::string& file, SpecialTokens& known);

/// The chat template in the files beside a tokenizer, for sources that need nothing else of them.
void attach_chat_template_beside(const std::string& tokenizer, TokenizerModel& model, std::vector<std::string>& notes);

/// Fills in bos and eos where the tokenizer itself does not say.
void complete_special_tokens(const SpecialTokens& known, TokenizerModel& model, std::vector<std::string>& notes);

}  // namespace mote::tools
