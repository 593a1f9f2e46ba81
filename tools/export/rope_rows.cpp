// rope_rows: rows (0, 1), (2, 3) ... of a head and (0, half), (1, half + 1) ...
#include "export/rope_rows.h"

#include <cstring>

namespace mote::tools {
namespace {

bool is_paired(Role role) {
    return role == Role::q || role == Role::k || role == Role::q_bias || role == Role::k_bias || role == Role::q_norm ||
           role == Role::k_norm;
}

}  // namespace

std::vector<float> paired_values(const Architecture& a, Role role, const HostTensor& t, RopePairing to) {
    std::vector<float> values = t.values();
    if (a.rope_dim == 0 || a.rope_pairing == to || !is_paired(role)) return values;
    std::vector<float> out = values;
    const size_t rows = t.rows == 1 ? t.cols : t.rows, width = t.rows == 1 ? 1 : t.cols, half = a.rope_dim / 2;
    for (size_t head = 0; head < rows; head += a.head_dim)
        for (size_t i = 0; i < a.rope_dim; i++) {
            const size_t interleaved = head + i, halves = head + i / 2 + i % 2 * half;
            const bool to_halves = to == RopePairing::halves;
            std::memcpy(&out[(to_halves ? halves : interleaved) * width], &values[(to_halves ? interleaved : halves) * width],
                        width * sizeof(float));
        }
    return out;
}

}  // namespace mote::tools
