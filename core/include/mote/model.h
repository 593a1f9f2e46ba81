// model: a .mote file opened in place. `open` checks every byte that later code relies on; nothing is copied.
#pragma once

#include "mote/format.h"
#include "mote/result.h"
#include "mote/tokenizer.h"

namespace mote {

/// A matrix (or vector, or table) as it lies in the file.
struct Matrix {
    const uint8_t* data = nullptr;         // nullptr: the model has no such tensor
    const int8_t* group_scales = nullptr;  // q4 only
    const uint16_t* row_scales = nullptr;  // bf16; q8 and q4 only
    uint32_t rows = 0;
    uint32_t cols = 0;
    Format format = Format::f32;

    explicit operator bool() const { return data != nullptr; }
    const float* f32() const { return reinterpret_cast<const float*>(data); }
    const uint32_t* u32() const { return reinterpret_cast<const uint32_t*>(data); }
};

/// A checked image. Small, copyable, and valid as long as the image's bytes stay where they are.
struct Model {
    const uint8_t* image = nullptr;
    size_t image_bytes = 0;
    const Architecture* architecture = nullptr;
    const uint8_t* block_of_layer = nullptr;  // one index a layer
    const TensorRecord* directory = nullptr;
    uint32_t directory_count = 0;
    uint16_t first_of_role[role_limit + 1] = {};  // directory[first_of_role[r] .. first_of_role[r + 1]) has role r
    Tokenizer tokenizer;                      // tokenizer.vocab == 0: the file has none
};

/// Checks an image and describes it.
///   image  at a multiple of 16; must stay unchanged while the model is used
///   bytes  exactly the size of the file
/// Errors: argument, alignment, truncated, trailing, magic, version, endian, checksum, unsupported, limit, range, overflow,
/// overlap, duplicate, missing, type, shape, mismatch. `fault.where` is a byte offset in the file.
/// Work is linear in the size of the file (one pass for the checksum).
Result<Model> open(const void* image, size_t bytes);

/// As `open`, without the pass over the payload: for a caller that has checked the file's bytes itself, and at each boot
/// of a board whose loader verifies flash. Everything that bounds an access is still checked.
Result<Model> open_trusted(const void* image, size_t bytes);

/// The bytes a file says it has, from its first 64; 0 if these are not a .mote header. For a model that lies in flash
/// without a known size.
size_t image_size(const void* image, size_t available);

/// The tensor of that role, layer and expert; a Matrix that is false if the model has none.
Matrix tensor(const Model& model, Role role, uint32_t layer = 0, uint32_t expert = 0);

/// CRC-32 (IEEE 802.3, reflected, as zlib has it) of `bytes` bytes, continuing from `crc` (0 to begin).
uint32_t crc32(uint32_t crc, const void* data, size_t bytes);

}  // namespace mote
