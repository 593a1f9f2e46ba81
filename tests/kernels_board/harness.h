// harness: what a test needs on a board without a heap: numbers, memory with guarded ends, and a count of failures.
#pragma once

#include "port.h"

namespace mote::board_test {

/// The tests' own numbers, the same on every machine. SplitMix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint32_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return uint32_t((z ^ (z >> 31)) >> 32);
    }
    uint32_t below(uint32_t n) { return next() % n; }
    /// In [-1, 1).
    float uniform() { return float(int32_t(next() >> 8) - (1 << 23)) / float(1 << 23); }

private:
    uint64_t state_;
};

/// Takes pieces of the arena from the front, each between guards; `reset` returns all. Where there is no room the program ends.
class Pieces {
public:
    explicit Pieces(port::Memory memory) : memory_(memory) {}
    void reset() { used_ = 0, count_ = 0; }
    uint8_t* take(size_t bytes, size_t align = 16);
    bool have(size_t bytes) const { return bytes <= memory_.bytes; }
    /// Whether every guard still stands.
    bool intact() const;

    template <class T>
    T* take_array(size_t count) {
        return reinterpret_cast<T*>(take(count * sizeof(T), alignof(T) < 4 ? alignof(T) : 4));
    }

private:
    static constexpr size_t most = 24, guard = 32;
    static constexpr uint8_t pattern = 0x5c;
    port::Memory memory_;
    size_t used_ = 0, count_ = 0;
    struct {
        size_t begin, end;
    } pieces_[most] = {};
};

void print(const char* text);
void print(uint32_t value);

struct Tally {
    uint32_t checks = 0, failures = 0;
};

}  // namespace mote::board_test
