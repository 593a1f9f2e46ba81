// sentencepiece_model: the fields of sentencepiece_model.proto that tokens depend on; others are passed over by their length.
#include "tokenizer/sentencepiece_model.h"

#include <cmath>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "mote/format.h"
#include "tokenizer/bpe.h"
#include "tokenizer/protobuf.h"

namespace mote::tools {
namespace {

constexpr size_t max_pieces = 4000000;

SentencePiece read_piece(const ProtobufField& message, const std::string& file, size_t index) {
    SentencePiece piece;
    piece.at = message.at;
    uint64_t type = 1;
    ProtobufReader reader(message, file);
    for (ProtobufField field; reader.next(field);) {
        if (field.id == 1) piece.text = protobuf_bytes(field, file, "piece");
        else if (field.id == 2) piece.score = protobuf_float(field, file, "score");
        else if (field.id == 3) type = protobuf_number(field, file, "type");
    }
    const std::string name = "piece " + std::to_string(index);
    if (piece.text.empty()) refuse_at("E_EMPTY", file, piece.at, name + " has no text");
    if (piece.text.size() > max_piece_bytes)
        refuse_at("E_LIMIT", file, piece.at, name + " has " + std::to_string(piece.text.size()) + " bytes; at most " + std::to_string(max_piece_bytes));
    if (!std::isfinite(piece.score)) refuse_at("E_NONFINITE", file, piece.at, name + ": its score is NaN or infinite");
    if (type < 1 || type > 6) refuse_at("E_TYPE", file, piece.at, name + " has type " + std::to_string(type) + "; must be 1 to 6");
    piece.type = static_cast<SentencePiece::Type>(type);
    return piece;
}

// An int32 as protocol buffers write it: negative ones, which mean that there is no such piece, have all upper bits set.
int64_t signed_id(const ProtobufField& field, const std::string& file, const char* name) {
    return static_cast<int64_t>(protobuf_number(field, file, name));
}

// What the trainer was told. Encoding goes by names and types, but ids that cannot be are a sign of a damaged file.
struct TrainerIds {
    int64_t unk = 0, bos = 1, eos = 2;
};

void read_trainer(const ProtobufField& message, const std::string& file, SentencePieceModel& model, TrainerIds& ids) {
    ProtobufReader reader(message, file);
    for (ProtobufField field; reader.next(field);) {
        switch (field.id) {
            case 3: {
                const uint64_t kind = protobuf_number(field, file, "model_type");
                if (kind < 1 || kind > 4) refuse_at("E_TYPE", file, field.at, "model_type " + std::to_string(kind) + "; must be 1 to 4");
                model.kind = static_cast<SentencePieceModel::Kind>(kind);
                break;
            }
            case 24: model.space_behind = protobuf_flag(field, file, "treat_whitespace_as_suffix"); break;
            case 35: model.byte_fallback = protobuf_flag(field, file, "byte_fallback"); break;
            case 40: ids.unk = signed_id(field, file, "unk_id"); break;
            case 41: ids.bos = signed_id(field, file, "bos_id"); break;
            case 42: ids.eos = signed_id(field, file, "eos_id"); break;
            case 46: model.bos_piece = protobuf_bytes(field, file, "bos_piece"); break;
            case 47: model.eos_piece = protobuf_bytes(field, file, "eos_piece"); break;
            default: break;
        }
    }
}

void read_normalizer(const ProtobufField& message, const std::string& file, SentencePieceModel& model) {
    ProtobufReader reader(message, file);
    for (ProtobufField field; reader.next(field);) {
        switch (field.id) {
            case 1: model.normalizer = protobuf_bytes(field, file, "normalizer name"); break;
            case 2:
                model.charsmap = protobuf_bytes(field, file, "precompiled_charsmap");
                model.charsmap_at = field.at;
                break;
            case 3: model.add_dummy_prefix = protobuf_flag(field, file, "add_dummy_prefix"); break;
            case 4: model.remove_extra_whitespaces = protobuf_flag(field, file, "remove_extra_whitespaces"); break;
            case 5: model.escape_whitespaces = protobuf_flag(field, file, "escape_whitespaces"); break;
            default: break;
        }
    }
}

void check_ids(const TrainerIds& ids, size_t pieces, const std::string& file) {
    for (const auto& [name, id] : {std::make_pair("unk_id", ids.unk), std::make_pair("bos_id", ids.bos), std::make_pair("eos_id", ids.eos)})
        if (id >= static_cast<int64_t>(pieces))
            refuse("E_RANGE", file, std::string(name) + " is " + std::to_string(id) + ", but there are only " + std::to_string(pieces) + " pieces");
    const bool same = (ids.unk >= 0 && (ids.unk == ids.bos || ids.unk == ids.eos)) || (ids.bos >= 0 && ids.bos == ids.eos);
    if (same) refuse("E_DUP", file, "two of unk_id, bos_id and eos_id are the same");
}

void check_bytes(const SentencePieceModel& model, const std::string& file) {
    std::vector<bool> seen(256, false);
    size_t count = 0;
    for (const SentencePiece& piece : model.pieces) {
        if (piece.type != SentencePiece::Type::byte) continue;
        const std::optional<uint32_t> byte = byte_piece(piece.text);
        if (!byte) refuse_at("E_TOKEN", file, piece.at, "byte piece " + shown(piece.text) + "; must be <0x00> to <0xFF>");
        seen[*byte] = true;  // twice is refused as a duplicate
        count++;
    }
    if (model.byte_fallback && count != seen.size())
        refuse("E_MISSING", file, "byte_fallback with " + std::to_string(count) + " byte pieces; there must be 256");
}

void check_unknown(const SentencePieceModel& model, const std::string& file) {
    size_t count = 0;
    for (const SentencePiece& piece : model.pieces) {
        if (piece.type != SentencePiece::Type::unknown) continue;
        if (++count == 2) refuse_at("E_DUP", file, piece.at, "a second piece of type unknown: " + shown(piece.text));
    }
    if (count == 0) refuse("E_MISSING", file, "no piece is of type unknown");
}

void check_duplicates(const SentencePieceModel& model, const std::string& file) {
    std::unordered_map<std::string_view, size_t> seen;
    for (size_t i = 0; i < model.pieces.size(); i++) {
        const auto [found, is_new] = seen.emplace(model.pieces[i].text, i);
        if (!is_new)
            refuse_at("E_DUP", file, model.pieces[i].at,
                      "piece " + std::to_string(i) + " repeats piece " + std::to_string(found->second) + ": " + shown(model.pieces[i].text));
    }
}

}  // namespace

SentencePieceModel read_sentencepiece_model(std::string_view bytes, const std::string& file) {
    SentencePieceModel model;
    std::optional<TrainerIds> ids;
    ProtobufReader reader(bytes, file);
    for (ProtobufField field; reader.next(field);) {
        if (field.id == 1) {
            protobuf_bytes(field, file, "pieces");
            if (model.pieces.size() == max_pieces)
                refuse_at("E_LIMIT", file, field.at, "more than " + std::to_string(max_pieces) + " pieces");
            model.pieces.push_back(read_piece(field, file, model.pieces.size()));
        } else if (field.id == 2) {
            protobuf_bytes(field, file, "trainer_spec");
            ids = TrainerIds{};
            read_trainer(field, file, model, *ids);
        } else if (field.id == 3) {
            protobuf_bytes(field, file, "normalizer_spec");
            read_normalizer(field, file, model);
        }
    }
    if (model.pieces.empty()) refuse("E_EMPTY", file, "has no pieces");
    if (model.kind != SentencePieceModel::Kind::unigram && model.kind != SentencePieceModel::Kind::bpe)
        refuse("E_UNSUPPORTED", file,
               std::string("a SentencePiece model of type ") + (model.kind == SentencePieceModel::Kind::word ? "word" : "char") +
                   " is not supported; supported are unigram and bpe");
    if (ids) check_ids(*ids, model.pieces.size(), file);
    check_duplicates(model, file);
    check_unknown(model, file);
    check_bytes(model, file);
    return model;
}

}  // namespace mote::tools
