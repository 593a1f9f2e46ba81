// unpack: the directory of a file, read backwards.
#include "export/unpack.h"

#include <memory>

#include "model/open_model.h"
#include "model/unpack_tokenizer.h"
#include "pack/quantize.h"

namespace mote::tools {

Weights unpack_model(const std::string& path) {
    const auto opened = std::make_shared<const OpenModel>(open_model(path));
    const Model& m = opened->model;
    Weights w;
    w.source = path;
    w.architecture = *m.architecture;
    w.block_of_layer.assign(m.block_of_layer, m.block_of_layer + m.architecture->layers);
    for (uint32_t i = 0; i < m.directory_count; i++) {
        const TensorRecord& r = m.directory[i];
        const Matrix matrix = tensor(m, r.role, r.layer, r.expert);
        if (r.role == Role::rope_frequencies) {
            w.rope_frequencies.assign(matrix.u32(), matrix.u32() + r.cols);
            continue;
        }
        w.tensors[{r.role, r.layer}] = HostTensor(r.rows, r.cols, [opened, matrix] {
            std::vector<float> values = unpack_matrix(matrix.data, matrix.rows, matrix.cols, matrix.format);
            opened->file->release(uint64_t(matrix.data - opened->file->data()),
                                  matrix_layout(matrix.format, matrix.rows, matrix.cols).bytes);
            return values;
        });
    }
    if (m.tokenizer.vocab) w.tokenizer = unpack_tokenizer(m.tokenizer, path);
    return w;
}

}  // namespace mote::tools
