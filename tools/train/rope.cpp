// rope: both directions are one rotation, by an angle or by its negative.
#include "train/rope.h"

#include <cmath>

#include "train/vector.h"

namespace mote::tools {
namespace {

MOTE_INLINE void turn_halves(float* x, const float* cosine, const float* sine, float direction, size_t pairs) {
#pragma omp simd
    for (size_t i = 0; i < pairs; i++) {
        const float a = x[i], b = x[i + pairs], s = direction * sine[i];
        x[i] = a * cosine[i] - b * s;
        x[i + pairs] = a * s + b * cosine[i];
    }
}

MOTE_INLINE void turn_interleaved(float* x, const float* cosine, const float* sine, float direction, size_t pairs) {
#pragma omp simd
    for (size_t i = 0; i < pairs; i++) {
        const float a = x[2 * i], b = x[2 * i + 1], s = direction * sine[i];
        x[2 * i] = a * cosine[i] - b * s;
        x[2 * i + 1] = a * s + b * cosine[i];
    }
}

MOTE_VECTOR void turn(float* x, const RopeTable& table, float direction, size_t tokens, HeadRows rows) {
    const float *cosine = table.cosine.data(), *sine = table.sine.data();
    for (size_t t = 0; t < tokens; t++, cosine += table.pairs, sine += table.pairs)
        for (size_t h = 0; h < rows.heads; h++) {
            float* head = x + t * rows.stride + h * rows.head_dim;
            if (table.pairing == RopePairing::halves)
                turn_halves(head, cosine, sine, direction, table.pairs);
            else
                turn_interleaved(head, cosine, sine, direction, table.pairs);
        }
}

}  // namespace

RopeTable rope_table(const std::vector<uint32_t>& frequencies, RopePairing pairing, size_t positions) {
    RopeTable table;
    table.pairs = frequencies.size();
    table.pairing = pairing;
    for (size_t t = 0; t < positions; t++)
        for (const uint32_t frequency : frequencies) {
            // Whole turns drop out of the 32 bits.
            const double angle = double(uint32_t(t * frequency)) * (6.283185307179586476925 / 4294967296.0);
            table.cosine.push_back(float(std::cos(angle)));
            table.sine.push_back(float(std::sin(angle)));
        }
    return table;
}

void rope_forward(float* x, const RopeTable& table, size_t tokens, HeadRows rows) { turn(x, table, 1, tokens, rows); }
void rope_backward(float* dx, const RopeTable& table, size_t tokens, HeadRows rows) { turn(dx, table, -1, tokens, rows); }

}  // namespace mote::tools
