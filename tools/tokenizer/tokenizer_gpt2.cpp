// tokenizer_gpt2: tokens by name, merges by line.
#include "tokenizer/tokenizer_gpt2.h"

#include <set>

#include "../../core/src/utf8.h"
#include "base/error.h"
#include "base/files.h"
#include "tokenizer/bpe.h"
#include "tokenizer/whole_rules.h"

namespace mote::tools {
namespace {

constexpr const char* end_of_text = "<|endoftext|>";
constexpr uint64_t max_merges_bytes = 64 << 20;

// The texts by id.
std::vector<std::string> read_vocabulary(const JsonView& vocab, TokenIds& ids) {
    if (vocab.object().empty()) vocab.refuse("E_EMPTY", "has no tokens");
    std::vector<std::string> texts(vocab.object().size());
    std::vector<bool> taken(texts.size());
    for (const auto& [text, value] : vocab.object().items()) {
        const uint64_t id = vocab.at(text).integer(texts.size() - 1);  // as many ids as tokens: without holes
        if (taken[id])
            vocab.refuse("E_DUP", "id " + std::to_string(id) + " stands for " + shown(texts[id]) + " and for " + shown(text));
        taken[id] = true;
        texts[id] = text;
        ids.emplace(text, static_cast<uint32_t>(id));
    }
    return texts;
}

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

// Control tokens are written as they are; their names are not in the alphabet of bytes.
void put_special(const TokenIds& ids, const std::vector<std::string>& texts, const std::map<std::string, uint32_t>& flags, TokenizerModel& model) {
    std::set<uint32_t> special;
    std::vector<WholeRule> rules;
    for (const std::string& text : texts) {
        const auto found = ids.find(text);
        if (found == ids.end()) continue;
        if (!special.insert(found->second).second) continue;
        model.pieces[found->second] = text;
        const auto own = flags.find(text);
        rules.push_back({found->second, own == flags.end() ? 0 : own->second, false, text});
    }
    model.specials.assign(special.begin(), special.end());
    put_whole_rules(rules, false, model);
}

uint32_t find_token(const TokenIds& ids, const std::optional<std::string>& text) {
    const auto found = text ? ids.find(*text) : ids.end();
    return found == ids.end() ? no_token : found->second;
}

}  // namespace

TokenizerModel import_tokenizer_gpt2(const JsonView& vocab, const std::string& merges_file, const SpecialTokens& special,
                                     std::vector<std::string>& notes) {
    TokenizerModel model = empty_tokenizer();
    model.pre_tokenizer = PreTokenizer::gpt2;
    TokenIds ids;
    for (const std::string& text : read_vocabulary(vocab, ids)) model.pieces.push_back(bytes_from_alphabet(text).value_or(text));
    std::vector<std::string> control = special.texts;
    control.push_back(end_of_text);
    put_special(ids, control, special.flags, model);

    model.unk = find_token(ids, special.unk);
    model.bos = find_token(ids, special.bos.value_or(end_of_text));
    model.eos = find_token(ids, special.eos.value_or(end_of_text));
    if (special.add_bos && model.bos != no_token) model.flags |= tokenizer_add_bos;
    if (special.add_eos && model.eos != no_token) model.flags |= tokenizer_add_eos;
    for (uint32_t byte = 0; byte < 256; byte++)
        model.byte_ids[byte] = find_token(ids, byte_to_alphabet(static_cast<uint8_t>(byte)));
    cover_bytes(model, vocab.file());

    MergeList merges(model, ids, merges_file);
    read_merges(MappedFile(merges_file), merges, notes);
    return model;
}

}  // namespace mote::tools
