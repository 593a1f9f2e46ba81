// blas: OpenBLAS, which starts a thread for each core when it is loaded. So it is loaded when training begins: every other verb
// starts sooner without it, and without those threads.
#include "train/blas.h"

#include <cblas.h>
#include <dlfcn.h>

#include "base/error.h"

namespace mote::tools {
namespace {

constexpr const char* library = "libopenblas.so.0";

template <class Function>
Function* find(void* handle, const char* name) {
    if (void* found = dlsym(handle, name)) return reinterpret_cast<Function*>(found);
    throw Failure(Exit::io, "E_BLAS", library, std::nullopt, std::string("has no function ") + name);
}

struct Blas {
    decltype(cblas_sgemm)* sgemm;

    Blas() {
        void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        if (!handle)
            throw Failure(Exit::io, "E_BLAS", library, std::nullopt,
                          std::string("training needs OpenBLAS, which cannot be loaded: ") + dlerror());
        sgemm = find<decltype(cblas_sgemm)>(handle, "cblas_sgemm");
        // The products of different threads run beside each other.
        find<decltype(openblas_set_num_threads)>(handle, "openblas_set_num_threads")(1);
    }
};

const Blas& blas() {
    static const Blas loaded;
    return loaded;
}

}  // namespace

void load_blas() { blas(); }

void product_nt(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    blas().sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                 int(b.stride), beta, c.data, int(c.stride));
}

void product_nn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    blas().sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                 int(b.stride), beta, c.data, int(c.stride));
}

void product_tn(MutableMatrix c, ConstMatrix a, ConstMatrix b, size_t m, size_t n, size_t k, float alpha, float beta) {
    blas().sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, int(m), int(n), int(k), alpha, a.data, int(a.stride), b.data,
                 int(b.stride), beta, c.data, int(c.stride));
}

}  // namespace mote::tools
