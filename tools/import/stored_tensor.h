// stored_tensor: a tensor as it lies in a mapped file. Every reader of checkpoints makes these, and nothing is copied until asked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"

namespace mote::tools {

/// How a file stores an element.
struct Dtype {
    const char* name;  // as safetensors has it: "F32", "BF16", "I64"
    uint64_t bytes;
    void (*widen)(const uint8_t* from, size_t count, float* to);  // nullptr: no weights are of this kind
};

/// nullptr if there is none of this name.
const Dtype* find_dtype(const std::string& name);
std::string weight_dtype_names();

struct StoredTensor {
    std::shared_ptr<const MappedFile> file;
    const Dtype* dtype = nullptr;
    std::vector<uint64_t> shape;
    std::vector<uint64_t> strides;  // in elements
    uint64_t begin = 0, end = 0;    // in the file: of the first element, behind the last
    uint64_t elements = 0;

    std::string shape_text() const;  // "[64, 172]"
    bool is_contiguous() const;      // row-major without gaps
    bool same_bytes(const StoredTensor& other) const;

    /// All elements in row-major order. The pages that were read leave memory. Errors: E_UNSUPPORTED (not a float; `name` is for
    /// the message).
    std::vector<float> floats(const std::string& name) const;
};

using StoredTensors = std::map<std::string, StoredTensor>;

/// Strides of a row-major tensor without gaps.
std::vector<uint64_t> contiguous_strides(const std::vector<uint64_t>& shape);

}  // namespace mote::tools
