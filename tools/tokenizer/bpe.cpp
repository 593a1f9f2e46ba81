// bpe: pieces, the byte alphabet, merges.
#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>

#include "base/error.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

// Visible Latin-1 stands for itself; the other 68 bytes follow each other from U+0100 on.
struct Alphabet {
    std::array<uint32_t, 256> code;
    std::array<int, 0x144> byte;

    Alphabet() : code(), byte() {
        byte.fill(-1);
        uint32_t next = 0x100;
        for (uint32_t b = 0; b < 256; b++) {
            const bool visible = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
            code[b] = visible ? b : next++;
            byte[code[b]] = static_cast<int>(b);
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet table;
    return table;
}

int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

bool is_byte_level(const TokenizerModel& model) {
    const bool words_alone = model.characters.empty() || (model.flags & tokenizer_whole_words);
    return model.kind == TokenizerKind::bpe && words_alone && !(model.flags & tokenizer_fold_space);
}

TokenizerModel empty_tokenizer() {
    TokenizerModel model;
    model.byte_ids.fill(no_token);
    return model;
}

std::string with_spaces(std::string text) {
    const std::string mark = "\xe2\x96\x81";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) text.replace(at, mark.size(), " ");
    return text;
}

std::optional<uint32_t> byte_piece(std::string_view text) {
    if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return std::nullopt;
    const int high = hex_digit(text[3]), low = hex_digit(text[4]);
    if (high < 0 || low < 0) return std::nullopt;
    return static_cast<uint32_t>(high * 16 + low);
}

std::string byte_name(uint8_t byte) {
    constexpr const char* digits = "0123456789ABCDEF";
    return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

bool is_one_character(std::string_view text) {
    if (text.empty()) return false;
    const Character c = first_character(text.data(), text.size());
    return c.code != invalid_character && c.bytes == text.size();
}

std::string byte_to_alphabet(uint8_t byte) { return utf8(alphabet().code[byte]); }

std::optional<std::string> bytes_from_alphabet(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        const Character c = first_character(text.data(), text.size());
        if (c.code >= alphabet().byte.size() || alphabet().byte[c.code] < 0) return std::nullopt;
        bytes += static_cast<char>(alphabet().byte[c.code]);
        text.remove_prefix(c.bytes);
    }
    return bytes;
}

void cover_bytes(TokenizerModel& model, const std::string& file) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        if (model.byte_ids[byte] != no_token) continue;
        const std::string name = "byte " + std::to_string(byte) + " has no token";
        if (model.unk == no_token) refuse("E_MISSING", file, name + ", and there is no unknown token");
        if (model.flags & tokenizer_fuse_unk) refuse("E_UNSUPPORTED", file, name + ", and fuse_unk is not supported for bytes");
        model.byte_ids[byte] = model.unk;
    }
}

std::vector<uint32_t> ranks_by_score(const std::vector<float>& scores) {
    std::vector<float> distinct;
    std::copy_if(scores.begin(), scores.end(), std::back_inserter(distinct), [](float score) { return !std::isnan(score); });
    std::sort(distinct.begin(), distinct.end(), std::greater<float>());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::vector<uint32_t> ranks(scores.size(), no_token);
    for (size_t id = 0; id < scores.size(); id++)
        if (!std::isnan(scores[id]))
            ranks[id] = static_cast<uint32_t>(std::lower_bound(distinct.begin(), distinct.end(), scores[id], std::greater<float>()) - distinct.begin());
    return ranks;
}

void take_whole_words(TokenizerModel& model) {
    std::vector<bool> apart(model.pieces.size(), false);
    for (const std::vector<uint32_t>* ids : {&model.specials, &model.added})
        for (const uint32_t id : *ids) apart[id] = true;
    for (uint32_t id = 0; id < model.pieces.size(); id++)
        if (!apart[id] && !model.pieces[id].empty()) model.characters.push_back(id);
    model.flags |= tokenizer_whole_words;
}

void add_merges_by_rank(TokenizerModel& model, const TokenIds& ids, const std::vector<uint32_t>& ranks) {
    for (const auto& [text, id] : ids) {
        if (ranks[id] == no_token) continue;
        for (size_t cut = 1; cut < text.size(); cut++) {
            const auto left = ids.find(text.substr(0, cut)), right = ids.find(text.substr(cut));
            if (left != ids.end() && right != ids.end()) model.merges.push_back({left->second, right->second, id, ranks[id]});
        }
    }
}

uint32_t MergeList::id_of(const std::string& piece, const std::string& where) const {
    const auto found = ids_.find(piece);
    if (found == ids_.end()) refuse("E_TOKEN", file_, where + " needs token " + shown(piece) + ", which the vocabulary lacks");
    return found->second;
}

void MergeList::add(const std::string& left, const std::string& right, const std::string& where) {
    const MergeRule rule{id_of(left, where), id_of(right, where), id_of(left + right, where), next_rank_++};
    if (rank_of_pair_.emplace(uint64_t(rule.left) << 32 | rule.right, rule.rank).second)
        model_.merges.push_back(rule);
    else
        repeated_++;
}

std::string shown(std::string_view text, size_t longest) {
    size_t count = text.size() < longest ? text.size() : longest;
    while (count > 0 && count < text.size() && (text[count] & 0xc0) == 0x80) count--;  // not within a character
    std::string out = "\"";
    for (const char c : text.substr(0, count)) {
        const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
        out += control ? '?' : c;
    }
    return out + (count < text.size() ? "...\"" : "\"");
}

}  // namespace mote::tools
