// ggml_formats: rows are padded with zeros to whole blocks, as a format without short blocks has to.
#include "bench/ggml_formats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/arithmetic.h"

namespace mote::bench {
namespace {

struct Block {
    float x[ggml_block] = {};
};

std::vector<Block> blocks_of(const float* x, uint32_t n) {
    std::vector<Block> blocks((n + ggml_block - 1) / ggml_block);
    for (uint32_t i = 0; i < n; i++) blocks[i / ggml_block].x[i % ggml_block] = x[i];
    return blocks;
}

// The scale goes into the block in f16, but divides in f32.
float put_scale(uint8_t* to, float scale) {
    const uint16_t half = f32_to_f16(scale);
    std::memcpy(to, &half, sizeof half);
    return scale != 0 ? 1.0f / scale : 0;
}

float get_scale(const uint8_t* from) {
    uint16_t half;
    std::memcpy(&half, from, sizeof half);
    return f16_to_f32(half);
}

float of_largest_magnitude(const Block& b) {
    float found = 0;
    for (const float v : b.x)
        if (std::fabs(v) > std::fabs(found)) found = v;
    return found;
}

}  // namespace

std::vector<uint8_t> to_q8_0(const float* x, uint32_t n) {
    std::vector<uint8_t> out;
    for (const Block& b : blocks_of(x, n)) {
        uint8_t bytes[q8_0_bytes];
        const float inverse = put_scale(bytes, std::fabs(of_largest_magnitude(b)) / 127.0f);
        for (uint32_t i = 0; i < ggml_block; i++) bytes[2 + i] = uint8_t(int8_t(std::round(b.x[i] * inverse)));
        out.insert(out.end(), bytes, bytes + sizeof bytes);
    }
    return out;
}

std::vector<uint8_t> to_q4_0(const float* x, uint32_t n) {
    std::vector<uint8_t> out;
    for (const Block& b : blocks_of(x, n)) {
        uint8_t bytes[q4_0_bytes];
        const float inverse = put_scale(bytes, of_largest_magnitude(b) / -8.0f);
        const auto level = [&](uint32_t i) { return uint32_t(std::min(15, int(b.x[i] * inverse + 8.5f))); };
        for (uint32_t i = 0; i < ggml_block / 2; i++) bytes[2 + i] = uint8_t(level(i) | level(i + ggml_block / 2) << 4);
        out.insert(out.end(), bytes, bytes + sizeof bytes);
    }
    return out;
}

std::vector<float> from_q8_0(const std::vector<uint8_t>& blocks, uint32_t n) {
    std::vector<float> x(n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t* block = blocks.data() + size_t(i / ggml_block) * q8_0_bytes;
        x[i] = float(int8_t(block[2 + i % ggml_block])) * get_scale(block);
    }
    return x;
}

std::vector<float> from_q4_0(const std::vector<uint8_t>& blocks, uint32_t n) {
    std::vector<float> x(n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t* block = blocks.data() + size_t(i / ggml_block) * q4_0_bytes;
        const uint32_t in_block = i % ggml_block, byte = block[2 + in_block % 16];
        x[i] = float(int32_t(in_block < 16 ? byte & 15u : byte >> 4) - 8) * get_scale(block);
    }
    return x;
}

}  // namespace mote::bench
