// weights: a model on the host, in float and in one convention, between every importer and every writer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mote/format.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// A tensor in float32, row-major, matrices as (out rows, in cols); vectors have rows == 1.
struct HostTensor {
    uint32_t rows = 0;
    uint32_t cols = 0;
    std::vector<float> values;  // rows * cols
};

/// Which tensor: its role and layer (0 outside layers), in the order of the file's directory.
using TensorKey = std::pair<Role, uint32_t>;

/// A whole model. `architecture` and the tensors fulfil what core's `open` demands of a file: the required roles of every
/// layer exist with the right shapes (SPEC 4). `rope_frequencies` is computed by the importer, in turns a position.
struct Weights {
    Architecture architecture{};
    std::vector<uint8_t> block_of_layer;            // architecture.layers entries
    std::map<TensorKey, HostTensor> tensors;
    std::vector<uint32_t> rope_frequencies;         // rope_dim / 2 entries: turns * 2^32, rounded to nearest
    std::optional<TokenizerModel> tokenizer;
    std::string source;                             // what it was read from, for messages
    std::vector<std::string> notes;                 // what the user should know: ignored tensors, saturated values
};

/// One block of pre-norm self-attention and feed-forward, the shape of GPT-2 and Llama: fills `architecture.block[0]`,
/// `blocks` and `block_of_layer`.
void set_decoder_block(Weights& weights, Work feed_forward);

/// turns * 2^32 of the pair with angular frequency `radians_per_position`, rounded to nearest; wraps at a whole turn.
uint32_t rope_turns(double radians_per_position);

/// Every role by its name in the file's terms ("token_embedding", "q", ...), for messages, `inspect` and --weights.
const char* role_name(Role role);
std::optional<Role> role_from_name(const std::string& name);

}  // namespace mote::tools
