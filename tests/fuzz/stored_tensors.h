// stored_tensors: what a reader of tensors has found lies in the file, and can be read.
#pragma once

#include "import/stored_tensor.h"
#include "scratch_folder.h"

namespace mote::fuzz {

inline void read_all(const tools::StoredTensors& tensors, size_t file_bytes) {
    for (const auto& entry : tensors) {
        const tools::StoredTensor& tensor = entry.second;
        if (tensor.begin > tensor.end || tensor.end > file_bytes) std::abort();
        expect_answer([&] {
            if (tensor.floats(entry.first).size() != tensor.elements) std::abort();
        });
    }
}

}  // namespace mote::fuzz
