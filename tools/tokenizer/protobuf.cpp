// protobuf: tags, lengths and numbers, each checked against the bytes that are left.
#include "tokenizer/protobuf.h"

#include <cstring>

#include "base/error.h"

namespace mote::tools {
namespace {

[[noreturn]] void refuse_type(const ProtobufField& field, const std::string& file, const char* name) {
    refuse_at("E_TYPE", file, field.at, std::string(name) + " has wire type " + std::to_string(static_cast<int>(field.type)));
}

}  // namespace

ProtobufReader::ProtobufReader(const ProtobufField& field, const std::string& file)
    : message_(field.bytes), file_(file), first_byte_(field.at) {}

std::string_view ProtobufReader::take(uint64_t bytes) {
    if (bytes > message_.size() - at_)
        refuse_at("E_TRUNC", file_, first_byte_ + at_,
                  "a field of " + std::to_string(bytes) + " bytes, where " + std::to_string(message_.size() - at_) + " are left");
    const std::string_view taken = message_.substr(at_, static_cast<size_t>(bytes));
    at_ += taken.size();
    return taken;
}

uint64_t ProtobufReader::varint() {
    uint64_t value = 0;
    const size_t begin = at_;
    for (uint32_t shift = 0; shift < 70; shift += 7) {
        const uint8_t byte = static_cast<uint8_t>(take(1)[0]);
        if (shift == 63 && byte > 1) break;
        value |= uint64_t(byte & 0x7fu) << shift;
        if (byte < 0x80) return value;
    }
    refuse_at("E_SYNTAX", file_, first_byte_ + begin, "a number of more than 64 bits; this is no SentencePiece model");
}

uint64_t ProtobufReader::fixed(size_t bytes) {
    uint64_t value = 0;
    const std::string_view taken = take(bytes);
    for (size_t i = 0; i < bytes; i++) value |= uint64_t(static_cast<uint8_t>(taken[i])) << 8 * i;
    return value;
}

bool ProtobufReader::next(ProtobufField& field) {
    if (at_ == message_.size()) return false;
    field = {};
    field.at = first_byte_ + at_;
    const uint64_t tag = varint(), type = tag & 7u;
    if (tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1)
        refuse_at("E_SYNTAX", file_, field.at, "field " + std::to_string(tag >> 3) + "; this is no SentencePiece model");
    field.id = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<ProtobufField::Type>(type);
    switch (type) {
        case 0: field.number = varint(); break;
        case 1: field.number = fixed(8); break;
        case 2: {
            const uint64_t length = varint();
            const uint64_t begin = first_byte_ + at_;
            field.bytes = take(length);
            field.at = begin;
            break;
        }
        case 5: field.number = fixed(4); break;
        default: refuse_at("E_SYNTAX", file_, field.at, "wire type " + std::to_string(type) + "; this is no SentencePiece model");
    }
    return true;
}

uint64_t protobuf_number(const ProtobufField& field, const std::string& file, const char* name) {
    if (field.type != ProtobufField::Type::varint) refuse_type(field, file, name);
    return field.number;
}

bool protobuf_flag(const ProtobufField& field, const std::string& file, const char* name) { return protobuf_number(field, file, name) != 0; }

float protobuf_float(const ProtobufField& field, const std::string& file, const char* name) {
    if (field.type != ProtobufField::Type::fixed32) refuse_type(field, file, name);
    const uint32_t bits = static_cast<uint32_t>(field.number);
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

std::string_view protobuf_bytes(const ProtobufField& field, const std::string& file, const char* name) {
    if (field.type != ProtobufField::Type::bytes) refuse_type(field, file, name);
    return field.bytes;
}

}  // namespace mote::tools
