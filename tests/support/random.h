// random: the tests' own numbers, the same on every machine. SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>
#include <vector>

namespace mote::testing {

class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// In [0, n).
    uint64_t below(uint64_t n) { return next() % n; }
    /// In [low, high].
    int32_t between(int32_t low, int32_t high) { return int32_t(int64_t(below(uint64_t(int64_t(high) - low + 1))) + low); }
    /// In [-1, 1).
    float uniform() { return float(int64_t(next() >> 40) - (1 << 23)) / float(1 << 23); }

    std::vector<float> floats(size_t count, float scale = 1) {
        std::vector<float> values(count);
        for (float& v : values) v = uniform() * scale;
        return values;
    }

private:
    uint64_t state_;
};

}  // namespace mote::testing
