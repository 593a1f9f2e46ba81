// families: the architectures that Hugging Face checkpoints name, as data. The only place that knows these names.
#pragma once

#include <string>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

/// How a matrix lies in the file: (out, in), or (in, out) as GPT-2's Conv1D has it.
enum class Storage : uint8_t { out_in, in_out };

/// Where a role's tensor is found.
struct TensorRule {
    Role role;
    const char* name;                 // behind the family's prefix; # stands for the layer
    const char* exists_if = nullptr;  // the config key that must be true; nullptr: in every model of the family
    Storage storage = Storage::out_in;
    uint32_t part = 0, parts = 1;  // which part of a tensor that several roles share, along its outputs
};

/// A size of the architecture and the config key that holds it.
struct SizeKey {
    const char* key;
    uint32_t Architecture::*size;
};

/// A config key whose other values make a model that this version does not compute. Absent and null are allowed, too.
struct Demand {
    const char* key;
    const char* allowed;  // JSON
};

struct Family {
    const char* model_type = "";
    const char* prefix = "";         // of all names but the head's; files without it are read, too
    std::vector<SizeKey> sizes;      // must be there
    const char* kv_heads = nullptr;  // absent: as many as heads
    const char* head_dim = nullptr;  // absent: `default_head_dim`
    uint32_t default_head_dim = 0;   // 0: dim / heads
    const char* hidden = "";
    uint32_t default_hidden = 0;  // in dims; 0: must be there
    Norm norm = Norm::rms;
    const char* norm_eps = "";
    double default_norm_eps = 0;
    const char* activation = "";
    const char* default_activation = "";
    Position position = Position::rope;
    RopePairing rope_pairing = RopePairing::halves;
    RopePairing gguf_rope_pairing = RopePairing::halves;  // GGUF has the rows of q and k in another order for some
    Work feed_forward = Work::gated;
    bool tied_by_default = false;      // tie_word_embeddings, where config.json does not say
    bool optional_by_default = false;  // the keys of `exists_if`, where config.json does not say; if false there, zeros may stand in the file
    std::vector<TensorRule> tensors;   // the token embedding first
    std::vector<Demand> demands;
    std::vector<const char*> buffers;  // endings of names that hold no weights
};

/// The head's name; it has no prefix in any family.
constexpr const char* head_name = "lm_head.weight";

/// The family of that model_type; nullptr if it is not supported.
const Family* find_family(const std::string& model_type);

/// "llama, qwen2 ...": for messages.
std::string family_names();

/// An activation by its name in config.json, or nothing if it is not supported.
const Activation* find_activation(const std::string& name);
std::string activation_names();

}  // namespace mote::tools
