// families: the architectures that checkpoints come with, and the names that programs give their tensors, as data. The only place
// that knows these names.
#pragma once

#include <string>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

/// How a matrix lies in the file: (out, in), or (in, out) as GPT-2's Conv1D has it.
enum class Storage : uint8_t { out_in, in_out };

/// Where a role's tensor is found. Rules with one name share its tensor: their parts follow each other along its outputs.
struct TensorRule {
    Role role;
    const char* name;                 // behind the prefix; # stands for the layer
    const char* exists_if = nullptr;  // the config key that must be true; nullptr: in every model
    Storage storage = Storage::out_in;
};

/// How one kind of program names and stores the tensors of a family.
struct Dialect {
    const char* prefix = "";          // of all names but the head's; files without it are read, too
    std::vector<TensorRule> tensors;  // the token embedding first
    const char* head = "lm_head.weight";
    RopePairing rope_pairing = RopePairing::halves;
    double default_norm_eps = 0;
    const char* default_activation = "";
    const char* note = nullptr;        // what the user should know when this dialect was taken
    std::vector<const char*> buffers;  // endings of names that hold no weights
};

/// Which outputs of a stored tensor are a role's.
struct Part {
    uint64_t first = 0, all = 0;
};
Part part_of(const Dialect& dialect, const TensorRule& rule, const Architecture& architecture);

/// A size of the architecture and the config key that holds it.
struct SizeKey {
    const char* key;
    uint32_t Architecture::*size;
};

/// A config key whose other values make a model that this version does not compute. Absent and null are allowed, too.
struct Demand {
    const char* key;
    const char* allowed;  // JSON: a value, or an array of them
};

/// A family is also a dialect: that of Hugging Face transformers.
struct Family : Dialect {
    const char* model_type = "";
    const char* class_name = "";     // that config.json has under "architectures"
    std::vector<SizeKey> sizes;      // must be there
    const char* kv_heads = nullptr;  // absent: as many as heads
    const char* head_dim = nullptr;  // absent: `default_head_dim`
    uint32_t default_head_dim = 0;   // 0: dim / heads
    const char* hidden = "";
    uint32_t default_hidden = 0;  // in dims; 0: must be there
    Norm norm = Norm::rms;
    const char* norm_eps = "";
    const char* activation = "";
    Position position = Position::rope;
    RopePairing gguf_rope_pairing = RopePairing::halves;  // GGUF has the rows of q and k in another order for some
    Work feed_forward = Work::gated;
    bool tied_by_default = false;  // tie_word_embeddings, where config.json does not say
    // The keys of `exists_if`, where config.json does not say; if they are false there, zeros may stand in the file.
    bool optional_by_default = false;
    bool has_window = false;          // attention may look back no further than `sliding_window` tokens
    const char* window_if = nullptr;  // the config key that must be true for it; nullptr: it does if there is a size
    std::vector<Demand> demands;
    std::vector<Dialect> others;
};

const std::vector<Family>& families();

/// The family of that model_type; nullptr if it is not supported.
const Family* find_family(const std::string& model_type);

/// "llama, qwen2 ...": for messages.
std::string family_names();

/// An activation by its name in config.json, or nothing if it is not supported.
const Activation* find_activation(const std::string& name);
std::string activation_names();

/// Every name that programs give to a size, or to another number of the configuration by its name at Hugging Face.
std::vector<const char*> other_names(uint32_t Architecture::*size);
std::vector<const char*> other_names(const std::string& key);

}  // namespace mote::tools
