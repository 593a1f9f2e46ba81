// gguf_writer: a GGUF file, version 3, written tensor by tensor: only the one at hand is in memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gguf/ggml_type.h"
#include "gguf/gguf_file.h"

namespace mote::tools {

class GgufWriter {
public:
    void u32(const std::string& key, uint32_t value);
    void f32(const std::string& key, float value);
    void flag(const std::string& key, bool value);
    void text(const std::string& key, const std::string& value);
    void texts(const std::string& key, const std::vector<std::string>& values);
    void f32s(const std::string& key, const std::vector<float>& values);
    void bytes(const std::string& key, const std::string& values);  // an array of 8-bit integers
    void i32s(const std::string& key, const std::vector<int32_t>& values);

    /// A tensor behind those before it; its values are asked for when the file is written.
    ///   dims  the fastest first
    ///   type  one that can be encoded
    void tensor(const std::string& name, std::vector<uint64_t> dims, const GgmlType& type,
                std::function<std::vector<float>()> values);

    /// Writes the file whole or not at all. Returns its size.
    /// Errors: E_IO, E_NOSPACE, E_RANGE (a value that the type does not hold), E_INTERRUPTED, those of the sources.
    uint64_t write(const std::string& path) const;

private:
    struct Tensor {
        std::string name;
        std::vector<uint64_t> dims;
        const GgmlType* type;
        std::function<std::vector<float>()> values;
        uint64_t bytes;
    };

    void key(const std::string& name, GgufKind kind, const std::string& value);
    void array(const std::string& name, GgufKind element, size_t count, const std::string& values);
    std::string header() const;

    std::string keys_;
    uint64_t key_count_ = 0;
    std::vector<Tensor> tensors_;
};

}  // namespace mote::tools
