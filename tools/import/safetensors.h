// safetensors: a strict reader of one .safetensors file. Nothing but the header is interpreted, nothing is copied until asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace mote::tools {

/// One tensor as the header describes it and as it lies in the mapped file.
struct StoredTensor {
    std::string dtype;
    std::vector<uint64_t> shape;
    uint64_t begin = 0, end = 0;  // in the file
    uint64_t elements = 0;

    std::string shape_text() const;  // "[64, 172]"
};

class SafetensorsFile {
public:
    /// Errors: E_TRUNC, E_EMPTY, E_LIMIT, E_SYNTAX, E_UTF8, E_DEPTH, E_DUP, E_TYPE, E_MISSING, E_UNSUPPORTED (dtype), E_RANGE,
    /// E_OVERFLOW, E_SHAPE, E_OVERLAP, E_TRAILING.
    explicit SafetensorsFile(const std::string& path);

    const std::string& path() const { return file_.path(); }
    const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }

    /// All elements as float32. Errors: E_UNSUPPORTED for anything but F32, F16 and BF16.
    std::vector<float> floats(const std::string& name, const StoredTensor& tensor) const;

    bool same_bytes(const StoredTensor& a, const StoredTensor& b) const;

private:
    MappedFile file_;
    std::map<std::string, StoredTensor> tensors_;
};

}  // namespace mote::tools
