// memory: the functions that compilers call on their own, freestanding or not. Words where the addresses allow it.
#include <stddef.h>
#include <stdint.h>

namespace {

using Word [[gnu::may_alias]] = uint32_t;

bool words_possible(const void* a, const void* b) {
    return ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b)) % sizeof(Word)) == 0;
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, size_t count) {
    uint8_t* out = static_cast<uint8_t*>(to);
    const uint8_t* in = static_cast<const uint8_t*>(from);
    if (words_possible(to, from))
        for (; count >= sizeof(Word); count -= sizeof(Word), out += sizeof(Word), in += sizeof(Word))
            *reinterpret_cast<Word*>(out) = *reinterpret_cast<const Word*>(in);
    while (count-- > 0) *out++ = *in++;
    return to;
}

void* memmove(void* to, const void* from, size_t count) {
    uint8_t* out = static_cast<uint8_t*>(to);
    const uint8_t* in = static_cast<const uint8_t*>(from);
    if (reinterpret_cast<uintptr_t>(out) - reinterpret_cast<uintptr_t>(in) >= count) return memcpy(to, from, count);
    while (count-- > 0) out[count] = in[count];  // the target begins inside the source: from the end
    return to;
}

void* memset(void* to, int value, size_t count) {
    uint8_t* out = static_cast<uint8_t*>(to);
    if (words_possible(to, nullptr)) {
        const uint32_t four = uint8_t(value) * 0x01010101u;
        for (; count >= sizeof(Word); count -= sizeof(Word), out += sizeof(Word)) *reinterpret_cast<Word*>(out) = four;
    }
    while (count-- > 0) *out++ = uint8_t(value);
    return to;
}

int memcmp(const void* a, const void* b, size_t count) {
    const uint8_t* x = static_cast<const uint8_t*>(a);
    const uint8_t* y = static_cast<const uint8_t*>(b);
    for (; count > 0; count--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

#if defined(__ARM_EABI__)
// The run-time ABI's names; the fill value stands last there.
void __aeabi_memcpy(void* to, const void* from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy4(void* to, const void* from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy8(void* to, const void* from, size_t count) { memcpy(to, from, count); }
void __aeabi_memmove(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove4(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove8(void* to, const void* from, size_t count) { memmove(to, from, count); }
void __aeabi_memset(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset4(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset8(void* to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memclr(void* to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr4(void* to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr8(void* to, size_t count) { memset(to, 0, count); }
#endif

}  // extern "C"
