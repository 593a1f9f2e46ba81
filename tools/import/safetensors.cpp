// safetensors: the header is JSON, the data has neither holes nor overlaps.
#include "import/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"

namespace mote::tools {
namespace {

constexpr uint64_t length_bytes = 8;
constexpr uint64_t max_header_bytes = 100000000;
constexpr size_t max_rank = 8;

std::string_view read_header(const MappedFile& file) {
    if (file.size() < length_bytes)
        refuse_at("E_TRUNC", file.path(), file.size(),
                  "a safetensors file has at least 8 bytes, this one " + std::to_string(file.size()));
    uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    if (length == 0) refuse_at("E_EMPTY", file.path(), 0, "the header has no bytes");
    if (length > max_header_bytes)
        refuse_at("E_LIMIT", file.path(), 0,
                  "a header of " + std::to_string(length) + " bytes; at most " + std::to_string(max_header_bytes));
    if (length > file.size() - length_bytes)
        refuse_at("E_TRUNC", file.path(), file.size(),
                  "the header has " + std::to_string(length) + " bytes, the file only " +
                      std::to_string(file.size() - length_bytes) + " after its length");
    const std::string_view header = file.text().substr(length_bytes, length);
    if (header[0] != '{') refuse_at("E_SYNTAX", file.path(), length_bytes, "the header does not begin with {");
    return header;
}

const Dtype* dtype_at(const JsonView& dtype) {
    const Dtype* found = find_dtype(dtype.text());
    if (found) return found;
    dtype.refuse("E_UNSUPPORTED", "dtype \"" + dtype.text() + "\" is not known; weights may be " + weight_dtype_names());
}

void read_shape(const JsonView& shape, StoredTensor& tensor) {
    if (shape.array().size() > max_rank)
        shape.refuse("E_LIMIT", std::to_string(shape.array().size()) + " dimensions; at most " + std::to_string(max_rank));
    Size elements = 1;
    for (size_t i = 0; i < shape.array().size(); i++) {
        tensor.shape.push_back(shape.element(i).integer(std::numeric_limits<uint64_t>::max()));
        elements = elements * tensor.shape.back();
    }
    if (elements.overflow) shape.refuse("E_OVERFLOW", "the dimensions multiply to more than 64 bits hold");
    tensor.elements = elements.value;
    tensor.strides = contiguous_strides(tensor.shape);
}

// The run of bytes, as offsets in the file. `data` is where the data begin, `size` how many bytes they have.
void read_offsets(const JsonView& offsets, uint64_t data, uint64_t size, StoredTensor& tensor) {
    if (offsets.array().size() != 2) offsets.refuse("E_SYNTAX", "must be [begin, end]");
    const uint64_t begin = offsets.element(0).integer(std::numeric_limits<uint64_t>::max());
    const uint64_t end = offsets.element(1).integer(std::numeric_limits<uint64_t>::max());
    if (begin > end) offsets.refuse("E_RANGE", "begins at " + std::to_string(begin) + ", behind its end " + std::to_string(end));
    if (end > size)
        offsets.refuse("E_RANGE",
                       "ends at " + std::to_string(end) + ", the file's data at " + std::to_string(size) + "; is the file cut?");
    tensor.begin = data + begin;
    tensor.end = data + end;
}

StoredTensor read_tensor(const JsonView& info, uint64_t data, uint64_t size) {
    StoredTensor tensor;
    tensor.dtype = dtype_at(info.at("dtype"));
    read_shape(info.at("shape"), tensor);
    read_offsets(info.at("data_offsets"), data, size, tensor);
    const Size bytes = Size(tensor.elements) * tensor.dtype->bytes;
    if (bytes.overflow) info.refuse("E_OVERFLOW", "shape " + tensor.shape_text() + " has more bytes than 64 bits count");
    if (bytes.value != tensor.end - tensor.begin)
        info.refuse("E_SHAPE", "shape " + tensor.shape_text() + " of " + tensor.dtype->name + " has " +
                                   std::to_string(bytes.value) + " bytes, its data_offsets hold " +
                                   std::to_string(tensor.end - tensor.begin));
    return tensor;
}

void check_metadata(const JsonView& metadata) {
    if (metadata.value().is_null()) return;
    for (const auto& [key, value] : metadata.object().items())
        if (!value.is_string()) metadata.refuse("E_TYPE", "the value of " + Json(key).dump() + " is not a string");
}

// Every byte behind the header belongs to exactly one tensor.
void require_gapless(const MappedFile& file, const StoredTensors& tensors, uint64_t data) {
    std::vector<const StoredTensors::value_type*> sorted;
    for (const auto& entry : tensors) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return a->second.begin != b->second.begin ? a->second.begin < b->second.begin : a->second.end < b->second.end;
    });
    uint64_t end = data;
    for (const auto* entry : sorted) {
        const StoredTensor& tensor = entry->second;
        if (tensor.begin < end)
            refuse_at("E_OVERLAP", file.path(), tensor.begin,
                      entry->first + ": shares bytes with the tensor before it, which ends at byte " + std::to_string(end));
        if (tensor.begin > end)
            refuse_at("E_RANGE", file.path(), end,
                      std::to_string(tensor.begin - end) + " bytes before " + entry->first + " belong to no tensor");
        end = tensor.end;
    }
    if (end != file.size())
        refuse_at("E_TRAILING", file.path(), end, std::to_string(file.size() - end) + " bytes behind the last tensor");
}

}  // namespace

StoredTensors read_safetensors(const std::string& path) {
    const auto file = std::make_shared<const MappedFile>(path);
    const std::string_view header = read_header(*file);
    const uint64_t data = length_bytes + header.size();
    const Json json = parse_json(header, path, length_bytes);
    const JsonView root(json, path);
    StoredTensors tensors;
    for (const auto& [name, value] : root.object().items()) {
        const JsonView entry(value, path, name);
        if (name == "__metadata__") {
            check_metadata(entry);
            continue;
        }
        StoredTensor tensor = read_tensor(entry, data, file->size() - data);
        tensor.file = file;
        tensors.emplace(name, std::move(tensor));
    }
    require_gapless(*file, tensors, data);
    return tensors;
}

}  // namespace mote::tools
