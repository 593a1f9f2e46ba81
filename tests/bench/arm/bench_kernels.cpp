// bench_kernels: one line for each row, operation and shape; between the marks runs the operation, once. Weights are what lies in
// the board's model memory; scales and activations are in the arena.
#include "../../../core/kernels/arithmetic.h"
#include "../../../core/kernels/dsp/dsp.h"
#include "../../../core/kernels/kernels.h"
#include "../../../core/kernels/mve/mve.h"
#include "../../../core/kernels/neon/neon.h"
#include "../../../core/kernels/thumb/thumb.h"
#include "../../kernels_board/harness.h"
#include "count.h"

using namespace mote;
using namespace mote::board_test;

namespace {

constexpr struct {
    uint32_t rows, cols;
} shapes[] = {{768, 288}, {256, 256}, {64, 64}};
constexpr Format formats[] = {Format::q8, Format::q4};
constexpr uint32_t most_tokens = 16;

void product(Pieces& pieces, const Kernels& row, Format format, uint32_t rows, uint32_t cols, uint32_t count) {
    pieces.reset();
    Random random(2);
    const bool q8 = format == Format::q8;
    const port::Image image = port::model("weights");
    const uint32_t row_bytes = q8 ? cols : cols / 2, fit = uint32_t(image.bytes / row_bytes) & ~3u;
    Matrix w;
    w.data = image.data, w.format = format, w.cols = cols, w.rows = rows < fit ? rows : fit;
    uint16_t* row_scales = reinterpret_cast<uint16_t*>(pieces.take(w.rows * sizeof(uint16_t)));  // as they lie in a file
    for (uint32_t r = 0; r < w.rows; r++) row_scales[r] = uint16_t(0x3b00u + random.below(128));
    uint8_t* group_scales = q8 ? nullptr : pieces.take(w.rows * (cols / 32));
    for (uint32_t i = 0; !q8 && i < w.rows * (cols / 32); i++) group_scales[i] = uint8_t(random.below(255) - 127);
    w.row_scales = row_scales, w.group_scales = reinterpret_cast<int8_t*>(group_scales);
    float x_scales[most_tokens];
    for (float& scale : x_scales) scale = 0.01f;
    QuantizedTile x{pieces.take_array<int8_t>(count * cols), x_scales, nullptr, cols};
    for (uint32_t i = 0; i < count * cols; i++) x.values[i] = int8_t(int32_t(random.below(255)) - 127);
    float* y = pieces.take_array<float>(count * w.rows);
    const auto matmul = q8 ? row.matmul_q8 : row.matmul_q4;
    MOTE_COUNT_BEGIN();
    matmul(w, x, count, y);
    MOTE_COUNT_END();
    print(row.name), print(q8 ? " q8" : " q4"), print(count == 1 ? " " : "-tile "), print(rows), print("x"), print(cols);
    print(" "), print(count * w.rows * cols), print("\n");
}

void attention(Pieces& pieces, const Kernels& row, uint32_t positions, uint32_t head_dim) {
    pieces.reset();
    Random random(3);
    const uint32_t cells = positions * head_dim;
    int8_t* keys = reinterpret_cast<int8_t*>(pieces.take(cells));
    int8_t* values = reinterpret_cast<int8_t*>(pieces.take(cells));
    uint16_t* key_scales = pieces.take_array<uint16_t>(positions);
    uint16_t* value_scales = pieces.take_array<uint16_t>(positions);
    uint32_t* scratch = pieces.take_array<uint32_t>(attention_scratch(positions, head_dim));
    float* q = pieces.take_array<float>(head_dim);
    for (uint32_t i = 0; i < cells; i++) keys[i] = int8_t(int32_t(random.below(255)) - 127), values[i] = int8_t(int32_t(random.below(255)) - 127);
    for (uint32_t t = 0; t < positions; t++) key_scales[t] = value_scales[t] = uint16_t(0x3b00u + random.below(128));
    for (uint32_t i = 0; i < head_dim; i++) q[i] = random.uniform();
    const Attention a{reinterpret_cast<uint8_t*>(keys), reinterpret_cast<uint8_t*>(values), key_scales, value_scales, positions, head_dim, 0.35f, scratch};
    MOTE_COUNT_BEGIN();
    row.attend_q8(a, q, q);
    MOTE_COUNT_END();
    print(row.name), print(" attend "), print(positions), print("x"), print(head_dim), print(" "), print(positions), print("\n");
}

// Scores that are near enough to each other to count, from which the row that is named makes weights.
void softmax(Pieces& pieces, const char* name, uint32_t (*step)(const Attention&, int32_t, int32_t)) {
    constexpr uint32_t positions = 256;
    pieces.reset();
    Random random(4);
    uint16_t* scales = pieces.take_array<uint16_t>(positions);
    uint32_t* scores = pieces.take_array<uint32_t>(positions);
    for (uint32_t t = 0; t < positions; t++) scales[t] = uint16_t(0x3b00u + random.below(128)), scores[t] = random.below(12u << 16);
    const Attention a{nullptr, nullptr, scales, scales, positions, 8, 0.35f, scores};
    MOTE_COUNT_BEGIN();
    step(a, 12 << 16, 0x3b00 >> 7);
    MOTE_COUNT_END();
    print(name), print(" softmax "), print(positions), print("x1 "), print(positions), print("\n");
}

}  // namespace

int app_main() {
    Pieces pieces(port::arena());
    const KernelRows rows = kernel_rows();
    for (uint32_t i = 0; i < rows.count; i++) {
        for (const Format format : formats)
            for (const auto& s : shapes) product(pieces, *rows.row[i], format, s.rows, s.cols, 1);
#if defined(__aarch64__)
        for (const Format format : formats)
            for (const auto& s : shapes) product(pieces, *rows.row[i], format, s.rows, s.cols, most_tokens);
#endif
        attention(pieces, *rows.row[i], 256, 8);
        attention(pieces, *rows.row[i], 64, 48);
    }
#if defined(MOTE_HAS_MVE)
    softmax(pieces, "mve", mve_softmax);
#elif defined(MOTE_HAS_DSP)
    softmax(pieces, "dsp", dsp_softmax);
#elif defined(MOTE_HAS_THUMB)
    softmax(pieces, "thumb", thumb_softmax);
#else
    softmax(pieces, "neon", neon_softmax);
#endif
    return 0;
}
