// kernels: the contract of every operation that an instruction set may improve. ref/ is the definition of correct;
// every other row of the table gives the same bits. Kernels see formats and numbers, never a Model or a Session.
#pragma once

#include "mote/format.h"
#include "mote/model.h"
#include "parts.h"

namespace mote {

/// The int8 form of a tile of activation vectors, in front of a q8 or q4 matrix.
struct QuantizedTile {
    int8_t* values;      // (count, stride), in [-127, 127]; columns from cols to stride are 0
    float* scales;       // (count): x = value * scale * 2^exponent; NaN where a vector had a non-finite element
    uint8_t* exponents;  // (count, stride / 32) in [0, 15]; nullptr: one scale a vector
    uint32_t stride;     // a multiple of 32 in front of a matrix
};

/// Whether a tile has exponents, in a build that knows them.
constexpr bool is_grouped(const QuantizedTile& x) { return built(ActivationScale::group) && x.exponents; }

/// One head's view of the cache, and where it reads its query and leaves its output.
struct Attention {
    const uint8_t* keys;            // (positions, head_dim) in the cache's format
    const uint8_t* values;
    const uint16_t* key_scales;     // bf16 (positions); q8 only
    const uint16_t* value_scales;
    uint32_t positions;             // >= 1; the query sees positions [0, positions)
    uint32_t head_dim;
    float scale;                    // multiplies q k
    uint32_t* scratch;              // attention_scratch(positions, head_dim) words for each query
};

/// Words of scratch for one query: a score or weight a position, and the quantized query.
constexpr uint32_t attention_scratch(uint32_t positions, uint32_t head_dim) { return positions + (head_dim + 3) / 4; }

/// The same for as many queries as a call takes, padded so that each of several workers begins at a multiple of 16 bytes.
constexpr uint32_t worker_scratch(uint32_t positions, uint32_t head_dim, uint32_t queries) {
    return (queries * attention_scratch(positions, head_dim) + 3u) & ~3u;
}

struct Kernels {
    const char* name;

    /// y = w x for each vector of a tile.
    ///   w  (rows, cols) f32 or f16, row-major   x  (count, cols) f32   y  (count, rows) f32, overwritten
    /// Each sum runs in four stripes by column % 4, ascending, and ends (s0 + s2) + (s1 + s3).
    void (*matmul_f32)(const Matrix& w, const float* x, uint32_t count, float* y);
    void (*matmul_f16)(const Matrix& w, const float* x, uint32_t count, float* y);

    /// y = w x for each vector of a quantized tile.
    ///   w  (rows, cols) q8 or q4, SPEC 5, data 16-byte aligned   x  x.stride >= padded_cols   y  (count, rows) f32
    /// One scale a vector: the row sum is an integer modulo 2^32. Exponents: the sum of group sums << exponent is an integer
    /// modulo 2^64. Then y = (float(sum) * row_scale) * x.scale. Exact in any order.
    void (*matmul_q8)(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
    void (*matmul_q4)(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);

    /// Fills row `token` of a (count, stride) quantized tile from x (cols) f32.
    /// scale = max |x| / 127, or with exponents: max |x| / 127 / 2^15 and per 32 columns the smallest exponent that fits.
    /// Rounds to nearest even. A non-finite element gives zeros and a NaN scale.
    void (*quantize_row)(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);

    /// softmax(scale q K^T) V for one head and one query.
    ///   q    (head_dim) f32   out  (head_dim) f32, may be q
    /// f32, f16: floats, dots in four stripes, sums over positions in four stripes by position.
    /// q8: integers from the quantized query to the sum over positions (see DESIGN.md). A non-finite operand gives NaN.
    void (*attend_f32)(const Attention& a, const float* q, float* out);
    void (*attend_f16)(const Attention& a, const float* q, float* out);
    void (*attend_q8)(const Attention& a, const float* q, float* out);

    /// attend_q8 of two queries that share a cache head, with the same bits: q and out are (2, head_dim), scratch is for two.
    /// nullptr: the row gains nothing by it.
    void (*attend_two_q8)(const Attention& a, const float* q, float* out);

    /// y = x / rms(x) * w, or (x - mean) / deviation * w + bias (bias may be nullptr). y may be x.
    void (*rms_norm)(const float* x, const float* w, uint32_t n, float eps, float* y);
    void (*layer_norm)(const float* x, const float* w, const float* bias, uint32_t n, float eps, float* y);

    /// gate = activation(gate) * up, or x = activation(x).
    void (*gate)(Activation activation, float* gate, const float* up, uint32_t n);
    void (*activate)(Activation activation, float* x, uint32_t n);

    /// Rotates the first 2 * pairs elements of a head by the angles whose cosines and sines are given.
    void (*rope)(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs);

    /// y += x
    void (*add)(float* y, const float* x, uint32_t n);

    /// Where the largest of n >= 1 floats stands, the first of equal ones (-0 is 0); n if one of them is not finite.
    uint32_t (*argmax)(const float* x, uint32_t n);
};

/// A row without what this build leaves out: nothing then names those functions, and they are not linked.
constexpr Kernels built(Kernels k) {
    if (!built(Format::f32)) k.matmul_f32 = nullptr;
    if (!built(Format::f16)) k.matmul_f16 = nullptr;
    if (!built(Format::q8)) k.matmul_q8 = nullptr;
    if (!built(Format::q4)) k.matmul_q4 = nullptr;
    if (!built(Format::q8) && !built(Format::q4) && !built_cache(Format::q8)) k.quantize_row = nullptr;
    if (!built_cache(Format::f32)) k.attend_f32 = nullptr;
    if (!built_cache(Format::f16)) k.attend_f16 = nullptr;
    if (!built_cache(Format::q8)) k.attend_q8 = nullptr;
    if (!built_cache(Format::q8) || for_size) k.attend_two_q8 = nullptr;
    if (!built(Norm::layer)) k.layer_norm = nullptr;
    if (!built(Work::gated)) k.gate = nullptr;
    if (!built(Work::dense)) k.activate = nullptr;
    if (!built(Position::rope)) k.rope = nullptr;
    return k;
}

/// The rows of the table that this machine can run, the plainest first and the fastest last. On a board there is one besides
/// ref at most, fixed when the firmware is compiled; on Linux a program carries all rows of its CPU family.
struct KernelRows {
    const Kernels* row[6];
    uint32_t count;
};
KernelRows kernel_rows();

/// The fastest row, and why it is that, in words.
const Kernels& kernels();
extern const char why_these_kernels[];

/// Plain C++, the definition of correct.
extern const Kernels ref_kernels;

/// Its argmax, for those who have logits and no session.
uint32_t ref_argmax(const float* x, uint32_t n);

#if defined(__x86_64__)
/// The remainder of CRC-32 after a multiple of 16 bytes, 64 and more. Needs PCLMUL and SSE 4.1.
uint32_t pclmul_crc32(uint32_t remainder, const uint8_t* data, size_t bytes);
#endif

}  // namespace mote
