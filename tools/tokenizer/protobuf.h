// protobuf: the fields of a protocol buffer, one after the other, nothing believed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mote::tools {

/// One field. Numbers are in `number`, strings and messages in `bytes`; the other is empty.
struct ProtobufField {
    enum class Type { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

    uint32_t id = 0;
    Type type = Type::varint;
    uint64_t number = 0;
    std::string_view bytes{};
    uint64_t at = 0;  // in the file, of the tag
};

/// Reads the fields of one message. A message within it is a reader of its own, so nothing recurses unless the caller does.
class ProtobufReader {
public:
    /// `first_byte` is where the message begins in the file.
    ProtobufReader(std::string_view message, const std::string& file, uint64_t first_byte = 0)
        : message_(message), file_(file), first_byte_(first_byte) {}
    ProtobufReader(const ProtobufField& field, const std::string& file);

    /// Whether there was one more field.
    /// Errors: E_SYNTAX (a varint of more than 10 bytes, field 0, groups and unknown wire types), E_TRUNC.
    bool next(ProtobufField& field);

private:
    uint64_t varint();
    uint64_t fixed(size_t bytes);
    std::string_view take(uint64_t bytes);

    std::string_view message_;
    const std::string& file_;
    uint64_t first_byte_;
    size_t at_ = 0;
};

/// A field of the type that it must have. Errors: E_TYPE naming the field.
uint64_t protobuf_number(const ProtobufField& field, const std::string& file, const char* name);
bool protobuf_flag(const ProtobufField& field, const std::string& file, const char* name);
float protobuf_float(const ProtobufField& field, const std::string& file, const char* name);
std::string_view protobuf_bytes(const ProtobufField& field, const std::string& file, const char* name);

}  // namespace mote::tools
