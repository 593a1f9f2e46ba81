// lanes_argmax: the end that rows with vectors share: from the best of each lane to the best of all.
#pragma once

#include "arithmetic.h"
#include "kernels.h"

namespace mote {

/// argmax of x (n) floats, of which the first `done` are finite and places[lane] is argmax of those at lane, lane + lanes, ...
static inline uint32_t argmax_of_lanes(const float* x, const uint32_t* places, uint32_t lanes, uint32_t done, uint32_t n) {
    uint32_t best = places[0];
    for (uint32_t lane = 1; lane < lanes; lane++) {
        const uint32_t place = places[lane];
        const int32_t order = order_of(x[place]), largest = order_of(x[best]);
        if (order > largest || (order == largest && place < best)) best = place;
    }
    if (done == n) return best;
    const uint32_t rest = ref_argmax(x + done, n - done);
    if (rest == n - done) return n;
    return order_of(x[done + rest]) > order_of(x[best]) ? done + rest : best;
}

}  // namespace mote
