// packed: matrices of chosen integers, written out as SPEC 5 says. The tests' own writer, apart from tools/pack.
#pragma once

#include <cstdint>
#include <vector>

#include "mote/model.h"
#include "support/aligned.h"
#include "support/random.h"

namespace mote::testing {

inline uint32_t round_up(uint32_t n, uint32_t to) { return (n + to - 1) / to * to; }

/// The weights of a q8 or q4 matrix before they are laid out.
struct IntegerMatrix {
    Format format;
    uint32_t rows, cols;
    std::vector<int> weights;           // (rows, cols); q8: [-127, 127], q4: [-8, 7]
    std::vector<int> group_scales;      // q4: (rows, groups)
    std::vector<uint16_t> row_scales;   // bf16

    uint32_t groups() const { return round_up(cols, 32) / 32; }
    int weight(uint32_t r, uint32_t c) const { return weights[size_t(r) * cols + c]; }
    int group_scale(uint32_t r, uint32_t g) const { return group_scales[size_t(r) * groups() + g]; }
};

inline uint16_t bf16_of(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return uint16_t(bits >> 16);
}

inline float of_bf16(uint16_t b) {
    const uint32_t bits = uint32_t(b) << 16;
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}

inline IntegerMatrix random_integers(Format format, uint32_t rows, uint32_t cols, Random& random) {
    IntegerMatrix m{format, rows, cols, {}, {}, {}};
    for (size_t i = 0; i < size_t(rows) * cols; i++)
        m.weights.push_back(format == Format::q8 ? random.between(-127, 127) : random.between(-8, 7));
    for (size_t i = 0; format == Format::q4 && i < size_t(rows) * m.groups(); i++) m.group_scales.push_back(random.between(-127, 127));
    for (uint32_t r = 0; r < rows; r++) m.row_scales.push_back(bf16_of(0.001f + 0.01f * float(random.below(1000)) / 1000));
    return m;
}

/// The bytes of SPEC 5.2 and 5.3.
inline AlignedBytes lay_out(const IntegerMatrix& m) {
    const uint32_t padded_rows = round_up(m.rows, 4);
    if (m.format == Format::q8) {
        const uint32_t stored = round_up(m.cols, 16);
        AlignedBytes bytes(size_t(padded_rows) * stored + size_t(padded_rows) * 2);
        for (uint32_t r = 0; r < m.rows; r++) {
            for (uint32_t c = 0; c < m.cols; c++)
                bytes[size_t(r / 4) * 4 * stored + (c / 4) * 16 + (r % 4) * 4 + c % 4] = uint8_t(m.weight(r, c));
            std::memcpy(&bytes[size_t(padded_rows) * stored + size_t(r) * 2], &m.row_scales[r], 2);
        }
        return bytes;
    }
    const uint32_t stored = round_up(m.cols, 32), groups = m.groups();
    const size_t scales = size_t(padded_rows) * stored / 2, row_scales = scales + size_t(padded_rows) * groups;
    AlignedBytes bytes(row_scales + size_t(padded_rows) * 2);
    for (size_t i = 0; i < scales; i++) bytes[i] = 0x88;  // both nibbles are the weight 0
    for (uint32_t r = 0; r < m.rows; r++) {
        for (uint32_t c = 0; c < m.cols; c++) {
            const uint32_t g = c / 32, i = c % 16;
            uint8_t& byte = bytes[size_t(r / 4) * 2 * stored + g * 64 + (i / 4) * 16 + (r % 4) * 4 + i % 4];
            const uint32_t nibble = uint32_t(m.weight(r, c) + 8);
            byte = uint8_t(c % 32 < 16 ? (byte & 0xf0u) | nibble : (byte & 0x0fu) | nibble << 4);
        }
        for (uint32_t g = 0; g < groups; g++) bytes[scales + (size_t(r / 4) * groups + g) * 4 + r % 4] = uint8_t(m.group_scale(r, g));
        std::memcpy(&bytes[row_scales + size_t(r) * 2], &m.row_scales[r], 2);
    }
    return bytes;
}

inline Matrix matrix_of(const IntegerMatrix& m, const AlignedBytes& bytes) {
    const MatrixLayout layout = matrix_layout(m.format, m.rows, m.cols);
    Matrix w;
    w.data = bytes.data();
    w.rows = m.rows;
    w.cols = m.cols;
    w.format = m.format;
    if (m.format == Format::q4) w.group_scales = reinterpret_cast<const int8_t*>(w.data + layout.group_scales);
    w.row_scales = reinterpret_cast<const uint16_t*>(w.data + layout.row_scales);
    return w;
}

}  // namespace mote::testing
