// ggml_type: how GGUF stores elements, and how its blocks become float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mote::tools {

/// Elements are stored in blocks; a row of a tensor is a whole number of them.
struct GgmlType {
    uint32_t id;        // in the file
    const char* name;   // as llama.cpp has it: "Q4_K"
    uint32_t elements;  // of a block
    uint32_t bytes;     // of a block
    void (*decode)(const uint8_t* from, size_t blocks, float* to);  // nullptr: known, but weights of this type are refused
};

/// nullptr if no type has this id, or none has it any more.
const GgmlType* find_ggml_type(uint32_t id);

/// The types that can be read, for messages.
std::string ggml_type_names();

}  // namespace mote::tools
