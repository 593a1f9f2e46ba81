// tokenizer_gpt2: tokens by name, merges by line.
#include "tokenizer/tokenizer_gpt2.h"

#include <set>

#include "../../core/src/utf8.h"
#include "base/error.h"
#include "base/files.h"
#include "tokenizer/bpe.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

constexpr const char* end_of_text = "<|endoftext|>";
constexpr uint64_t max_merges_bytes = 64 << 20;

void require_text(const MappedFile& file) {
    const std::string_view text = file.text();
    uint64_t line = 1, line_begin = 0;
    for (size_t at = 0; at < text.size();) {
        const Character c = first_character(text.data() + at, text.size() - at);
        if (c.code == invalid_character || c.code == 0)
            refuse_at("E_UTF8", file.path(), at,
                      "line " + std::to_string(line) + ", column " + std::to_string(at - line_begin + 1) +
                          (c.code == 0 ? ": a NUL" : ": not UTF-8"));
        at += c.bytes;
        if (c.code != '\n') continue;
        line++;
        line_begin = at;
    }
}

void add_line(const std::string& file, uint64_t number, const std::string& line, MergeList& merges) {
    const std::string where = "line " + std::to_string(number);
    const size_t space = line.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == line.size() || line.find(' ', space + 1) != std::string::npos)
        refuse("E_SYNTAX", file, where + ": " + shown(line) + " must be two tokens with one space between");
    merges.add(line.substr(0, space), line.substr(space + 1), where);
}

void read_merges(const MappedFile& file, MergeList& merges, std::vector<std::string>& notes) {
    if (file.size() > max_merges_bytes)
        refuse("E_LIMIT", file.path(), std::to_string(file.size()) + " bytes; at most " + std::to_string(max_merges_bytes));
    if (file.size() == 0) refuse("E_EMPTY", file.path(), "is empty; merges that are none are a line of #version");
    require_text(file);
    std::string_view rest = file.text();
    while (!rest.empty() && (rest.back() == '\n' || rest.back() == '\r')) rest.remove_suffix(1);
    bool returns = false;
    for (uint64_t number = 1; !rest.empty(); number++) {
        const size_t end = rest.find('\n');
        std::string line(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
            returns = true;
        }
        if (number == 1 && line.rfind("#version", 0) == 0) continue;
        if (line.empty()) refuse("E_EMPTY", file.path(), "line " + std::to_string(number) + " is empty");
        add_line(file.path(), number, line, merges);
    }
    if (returns) notes.push_back(file.path() + ": has CRLF line ends; the CR is taken off");
    if (merges.repeated())
        notes.push_back(file.path() + ": " + std::to_string(merges.repeated()) + " merges stand twice; the first place counts");
}

// How transformers' class of a tokenizer treats text. vocab.json and merges.txt are also what CLIP's and RoBERTa's are kept in.
struct Class {
    const char* name;
    PreTokenizer rule;
    const char* form;  // of Unicode; "": none
};
constexpr Class classes[] = {{"GPT2Tokenizer", PreTokenizer::gpt2, ""}, {"CodeGenTokenizer", PreTokenizer::gpt2, ""}, {"Qwen2Tokenizer", PreTokenizer::qwen2, "NFC"}};

const Class& class_of(const SpecialTokens& special) {
    std::string names;
    for (const Class& c : classes) {
        if (special.tokenizer_class.empty() || special.tokenizer_class == c.name || special.tokenizer_class == c.name + std::string("Fast")) return c;
        names += (names.empty() ? "" : ", ") + std::string(c.name);
    }
    special.class_said.refuse("E_UNSUPPORTED", shown(special.tokenizer_class) + " is not supported with vocab.json and merges.txt; " + names +
                                                   " are, others need a tokenizer.json");
}

// Those that files list, and of the vocabulary's own those that are named.
std::vector<AddedToken> added_tokens(const SpecialTokens& special, const Vocabulary& vocabulary) {
    std::set<std::string> names(special.texts.begin(), special.texts.end());
    names.insert(end_of_text);
    std::vector<AddedToken> added = special.added;
    for (AddedToken& token : added)
        if (names.erase(token.text)) token.special = true;
    for (const std::string& name : names) {
        const auto found = vocabulary.ids.find(name);
        const auto flags = special.flags.find(name);
        if (found != vocabulary.ids.end())
            added.push_back({name, found->second, flags == special.flags.end() ? 0 : flags->second, true, false, {}});
    }
    return added;
}

uint32_t find_token(const TokenIds& ids, const std::optional<std::string>& text) {
    const auto found = text ? ids.find(*text) : ids.end();
    return found == ids.end() ? no_token : found->second;
}

}  // namespace

TokenizerModel import_tokenizer_gpt2(const JsonView& vocab, const std::string& merges_file, const SpecialTokens& special,
                                     std::vector<std::string>& notes) {
    const Class& own = class_of(special);
    TokenizerModel model = empty_tokenizer();
    model.pre_tokenizer = own.rule;
    if (*own.form) model.normal_form = unicode_form(form_named(own.form));
    if (special.add_prefix_space) model.flags |= byte_level_prefix;
    Vocabulary vocabulary;
    read_vocabulary(vocab, "", special.added.size(), vocabulary);
    const auto as_it_is = [](const std::string& text) { return text; };
    const std::vector<WholeRule> whole = put_added(added_tokens(special, vocabulary), as_it_is, vocabulary, model);
    require_dense(vocabulary, vocab.file());
    put_byte_level(vocabulary, model);
    put_whole_rules(whole, false, model);

    const TokenIds& ids = vocabulary.ids;
    model.unk = find_token(ids, special.unk);
    model.bos = find_token(ids, special.bos.value_or(end_of_text));
    model.eos = find_token(ids, special.eos.value_or(end_of_text));
    if (special.add_bos && model.bos != no_token) model.flags |= tokenizer_add_bos;
    if (special.add_eos && model.eos != no_token) model.flags |= tokenizer_add_eos;
    cover_bytes(model, vocab.file());

    MergeList merges(model, ids, merges_file);
    read_merges(MappedFile(merges_file), merges, notes);
    return model;
}

}  // namespace mote::tools
