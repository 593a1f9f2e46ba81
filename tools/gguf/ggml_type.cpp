// ggml_type: the table, and one function a block. Products and sums are those of ggml's own decoding, in its order, so that the
// bits are the same; the layouts are those of ggml-common.h in llama.cpp.
#include "gguf/ggml_type.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../core/kernels/arithmetic.h"

namespace mote::tools {
namespace {

float f16_at(const uint8_t* at) { return f16_to_f32(uint16_t(at[0] | at[1] << 8)); }

template <class T>
T read(const uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

// ---- plain numbers

void f32(const uint8_t* block, float* to) { *to = read<float>(block); }
void f64(const uint8_t* block, float* to) { *to = float(read<double>(block)); }
void f16(const uint8_t* block, float* to) { *to = f16_at(block); }
void bf16(const uint8_t* block, float* to) { *to = bf16_to_f32(read<uint16_t>(block)); }

// ---- blocks of 32: a scale, or a scale and a minimum. Byte i of the 16 holds element i in its low half, i + 16 in its high one.

int low_or_high(const uint8_t* nibbles, uint32_t i) { return i < 16 ? nibbles[i] & 15 : nibbles[i - 16] >> 4; }

int fifth_bit(const uint8_t* bits, uint32_t i) { return (bits[i / 8] >> i % 8 & 1) << 4; }

void q4_0(const uint8_t* block, float* to) {
    const float scale = f16_at(block);
    for (uint32_t i = 0; i < 32; i++) to[i] = float(low_or_high(block + 2, i) - 8) * scale;
}

void q4_1(const uint8_t* block, float* to) {
    const float scale = f16_at(block), minimum = f16_at(block + 2);
    for (uint32_t i = 0; i < 32; i++) to[i] = float(low_or_high(block + 4, i)) * scale + minimum;
}

void q5_0(const uint8_t* block, float* to) {
    const float scale = f16_at(block);
    for (uint32_t i = 0; i < 32; i++) to[i] = float((low_or_high(block + 6, i) | fifth_bit(block + 2, i)) - 16) * scale;
}

void q5_1(const uint8_t* block, float* to) {
    const float scale = f16_at(block), minimum = f16_at(block + 2);
    for (uint32_t i = 0; i < 32; i++) to[i] = float(low_or_high(block + 8, i) | fifth_bit(block + 4, i)) * scale + minimum;
}

void q8_0(const uint8_t* block, float* to) {
    const float scale = f16_at(block);
    for (uint32_t i = 0; i < 32; i++) to[i] = float(read<int8_t>(block + 2 + i)) * scale;
}

void iq4_nl(const uint8_t* block, float* to) {
    constexpr int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const float scale = f16_at(block);
    for (uint32_t i = 0; i < 32; i++) to[i] = scale * float(levels[low_or_high(block + 2, i)]);
}

// ---- blocks of 256 with a scale for each 16 or 32. Two bits of an element lie at the same place in each half of 128: byte
// i % 32 of the half, above those of the elements 32 before.

int two_bits(const uint8_t* quarters, uint32_t i) { return quarters[i / 128 * 32 + i % 32] >> i / 32 % 4 * 2 & 3; }

// Elements in pairs of 32: the low halves of 32 bytes, then the high ones.
int four_bits(const uint8_t* nibbles, uint32_t i) { return nibbles[i / 64 * 32 + i % 32] >> i / 32 % 2 * 4 & 15; }

void q2_k(const uint8_t* block, float* to) {
    const uint8_t *scales = block, *quarters = block + 16;
    const float scale = f16_at(block + 80), minimum = f16_at(block + 82);
    for (uint32_t i = 0; i < 256; i++) {
        const uint8_t both = scales[i / 16];
        to[i] = scale * float(both & 15) * float(two_bits(quarters, i)) - minimum * float(both >> 4);
    }
}

// Scale i of 16 has 6 bits: 4 in the first 8 bytes, 2 in the last 4.
int q3_k_scale(const uint8_t* scales, uint32_t i) {
    const int low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4;
    return (low | (scales[8 + i % 4] >> i / 4 * 2 & 3) << 4) - 32;
}

void q3_k(const uint8_t* block, float* to) {
    const uint8_t *high_bits = block, *quarters = block + 32, *scales = block + 96;
    const float scale = f16_at(block + 108);
    for (uint32_t i = 0; i < 256; i++) {
        const int below = high_bits[i % 32] >> i / 32 & 1 ? 0 : 4;
        to[i] = scale * float(q3_k_scale(scales, i / 16)) * float(two_bits(quarters, i) - below);
    }
}

// Eight scales and eight minima of 6 bits in 12 bytes.
struct ScaleAndMinimum {
    int scale, minimum;
};

ScaleAndMinimum six_bits(const uint8_t* packed, uint32_t i) {
    if (i < 4) return {packed[i] & 63, packed[i + 4] & 63};
    return {(packed[i + 4] & 15) | packed[i - 4] >> 6 << 4, packed[i + 4] >> 4 | packed[i] >> 6 << 4};
}

void q4_k(const uint8_t* block, float* to) {
    const float scale = f16_at(block), minimum = f16_at(block + 2);
    for (uint32_t i = 0; i < 256; i++) {
        const ScaleAndMinimum group = six_bits(block + 4, i / 32);
        to[i] = scale * float(group.scale) * float(four_bits(block + 16, i)) - minimum * float(group.minimum);
    }
}

void q5_k(const uint8_t* block, float* to) {
    const uint8_t *high_bits = block + 16, *nibbles = block + 48;
    const float scale = f16_at(block), minimum = f16_at(block + 2);
    for (uint32_t i = 0; i < 256; i++) {
        const ScaleAndMinimum group = six_bits(block + 4, i / 32);
        const int q = four_bits(nibbles, i) | (high_bits[i % 32] >> i / 32 & 1) << 4;
        to[i] = scale * float(group.scale) * float(q) - minimum * float(group.minimum);
    }
}

void q6_k(const uint8_t* block, float* to) {
    const uint8_t *nibbles = block, *quarters = block + 128;
    const float scale = f16_at(block + 208);
    for (uint32_t i = 0; i < 256; i++) {
        const int low = nibbles[i / 128 * 64 + i % 64] >> i / 64 % 2 * 4 & 15;
        const int q = (low | two_bits(quarters, i) << 4) - 32;
        to[i] = scale * float(read<int8_t>(block + 192 + i / 16)) * float(q);
    }
}

void q8_k(const uint8_t* block, float* to) {
    const float scale = read<float>(block);
    for (uint32_t i = 0; i < 256; i++) to[i] = scale * float(read<int8_t>(block + 4 + i));
}

// ---- back into blocks

template <class T>
void write(uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

void to_f32(const float* from, size_t count, uint8_t* to) { std::memcpy(to, from, count * sizeof(float)); }

void to_f16(const float* from, size_t count, uint8_t* to) {
    for (size_t i = 0; i < count; i++) write(to + 2 * i, f32_to_f16(from[i]));
}

// The scale puts the largest magnitude at 127; halves are rounded away from zero, and by the scale before it is rounded itself.
void to_q8_0(const float* from, size_t blocks, uint8_t* to) {
    for (; blocks > 0; blocks--, from += 32, to += 34) {
        float largest = 0;
        for (uint32_t i = 0; i < 32; i++) largest = std::max(largest, std::abs(from[i]));
        const float scale = largest / 127, inverse = scale != 0 ? 1 / scale : 0;
        write(to, f32_to_f16(scale));
        for (uint32_t i = 0; i < 32; i++) write(to + 2 + i, int8_t(std::round(from[i] * inverse)));
    }
}

// ---- the table

template <void (*decode_block)(const uint8_t*, float*), uint32_t elements, uint32_t bytes>
void decode_all(const uint8_t* from, size_t blocks, float* to) {
    for (size_t i = 0; i < blocks; i++) decode_block(from + i * bytes, to + i * elements);
}

template <void (*decode_block)(const uint8_t*, float*), uint32_t elements, uint32_t bytes>
constexpr GgmlType read_type(uint32_t id, const char* name, void (*encode)(const float*, size_t, uint8_t*) = nullptr,
                             float most = 0) {
    return {id, name, elements, bytes, decode_all<decode_block, elements, bytes>, encode, most};
}

constexpr float most_f16 = 65504;

constexpr GgmlType types[] = {
    read_type<f32, 1, 4>(0, "F32", to_f32, std::numeric_limits<float>::max()),
    read_type<f16, 1, 2>(1, "F16", to_f16, most_f16),
    read_type<q4_0, 32, 18>(2, "Q4_0"),
    read_type<q4_1, 32, 20>(3, "Q4_1"),
    read_type<q5_0, 32, 22>(6, "Q5_0"),
    read_type<q5_1, 32, 24>(7, "Q5_1"),
    read_type<q8_0, 32, 34>(8, "Q8_0", to_q8_0, 127 * most_f16),
    {9, "Q8_1", 32, 36, nullptr},
    read_type<q2_k, 256, 84>(10, "Q2_K"),
    read_type<q3_k, 256, 110>(11, "Q3_K"),
    read_type<q4_k, 256, 144>(12, "Q4_K"),
    read_type<q5_k, 256, 176>(13, "Q5_K"),
    read_type<q6_k, 256, 210>(14, "Q6_K"),
    read_type<q8_k, 256, 292>(15, "Q8_K"),
    {16, "IQ2_XXS", 256, 66, nullptr},
    {17, "IQ2_XS", 256, 74, nullptr},
    {18, "IQ3_XXS", 256, 98, nullptr},
    {19, "IQ1_S", 256, 50, nullptr},
    read_type<iq4_nl, 32, 18>(20, "IQ4_NL"),
    {21, "IQ3_S", 256, 110, nullptr},
    {22, "IQ2_S", 256, 82, nullptr},
    {23, "IQ4_XS", 256, 136, nullptr},
    {24, "I8", 1, 1, nullptr},
    {25, "I16", 1, 2, nullptr},
    {26, "I32", 1, 4, nullptr},
    {27, "I64", 1, 8, nullptr},
    read_type<f64, 1, 8>(28, "F64"),
    {29, "IQ1_M", 256, 56, nullptr},
    read_type<bf16, 1, 2>(30, "BF16"),
    {34, "TQ1_0", 256, 54, nullptr},
    {35, "TQ2_0", 256, 66, nullptr},
    {39, "MXFP4", 32, 17, nullptr},
};

}  // namespace

const GgmlType* find_ggml_type(uint32_t id) {
    for (const GgmlType& type : types)
        if (type.id == id) return &type;
    return nullptr;
}

const GgmlType* find_written_type(const std::string& name) {
    for (const GgmlType& type : types)
        if (type.encode && name == type.name) return &type;
    return nullptr;
}

std::string ggml_type_names() {
    std::string names;
    for (const GgmlType& type : types)
        if (type.decode) names += (names.empty() ? "" : ", ") + std::string(type.name);
    return names;
}

}  // namespace mote::tools
