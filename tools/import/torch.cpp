// torch: from storages to tensors, and from a training script's dictionary to its state dict.
#include "import/torch.h"

#include <set>

#include "base/checked.h"
#include "base/error.h"
#include "import/pickle.h"
#include "import/zip.h"

namespace mote::tools {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t max_rank = 8;
constexpr uint64_t max_pickle_bytes = 16 << 20;

// Where training scripts put the weights, and what the model was made with; the first that is there counts most.
constexpr const char* state_keys[] = {"model", "state_dict", "model_state_dict", "module", "weights", "params"};
constexpr const char* config_keys[] = {"model_args", "model_config", "config", "args", "hparams", "hyper_parameters"};

struct StorageType {
    const char* global;
    const char* dtype;
};
constexpr StorageType storage_types[] = {
    {"torch DoubleStorage", "F64"},       {"torch FloatStorage", "F32"}, {"torch HalfStorage", "F16"},
    {"torch BFloat16Storage", "BF16"},    {"torch LongStorage", "I64"},  {"torch IntStorage", "I32"},
    {"torch ShortStorage", "I16"},        {"torch CharStorage", "I8"},   {"torch ByteStorage", "U8"},
    {"torch ComplexFloatStorage", "C64"}, {"torch BoolStorage", "BOOL"}};

class Reader {
public:
    explicit Reader(const std::shared_ptr<const MappedFile>& file) : file_(file), records_(read_zip(*file)), root_(find_root()) {}

    TorchCheckpoint read();

private:
    [[noreturn]] void fail(const std::string& code, const PickleValue& at, const std::string& text) const {
        refuse_at(code, file_->path(), at.byte, text);
    }
    std::string find_root() const;
    const ZipRecord& record(const std::string& name) const;
    std::string_view text_of(const std::string& name) const;
    uint64_t number(const PickleValue& value, const char* what) const;
    std::vector<uint64_t> numbers(const PickleValue& value, const char* what) const;
    void read_storage(const PickleValue& value, StoredTensor& tensor, uint64_t& elements);
    StoredTensor read_tensor(const PickleValue& value);
    StoredTensors read_state(const PickleValue& dictionary);

    std::shared_ptr<const MappedFile> file_;
    std::map<std::string, ZipRecord> records_;
    std::string root_;               // the folder of all records, with its slash
    std::set<std::string> checked_;  // storages whose checksum was found right
};

// ---- records

std::string Reader::find_root() const {
    const std::string pickle = "data.pkl";
    for (const auto& [name, record] : records_) {
        if (name.size() <= pickle.size() || name.compare(name.size() - pickle.size() - 1, std::string::npos, "/" + pickle) != 0)
            continue;
        const std::string root = name.substr(0, name.size() - pickle.size());
        if (records_.count(root + "constants.pkl"))
            refuse("E_UNSUPPORTED", file_->path(), "is a TorchScript program; save the model's state_dict() instead");
        return root;
    }
    refuse("E_UNSUPPORTED", file_->path(), "is a zip file without data.pkl, so no checkpoint of PyTorch");
}

const ZipRecord& Reader::record(const std::string& name) const {
    const auto found = records_.find(root_ + name);
    if (found == records_.end()) refuse("E_MISSING", file_->path(), "has no record " + root_ + name);
    require_stored(*file_, root_ + name, found->second);
    return found->second;
}

std::string_view Reader::text_of(const std::string& name) const {
    const ZipRecord& found = record(name);
    check_crc(*file_, root_ + name, found);
    return file_->text().substr(size_t(found.begin), size_t(found.bytes));
}

// ---- tensors

uint64_t Reader::number(const PickleValue& value, const char* what) const {
    if (value.kind != Kind::integer) fail("E_TYPE", value, std::string(what) + " is no integer");
    if (value.integer < 0) fail("E_RANGE", value, std::string(what) + " is " + std::to_string(value.integer));
    return uint64_t(value.integer);
}

std::vector<uint64_t> Reader::numbers(const PickleValue& value, const char* what) const {
    if (value.kind != Kind::list) fail("E_TYPE", value, std::string(what) + " is no tuple");
    if (value.items.size() > max_rank)
        fail("E_LIMIT", value, std::to_string(value.items.size()) + " dimensions; at most " + std::to_string(max_rank));
    std::vector<uint64_t> all;
    for (const PickleValue* item : value.items) all.push_back(number(*item, what));
    return all;
}

const Dtype* dtype_of(const PickleValue& type) {
    for (const StorageType& known : storage_types)
        if (type.kind == Kind::global && type.text == known.global) return find_dtype(known.dtype);
    return nullptr;
}

// ('storage', type, key, where it was, elements): the record data/KEY.
void Reader::read_storage(const PickleValue& value, StoredTensor& tensor, uint64_t& elements) {
    if (value.kind != Kind::persistent || value.items[0]->kind != Kind::text || value.items[0]->text != "storage")
        fail("E_TYPE", value, "a tensor without a storage");
    tensor.dtype = dtype_of(*value.items[1]);
    if (!tensor.dtype) fail("E_UNSUPPORTED", *value.items[1], "a storage of an unknown type");
    if (value.items[2]->kind != Kind::text) fail("E_TYPE", *value.items[2], "a storage's key is no string");
    elements = number(*value.items[4], "a storage's size");
    const std::string name = "data/" + std::string(value.items[2]->text);
    const ZipRecord& found = record(name);
    const Size bytes = Size(elements) * tensor.dtype->bytes;
    if (bytes.overflow || bytes.value != found.bytes)
        fail("E_SHAPE", value,
             root_ + name + " has " + std::to_string(found.bytes) + " bytes; a storage of " + std::to_string(elements) + " " +
                 tensor.dtype->name + " does not");
    if (checked_.insert(name).second) check_crc(*file_, root_ + name, found);
    tensor.begin = found.begin;
}

// (storage, offset, size, stride, requires_grad, hooks, and what is to be done to every element when it is read)
StoredTensor Reader::read_tensor(const PickleValue& value) {
    if (value.items.size() > 6 && (value.items[6]->kind != Kind::dictionary || !value.items[6]->items.empty()))
        fail("E_UNSUPPORTED", value, "a tensor whose elements are conjugates or negatives of what is stored; save its clone()");
    StoredTensor tensor;
    tensor.file = file_;
    uint64_t stored = 0;
    read_storage(*value.items[0], tensor, stored);
    const uint64_t offset = number(*value.items[1], "a tensor's offset");
    tensor.shape = numbers(*value.items[2], "a tensor's size");
    tensor.strides = numbers(*value.items[3], "a tensor's stride");
    if (tensor.shape.size() != tensor.strides.size()) fail("E_SHAPE", value, "a tensor has as many sizes as strides");
    Size elements = 1, last = offset;
    for (size_t d = 0; d < tensor.shape.size(); d++) {
        elements = elements * tensor.shape[d];
        if (tensor.shape[d]) last = last + Size(tensor.shape[d] - 1) * tensor.strides[d];
    }
    if (elements.overflow || last.overflow) fail("E_OVERFLOW", value, "a tensor's sizes multiply to more than 64 bits hold");
    if (elements.value && last.value >= stored)
        fail("E_RANGE", value,
             "a tensor reaches element " + std::to_string(last.value) + " of a storage of " + std::to_string(stored));
    if (elements.value > stored) fail("E_RANGE", value, "a tensor has more elements than its storage, some of them repeated");
    if (!elements.value && offset > stored) fail("E_RANGE", value, "a tensor begins behind its storage");
    tensor.elements = elements.value;
    tensor.begin += offset * tensor.dtype->bytes;
    tensor.end = tensor.begin + (elements.value ? last.value - offset + 1 : 0) * tensor.dtype->bytes;
    return tensor;
}

// ---- dictionaries

const PickleValue* find(const PickleValue& dictionary, const std::string& key) {
    for (size_t i = 0; i < dictionary.items.size(); i += 2)
        if (dictionary.items[i]->kind == Kind::text && dictionary.items[i]->text == key) return dictionary.items[i + 1];
    return nullptr;
}

bool holds_tensors(const PickleValue& value) {
    if (value.kind != Kind::dictionary) return false;
    for (size_t i = 1; i < value.items.size(); i += 2)
        if (value.items[i]->kind == Kind::tensor) return true;
    return false;
}

StoredTensors Reader::read_state(const PickleValue& dictionary) {
    StoredTensors tensors;
    for (size_t i = 0; i < dictionary.items.size(); i += 2) {
        const PickleValue &key = *dictionary.items[i], &value = *dictionary.items[i + 1];
        if (value.kind != Kind::tensor) continue;
        if (key.kind != Kind::text) fail("E_TYPE", key, "the name of a tensor is no string");
        if (!tensors.emplace(key.text, read_tensor(value)).second)
            fail("E_DUP", key, std::string(key.text) + ": stands twice in the state dict");
    }
    return tensors;
}

Json plain(const PickleValue& value) {
    switch (value.kind) {
        case Kind::boolean:
            return value.integer != 0;
        case Kind::integer:
            return value.integer < 0 ? Json(value.integer) : Json(uint64_t(value.integer));
        case Kind::real:
            return value.real;
        case Kind::text:
            return std::string(value.text);
        default:
            return nullptr;
    }
}

// Numbers, strings and truths by name; a key that an earlier dictionary has stays as it is.
void add_plain_values(const PickleValue& dictionary, Json& config) {
    for (size_t i = 0; i < dictionary.items.size(); i += 2) {
        const PickleValue& key = *dictionary.items[i];
        const Json value = plain(*dictionary.items[i + 1]);
        if (key.kind == Kind::text && !value.is_null()) config.emplace(std::string(key.text), value);
    }
}

std::string key_names(const PickleValue& dictionary) {
    std::string names;
    for (size_t i = 0; i < dictionary.items.size() && i < 16; i += 2)
        if (dictionary.items[i]->kind == Kind::text) names += (names.empty() ? "" : ", ") + std::string(dictionary.items[i]->text);
    return names.empty() ? "no names" : names;
}

TorchCheckpoint Reader::read() {
    if (records_.count(root_ + "byteorder") && text_of("byteorder") != "little")
        refuse("E_ENDIAN", file_->path(), "was written by a big-endian machine; must be little-endian");
    const std::string_view bytes = text_of("data.pkl");
    if (bytes.size() > max_pickle_bytes)
        refuse("E_LIMIT", file_->path(),
               "data.pkl has " + std::to_string(bytes.size()) + " bytes; at most " + std::to_string(max_pickle_bytes));
    const Pickle pickle(bytes, file_->path(), record("data.pkl").begin);
    const PickleValue& root = pickle.root();
    if (root.kind != Kind::dictionary) refuse("E_TYPE", file_->path(), "the checkpoint is no dictionary of tensors");

    TorchCheckpoint checkpoint;
    checkpoint.config = Json::object();
    const PickleValue* state = nullptr;
    for (const char* key : state_keys)
        if (const PickleValue* found = state ? nullptr : find(root, key); found && holds_tensors(*found)) state = found;
    if (!state && holds_tensors(root)) state = &root;  // also beside a state dict there may be tensors, such as the best loss
    if (!state)
        refuse("E_MISSING", file_->path(),
               "no dictionary of tensors at the top or under model, state_dict, ...; it holds " + key_names(root));
    checkpoint.tensors = read_state(*state);
    for (const char* key : config_keys)
        if (const PickleValue* found = find(root, key); found && found->kind == Kind::dictionary)
            add_plain_values(*found, checkpoint.config);
    return checkpoint;
}

}  // namespace

TorchCheckpoint read_torch(const std::shared_ptr<const MappedFile>& file) { return Reader(file).read(); }

}  // namespace mote::tools
