// pickle: Python's serialization read as data. Nothing is called, imported or built but what describes tensors.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A value of the pickle. `items` are: of a list, its elements; of a dictionary, keys and values in turn; of a persistent object
/// (a storage), the elements of its tuple; of a tensor, the arguments of torch._utils._rebuild_tensor_v2.
struct PickleValue {
    enum class Kind : uint8_t { none, boolean, integer, real, text, bytes, list, dictionary, global, persistent, tensor };

    Kind kind = Kind::none;
    int64_t integer = 0;  // boolean: 0 or 1
    double real = 0;
    std::string_view text;  // in the file; of a global, "torch FloatStorage"
    std::vector<PickleValue*> items;
    uint64_t byte = 0;  // in the file, for messages
};

class Pickle {
public:
    /// Reads one pickle of protocol 2 to 5. `bytes` are in `file` from `first_byte` on, and outlive this.
    /// Errors: E_TRUNC, E_SYNTAX, E_UTF8, E_RANGE, E_LIMIT, E_VERSION, E_TYPE, E_UNSUPPORTED (a global that is not needed for
    /// tensors, by its name; an opcode, by its number).
    Pickle(std::string_view bytes, const std::string& file, uint64_t first_byte);

    const PickleValue& root() const { return *root_; }

private:
    std::deque<PickleValue> values_;
    const PickleValue* root_ = nullptr;
};

}  // namespace mote::tools
