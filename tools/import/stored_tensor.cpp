// stored_tensor: elements of every kind of float become float32.
#include "import/stored_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../core/kernels/arithmetic.h"
#include "base/error.h"

namespace mote::tools {
namespace {

// The "fn" variant, which has no infinity: only all ones are NaN.
float from_e4m3(uint8_t bits) {
    if ((bits & 0x7fu) == 0x7fu) return std::numeric_limits<float>::quiet_NaN();
    const int exponent = bits >> 3 & 15, fraction = bits & 7;
    const float sign = bits & 0x80u ? -1.0f : 1.0f;
    return sign * std::ldexp(float(exponent ? fraction + 8 : fraction), (exponent ? exponent : 1) - 10);
}

// The "fnuz" variants: one more in the exponent's bias, no infinity, and NaN where there would be a negative zero.
float from_fnuz(uint8_t bits, int fraction_bits) {
    if (bits == 0x80) return std::numeric_limits<float>::quiet_NaN();
    const int one = 1 << fraction_bits, exponent = (bits & 0x7f) >> fraction_bits, fraction = bits & (one - 1);
    const int bias = 1 << (6 - fraction_bits);
    const float sign = bits & 0x80u ? -1.0f : 1.0f;
    return sign * std::ldexp(float(exponent ? fraction + one : fraction), (exponent ? exponent : 1) - bias - fraction_bits);
}

template <class T, class Convert>
void widen_each(const uint8_t* from, size_t count, float* to, Convert convert) {
    for (size_t i = 0; i < count; i++) {
        T value;
        std::memcpy(&value, from + i * sizeof value, sizeof value);
        to[i] = convert(value);
    }
}

void widen_f64(const uint8_t* from, size_t count, float* to) {
    widen_each<double>(from, count, to, [](double v) { return float(v); });
}
void widen_f32(const uint8_t* from, size_t count, float* to) {
    if (count) std::memcpy(to, from, count * sizeof(float));
}
void widen_f16(const uint8_t* from, size_t count, float* to) {
    widen_each<uint16_t>(from, count, to, [](uint16_t v) { return f16_to_f32(v); });
}
void widen_bf16(const uint8_t* from, size_t count, float* to) {
    widen_each<uint16_t>(from, count, to, [](uint16_t v) { return bf16_to_f32(v); });
}
void widen_e5m2(const uint8_t* from, size_t count, float* to) {
    widen_each<uint8_t>(from, count, to, [](uint8_t v) { return f16_to_f32(uint16_t(v << 8)); });
}
void widen_e4m3(const uint8_t* from, size_t count, float* to) { widen_each<uint8_t>(from, count, to, from_e4m3); }
void widen_e5m2fnuz(const uint8_t* from, size_t count, float* to) {
    widen_each<uint8_t>(from, count, to, [](uint8_t v) { return from_fnuz(v, 2); });
}
void widen_e4m3fnuz(const uint8_t* from, size_t count, float* to) {
    widen_each<uint8_t>(from, count, to, [](uint8_t v) { return from_fnuz(v, 3); });
}

constexpr Dtype dtypes[] = {{"F64", 8, widen_f64},
                            {"F32", 4, widen_f32},
                            {"F16", 2, widen_f16},
                            {"BF16", 2, widen_bf16},
                            {"F8_E5M2", 1, widen_e5m2},
                            {"F8_E4M3", 1, widen_e4m3},
                            {"F8_E5M2FNUZ", 1, widen_e5m2fnuz},
                            {"F8_E4M3FNUZ", 1, widen_e4m3fnuz},
                            {"F8_E8M0", 1, nullptr},  // scales of blocks, never weights
                            {"BOOL", 1, nullptr},
                            {"U8", 1, nullptr},
                            {"I8", 1, nullptr},
                            {"I16", 2, nullptr},
                            {"U16", 2, nullptr},
                            {"I32", 4, nullptr},
                            {"U32", 4, nullptr},
                            {"I64", 8, nullptr},
                            {"U64", 8, nullptr},
                            {"C64", 8, nullptr}};

// Widens a run of neighbouring elements and lets the file's pages go on the way.
void widen_run(const StoredTensor& t, uint64_t first, size_t count, float* to) {
    constexpr size_t chunk = 1 << 20;
    for (size_t done = 0; done < count; done += chunk) {
        const size_t n = std::min(chunk, count - done);
        const uint64_t at = t.begin + (first + done) * t.dtype->bytes;
        t.dtype->widen(t.file->data() + at, n, to + done);
        t.file->release(at, n * t.dtype->bytes);
    }
}

// Counts through all dimensions but the last; `row` is where the next run begins.
bool next_row(const StoredTensor& t, std::vector<uint64_t>& index, uint64_t& row) {
    for (size_t d = t.shape.size() - 1; d-- > 0;) {
        row += t.strides[d];
        if (++index[d] < t.shape[d]) return true;
        row -= t.strides[d] * t.shape[d];
        index[d] = 0;
    }
    return false;
}

void widen_strided(const StoredTensor& t, float* to) {
    std::vector<uint64_t> index(t.shape.size());
    const uint64_t columns = t.shape.back(), stride = t.strides.back();
    uint64_t row = 0;
    do {
        for (uint64_t i = 0; i < columns; i++)
            t.dtype->widen(t.file->data() + t.begin + (row + i * stride) * t.dtype->bytes, 1, to++);
    } while (next_row(t, index, row));
    t.file->release(t.begin, t.end - t.begin);
}

}  // namespace

const Dtype* find_dtype(const std::string& name) {
    for (const Dtype& dtype : dtypes)
        if (name == dtype.name) return &dtype;
    return nullptr;
}

std::string weight_dtype_names() {
    std::string names;
    for (const Dtype& dtype : dtypes)
        if (dtype.widen) names += (names.empty() ? "" : ", ") + std::string(dtype.name);
    return names;
}

std::vector<uint64_t> contiguous_strides(const std::vector<uint64_t>& shape) {
    std::vector<uint64_t> strides(shape.size(), 1);
    for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
    return strides;
}

std::string StoredTensor::shape_text() const {
    std::string text = "[";
    for (const uint64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

bool StoredTensor::is_contiguous() const {
    const std::vector<uint64_t> wanted = contiguous_strides(shape);
    for (size_t d = 0; d < shape.size(); d++)
        if (shape[d] != 1 && strides[d] != wanted[d]) return false;
    return true;
}

bool StoredTensor::same_bytes(const StoredTensor& other) const {
    return dtype == other.dtype && shape == other.shape && strides == other.strides && end - begin == other.end - other.begin &&
           std::equal(file->data() + begin, file->data() + end, other.file->data() + other.begin);
}

std::vector<float> StoredTensor::floats(const std::string& name) const {
    if (!dtype->widen)
        refuse("E_UNSUPPORTED", file->path(),
               name + ": weights of dtype " + dtype->name + "; supported are " + weight_dtype_names());
    std::vector<float> values(elements);
    if (values.empty()) return values;
    if (is_contiguous())
        widen_run(*this, 0, values.size(), values.data());
    else
        widen_strided(*this, values.data());
    return values;
}

}  // namespace mote::tools
