// tokenizer_wordpiece: pieces that begin a word get a space in front, those that go on lose their prefix; so core's lexicon needs to
// know neither, and decoded text is what pieces joined together are.
#include "tokenizer/tokenizer_wordpiece.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

constexpr size_t max_line_bytes = max_piece_bytes;
constexpr uint64_t max_config_bytes = 1 << 20;

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

// Hugging Face's decoder leaves out the space before these.
bool follows_closely(const std::string& piece) {
    constexpr const char* endings[] = {".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re"};
    return std::any_of(std::begin(endings), std::end(endings), [&](const char* ending) { return begins(piece, ending); });
}

// ---- vocab.txt

void check_line(std::string_view line, size_t number, const std::string& file, uint64_t at) {
    const std::string name = "line " + std::to_string(number);
    if (line.empty()) refuse_at("E_EMPTY", file, at, name + " is blank");
    if (line.size() > max_line_bytes)
        refuse_at("E_LIMIT", file, at, name + " has more than " + std::to_string(max_line_bytes) + " bytes");
    for (size_t i = 0; i < line.size();) {
        const Character c = first_character(line.data() + i, line.size() - i);
        if (c.code == invalid_character || c.code == 0)
            refuse_at("E_UTF8", file, at + i, name + ", column " + std::to_string(i + 1) + (c.code == 0 ? ": a NUL" : ": not UTF-8"));
        i += c.bytes;
    }
}

std::vector<std::string> read_lines(const MappedFile& file, std::vector<std::string>& notes) {
    std::vector<std::string> pieces;
    std::unordered_map<std::string_view, size_t> seen;
    bool returns = false;
    for (size_t begin = 0; begin < file.size();) {
        std::string_view line = file.text().substr(begin, max_line_bytes + 2);  // one that is longer is not looked through
        line = line.substr(0, line.find('\n'));
        const size_t end = begin + line.size();
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
            returns = true;
        }
        check_line(line, pieces.size() + 1, file.path(), begin);
        const auto [found, is_new] = seen.emplace(line, pieces.size() + 1);
        if (!is_new)
            refuse_at("E_DUP", file.path(), begin,
                      "line " + std::to_string(pieces.size() + 1) + " repeats line " + std::to_string(found->second) + ": " + shown(line));
        if (pieces.size() == max_vocab) refuse_at("E_LIMIT", file.path(), begin, "more than " + std::to_string(max_vocab) + " lines");
        pieces.emplace_back(line);
        begin = end + 1;
    }
    if (returns) notes.push_back(file.path() + ": lines end with CR LF; the CR is not part of the pieces");
    return pieces;
}

std::optional<bool> flag_of(const Json& config, const std::string& file, const char* key) {
    const std::optional<JsonView> found = JsonView(config, file).find(key);
    return found ? std::optional<bool>(found->boolean()) : std::nullopt;
}

// tokenizer_config.json, or what the pieces themselves show.
BertOptions options_beside(const MappedFile& vocab, const std::vector<std::string>& pieces, std::vector<std::string>& notes) {
    BertOptions options;
    const size_t slash = vocab.path().rfind('/');
    const std::string config_file = (slash == std::string::npos ? "" : vocab.path().substr(0, slash + 1)) + "tokenizer_config.json";
    std::optional<bool> lower;
    std::optional<bool> strip;
    if (exists(config_file)) {
        const Json config = read_json(config_file, max_config_bytes);
        lower = flag_of(config, config_file, "do_lower_case");
        strip = flag_of(config, config_file, "strip_accents");
        options.handle_chinese_chars = flag_of(config, config_file, "tokenize_chinese_chars").value_or(true);
    }
    if (!lower) {
        const auto upper = [](const std::string& piece) { return piece[0] != '[' && std::any_of(piece.begin(), piece.end(), [](char c) { return c >= 'A' && c <= 'Z'; }); };
        lower = std::none_of(pieces.begin(), pieces.end(), upper);
        notes.push_back(vocab.path() + (*lower ? ": no piece has upper case, so text is lower-cased" : ": pieces have upper case, so text keeps its case"));
    }
    options.lowercase = *lower;
    options.strip_accents = strip.value_or(*lower);
    return options;
}

}  // namespace

void put_wordpiece(const std::vector<std::string>& pieces, const WordPieceOptions& o, const std::string& file, TokenizerModel& model) {
    const std::set<uint32_t> special(model.specials.begin(), model.specials.end());
    model.kind = TokenizerKind::wordpiece;
    model.lexicon.word_characters = o.word_characters;
    for (uint32_t id = 0; id < pieces.size(); id++) {
        const std::string& piece = pieces[id];
        const bool goes_on = !o.prefix.empty() && begins(piece, o.prefix);
        const std::string text = goes_on ? piece.substr(o.prefix.size()) : " " + piece;
        if (piece == o.unknown) model.unk = id;
        if (special.count(id)) {
            model.pieces.push_back(piece);
            continue;
        }
        model.pieces.push_back(o.cleanup && !goes_on && follows_closely(piece) ? piece : text);
        if (!text.empty() && text.find(' ', 1) == std::string::npos) model.lexicon.entries.push_back({text, id});
    }
    if (model.unk == no_token) refuse("E_MISSING", file, "the unknown token " + shown(o.unknown) + " is not in the vocabulary");
    if (model.lexicon.entries.empty()) refuse("E_EMPTY", file, "no piece can be made from text");
    model.flags |= tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_squeeze_spaces;
}

// The lexicon says which pieces begin a word; those that text cannot make say it themselves.
std::vector<std::string> written_wordpiece(const TokenizerModel& model) {
    const auto as_written = [](const std::string& text) { return begins(text, " ") ? text.substr(1) : WordPieceOptions().prefix + text; };
    std::vector<std::string> texts;
    for (const std::string& piece : model.pieces) texts.push_back(as_written(piece));
    for (const uint32_t id : model.specials) texts[id] = model.pieces[id];
    for (const LexiconEntry& entry : model.lexicon.entries) texts[entry.token] = as_written(entry.text);
    return texts;
}

// Numbers of a binary file may spell a line with the prefix, and so do pairs of merges.txt; neither is a line of its own.
bool is_vocab_txt(std::string_view bytes) {
    constexpr size_t looked_at = 1 << 20;  // files of other kinds may be large
    if (begins(bytes, "[PAD]") || begins(bytes, "[UNK]")) return true;
    const std::string_view head = bytes.substr(0, looked_at);
    const size_t prefix = head.find("\n##");
    if (prefix == std::string_view::npos || head.substr(0, prefix).find('\0') != std::string_view::npos) return false;
    return head.substr(prefix + 1, head.find('\n', prefix + 1) - prefix - 1).find(' ') == std::string_view::npos;
}

TokenizerModel import_vocab_txt(const MappedFile& file, std::vector<std::string>& notes) {
    const std::vector<std::string> pieces = read_lines(file, notes);
    TokenizerModel model = empty_tokenizer();
    for (const char* name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
        const auto found = std::find(pieces.begin(), pieces.end(), name);
        if (found == pieces.end()) continue;
        const uint32_t id = static_cast<uint32_t>(found - pieces.begin());
        model.specials.push_back(id);
        if (name == std::string("[CLS]")) model.bos = id;
        if (name == std::string("[SEP]")) model.eos = id;
    }
    if (model.bos != no_token && model.eos != no_token) model.flags |= tokenizer_add_bos | tokenizer_add_eos;
    const BertOptions options = options_beside(file, pieces, notes);
    put_wordpiece(pieces, {}, file.path(), model);
    model.normalizer = bert_normalizer(options);  // a large table: what is refused does not get it
    return model;
}

}  // namespace mote::tools
