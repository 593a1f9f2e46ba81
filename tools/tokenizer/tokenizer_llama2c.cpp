// tokenizer_llama2c: pieces and scores become characters and ranked merges.
#include "tokenizer/tokenizer_llama2c.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

constexpr uint32_t unk = 0, bos = 1, eos = 2, first_byte = 3, first_piece = 259;
constexpr int32_t max_piece_bytes = 1024;  // every split of a piece is looked up: work grows with the square

struct ScoredPiece {
    float score;
    std::string text;
};

template <class T>
T read(const MappedFile& file, uint64_t& at, const char* what) {
    if (file.size() - at < sizeof(T)) refuse_at("E_TRUNC", file.path(), at, std::string("the file ends within ") + what);
    T value{};
    std::memcpy(&value, file.data() + at, sizeof value);
    at += sizeof value;
    return value;
}

std::vector<ScoredPiece> read_pieces(const MappedFile& file) {
    uint64_t at = 0;
    const int32_t longest = read<int32_t>(file, at, "the length of the longest piece");
    if (longest < 1 || longest > max_piece_bytes)
        refuse_at("E_RANGE", file.path(), 0,
                  "the longest piece has " + std::to_string(longest) + " bytes; a llama2.c tokenizer has 1 to " +
                      std::to_string(max_piece_bytes));
    std::vector<ScoredPiece> pieces;
    while (at < file.size()) {
        const std::string name = "piece " + std::to_string(pieces.size());
        if (pieces.size() == max_vocab) refuse_at("E_LIMIT", file.path(), at, "more than " + std::to_string(max_vocab) + " pieces");
        const float score = read<float>(file, at, "a score");
        if (!std::isfinite(score)) refuse_at("E_NONFINITE", file.path(), at - 4, name + ": its score is NaN or infinite");
        const int32_t length = read<int32_t>(file, at, "a length");
        if (length < 1 || length > longest)
            refuse_at("E_RANGE", file.path(), at - 4,
                      name + ": its length is " + std::to_string(length) + "; must be in [1, " + std::to_string(longest) + "]");
        if (file.size() - at < static_cast<uint32_t>(length))
            refuse_at(
                "E_TRUNC", file.path(), at,
                name + " has " + std::to_string(length) + " bytes, the file only " + std::to_string(file.size() - at) + " more");
        pieces.push_back({score, std::string(file.text().substr(at, static_cast<size_t>(length)))});
        at += static_cast<uint64_t>(length);
    }
    return pieces;
}

// llama2.c computes the token of a byte as its value plus 3, whatever stands there.
void require_byte_pieces(const std::vector<ScoredPiece>& pieces, const std::string& file) {
    if (pieces.size() < first_piece)
        refuse("E_TOKEN", file,
               std::to_string(pieces.size()) + " pieces; at least 259, unknown, begin, end and 256 bytes, are needed");
    for (uint32_t byte = 0; byte < 256; byte++)
        if (byte_piece(pieces[first_byte + byte].text) != byte)
            refuse("E_TOKEN", file, "piece " + std::to_string(first_byte + byte) + " is not the byte that llama2.c takes it for");
}

std::string without_newlines(const std::string& text) {
    const size_t begin = text.find_first_not_of('\n');
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of('\n') + 1 - begin);
}

std::vector<float> scores_of(const std::vector<ScoredPiece>& pieces) {
    std::vector<float> scores(first_piece, std::numeric_limits<float>::quiet_NaN());
    for (size_t id = first_piece; id < pieces.size(); id++) scores.push_back(pieces[id].score);
    return scores;
}

}  // namespace

TokenizerModel import_tokenizer_llama2c(const MappedFile& file, std::vector<std::string>& notes) {
    const std::vector<ScoredPiece> pieces = read_pieces(file);
    require_byte_pieces(pieces, file.path());

    TokenizerModel model = empty_tokenizer();
    for (const uint32_t id : {unk, bos, eos}) model.pieces.push_back(without_newlines(pieces[id].text));
    for (uint32_t byte = 0; byte < 256; byte++) {
        model.byte_ids[byte] = first_byte + byte;
        model.pieces.push_back(std::string(1, static_cast<char>(byte)));
    }
    TokenIds ids;
    for (uint32_t id = first_piece; id < pieces.size(); id++) {
        model.pieces.push_back(pieces[id].text);
        if (!ids.emplace(pieces[id].text, id).second)
            notes.push_back(file.path() + ": piece " + std::to_string(id) + " repeats piece " +
                            std::to_string(ids[pieces[id].text]) + " and is never made from text");
        else if (is_one_character(pieces[id].text))
            model.characters.push_back(id);
    }
    add_merges_by_rank(model, ids, ranks_by_score(scores_of(pieces)));
    model.specials = {unk, bos, eos};
    model.unk = unk;
    model.bos = bos;
    model.eos = eos;
    model.flags = tokenizer_prefix_space | tokenizer_add_bos;
    return model;
}

bool is_tokenizer_llama2c(std::string_view bytes) {
    constexpr size_t prefix = sizeof(float) + sizeof(int32_t);
    size_t at = sizeof(int32_t);
    while (bytes.size() > prefix && at < bytes.size() - prefix) {
        int32_t length = 0;
        std::memcpy(&length, bytes.data() + at + sizeof(float), sizeof length);
        if (length < 1 || length > max_piece_bytes) return false;
        at += prefix + static_cast<size_t>(length);
    }
    return at == bytes.size() && at > sizeof(int32_t);
}

}  // namespace mote::tools
