// random: numbers that are the same on every machine. SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace mote::tools {

class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// As if next() had been called n times.
    void skip(uint64_t n) { state_ += n * 0x9e3779b97f4a7c15u; }
    /// In [0, n); even to n / 2^64.
    uint64_t below(uint64_t n) { return next() % n; }
    /// Mean 0, deviation 1: the sum of four uniforms of 16 bits, a bell curve without libm that ends at 3.5.
    float normal() {
        const uint64_t bits = next();
        const int64_t sum = int64_t(bits & 0xffff) + int64_t(bits >> 16 & 0xffff) + int64_t(bits >> 32 & 0xffff) + int64_t(bits >> 48);
        return float(sum - 131070) * (1.7320508f / 65536.0f);
    }

private:
    uint64_t state_;
};

}  // namespace mote::tools
