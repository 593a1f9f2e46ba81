// rows: every row of the kernel table gives the bits of ref, for operands whose memory ends where they end.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "kernels/arithmetic.h"
#include "kernels/kernels.h"
#include "support/aligned.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

std::vector<const Kernels*> rows() {
    const KernelRows all = kernel_rows();
    return {all.row, all.row + all.count};
}

// Same bits; NaN equals NaN, as its sign and payload are the machine's own.
bool same(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); i++)
        if (bits_of(a[i]) != bits_of(b[i]) && !(a[i] != a[i] && b[i] != b[i])) return false;
    return a.size() == b.size();
}

// A vector whose elements span many magnitudes.
std::vector<float> lively(Random& random, size_t n) {
    std::vector<float> x = random.floats(n);
    for (float& v : x) v *= float_of(uint32_t(127 - int32_t(random.below(12))) << 23);
    return x;
}

struct CacheOfHead {
    std::vector<uint8_t> keys, values;
    std::vector<uint16_t> key_scales, value_scales;
};

// int8 cells and scales whose exponents spread over `spread` powers of two around 2^center.
CacheOfHead q8_cache(Random& random, uint32_t positions, uint32_t dim, int32_t center, uint32_t spread) {
    CacheOfHead c;
    for (size_t i = 0; i < size_t(positions) * dim; i++) {
        c.keys.push_back(uint8_t(int8_t(random.between(-127, 127))));
        c.values.push_back(uint8_t(int8_t(random.between(-127, 127))));
    }
    const auto scale = [&] { return uint16_t(uint32_t(127 + center + random.between(0, int32_t(spread))) << 7 | random.below(128)); };
    const bool zero_keys = random.below(3) == 0, zero_values = random.below(3) == 0;  // now and then, so that rows may take it as rare
    for (uint32_t t = 0; t < positions; t++) {
        c.key_scales.push_back(zero_keys && random.below(16) == 0 ? uint16_t(0) : scale());
        c.value_scales.push_back(zero_values && random.below(16) == 0 ? uint16_t(0) : scale());
    }
    return c;
}

std::vector<float> attend(const Kernels& k, const CacheOfHead& c, uint32_t positions, const std::vector<float>& q, float scale) {
    const uint32_t dim = uint32_t(q.size());
    std::vector<uint32_t> scratch(attention_scratch(positions, dim));
    std::vector<float> out(dim);
    k.attend_q8(Attention{c.keys.data(), c.values.data(), c.key_scales.data(), c.value_scales.data(), positions, dim, scale, scratch.data()},
                q.data(), out.data());
    return out;
}

constexpr uint32_t dims[] = {1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 128, 512};

class EveryRow : public ::testing::TestWithParam<size_t> {
protected:
    const Kernels& row() const { return *rows()[GetParam()]; }
};

TEST_P(EveryRow, attends_over_a_q8_cache_as_ref_does) {
    Random random(11);
    for (const uint32_t dim : dims)
        for (const uint32_t positions : {1u, 2u, 3u, 7u, 8u, 9u, 15u, 16u, 17u, 31u, 64u, 511u, 512u, 513u, 1030u}) {
            if (dim > 64 && positions > 64) continue;
            for (const int32_t center : {-12, -3, 40}) {  // from flat to beyond what a score can hold
                const CacheOfHead c = q8_cache(random, positions, dim, center, center == 40 ? 60 : 5);
                const std::vector<float> q = lively(random, dim);
                ASSERT_TRUE(same(attend(row(), c, positions, q, 0.25f), attend(ref_kernels, c, positions, q, 0.25f)))
                    << row().name << " dim " << dim << " positions " << positions << " center " << center;
            }
        }
}

// Two queries in one call, one after the other in `q`.
std::vector<float> attend_two(const Kernels& k, const CacheOfHead& c, uint32_t positions, const std::vector<float>& q, float scale) {
    const uint32_t dim = uint32_t(q.size() / 2);
    std::vector<uint32_t> scratch(2 * attention_scratch(positions, dim));
    std::vector<float> out(q.size());
    k.attend_two_q8(Attention{c.keys.data(), c.values.data(), c.key_scales.data(), c.value_scales.data(), positions, dim, scale, scratch.data()},
                    q.data(), out.data());
    return out;
}

std::vector<float> one_by_one(const CacheOfHead& c, uint32_t positions, const std::vector<float>& q, float scale) {
    const auto middle = q.begin() + std::ptrdiff_t(q.size() / 2);
    std::vector<float> out = attend(ref_kernels, c, positions, {q.begin(), middle}, scale);
    const std::vector<float> second = attend(ref_kernels, c, positions, {middle, q.end()}, scale);
    out.insert(out.end(), second.begin(), second.end());
    return out;
}

TEST_P(EveryRow, attends_for_two_queries_as_for_each) {
    if (!row().attend_two_q8) GTEST_SKIP() << row().name << " takes queries one by one";
    Random random(16);
    for (const uint32_t dim : {1u, 8u, 16u, 20u, 48u, 64u, 128u})
        for (const uint32_t positions : {1u, 2u, 7u, 8u, 9u, 15u, 16u, 17u, 23u, 24u, 25u, 31u, 64u, 511u, 512u, 513u, 1030u})
            for (const int32_t center : {-12, -3, 40}) {
                if (dim > 64 && positions > 64) continue;
                const CacheOfHead c = q8_cache(random, positions, dim, center, center == 40 ? 60 : 5);
                std::vector<float> q = lively(random, size_t(2) * dim);
                for (uint32_t i = 0; i < dim; i++) q[i] *= 1000;  // queries of unequal loudness
                ASSERT_TRUE(same(attend_two(row(), c, positions, q, 0.25f), one_by_one(c, positions, q, 0.25f)))
                    << row().name << " dim " << dim << " positions " << positions << " center " << center;
                q[size_t(dim) * (positions % 2)] = float_of(infinity_bits);  // the other stays what it is
                ASSERT_TRUE(same(attend_two(row(), c, positions, q, 0.25f), one_by_one(c, positions, q, 0.25f)));
            }
}

TEST_P(EveryRow, gives_nan_where_a_scale_or_a_query_is_not_finite) {
    Random random(12);
    for (const uint32_t dim : {8u, 16u, 20u})
        for (uint32_t positions = 1; positions <= 20; positions++) {
            const std::vector<float> q = lively(random, dim);
            for (uint32_t bad = 0; bad < positions; bad++) {
                CacheOfHead c = q8_cache(random, positions, dim, -3, 5);
                (bad % 2 ? c.key_scales : c.value_scales)[bad] = 0x7fc0;
                for (const float x : attend(row(), c, positions, q, 0.25f)) ASSERT_NE(x, x);
            }
            std::vector<float> infinite = q;
            infinite[dim / 2] = float_of(infinity_bits);
            for (const float x : attend(row(), q8_cache(random, positions, dim, -3, 5), positions, infinite, 0.25f)) ASSERT_NE(x, x);
        }
}

TEST_P(EveryRow, quantizes_as_ref_does) {
    Random random(13);
    for (uint32_t cols = 1; cols <= 200; cols++)
        for (const bool grouped : {false, true}) {
            const std::vector<float> x = lively(random, cols);
            const uint32_t stride = (cols + 31) / 32 * 32;
            std::vector<int8_t> own(stride, 99), ref(stride, 99);
            std::vector<uint8_t> own_exponents(stride / 32, 99), ref_exponents(stride / 32, 99);
            float own_scale = 0, ref_scale = 0;
            row().quantize_row(x.data(), cols, QuantizedTile{own.data(), &own_scale, grouped ? own_exponents.data() : nullptr, stride}, 0);
            ref_kernels.quantize_row(x.data(), cols, QuantizedTile{ref.data(), &ref_scale, grouped ? ref_exponents.data() : nullptr, stride}, 0);
            ASSERT_EQ(own, ref) << row().name << " cols " << cols;
            ASSERT_EQ(own_exponents, ref_exponents);
            ASSERT_EQ(bits_of(own_scale), bits_of(ref_scale));
        }
}

TEST_P(EveryRow, norms_adds_and_activates_as_ref_does) {
    Random random(14);
    for (uint32_t n = 1; n <= 140; n++) {
        const std::vector<float> x = lively(random, n), w = random.floats(n, 2), bias = random.floats(n);
        std::vector<float> own(n), ref(n);
        row().rms_norm(x.data(), w.data(), n, 1e-5f, own.data());
        ref_kernels.rms_norm(x.data(), w.data(), n, 1e-5f, ref.data());
        ASSERT_TRUE(same(own, ref)) << row().name << " rms_norm " << n;
        for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
            row().layer_norm(x.data(), w.data(), b, n, 1e-5f, own.data());
            ref_kernels.layer_norm(x.data(), w.data(), b, n, 1e-5f, ref.data());
            ASSERT_TRUE(same(own, ref)) << row().name << " layer_norm " << n;
        }
        own = ref = x;
        row().add(own.data(), w.data(), n);
        ref_kernels.add(ref.data(), w.data(), n);
        ASSERT_TRUE(same(own, ref)) << row().name << " add " << n;
        for (const Activation a : {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf, Activation::relu}) {
            own = ref = random.floats(n, n % 3 ? 4 : 120);
            row().gate(a, own.data(), w.data(), n);
            ref_kernels.gate(a, ref.data(), w.data(), n);
            ASSERT_TRUE(same(own, ref)) << row().name << " gate " << n << " activation " << int(a);
            row().activate(a, own.data(), n);
            ref_kernels.activate(a, ref.data(), n);
            ASSERT_TRUE(same(own, ref)) << row().name << " activate " << n << " activation " << int(a);
        }
    }
}

TEST_P(EveryRow, finds_the_largest_as_ref_does) {
    Random random(17);
    for (uint32_t n = 1; n <= 140; n++)
        for (int round = 0; round < 20; round++) {
            std::vector<float> x = random.floats(n, 3);
            if (round % 4 == 1)  // few values: many equals, zeros of both signs
                for (float& v : x) v = float(int(v)) * (random.below(2) ? 1.0f : -1.0f);
            if (round % 4 == 2)
                for (float& v : x) v = -std::fabs(v);
            if (round % 4 == 3) x[size_t(random.below(n))] = float_of(random.below(2) ? infinity_bits | uint32_t(random.below(2)) << 31 : nan_bits);
            uint32_t expected = 0;
            for (uint32_t i = 0; i < n; i++)
                if (x[i] > x[expected]) expected = i;
            for (const float v : x)
                if (!std::isfinite(v)) expected = n;
            ASSERT_EQ(row().argmax(x.data(), n), expected) << row().name << " n " << n << " round " << round;
        }
}

TEST_P(EveryRow, rotates_as_ref_does) {
    Random random(15);
    for (uint32_t pairs = 1; pairs <= 70; pairs++)
        for (const RopePairing pairing : {RopePairing::interleaved, RopePairing::halves}) {
            std::vector<float> own = random.floats(size_t(2) * pairs), ref = own, table;
            for (uint32_t i = 0; i < pairs; i++) {
                const CosSin c = cos_sin(uint32_t(random.next()));
                table.insert(table.end(), {c.cosine, c.sine});
            }
            row().rope(pairing, own.data(), table.data(), pairs);
            ref_kernels.rope(pairing, ref.data(), table.data(), pairs);
            ASSERT_TRUE(same(own, ref)) << row().name << " pairs " << pairs;
        }
}

INSTANTIATE_TEST_SUITE_P(rows, EveryRow, ::testing::Range(size_t(0), rows().size()),
                         [](const ::testing::TestParamInfo<size_t>& row) { return std::string(rows()[row.param]->name); });

}  // namespace
}  // namespace mote
