// select: which rows of the table a build has and a machine can run.
#include "dsp/dsp.h"
#include "kernels.h"
#include "mve/mve.h"
#include "neon/neon.h"
#include "thumb/thumb.h"

namespace mote {

extern const Kernels dsp_kernels;
extern const Kernels mve_kernels;
extern const Kernels thumb_kernels;
extern const Kernels neon_kernels;
extern const Kernels dotprod_kernels;
extern const Kernels i8mm_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avxvnni_kernels;
extern const Kernels avx512_kernels;
extern const Kernels amx_kernels;
#endif

// A board's row is fixed here, and `kernels` names no other: what its table does not use is not linked.
#if defined(MOTE_HAS_MVE)
#define MOTE_BOARD_ROW mve_kernels
#elif defined(MOTE_HAS_DSP)
#define MOTE_BOARD_ROW dsp_kernels
#elif defined(MOTE_HAS_THUMB)
#define MOTE_BOARD_ROW thumb_kernels
#elif defined(MOTE_HAS_NEON) && !defined(MOTE_ARM_ROWS_AT_RUN_TIME)
#define MOTE_BOARD_ROW neon_kernels
#endif

#if defined(MOTE_ARM_ROWS_AT_RUN_TIME)
// A field of four bits of a feature register: 0 where the CPU lacks the feature. Linux lets programs read these registers (from
// 4.11 on) as the kernel does.
static bool has_dotprod() {
    uint64_t features;
    asm("mrs %0, id_aa64isar0_el1" : "=r"(features));
    return (features >> 44 & 15u) != 0;
}
static bool has_i8mm() {
    uint64_t features;
    asm("mrs %0, id_aa64isar1_el1" : "=r"(features));
    return (features >> 52 & 15u) != 0;
}
#endif

#if defined(__x86_64__)
// Leaf 7, part 1, bit 4 of EAX; older compilers have no name for it. Its registers are AVX2's, which the system saves or it does not.
static bool has_avxvnni() {
    const auto cpuid = [](uint32_t leaf, uint32_t part) {
        uint32_t b, d;
        asm("cpuid" : "+a"(leaf), "=b"(b), "+c"(part), "=d"(d));
        return leaf;
    };
    return cpuid(0, 0) >= 7 && cpuid(7, 0) >= 1 && (cpuid(7, 1) >> 4 & 1u) != 0;
}

// Tiles are 8 KB more to save with a thread, which Linux does for processes that ask (since 5.16). Elsewhere the row is left out.
static bool has_amx() {
#if defined(__linux__)
    if (!__builtin_cpu_supports("amx-tile") || !__builtin_cpu_supports("amx-int8")) return false;
    constexpr long arch_prctl = 158, request_permission = 0x1023, tile_data = 18;
    long result;
    asm volatile("syscall" : "=a"(result) : "a"(arch_prctl), "D"(request_permission), "S"(tile_data) : "rcx", "r11", "memory");
    return result == 0;
#else
    return false;
#endif
}
#endif

KernelRows kernel_rows() {
    KernelRows rows{{&ref_kernels}, 1};
#if defined(MOTE_BOARD_ROW)
    rows.row[rows.count++] = &MOTE_BOARD_ROW;
#endif
#if defined(MOTE_ARM_ROWS_AT_RUN_TIME)
    rows.row[rows.count++] = &neon_kernels;
    if (has_dotprod()) rows.row[rows.count++] = &dotprod_kernels;
    if (has_dotprod() && has_i8mm()) rows.row[rows.count++] = &i8mm_kernels;
#endif
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
    if (has_avx2) rows.row[rows.count++] = &avx2_kernels;
    if (has_avx2 && has_avxvnni()) rows.row[rows.count++] = &avxvnni_kernels;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) rows.row[rows.count++] = &avx512_kernels;
    if (rows.row[rows.count - 1] == &avx512_kernels && __builtin_cpu_supports("avx512vl") && has_amx()) rows.row[rows.count++] = &amx_kernels;
#endif
    return rows;
}

#if defined(MOTE_BOARD_ROW)
const Kernels& kernels() { return MOTE_BOARD_ROW; }
const char why_these_kernels[] = "made for the instructions that this program was compiled for";
#else
const Kernels& kernels() {
    const KernelRows rows = kernel_rows();
    return *rows.row[rows.count - 1];
}
const char why_these_kernels[] = "the fastest in this program that this CPU has the instructions for";
#endif

}  // namespace mote
