// argmax: the choice of greedy decoding. Compared as integers, which cost the same on cores without floats.
#include "../arithmetic.h"
#include "ref.h"

namespace mote {

uint32_t ref_argmax(const float* x, uint32_t n) {
    int32_t largest = -int32_t(infinity_bits);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (magnitude(x[i]) >= infinity_bits) return n;
        const int32_t order = order_of(x[i]);
        if (order > largest) {
            largest = order;
            at = i;
        }
    }
    return at;
}

}  // namespace mote
