// checksum: CRC-32 of files, and the digest of logits.
#include "mote/digest.h"
#include "mote/model.h"

#include "../kernels/kernels.h"

namespace mote {

namespace {

// Four bits a step: 64 bytes of table, 17 instructions a byte on a Cortex-M0.
uint32_t crc_of_bytes(uint32_t crc, const uint8_t* p, size_t bytes) {
    static constexpr uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                           0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                           0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ table[crc & 15u];
        crc = (crc >> 4) ^ table[crc & 15u];
    }
    return crc;
}

}  // namespace

uint32_t crc32(uint32_t crc, const void* data, size_t bytes) {
    const uint8_t* p = static_cast<const uint8_t*>(data);
    crc = ~crc;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (bytes >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
        const size_t lines = bytes & ~size_t(15);
        crc = pclmul_crc32(crc, p, lines);
        p += lines;
        bytes -= lines;
    }
#endif
    return ~crc_of_bytes(crc, p, bytes);
}

uint64_t digest(uint64_t digest, Span<const float> logits) {
    for (const float& logit : logits) {
        uint32_t bits;
        __builtin_memcpy(&bits, &logit, sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8) digest = (digest ^ (bits & 0xffu)) * 0x100000001b3u;
    }
    return digest;
}

}  // namespace mote
