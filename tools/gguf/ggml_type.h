// ggml_type: how GGUF stores elements, and how its blocks become float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mote::tools {

/// Elements are stored in blocks; a row of a tensor is a whole number of them.
struct GgmlType {
    uint32_t id;                                                    // in the file
    const char* name;                                               // as llama.cpp has it: "Q4_K"
    uint32_t elements;                                              // of a block
    uint32_t bytes;                                                 // of a block
    void (*decode)(const uint8_t* from, size_t blocks, float* to);  // nullptr: known, but weights of this type are refused
    void (*encode)(const float* from, size_t blocks, uint8_t* to) = nullptr;  // nullptr: nothing is written in this type
    float most = 0;                                                           // the largest magnitude that `encode` takes
};

/// nullptr if no type has this id, or none has it any more.
const GgmlType* find_ggml_type(uint32_t id);

/// nullptr if nothing is written in a type of this name: F32, F16 and Q8_0 are.
const GgmlType* find_written_type(const std::string& name);

/// The types that can be read, for messages.
std::string ggml_type_names();

}  // namespace mote::tools
