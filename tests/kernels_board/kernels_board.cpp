// kernels_board: on the board itself, every operation that the build's row improves against ref, bit by bit, over all small shapes
// and some large ones. Ends with a line "kernels_board: passed" or "kernels_board: FAILED".
#include "../../core/kernels/arithmetic.h"
#include "../../core/kernels/kernels.h"
#include "float_results.h"
#include "harness.h"

using namespace mote;
using namespace mote::board_test;

namespace {

enum class Fill { random, lowest, highest, mixed };
constexpr size_t guards = 1024;  // around the pieces of one comparison; what does not fit on a board is left out
constexpr Fill fills[] = {Fill::random, Fill::lowest, Fill::highest, Fill::mixed};

// Weights are any byte, -128 too: no file has it, but a kernel that relies on that would say so.
uint8_t weight_byte(Random& random, Fill fill) {
    switch (fill) {
        case Fill::lowest: return 0x80;
        case Fill::highest: return 0x7f;
        case Fill::mixed: return (random.next() & 1u) ? 0x8f : 0x70;  // nibbles at both ends, int8 near both ends
        case Fill::random: break;
    }
    return uint8_t(random.next());
}

int8_t int8_of(Random& random, Fill fill) {
    switch (fill) {
        case Fill::lowest: return -127;
        case Fill::highest: return 127;
        case Fill::mixed: return (random.next() & 1u) ? -127 : 127;
        case Fill::random: break;
    }
    return int8_t(int32_t(random.below(255)) - 127);
}

// A bf16 from 2^-20 to 2^4.
uint16_t scale_of(Random& random) { return uint16_t((107u + random.below(24)) << 7 | random.below(128)); }

Matrix random_matrix(Pieces& pieces, Format format, uint32_t rows, uint32_t cols, Fill fill, Random& random) {
    const MatrixLayout layout = matrix_layout(format, rows, cols);
    uint8_t* data = pieces.take(size_t(layout.bytes));
    const size_t weights_end = size_t(format == Format::q4 ? layout.group_scales : layout.row_scales);
    for (size_t i = 0; i < weights_end; i++) data[i] = weight_byte(random, fill);
    for (size_t i = weights_end; i < layout.row_scales; i++) data[i] = uint8_t(int8_of(random, fill));
    uint16_t* row_scales = reinterpret_cast<uint16_t*>(data + layout.row_scales);
    for (uint32_t r = 0; r < padded_rows(format, rows); r++) row_scales[r] = scale_of(random);
    Matrix w;
    w.data = data, w.rows = rows, w.cols = cols, w.format = format, w.row_scales = row_scales;
    if (format == Format::q4) w.group_scales = reinterpret_cast<const int8_t*>(data + layout.group_scales);
    return w;
}

QuantizedTile random_tile(Pieces& pieces, uint32_t cols, uint32_t count, bool grouped, Fill fill, Random& random) {
    QuantizedTile x{};
    x.stride = (cols + 31u) & ~31u;
    x.values = pieces.take_array<int8_t>(size_t(count) * x.stride);
    x.scales = pieces.take_array<float>(count);
    x.exponents = grouped ? pieces.take_array<uint8_t>(size_t(count) * (x.stride / 32)) : nullptr;
    for (uint32_t t = 0; t < count; t++) {
        for (uint32_t i = 0; i < x.stride; i++) x.values[t * x.stride + i] = i < cols ? int8_of(random, fill) : int8_t(0);
        for (uint32_t g = 0; grouped && g < x.stride / 32; g++) x.exponents[t * (x.stride / 32) + g] = uint8_t(random.below(16));
        x.scales[t] = random.below(50) ? 0.5f + 0.25f * random.uniform() : float_of(nan_bits);
    }
    return x;
}

bool same_bits(const float* a, const float* b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const bool both_nan = a[i] != a[i] && b[i] != b[i];
        if (bits_of(a[i]) != bits_of(b[i]) && !both_nan) return false;
    }
    return true;
}

void report(Tally& tally, bool good, const char* operation, uint32_t a, uint32_t b, uint32_t c) {
    tally.checks++;
    if (good || ++tally.failures > 20) return;
    print("differs from ref: "), print(operation), print(" "), print(a), print("x"), print(b), print(" "), print(c), print("\n");
}

void check_product(Tally& tally, Pieces& pieces, const Kernels& row, Format format, uint32_t rows, uint32_t cols, bool grouped, Fill fill,
                   Random& random) {
    const bool q8 = format == Format::q8;
    const auto own = q8 ? row.matmul_q8 : row.matmul_q4, ref = q8 ? ref_kernels.matmul_q8 : ref_kernels.matmul_q4;
    const uint32_t count = 1 + cols % 3;
    if (own == ref || !pieces.have(size_t(matrix_layout(format, rows, cols).bytes) + size_t(count) * (2 * cols + 8 * rows) + guards)) return;
    pieces.reset();
    const Matrix w = random_matrix(pieces, format, rows, cols, fill, random);
    const QuantizedTile x = random_tile(pieces, cols, count, grouped, fill, random);
    float* y = pieces.take_array<float>(size_t(rows) * count);
    float* expected = pieces.take_array<float>(size_t(rows) * count);
    own(w, x, count, y);
    ref(w, x, count, expected);
    report(tally, same_bits(y, expected, rows * count) && pieces.intact(), q8 ? "matmul_q8" : "matmul_q4", rows, cols, count);
}

// One query or two.
void check_attention(Tally& tally, Pieces& pieces, const Kernels& row, uint32_t queries, uint32_t positions, uint32_t head_dim, Fill fill,
                     Random& random) {
    const size_t cells = size_t(positions) * head_dim;
    const auto own = queries == 2 ? row.attend_two_q8 : row.attend_q8;
    if (!own || own == ref_kernels.attend_q8) return;
    if (!pieces.have(2 * cells + (4 + 4 * queries) * positions + 16 * queries * head_dim + guards)) return;
    pieces.reset();
    const size_t align = random.below(4) ? 4 : 1;  // a cache's cells lie at words where head_dim is a multiple of 4
    int8_t* keys = reinterpret_cast<int8_t*>(pieces.take(cells, align));
    int8_t* values = reinterpret_cast<int8_t*>(pieces.take(cells, align));
    uint16_t* key_scales = pieces.take_array<uint16_t>(positions);
    uint16_t* value_scales = pieces.take_array<uint16_t>(positions);
    const uint32_t words = queries * attention_scratch(positions, head_dim), width = queries * head_dim;
    uint32_t* scratch = pieces.take_array<uint32_t>(words);
    float* q = pieces.take_array<float>(width);
    float* out = pieces.take_array<float>(width);
    float* expected = pieces.take_array<float>(width);
    for (size_t i = 0; i < cells; i++) keys[i] = int8_of(random, fill), values[i] = int8_of(random, fill);
    for (uint32_t t = 0; t < positions; t++) key_scales[t] = scale_of(random), value_scales[t] = scale_of(random);
    if (random.below(20) == 0) key_scales[random.below(positions)] = 0x7f80;
    if (random.below(20) == 0) value_scales[random.below(positions)] = 0;
    for (uint32_t i = 0; i < width; i++) q[i] = fill == Fill::random ? random.uniform() : float(int8_of(random, fill));
    const float scale = random.below(4) ? 0.01f : 0.35f;
    const Attention a{reinterpret_cast<uint8_t*>(keys), reinterpret_cast<uint8_t*>(values), key_scales, value_scales, positions, head_dim, scale, scratch};
    for (uint32_t i = 0; i < width; i += head_dim) ref_kernels.attend_q8(a, q + i, expected + i);
    for (uint32_t i = 0; i < words; i++) scratch[i] = 0xdeadbeef;
    own(a, q, out);
    report(tally, same_bits(out, expected, width) && pieces.intact(), "attend_q8", positions, head_dim, queries);
}

// Vectors of every loudness, some with an element that is not finite, some with nothing but denormals.
void check_quantize(Tally& tally, Pieces& pieces, const Kernels& row, uint32_t cols, Random& random) {
    if (row.quantize_row == ref_kernels.quantize_row) return;
    pieces.reset();
    const uint32_t stride = (cols + 31u) & ~31u;
    float* x = pieces.take_array<float>(cols);
    int8_t* q = pieces.take_array<int8_t>(stride);
    int8_t* expected = pieces.take_array<int8_t>(stride);
    float scale = 0, expected_scale = 0;
    const uint32_t kind = random.below(8);
    for (uint32_t i = 0; i < cols; i++) {
        const uint32_t exponent = kind == 0 ? 0 : kind == 1 ? random.below(255) : 100 + kind + random.below(8 * kind);
        x[i] = float_of((random.next() & 0x807fffffu) | exponent << 23);
    }
    if (random.below(10) == 0) x[random.below(cols)] = float_of(random.below(2) ? nan_bits : infinity_bits);
    row.quantize_row(x, cols, QuantizedTile{q, &scale, nullptr, stride}, 0);
    ref_kernels.quantize_row(x, cols, QuantizedTile{expected, &expected_scale, nullptr, stride}, 0);
    bool same = same_bits(&scale, &expected_scale, 1);
    for (uint32_t i = 0; i < stride; i++) same = same && q[i] == expected[i];
    report(tally, same && pieces.intact(), "quantize_row", cols, kind, 0);
}

// Every exponent, both signs; rounding is decided by mantissas, of which each call has many.
void check_gate(Tally& tally, Pieces& pieces, const Kernels& row, Activation activation, uint32_t n, Random& random) {
    if (row.gate == ref_kernels.gate) return;
    pieces.reset();
    float* up = pieces.take_array<float>(n);
    float* gate = pieces.take_array<float>(n);
    float* expected = pieces.take_array<float>(n);
    const bool usual = random.below(2);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t exponent = usual ? 110 + random.below(24) : random.below(256);
        gate[i] = expected[i] = float_of((random.next() & 0x807fffffu) | exponent << 23);
        up[i] = float_of((random.next() & 0x807fffffu) | (usual ? 120 + random.below(10) : random.below(256)) << 23);
    }
    row.gate(activation, gate, up, n);
    ref_kernels.gate(activation, expected, up, n);
    report(tally, same_bits(gate, expected, n) && pieces.intact(), "gate", n, uint32_t(activation), usual);
}

void check_products(Tally& tally, Pieces& pieces, const Kernels& row, Format format, bool grouped, Random& random) {
    for (uint32_t rows = 1; rows <= 9; rows++)
        for (uint32_t cols = 1; cols <= 70; cols++) check_product(tally, pieces, row, format, rows, cols, grouped, Fill::random, random);
    constexpr struct {
        uint32_t rows, cols;
    } large[] = {{64, 172}, {172, 64}, {6, 4096}, {5, 1040}, {33, 1000}, {3, 161}, {12, 320}};
    for (const auto& s : large)
        for (const Fill fill : fills)
            check_product(tally, pieces, row, format, s.rows, s.cols, grouped, fill, random);
}

void check_attentions(Tally& tally, Pieces& pieces, const Kernels& row, Random& random) {
    const auto check = [&](uint32_t positions, uint32_t dim, Fill fill) {
        for (uint32_t queries = 1; queries <= 2; queries++) check_attention(tally, pieces, row, queries, positions, dim, fill, random);
    };
    constexpr uint32_t few[] = {1, 2, 3, 9}, many[] = {255, 512, 1025}, dims[] = {8, 16, 48, 64, 100, 128, 512};
    for (uint32_t dim = 1; dim <= 70; dim++)
        for (const uint32_t positions : few) check(positions, dim, Fill::random);
    for (uint32_t positions = 1; positions <= 80; positions++) check(positions, 8, Fill::random);
    for (const uint32_t dim : dims)
        for (const Fill fill : fills)
            for (const uint32_t positions : many) check(positions, dim, fill);
}

}  // namespace

int app_main() {
    Pieces pieces(port::arena());
    Random random(1);
    Tally tally;
    report(tally, FloatResults().digest() == expected_float_results, "float library", 0, 0, 0);
    const KernelRows rows = kernel_rows();
    for (uint32_t i = 1; i < rows.count; i++) {
        const Kernels& row = *rows.row[i];
        check_products(tally, pieces, row, Format::q8, false, random);
        check_products(tally, pieces, row, Format::q8, true, random);
        check_products(tally, pieces, row, Format::q4, false, random);
        check_products(tally, pieces, row, Format::q4, true, random);
        check_attentions(tally, pieces, row, random);
        for (uint32_t n = 0; n < 1000; n++) check_quantize(tally, pieces, row, 1 + n % 200, random);
        for (uint32_t n = 0; n < 500; n++) check_gate(tally, pieces, row, n % 4 ? Activation::silu : Activation(n / 4 % 4), 1 + n % 70, random);
    }
    print("row "), print(kernels().name), print(", "), print(tally.checks), print(" comparisons, "), print(tally.failures), print(" failures\n");
    print(tally.failures || (rows.count > 1 && tally.checks == 1) ? "kernels_board: FAILED\n" : "kernels_board: passed\n");
    return tally.failures ? 1 : 0;
}
