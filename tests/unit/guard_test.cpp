// guard: no kernel of any row of this machine reads or writes outside its operands. Each lies in pages of its own, between pages that
// may not be touched: at the end of its pages, and once more at their beginning. A kernel that leaves them ends the test by a signal.
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

enum class Place { at_end, at_begin };

// Operands of one call. Contents are random bytes unless filled; floats are filled with what is finite.
class Guarded {
public:
    Guarded(Place place, Random& random) : place_(place), random_(random), page_(size_t(sysconf(_SC_PAGESIZE))) {}
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() {
        for (const Mapping& m : mappings_) munmap(m.begin, m.bytes);
    }

    /// `align` is what the contract promises; where `bytes` is no multiple of it, so many bytes less than `align` stay before the guard.
    uint8_t* bytes(size_t bytes, size_t align) {
        const size_t inside = (bytes + page_ - 1) / page_ * page_;
        void* mapped = mmap(nullptr, inside + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
        mappings_.push_back({mapped, inside + 2 * page_});
        uint8_t* first = static_cast<uint8_t*>(mapped) + page_;
        if (inside && mprotect(first, inside, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
        uint8_t* at = place_ == Place::at_begin ? first : first + (inside - bytes) / align * align;
        for (size_t i = 0; i < bytes; i++) at[i] = uint8_t(random_.next());
        return at;
    }
    float* floats(size_t n) {
        float* to = reinterpret_cast<float*>(bytes(n * sizeof(float), alignof(float)));
        for (size_t i = 0; i < n; i++) to[i] = random_.uniform();
        return to;
    }
    /// bf16 around 0.002.
    uint16_t* scales(size_t n) {
        uint16_t* to = reinterpret_cast<uint16_t*>(bytes(n * 2, 2));
        for (size_t i = 0; i < n; i++) to[i] = uint16_t(0x3b00 + random_.below(128));
        return to;
    }
    /// int8 in [-127, 127].
    int8_t* values(size_t n, size_t align = 1) {
        int8_t* to = reinterpret_cast<int8_t*>(bytes(n, align));
        for (size_t i = 0; i < n; i++) to[i] = int8_t(random_.between(-127, 127));
        return to;
    }

private:
    struct Mapping {
        void* begin;
        size_t bytes;
    };
    Place place_;
    Random& random_;
    size_t page_;
    std::vector<Mapping> mappings_;
};

class EveryRowGuarded : public ::testing::TestWithParam<size_t> {
protected:
    const Kernels& row() const { return *kernel_rows().row[GetParam()]; }
    Random random{21};
};

// Tokens one by one, and tiles with and without rest.
constexpr uint32_t counts[] = {1, 2, 5, 8, 9, 17};
constexpr struct {
    uint32_t rows, cols;
} shapes[] = {{1, 1},  {1, 33}, {2, 16}, {3, 64},  {4, 32},  {5, 48},  {7, 100}, {8, 17},   {12, 64},
              {15, 9}, {16, 64}, {17, 80}, {31, 172}, {33, 31}, {48, 96}, {64, 172}, {67, 288}, {5, 1040}};

TEST_P(EveryRowGuarded, multiplies_within_its_operands) {
    for (const Place place : {Place::at_end, Place::at_begin})
        for (const auto& s : shapes)
            for (const uint32_t count : counts)
                for (const Format format : {Format::f32, Format::f16, Format::q8, Format::q4}) {
                    Guarded memory(place, random);
                    const bool quantized = format == Format::q8 || format == Format::q4;
                    const size_t rows = padded_rows(format, s.rows), cells = rows * padded_cols(format, s.cols);
                    Matrix w;
                    w.format = format, w.rows = s.rows, w.cols = s.cols;
                    float* y = memory.floats(size_t(count) * s.rows);
                    if (!quantized) {
                        w.data = format == Format::f32 ? reinterpret_cast<uint8_t*>(memory.floats(cells)) : memory.bytes(cells * 2, 2);
                        const float* x = memory.floats(size_t(count) * s.cols);
                        (format == Format::f32 ? row().matmul_f32 : row().matmul_f16)(w, x, count, y);
                        continue;
                    }
                    w.data = memory.bytes(format == Format::q8 ? cells : cells / 2, 16);
                    w.row_scales = memory.scales(rows);
                    if (format == Format::q4) w.group_scales = memory.values(cells / group_cols, 4);
                    const uint32_t stride = padded_cols(Format::q4, s.cols);
                    const QuantizedTile x{memory.values(size_t(count) * stride), memory.floats(count), nullptr, stride};
                    (format == Format::q8 ? row().matmul_q8 : row().matmul_q4)(w, x, count, y);
                    const size_t groups = size_t(count) * (stride / group_cols);
                    QuantizedTile grouped = x;
                    grouped.exponents = memory.bytes(groups, 1);
                    for (size_t g = 0; g < groups; g++) grouped.exponents[g] &= 15;
                    (format == Format::q8 ? row().matmul_q8 : row().matmul_q4)(w, grouped, count, y);
                }
}

TEST_P(EveryRowGuarded, attends_within_its_operands) {
    for (const Place place : {Place::at_end, Place::at_begin})
        for (const uint32_t dim : {1u, 2u, 3u, 4u, 6u, 8u, 12u, 16u, 20u, 24u, 32u, 40u, 48u, 64u, 80u, 128u})
            for (const uint32_t positions : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 15u, 16u, 17u, 33u, 513u})
                for (const Format format : {Format::f32, Format::f16, Format::q8}) {
                    Guarded memory(place, random);
                    const size_t cells = size_t(positions) * dim, element = format == Format::f32 ? 4 : format == Format::f16 ? 2 : 1;
                    uint8_t *keys = memory.bytes(cells * element, element), *values = memory.bytes(cells * element, element);
                    const Attention a{keys, values, memory.scales(positions), memory.scales(positions), positions, dim, 0.25f,
                                      reinterpret_cast<uint32_t*>(memory.bytes(attention_scratch(positions, dim) * 4, 4))};
                    const float* q = memory.floats(dim);
                    float* out = memory.floats(dim);
                    (format == Format::f32 ? row().attend_f32 : format == Format::f16 ? row().attend_f16 : row().attend_q8)(a, q, out);
                    if (format != Format::q8 || !row().attend_two_q8) continue;
                    Attention two = a;
                    two.scratch = reinterpret_cast<uint32_t*>(memory.bytes(2 * attention_scratch(positions, dim) * 4, 4));
                    row().attend_two_q8(two, memory.floats(size_t(2) * dim), memory.floats(size_t(2) * dim));
                }
}

TEST_P(EveryRowGuarded, works_on_vectors_within_its_operands) {
    for (const Place place : {Place::at_end, Place::at_begin})
        for (uint32_t n = 1; n <= 80; n++) {
            Guarded memory(place, random);
            float *x = memory.floats(n), *y = memory.floats(n);
            const float *w = memory.floats(n), *bias = memory.floats(n);
            row().rms_norm(x, w, n, 1e-5f, y);
            row().layer_norm(x, w, bias, n, 1e-5f, y);
            row().layer_norm(x, w, nullptr, n, 1e-5f, y);
            row().add(y, x, n);
            row().argmax(w, n);
            for (const Activation activation : {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf, Activation::relu}) {
                row().gate(activation, x, w, n);
                row().activate(activation, x, n);
            }
            float* head = memory.floats(size_t(2) * n);
            const float* table = memory.floats(size_t(2) * n);
            for (const RopePairing pairing : {RopePairing::interleaved, RopePairing::halves}) row().rope(pairing, head, table, n);
            const uint32_t stride = padded_cols(Format::q4, n);
            QuantizedTile tile{memory.values(stride), memory.floats(1), nullptr, stride};
            row().quantize_row(w, n, tile, 0);
            tile.exponents = memory.bytes(stride / group_cols, 1);
            row().quantize_row(w, n, tile, 0);
            const QuantizedTile head_tile{memory.values(n), memory.floats(1), nullptr, n};  // as the cache stores a head
            row().quantize_row(w, n, head_tile, 0);
        }
}

INSTANTIATE_TEST_SUITE_P(rows, EveryRowGuarded, ::testing::Range(size_t(0), size_t(kernel_rows().count)),
                         [](const ::testing::TestParamInfo<size_t>& row) { return std::string(kernel_rows().row[row.param]->name); });

}  // namespace
}  // namespace mote
