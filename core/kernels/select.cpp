// select: which rows of the table a build has and a machine can run.
#include "kernels.h"

namespace mote {

#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
#endif

KernelRows kernel_rows() {
    KernelRows rows{{&ref_kernels}, 1};
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) rows.row[rows.count++] = &avx2_kernels;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) rows.row[rows.count++] = &avx512_kernels;
#endif
    return rows;
}

const Kernels& kernels() {
    const KernelRows rows = kernel_rows();
    return *rows.row[rows.count - 1];
}

}  // namespace mote
