// quantize: chooses scales and lays out bytes.
#include "pack/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "../core/kernels/arithmetic.h"
#include "base/vector.h"

namespace mote::tools {
namespace {

float largest_magnitude(const float* x, uint32_t n) {
    float largest = 0;
    for (uint32_t i = 0; i < n; i++) largest = std::max(largest, std::fabs(x[i]));
    return largest;
}

// The nearest integer, ties to even, of |x| < 2^22: adding 1.5 * 2^23 leaves it in the low bits.
float rounded(float x) { return (x + 12582912.0f) - 12582912.0f; }

// Where element (row, col) of an interleaved matrix lies; `stored_cols` are padded. For q4 in units of the group's first half.
size_t q8_index(uint32_t row, uint32_t col, uint32_t stored_cols) {
    return size_t(row / 4) * 4 * stored_cols + (col / 4) * 16u + (row % 4) * 4 + col % 4;
}

size_t q4_byte(uint32_t row, uint32_t col, uint32_t stored_cols) {
    const uint32_t in_group = col % group_cols;
    return size_t(row / 4) * 2 * stored_cols + size_t(col / group_cols) * 64 + (in_group % 16) / 4 * 16 + (row % 4) * 4 + in_group % 4;
}

size_t group_scale_index(uint32_t row, uint32_t group, uint32_t groups) { return (size_t(row / 4) * groups + group) * 4 + row % 4; }

void put_row_scale(uint8_t* row_scales, uint32_t row, uint16_t scale) { std::memcpy(row_scales + size_t(row) * 2, &scale, 2); }

float get_row_scale(const uint8_t* row_scales, uint32_t row) {
    uint16_t scale;
    std::memcpy(&scale, row_scales + size_t(row) * 2, 2);
    return bf16_to_f32(scale);
}

// The smallest bf16 that is not below x. What a normal float cannot divide by becomes 0, and its row with it: 2^-125 and below
// is far from anything that a model computes with.
uint16_t sound_scale_above(float x) {
    constexpr uint16_t smallest = 0x0100;
    const uint16_t scale = bf16_above(x);
    return scale < smallest ? uint16_t(0) : scale;
}

// A row with an element that is not finite says so in its scale, so that everything computed with it is NaN.
bool pack_nonfinite_row(const float* x, uint32_t row, uint32_t cols, uint8_t* row_scales) {
    if (std::all_of(x, x + cols, [](float v) { return std::isfinite(v); })) return false;
    put_row_scale(row_scales, row, uint16_t(nan_bits >> 16));
    return true;
}

void pack_q8_row(const float* x, uint32_t row, uint32_t cols, const MatrixLayout& layout, uint8_t* to) {
    if (pack_nonfinite_row(x, row, cols, to + layout.row_scales)) return;
    const uint16_t scale = sound_scale_above(largest_magnitude(x, cols) / 127.0f);
    put_row_scale(to + layout.row_scales, row, scale);
    const float inverse = scale ? 1.0f / bf16_to_f32(scale) : 0;
    const uint32_t stored = padded_cols(Format::q8, cols);
    for (uint32_t i = 0; i < cols; i++)
        to[q8_index(row, i, stored)] = uint8_t(int8_t(std::clamp(rounded(x[i] * inverse), -127.0f, 127.0f)));
}

using Group = std::array<float, group_cols>;

float q4_level(float x, float inverse) { return std::clamp(rounded(x * inverse), -8.0f, 7.0f); }

// Scales that are tried at once.
constexpr size_t trials = 16;
using Trials = std::array<float, trials>;

// The squared error of a group by each scale, summed in order of the elements.
MOTE_VECTOR void q4_errors(const Group& x, const Trials& scale, const Trials& inverse, Trials& error) {
    Trials sum{};
    for (const float v : x) {
#pragma omp simd
        for (size_t t = 0; t < trials; t++) {
            const float level = (v * inverse[t] + 12582912.0f) - 12582912.0f;
            const float low = level < -8.0f ? -8.0f : level;
            const float e = v - scale[t] * (low > 7.0f ? 7.0f : low);
            sum[t] += e * e;
        }
    }
    error = sum;
}

// The largest group scale whose row sums fit int32: |group sum| <= 8 * 127 * 32 = 32512.
int32_t largest_group_scale(uint32_t groups) { return int32_t(std::min(127u, 0x7fffffffu / (32512u * groups))); }

// The integer group scale up to `limit` that loses least; s before -s, small before large. A negative one spends the level -8 on
// the positive side.
int32_t best_group_scale(const Group& x, float row_scale, int32_t limit) {
    const float largest = largest_magnitude(x.data(), group_cols);
    if (largest == 0 || row_scale == 0) return 0;
    const int32_t from = std::max(1, int32_t(0.5f * largest / (8.0f * row_scale)));
    const int32_t to = std::min(limit, int32_t(std::min(float(limit), 1.05f * largest / (7.0f * row_scale))) + 1);
    const auto candidate = [from](int32_t i) { return i % 2 ? -(from + i / 2) : from + i / 2; };
    int32_t best = 0;
    float least = std::inner_product(x.begin(), x.end(), x.begin(), 0.0f);
    for (int32_t first = 0; first < 2 * (to - from + 1); first += int32_t(trials)) {
        Trials scale, inverse, error;
        for (size_t t = 0; t < trials; t++) {
            scale[t] = float(candidate(first + int32_t(t))) * row_scale;
            inverse[t] = 1.0f / scale[t];
        }
        q4_errors(x, scale, inverse, error);
        for (int32_t t = 0; t < int32_t(trials) && first + t < 2 * (to - from + 1); t++)
            if (error[size_t(t)] < least) least = error[size_t(t)], best = candidate(first + t);
    }
    return best;
}

void pack_q4_row(const float* x, uint32_t row, uint32_t cols, const MatrixLayout& layout, uint8_t* to) {
    if (pack_nonfinite_row(x, row, cols, to + layout.row_scales)) return;
    const uint32_t stored = padded_cols(Format::q4, cols), groups = stored / group_cols;
    const int32_t limit = largest_group_scale(groups);
    const uint16_t scale = sound_scale_above(largest_magnitude(x, cols) / (7.0f * float(limit)));
    const float row_scale = bf16_to_f32(scale);
    put_row_scale(to + layout.row_scales, row, scale);
    for (uint32_t g = 0; g < groups; g++) {
        Group group{};
        const uint32_t n = std::min(group_cols, cols - g * group_cols);
        std::copy_n(x + g * group_cols, n, group.begin());
        const int32_t own = best_group_scale(group, row_scale, limit);
        to[layout.group_scales + group_scale_index(row, g, groups)] = uint8_t(int8_t(own));
        const float inverse = own ? 1.0f / (float(own) * row_scale) : 0;
        for (uint32_t i = 0; i < group_cols; i++) {
            const uint32_t nibble = uint32_t(int32_t(q4_level(group[i], inverse)) + 8);
            to[q4_byte(row, g * group_cols + i, stored)] |= uint8_t(i < 16 ? nibble : nibble << 4);
        }
    }
}

// Rows that only fill up a block of four: zero weights, which in q4 are eights.
void pad_q4_rows(uint32_t rows, uint32_t cols, uint8_t* to) {
    const uint32_t stored = padded_cols(Format::q4, cols);
    for (uint32_t row = rows; row < padded_rows(Format::q4, rows); row++)
        for (uint32_t i = 0; i < stored; i++)
            to[q4_byte(row, i, stored)] |= uint8_t(i % group_cols < 16 ? 8u : 8u << 4);
}

}  // namespace

PackedMatrix pack_matrix(const float* values, uint32_t rows, uint32_t cols, Format format) {
    const MatrixLayout layout = matrix_layout(format, rows, cols);
    PackedMatrix packed;
    packed.bytes.assign(size_t(layout.bytes), 0);
    uint8_t* to = packed.bytes.data();
    if (format == Format::f32) {
        std::memcpy(to, values, size_t(rows) * cols * 4);
    } else if (format == Format::f16) {
        for (size_t i = 0; i < size_t(rows) * cols; i++) {
            uint16_t half = f32_to_f16(values[i]);
            if ((half & 0x7fffu) == 0x7c00u) half--, packed.saturated++;
            std::memcpy(to + i * 2, &half, 2);
        }
    } else {
        for (uint32_t row = 0; row < rows; row++) {
            const float* x = values + size_t(row) * cols;
            if (format == Format::q8) pack_q8_row(x, row, cols, layout, to);
            else pack_q4_row(x, row, cols, layout, to);
        }
        if (format == Format::q4) pad_q4_rows(rows, cols, to);
    }
    return packed;
}

std::vector<float> unpack_matrix(const uint8_t* data, uint32_t rows, uint32_t cols, Format format) {
    const MatrixLayout layout = matrix_layout(format, rows, cols);
    const uint32_t stored = padded_cols(format, cols), groups = stored / group_cols;
    std::vector<float> values(size_t(rows) * cols);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t i = 0; i < cols; i++) {
            const size_t plain = size_t(row) * cols + i;
            float& to = values[plain];
            if (format == Format::f32) {
                std::memcpy(&to, data + plain * 4, 4);
            } else if (format == Format::f16) {
                uint16_t half;
                std::memcpy(&half, data + plain * 2, 2);
                to = f16_to_f32(half);
            } else if (format == Format::q8) {
                to = float(int8_t(data[q8_index(row, i, stored)])) * get_row_scale(data + layout.row_scales, row);
            } else if (format == Format::q4) {
                const uint8_t byte = data[q4_byte(row, i, stored)];
                const int32_t level = int32_t(i % group_cols < 16 ? byte & 15u : byte >> 4) - 8;
                const int32_t scale = int8_t(data[layout.group_scales + group_scale_index(row, i / group_cols, groups)]);
                to = float(level * scale) * get_row_scale(data + layout.row_scales, row);
            }
        }
    return values;
}

}  // namespace mote::tools
