// rope: the rotation of pairs of elements by their position's angles.
#include "ref.h"

namespace mote {

void ref_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs) {
    const uint32_t step = pairing == RopePairing::interleaved ? 2 : 1;
    float* first = head;
    float* second = pairing == RopePairing::interleaved ? head + 1 : head + pairs;
    for (uint32_t i = 0; i < pairs; i++) {
        const float c = cos_sin[2 * i], s = cos_sin[2 * i + 1];
        float& a = first[i * step];
        float& b = second[i * step];
        const float u = a, v = b;
        a = u * c - v * s;
        b = u * s + v * c;
    }
}

}  // namespace mote
