// tokenizer_tiktoken: ranks of tokens become ranks of merges.
#include "tokenizer/tokenizer_tiktoken.h"

#include <charconv>

#include "base/error.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

constexpr size_t max_piece_bytes = 1024;  // finding the merge of a token takes the square of its length

// What the authors' programs add to their rank files.
struct Known {
    size_t tokens;
    PreTokenizer rule;
    std::vector<const char*> specials;  // ids from `tokens` on
    const char *bos, *eos;
};

const std::vector<Known>& known_files() {
    static const std::vector<Known> files = {
        {50256, PreTokenizer::gpt2, {"<|endoftext|>"}, "", "<|endoftext|>"},
        {100256, PreTokenizer::llama3, {}, "", ""},
        {128000,
         PreTokenizer::llama3,
         {"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
          "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
          "<|reserved_special_token_4|>", "<|eot_id|>"},
         "<|begin_of_text|>",
         "<|end_of_text|>"},
        {151643, PreTokenizer::qwen2, {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, "", "<|endoftext|>"},
    };
    return files;
}

int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Nothing if a character is not of base64, or the length is not a multiple of four.
std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4) return std::nullopt;
    const size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] == '=' ? 2 : 1;
    std::string bytes;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.size(); i++) {
        const int digit = i < text.size() - padding ? base64_digit(text[i]) : 0;
        if (digit < 0) return std::nullopt;
        bits = bits << 6 | uint32_t(digit);
        if (i % 4 != 3) continue;
        for (const int shift : {16, 8, 0}) bytes += static_cast<char>(bits >> shift & 0xff);
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

struct Line {
    std::string bytes;
    uint64_t rank;
};

std::optional<Line> read_line(std::string_view line) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const std::optional<std::string> bytes = from_base64(line.substr(0, space));
    uint64_t rank = 0;
    const char* end = line.data() + line.size();
    const std::from_chars_result read = std::from_chars(line.data() + space + 1, end, rank);
    if (!bytes || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return Line{*bytes, rank};
}

std::string_view take_line(std::string_view& rest) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

// Ids are the ranks, and every one up to the number of lines must be there.
void read_pieces(const MappedFile& file, TokenizerModel& model, TokenIds& ids) {
    std::string_view rest = file.text();
    for (uint64_t number = 1; !rest.empty(); number++) {
        const std::string_view text = take_line(rest);
        const std::string where = "line " + std::to_string(number);
        const std::optional<Line> line = read_line(text);
        if (!line) refuse("E_SYNTAX", file.path(), where + ": " + shown(text) + " must be base64, one space and a rank");
        if (line->bytes.size() > max_piece_bytes)
            refuse("E_LIMIT", file.path(), where + ": a token of " + std::to_string(line->bytes.size()) + " bytes; at most " + std::to_string(max_piece_bytes));
        if (line->rank != model.pieces.size() || line->rank >= max_vocab)
            refuse("E_RANGE", file.path(), where + ": rank " + std::to_string(line->rank) + "; ranks ascend from 0 by one");
        const uint32_t id = static_cast<uint32_t>(line->rank);
        if (!ids.emplace(line->bytes, id).second) refuse("E_DUP", file.path(), where + ": the bytes of rank " + std::to_string(ids[line->bytes]) + " again");
        if (line->bytes.size() == 1) model.byte_ids[static_cast<uint8_t>(line->bytes[0])] = id;
        model.pieces.push_back(line->bytes);
    }
}

// Within a text, the bytes of a token are merged as they would be alone, up to the pair that becomes the token: no other pair does.
void add_merge(const std::string& piece, uint32_t id, const TokenIds& ids, TokenizerModel& model) {
    std::vector<std::string> parts;
    for (const char c : piece) parts.emplace_back(1, c);
    while (parts.size() > 2) {
        size_t best = 0;
        uint32_t best_rank = no_token;
        for (size_t i = 0; i + 1 < parts.size(); i++) {
            const auto found = ids.find(parts[i] + parts[i + 1]);
            if (found != ids.end() && found->second < best_rank) best_rank = found->second, best = i;
        }
        if (best_rank == no_token) return;  // never made
        parts[best] += parts[best + 1];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    model.merges.push_back({ids.at(parts[0]), ids.at(parts[1]), id, id});
}

void put_specials(const Known& known, TokenizerModel& model) {
    for (const char* name : known.specials) {
        const uint32_t id = static_cast<uint32_t>(model.pieces.size());
        model.specials.push_back(id);
        model.pieces.push_back(name);
        if (model.pieces.back() == known.bos) model.bos = id;
        if (model.pieces.back() == known.eos) model.eos = id;
    }
    if (model.bos != no_token) model.flags |= tokenizer_add_bos;
}

}  // namespace

bool is_tiktoken(std::string_view text) {
    const std::string_view line = take_line(text);
    const std::optional<Line> first = line.size() < 64 ? read_line(line) : std::nullopt;
    return first && first->rank == 0;
}

TokenizerModel import_tokenizer_tiktoken(const MappedFile& file) {
    TokenizerModel model = empty_tokenizer();
    TokenIds ids;
    read_pieces(file, model, ids);
    for (const Known& known : known_files()) {
        if (known.tokens != model.pieces.size()) continue;
        cover_bytes(model, file.path());
        model.pre_tokenizer = known.rule;
        for (uint32_t id = 0; id < known.tokens; id++)
            if (model.pieces[id].size() > 1) add_merge(model.pieces[id], id, ids, model);
        put_specials(known, model);
        return model;
    }
    refuse("E_UNSUPPORTED", file.path(),
           "a rank file of " + std::to_string(model.pieces.size()) +
               " tokens, which does not say how text is split; known are those of 50256, 100256, 128000 and 151643 tokens");
}

}  // namespace mote::tools
