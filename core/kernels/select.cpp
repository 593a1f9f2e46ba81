// select: which row of the table a build runs.
#include "kernels.h"

namespace mote {

const Kernels& kernels() { return ref_kernels; }

}  // namespace mote
