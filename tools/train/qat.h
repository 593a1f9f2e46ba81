// qat: training that knows the quantization. Matrices, the vectors in front of them, queries, keys and values are seen as the
// device has them; gradients pass straight through to the floats behind them. All rounding is pack's and core's own.
#pragma once

#include <string>
#include <vector>

#include "pack/pack.h"
#include "train/network.h"
#include "train/threads.h"

namespace mote::tools {

/// y = what an int8 vector with one scale keeps of each row of x.
///   x, y  (rows, cols); y may be x
/// A row that is not finite becomes NaN.
void round_rows(float* y, const float* x, size_t rows, size_t cols);

/// The same for every head of rows [q | k | v], in place: queries as q8 attention takes them, keys and values as the q8 cache has
/// them.
void round_heads(float* qkv, size_t rows, const Network& network);

/// Reads --qat: q8 or q4, or formats by role as --weights has them. Errors: E_ARG (also for formats that are not quantized).
WeightFormats parse_qat(const std::string& text);

/// The parameters as a packed file would have them.
class RoundedValues {
public:
    RoundedValues(const Network& network, const WeightFormats& formats, Threads& threads);

    /// values  laid out by the network; the result is so too, and lasts until the next call
    const float* of(const float* values);

private:
    const Network& network_;
    WeightFormats formats_;
    Threads& threads_;
    std::vector<float> rounded_;
};

}  // namespace mote::tools
