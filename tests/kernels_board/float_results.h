// float_results: products and quotients of floats of every kind as one number, which a PC's FPU and a board's routines must agree on.
#pragma once

#include <stdint.h>

namespace mote::board_test {

/// What x86's SSE and AArch64's FPU give.
constexpr uint64_t expected_float_results = 0xa00362bd60850951u;

class FloatResults {
public:
    uint64_t digest() {
        constexpr uint32_t kinds[] = {0,          1,          0x7fffff,   0x800000,   0x800001,   0x00ffffff, 0x1fffffff, 0x20000000,
                                      0x3effffff, 0x3f000000, 0x3f000001, 0x3f800000, 0x3f800001, 0x3fffffff, 0x40000000, 0x5f7fffff,
                                      0x5f800000, 0x7f000000, 0x7f7fffff, 0x7f800000, 0x7fc00000};
        for (const uint32_t a : kinds)
            for (const uint32_t b : kinds) add(a, b), add(a | sign, b), add(a | sign, b | sign);
        for (uint32_t i = 0; i < 6000; i++) {
            const uint32_t mantissas = i % 2 ? 0xffffffffu : 0xfffff800u;  // those of 12 bits have products that are ties
            const uint32_t a = next() & mantissas, b = next() & mantissas;
            add(a, b);
            add((a & 0x83ffffffu) | 0x3c000000u, (b & 0x83ffffffu) | 0x3c000000u);
            add((a & 0x80ffffffu) | 0x1f000000u, (b & 0x80ffffffu) | 0x20000000u);  // a product that is nearly denormal
            add((a & 0x80ffffffu) | 0x01000000u, (b & 0x80ffffffu) | 0x40000000u);  // so a quotient
        }
        return digest_;
    }

private:
    static constexpr uint32_t sign = 0x80000000u;

    uint32_t next() {  // xorshift (Marsaglia 2003)
        state_ ^= state_ << 13, state_ ^= state_ >> 17, state_ ^= state_ << 5;
        return state_;
    }

    void add(uint32_t a, uint32_t b) {
        float x, y;
        __builtin_memcpy(&x, &a, sizeof x), __builtin_memcpy(&y, &b, sizeof y);
        count(x * y), count(x / y);
    }

    void count(float result) {
        uint32_t bits;
        __builtin_memcpy(&bits, &result, sizeof bits);
        digest_ = (digest_ ^ (result == result ? bits : 0x7fc00000u)) * 0x100000001b3u;  // FNV-1a, a word at a time
    }

    uint32_t state_ = 2463534242u;
    uint64_t digest_ = 0xcbf29ce484222325u;
};

}  // namespace mote::board_test
