// result: how a call says that it failed. One enum, one sentence an error, and the numbers that explain it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote {

/// What went wrong. Each value has a code (`error_code`) and a sentence (`error_sentence`).
enum class Error : uint8_t {
    none,
    argument,          // a null pointer, a zero or an impossible option
    state,             // the call does not fit what happened before it
    truncated,         // fewer bytes than the file says it has
    trailing,          // more bytes than the file says it has
    magic,             // not a .mote file
    version,           // a .mote file of another major version
    endian,            // written with the other byte order
    alignment,         // an address or an offset is not a multiple of what it must be
    limit,             // a count or size is beyond what this version handles
    range,             // an offset points outside its section, or leaves a hole
    overflow,          // sizes multiply or add up to more than an address holds
    duplicate,         // the same thing stands twice
    overlap,           // two things share bytes
    missing,           // something required is absent
    type,              // a code is unknown, or not allowed in this place
    shape,             // dimensions do not fit each other
    checksum,          // the bytes were changed after they were written
    unsupported,       // known, but not implemented in this version
    left_out,          // known, but this build was made without it (core/kernels/parts.h)
    mismatch,          // two parts of the file disagree
    arena_too_small,   // the arena has fewer bytes than the plan
    context_full,      // the session has no room for the tokens
    token,             // a token id is not in the vocabulary
    nonfinite,         // a logit is NaN or infinite
    buffer_too_small,  // the caller's buffer cannot hold the result
};

/// The stable code of an error, for machines and logs: "E_ARENA" and so on.
const char* error_code(Error error);

/// One English sentence without a full stop that says what an error means; empty in a build without sentences (MOTE_SENTENCES).
const char* error_sentence(Error error);

/// An error with the numbers that explain it. `where` is a byte offset in the file, or an index that the error's source
/// documents; `found` and `allowed` are the two numbers that disagree (0 where there is nothing to say).
struct [[nodiscard]] Fault {
    Error error = Error::none;
    uint64_t where = 0;
    uint64_t found = 0;
    uint64_t allowed = 0;

    constexpr bool ok() const { return error == Error::none; }
};

/// A value, or the fault that prevented it. `value` may be read only when `ok()`.
template <class T>
struct [[nodiscard]] Result {
    T value{};
    Fault fault{};

    constexpr Result(const T& v) : value(v) {}
    constexpr Result(const Fault& f) : fault(f) {}
    constexpr bool ok() const { return fault.ok(); }
};

/// A run of `count` elements that somebody else owns.
template <class T>
struct Span {
    T* data = nullptr;
    size_t count = 0;

    constexpr Span() = default;
    constexpr Span(T* d, size_t n) : data(d), count(n) {}
    constexpr T& operator[](size_t i) const { return data[i]; }
    constexpr T* begin() const { return data; }
    constexpr T* end() const { return data + count; }
};

}  // namespace mote
