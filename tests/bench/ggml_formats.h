// ggml_formats: Q8_0 and Q4_0, the formats of llama.cpp that q8 and q4 are measured against.
#pragma once

#include <cstdint>
#include <vector>

namespace mote::bench {

/// Bytes of one block of 32 values: a scale in f16, then int8 values (Q8_0), or 4-bit values with the first sixteen in the low
/// nibbles and the second sixteen in the high ones (Q4_0).
constexpr uint32_t ggml_block = 32, q8_0_bytes = 34, q4_0_bytes = 18;

/// scale = max |x| / 127, value = round(x / scale), half away from zero.
std::vector<uint8_t> to_q8_0(const float* x, uint32_t n);

/// scale = (the element of largest magnitude) / -8, value = floor(x / scale + 8.5) up to 15.
std::vector<uint8_t> to_q4_0(const float* x, uint32_t n);

/// What the blocks stand for; n values, a multiple of 32 or cut off.
std::vector<float> from_q8_0(const std::vector<uint8_t>& blocks, uint32_t n);
std::vector<float> from_q4_0(const std::vector<uint8_t>& blocks, uint32_t n);

}  // namespace mote::bench
