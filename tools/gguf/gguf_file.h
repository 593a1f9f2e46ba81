// gguf_file: a strict reader of the GGUF container, versions 2 and 3: keys with values, and tensors as they lie in the file. What
// the keys mean is left to the importers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "gguf/ggml_type.h"

namespace mote::tools {

enum class GgufKind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// The value of a key, still in the file.
class GgufValue {
public:
    GgufValue(std::shared_ptr<const MappedFile> file, std::string key, GgufKind kind, GgufKind element, uint64_t count, uint64_t at)
        : file_(std::move(file)), key_(std::move(key)), kind_(kind), element_(element), count_(count), at_(at) {}

    GgufKind kind() const { return kind_; }
    uint64_t count() const { return count_; }  // of an array
    uint64_t at() const { return at_; }        // byte of the file

    /// Errors: E_TYPE (the value is no integer), E_RANGE (negative, or more than `max`).
    uint64_t integer(uint64_t max) const;
    /// A float or an integer.
    double number() const;
    bool boolean() const;
    std::string text() const;
    std::vector<std::string> texts() const;
    std::vector<float> numbers() const;
    std::vector<int64_t> integers() const;
    std::vector<uint8_t> bytes() const;  // of 8-bit integers

    [[noreturn]] void refuse(const std::string& code, const std::string& text) const;

private:
    void require_array_of(bool fits, const char* wanted) const;
    [[noreturn]] void refuse_type(const char* wanted) const;

    std::shared_ptr<const MappedFile> file_;
    std::string key_;
    GgufKind kind_, element_;  // element_: of an array
    uint64_t count_, at_;
};

struct GgufTensor {
    std::shared_ptr<const MappedFile> file;
    const GgmlType* type = nullptr;
    std::vector<uint64_t> dims;  // the fastest first: [cols, rows] of a matrix
    uint64_t elements = 0;
    uint64_t begin = 0, bytes = 0;  // in the file

    std::string dims_text() const;  // "[64, 172]"
    bool same_bytes(const GgufTensor& other) const;
    /// All elements. The pages that were read leave memory. Errors: E_UNSUPPORTED (a type that is not read; `name` is for the
    /// message).
    std::vector<float> floats(const std::string& name) const;
};

struct GgufFile {
    std::string path;
    std::map<std::string, GgufValue> values;
    std::map<std::string, GgufTensor> tensors;

    /// nullptr if there is no such key.
    const GgufValue* find(const std::string& key) const;
    const GgufValue& at(const std::string& key) const;  // E_MISSING
};

/// Errors: E_MAGIC, E_ENDIAN, E_VERSION, E_TRUNC, E_LIMIT, E_SYNTAX, E_UTF8, E_TYPE, E_OVERFLOW, E_DUP, E_ALIGN, E_SHAPE,
/// E_UNSUPPORTED (an unknown type of tensor, arrays of arrays), E_RANGE, E_OVERLAP, E_TRAILING.
GgufFile read_gguf(const std::string& path);

/// The same for a model in several files, told by its keys: the first, name-00001-of-0000N.gguf, is given; the others lie beside
/// it. Errors also: E_MISSING (a file, by name), E_UNSUPPORTED (not the first is given), E_MISMATCH, E_DUP.
GgufFile read_gguf_parts(const std::string& path);

}  // namespace mote::tools
