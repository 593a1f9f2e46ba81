// checked: arithmetic on sizes that come from a file or a user. Overflow is an answer, never a wrap.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote {

/// A size that remembers whether any step on the way to it overflowed.
struct Size {
    uint64_t value = 0;
    bool overflow = false;

    constexpr Size(uint64_t v) : value(v) {}

    constexpr Size operator+(Size other) const {
        Size r(0);
        r.overflow = __builtin_add_overflow(value, other.value, &r.value) || overflow || other.overflow;
        return r;
    }
    constexpr Size operator*(Size other) const {
        Size r(0);
        r.overflow = __builtin_mul_overflow(value, other.value, &r.value) || overflow || other.overflow;
        return r;
    }
    /// Whether a pointer difference can count it on this target.
    constexpr bool fits_memory() const { return !overflow && value <= uint64_t(PTRDIFF_MAX); }
};

/// The next multiple of `to`, a power of two.
constexpr Size align_up(Size n, uint64_t to) {
    Size r = n + (to - 1);
    r.value &= ~(to - 1);
    return r;
}

/// Whether [offset, offset + bytes) lies in [0, size).
constexpr bool inside(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

}  // namespace mote
