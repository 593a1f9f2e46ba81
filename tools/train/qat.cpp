// qat: rows go through core's quantize_row and back, matrices through pack_matrix and back.
#include "train/qat.h"

#include <algorithm>
#include <cmath>

#include "../core/kernels/arithmetic.h"
#include "../core/kernels/kernels.h"
#include "base/error.h"
#include "base/vector.h"
#include "pack/quantize.h"

namespace mote::tools {
namespace {

MOTE_VECTOR void scaled(float* y, const int8_t* values, float scale, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = float(values[i]) * scale;
}

// One vector at a time, as int8 and back.
class Rounder {
public:
    explicit Rounder(size_t cols) : cols_(uint32_t(cols)), values_(padded_cols(Format::q4, cols_)) {}

    void quantize(const float* x) {
        kernels().quantize_row(x, cols_, {values_.data(), &scale_, nullptr, uint32_t(values_.size())}, 0);
    }
    void put(float* y, float scale) const { scaled(y, values_.data(), scale, cols_); }
    float scale() const { return scale_; }

private:
    uint32_t cols_;
    std::vector<int8_t> values_;
    float scale_ = 0;
};

}  // namespace

void round_rows(float* y, const float* x, size_t rows, size_t cols) {
    Rounder rounder(cols);
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        rounder.quantize(x);
        rounder.put(y, rounder.scale());
    }
}

void round_heads(float* qkv, size_t rows, const Network& n) {
    const Architecture& a = n.architecture;
    const size_t heads = size_t(a.heads) + 2 * size_t(a.kv_heads);
    Rounder rounder(a.head_dim);
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < heads; h++, qkv += a.head_dim) {
            rounder.quantize(qkv);
            const bool cached = h >= a.heads;  // its scale is a bf16
            rounder.put(qkv, cached && !std::isnan(rounder.scale()) ? bf16_to_f32(bf16_above(rounder.scale())) : rounder.scale());
        }
}

WeightFormats parse_qat(const std::string& text) {
    const WeightFormats formats = parse_formats(text);
    const auto quantized = [](Format format) { return format == Format::q8 || format == Format::q4; };
    if (!quantized(formats.otherwise) ||
        !std::all_of(formats.own.begin(), formats.own.end(), [&](const auto& own) { return quantized(own.second); }))
        refuse_usage("--qat " + text + ": formats that round are q8 and q4");
    return formats;
}

RoundedValues::RoundedValues(const Network& network, const WeightFormats& formats, Threads& threads)
    : network_(network), formats_(formats), threads_(threads), rounded_(network.count) {}

const float* RoundedValues::of(const float* values) {
    threads_.run([&](size_t thread) {
        for (const Parameter& p : network_.parameters) {
            const Share share = share_of(p.rows, thread, threads_.count());
            const float* from = values + p.offset + share.begin * p.cols;
            float* to = &rounded_[p.offset] + share.begin * p.cols;
            const uint32_t rows = uint32_t(share.end - share.begin);
            if (p.rows == 1) {  // vectors stay floats
                std::copy_n(from, size_t(rows) * p.cols, to);
            } else if (rows) {
                const Format format = formats_.of(p.key.first);
                const std::vector<float> seen =
                    unpack_matrix(pack_matrix(from, rows, p.cols, format).bytes.data(), rows, p.cols, format);
                std::copy(seen.begin(), seen.end(), to);
            }
        }
    });
    return rounded_.data();
}

}  // namespace mote::tools
