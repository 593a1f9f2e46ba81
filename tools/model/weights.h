// weights: a model on the host, in float and in one convention, between every importer and every writer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mote/format.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// A tensor in float32, row-major, matrices as (out rows, in cols); vectors have rows == 1. It is a shape and a source of values,
/// which makes them anew whenever they are asked for: a model larger than memory is handled one tensor at a time.
class HostTensor {
public:
    using Source = std::function<std::vector<float>()>;  // gives rows * cols values

    HostTensor() = default;
    HostTensor(uint32_t row_count, uint32_t col_count, Source source) : rows(row_count), cols(col_count), source_(std::move(source)) {}
    /// Values in memory, which the copies of this tensor share.
    HostTensor(uint32_t row_count, uint32_t col_count, std::vector<float> values);

    size_t count() const { return size_t(rows) * cols; }
    /// Errors: those of the source, such as E_NONFINITE of a file.
    std::vector<float> values() const;

    uint32_t rows = 0, cols = 0;

private:
    Source source_;
};

/// Which tensor: its role and layer (0 outside layers), in the order of the file's directory.
using TensorKey = std::pair<Role, uint32_t>;

/// A whole model. `architecture` and the tensors fulfil what core's `open` demands of a file: the required roles of every
/// layer exist with the right shapes (SPEC 4). `rope_frequencies` is computed by the importer, in turns a position.
struct Weights {
    Architecture architecture{};
    std::vector<uint8_t> block_of_layer;            // architecture.layers entries
    std::map<TensorKey, HostTensor> tensors;        // those read from files keep them mapped
    std::vector<uint32_t> rope_frequencies;         // rope_dim / 2 entries: turns * 2^32, rounded to nearest
    std::optional<TokenizerModel> tokenizer;
    std::string source;                             // what it was read from, for messages
    std::vector<std::string> notes;                 // what the user should know: ignored tensors, saturated values
};

/// Elements of all tensors.
uint64_t parameters(const Weights& weights);

/// One block of pre-norm self-attention and feed-forward, the shape of GPT-2 and Llama: fills `architecture.block[0]`,
/// `blocks` and `block_of_layer`.
void set_decoder_block(Weights& weights, Work feed_forward);

/// turns * 2^32 of the pair with angular frequency `radians_per_position`, rounded to nearest; wraps at a whole turn.
uint32_t rope_turns(double radians_per_position);

/// Every role by its name in the file's terms ("token_embedding", "q", ...), for messages, `inspect` and --weights.
const char* role_name(Role role);
std::optional<Role> role_from_name(const std::string& name);

}  // namespace mote::tools
