// json: JSON from files that nobody has checked: no duplicate keys, bounded depth, integers that are integers.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mote::tools {

using Json = nlohmann::json;

/// Parses one JSON value that fills `text` but for white space. `first_byte` is where the text begins in the file, for messages.
/// Errors: E_EMPTY, E_SYNTAX, E_UTF8, E_DUP (a key twice in one object), E_DEPTH, E_RANGE (a number beyond a double).
Json parse_json(std::string_view text, const std::string& file, uint64_t first_byte = 0);

/// Reads a whole file and parses it. Errors also: E_IO, E_LIMIT (more than `max_bytes`).
Json read_json(const std::string& file, uint64_t max_bytes);

/// A value with its place, so that a refusal can say `config.json: rope_scaling.factor: ...`. Refers to its Json.
class JsonView {
public:
    JsonView(const Json& value, const std::string& file, std::string place = "")
        : value_(&value), file_(file), place_(std::move(place)) {}

    const Json& value() const { return *value_; }
    const std::string& file() const { return file_; }

    /// The member of an object. E_TYPE: this is no object. E_MISSING: no such member.
    JsonView at(const std::string& key) const;
    /// The same; nothing if the member is absent or null.
    std::optional<JsonView> find(const std::string& key) const;
    /// An element of an array that has it.
    JsonView element(size_t index) const;

    const Json& object() const;
    const Json& array() const;
    const std::string& text() const;
    bool boolean() const;
    double number() const;
    /// Errors: E_TYPE (not written as an integer), E_RANGE (negative, or more than `max`).
    uint64_t integer(uint64_t max) const;

    [[noreturn]] void refuse(const std::string& code, const std::string& text) const;

private:
    [[noreturn]] void refuse_type(const char* wanted) const;

    const Json* value_;
    std::string file_;
    std::string place_;
};

/// A member that may be missing. Errors: E_TYPE.
bool flag(const JsonView& object, const char* key, bool otherwise);

}  // namespace mote::tools
