// gguf_file: header, keys, tensors, data; each is checked before the next is believed.
#include "gguf/gguf_file.h"

#include <algorithm>
#include <cstring>

#include "../core/src/utf8.h"
#include "base/checked.h"
#include "base/error.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_keys = 1 << 20, max_tensors = 1 << 20;
constexpr uint64_t max_key_bytes = 65535, max_name_bytes = 64, max_rank = 4;
constexpr uint64_t max_alignment = 1 << 16;
constexpr uint32_t default_alignment = 32;

// Bytes of a value; 0 for strings and arrays.
constexpr uint64_t kind_bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr const char* kind_names[] = {"uint8", "int8", "uint16", "int16",  "uint32", "int32",  "float32",
                                      "bool",  "text", "array",  "uint64", "int64",  "float64"};
constexpr uint32_t kinds = 13;

template <class T>
T read(const MappedFile& file, uint64_t at) {
    T value{};
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
}

// Reads on from a place; the file ends where it ends.
class Cursor {
public:
    Cursor(const MappedFile& file, uint64_t at) : file_(file), at_(at) {}

    uint64_t at() const { return at_; }

    template <class T>
    T next(const std::string& what) {
        require(sizeof(T), what);
        at_ += sizeof(T);
        return read<T>(file_, at_ - sizeof(T));
    }
    void skip(Size bytes, const std::string& what) {
        if ((Size(at_) + bytes).overflow) refuse_at("E_OVERFLOW", file_.path(), at_, what + " has more bytes than 64 bits count");
        require(bytes.value, what);
        at_ += bytes.value;
    }
    void skip_text(const std::string& what) { skip(next<uint64_t>("the length of " + what), what); }
    std::string text(const std::string& what, uint64_t most) {
        const uint64_t length = next<uint64_t>("the length of " + what);
        if (length > most)
            refuse_at("E_LIMIT", file_.path(), at_ - 8,
                      what + " has " + std::to_string(length) + " bytes; at most " + std::to_string(most));
        skip(length, what);
        return std::string(file_.text().substr(at_ - length, length));
    }

private:
    void require(uint64_t bytes, const std::string& what) const {
        if (bytes > file_.size() - at_)
            refuse_at(
                "E_TRUNC", file_.path(), at_,
                what + " has " + std::to_string(bytes) + " bytes, the file only " + std::to_string(file_.size() - at_) + " more");
    }

    const MappedFile& file_;
    uint64_t at_;
};

// A name of a key or tensor: UTF-8 that prints on a line.
void require_name(const MappedFile& file, uint64_t at, const std::string& name, const char* what) {
    if (name.empty()) refuse_at("E_SYNTAX", file.path(), at, std::string(what) + " has no name");
    for (size_t i = 0; i < name.size();) {
        const Character c = first_character(name.data() + i, name.size() - i);
        if (c.code == invalid_character || c.code < ' ' || c.code == 0x7f)
            refuse_at("E_UTF8", file.path(), at,
                      "the name of " + std::string(what) + " is not valid UTF-8, or has control characters");
        i += c.bytes;
    }
}

// ---- the header

struct Counts {
    uint64_t tensors, keys;
};

uint64_t read_count(const MappedFile& file, uint64_t at, const char* what, uint64_t most) {
    const uint64_t count = read<uint64_t>(file, at);
    if (count > most) refuse_at("E_LIMIT", file.path(), at, std::to_string(count) + what + "; at most " + std::to_string(most));
    return count;
}

Counts read_header(const MappedFile& file) {
    constexpr uint64_t header_bytes = 24;
    if (file.text().substr(0, 4) != "GGUF")
        refuse_at(file.size() < 4 ? "E_TRUNC" : "E_MAGIC", file.path(), 0, "does not begin with GGUF");
    if (file.size() < header_bytes)
        refuse_at("E_TRUNC", file.path(), file.size(),
                  "a GGUF file has at least 24 bytes, this one " + std::to_string(file.size()));
    const uint32_t version = read<uint32_t>(file, 4);
    if (version >= 1 << 16 && __builtin_bswap32(version) < 1 << 16)
        refuse_at("E_ENDIAN", file.path(), 4, "the file is big-endian; must be little-endian");
    if (version != 2 && version != 3)
        refuse_at("E_VERSION", file.path(), 4, "GGUF version " + std::to_string(version) + "; known are 2 and 3");
    return {read_count(file, 8, " tensors", max_tensors), read_count(file, 16, " keys", max_keys)};
}

// ---- keys

GgufKind read_kind(const MappedFile& file, Cursor& cursor, const std::string& key) {
    const uint32_t kind = cursor.next<uint32_t>("the type of " + key);
    if (kind >= kinds)
        refuse_at("E_TYPE", file.path(), cursor.at() - 4, key + ": value type " + std::to_string(kind) + "; known are 0 to 12");
    return GgufKind(kind);
}

void skip_value(Cursor& cursor, GgufKind kind, uint64_t count, const std::string& key) {
    if (kind != GgufKind::string) return cursor.skip(Size(count) * kind_bytes[uint32_t(kind)], key);
    for (uint64_t i = 0; i < count; i++) cursor.skip_text("a text of " + key);
}

GgufValue read_value(const std::shared_ptr<const MappedFile>& file, Cursor& cursor, const std::string& key) {
    const GgufKind kind = read_kind(*file, cursor, key);
    GgufKind element = kind;
    uint64_t count = 1;
    if (kind == GgufKind::array) {
        element = read_kind(*file, cursor, key);
        if (element == GgufKind::array)
            refuse_at("E_UNSUPPORTED", file->path(), cursor.at() - 4, key + ": an array of arrays is not supported");
        count = cursor.next<uint64_t>("the length of " + key);
    }
    const uint64_t at = cursor.at();
    skip_value(cursor, element, count, key);
    if (kind == GgufKind::boolean && file->data()[at] > 1)
        refuse_at("E_RANGE", file->path(), at, key + ": a bool is " + std::to_string(file->data()[at]) + "; must be 0 or 1");
    return GgufValue(file, key, kind, element, count, at);
}

void read_values(const std::shared_ptr<const MappedFile>& file, Cursor& cursor, uint64_t count, GgufFile& out) {
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t at = cursor.at();
        const std::string key = cursor.text("a key", max_key_bytes);
        require_name(*file, at, key, "a key");
        if (!out.values.emplace(key, read_value(file, cursor, key)).second)
            refuse_at("E_DUP", file->path(), at, key + " stands twice");
    }
}

uint64_t alignment_of(const GgufFile& gguf) {
    const GgufValue* value = gguf.find("general.alignment");
    if (!value) return default_alignment;
    if (value->kind() != GgufKind::u32) value->refuse("E_TYPE", "must be a uint32");
    const uint64_t alignment = value->integer(UINT32_MAX);
    if (alignment < 8 || alignment > max_alignment || (alignment & (alignment - 1)) != 0)
        value->refuse("E_ALIGN", std::to_string(alignment) + " must be a power of two from 8 to " + std::to_string(max_alignment));
    return alignment;
}

// ---- tensors

void read_dims(const MappedFile& file, Cursor& cursor, const std::string& name, GgufTensor& tensor) {
    const uint64_t at = cursor.at();
    const uint32_t rank = cursor.next<uint32_t>("the shape of " + name);
    if (rank == 0 || rank > max_rank)
        refuse_at("E_SHAPE", file.path(), at,
                  name + " has " + std::to_string(rank) + " dimensions; must be 1 to " + std::to_string(max_rank));
    Size elements = 1;
    for (uint32_t d = 0; d < rank; d++) {
        const uint64_t dim = cursor.next<uint64_t>("the shape of " + name);
        if (dim == 0 || dim > uint64_t(INT64_MAX))
            refuse_at("E_SHAPE", file.path(), cursor.at() - 8, name + ": a dimension is " + std::to_string(dim));
        tensor.dims.push_back(dim);
        elements = elements * dim;
    }
    if (!elements.fits_memory())
        refuse_at("E_OVERFLOW", file.path(), at, name + ": the dimensions multiply to more than 63 bits hold");
    tensor.elements = elements.value;
}

void read_type(const MappedFile& file, Cursor& cursor, const std::string& name, GgufTensor& tensor) {
    const uint32_t id = cursor.next<uint32_t>("the type of " + name);
    tensor.type = find_ggml_type(id);
    const uint64_t at = cursor.at() - 4;
    if (!tensor.type)
        refuse_at("E_UNSUPPORTED", file.path(), at,
                  name + " has the unknown type " + std::to_string(id) + "; supported are " + ggml_type_names());
    if (tensor.dims[0] % tensor.type->elements != 0)
        refuse_at("E_SHAPE", file.path(), at,
                  name + " has rows of " + std::to_string(tensor.dims[0]) + ", which blocks of " +
                      std::to_string(tensor.type->elements) + " do not divide");
    const Size bytes = Size(tensor.elements / tensor.type->elements) * tensor.type->bytes;
    if (bytes.overflow) refuse_at("E_OVERFLOW", file.path(), at, name + " has more bytes than 64 bits count");
    tensor.bytes = bytes.value;
}

// `begin` counts from the start of the data until that is known.
void read_tensors(const std::shared_ptr<const MappedFile>& file, Cursor& cursor, uint64_t count, uint64_t alignment,
                  GgufFile& out) {
    Size total = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t at = cursor.at();
        const std::string name = cursor.text("the name of a tensor", max_name_bytes);
        require_name(*file, at, name, "a tensor");
        GgufTensor tensor;
        tensor.file = file;
        read_dims(*file, cursor, name, tensor);
        read_type(*file, cursor, name, tensor);
        tensor.begin = cursor.next<uint64_t>("the offset of " + name);
        if (tensor.begin % alignment != 0)
            refuse_at(
                "E_ALIGN", file->path(), cursor.at() - 8,
                name + " begins at " + std::to_string(tensor.begin) + ", which is no multiple of " + std::to_string(alignment));
        total = total + align_up(tensor.bytes, alignment);
        if (total.overflow)
            refuse_at("E_OVERFLOW", file->path(), at, "with " + name + " the tensors have more bytes than 64 bits count");
        if (!out.tensors.emplace(name, tensor).second) refuse_at("E_DUP", file->path(), at, name + " stands twice");
    }
}

// ---- data

void place(const MappedFile& file, const std::string& name, uint64_t data, GgufTensor& tensor) {
    const Size begin = Size(data) + tensor.begin, end = begin + tensor.bytes;
    if (end.overflow) refuse("E_OVERFLOW", file.path(), name + " ends behind what 64 bits count");
    if (begin.value >= file.size())
        refuse("E_RANGE", file.path(),
               name + " begins at byte " + std::to_string(begin.value) + ", the file ends at " + std::to_string(file.size()));
    if (end.value > file.size())
        refuse_at("E_TRUNC", file.path(), file.size(), name + " ends at byte " + std::to_string(end.value) + "; is the file cut?");
    tensor.begin = begin.value;
}

// Tensors follow each other without anything between but padding.
void require_gapless(const MappedFile& file, const GgufFile& gguf, uint64_t data, uint64_t metadata_end, uint64_t alignment) {
    std::vector<const std::pair<const std::string, GgufTensor>*> sorted;
    for (const auto& entry : gguf.tensors) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->second.begin < b->second.begin; });
    uint64_t end = sorted.empty() ? metadata_end : data;
    for (const auto* entry : sorted) {
        const GgufTensor& tensor = entry->second;
        if (tensor.begin < end)
            refuse_at("E_OVERLAP", file.path(), tensor.begin,
                      entry->first + ": shares bytes with the tensor before it, which ends at byte " + std::to_string(end));
        if (tensor.begin - end >= alignment)
            refuse_at("E_RANGE", file.path(), end,
                      std::to_string(tensor.begin - end) + " bytes before " + entry->first + " belong to no tensor");
        end = tensor.begin + tensor.bytes;
    }
    if (file.size() - end >= alignment)
        refuse_at("E_TRAILING", file.path(), end, std::to_string(file.size() - end) + " bytes behind the last tensor");
}

// ---- models in several files

std::string part_name(const std::string& path, uint64_t number, uint64_t count) {
    char ending[40];
    std::snprintf(ending, sizeof ending, "-%05u-of-%05u.gguf", unsigned(number), unsigned(count));
    const std::string first = ending;
    return path.size() > first.size() ? path.substr(0, path.size() - first.size()) + first : first;
}

void require_first(const GgufFile& gguf, uint64_t count) {
    const uint64_t number = gguf.at("split.no").integer(UINT16_MAX);
    const std::string expected = part_name(gguf.path, 1, count);
    if (number != 0)
        gguf.at("split.no")
            .refuse("E_UNSUPPORTED",
                    "is part " + std::to_string(number + 1) + " of " + std::to_string(count) + "; give the first, " + expected);
    if (gguf.path != expected)
        gguf.at("split.count")
            .refuse("E_UNSUPPORTED", std::to_string(count) + " files are needed, and their names must end in -00001-of-" +
                                         expected.substr(expected.size() - 10));
}

void add_part(const std::string& path, uint64_t number, uint64_t count, GgufFile& whole) {
    if (!exists(path))
        refuse("E_MISSING", whole.path,
               "needs " + path + ", which is not there; the model is in " + std::to_string(count) + " files");
    GgufFile part = read_gguf(path);
    if (part.at("split.no").integer(UINT16_MAX) != number || part.at("split.count").integer(UINT16_MAX) != count)
        refuse("E_MISMATCH", path, "is not part " + std::to_string(number + 1) + " of " + std::to_string(count) + " by its keys");
    for (auto& [name, tensor] : part.tensors)
        if (!whole.tensors.emplace(name, std::move(tensor)).second) refuse("E_DUP", path, name + " stands in another part, too");
}

}  // namespace

// ---- values

void GgufValue::refuse(const std::string& code, const std::string& text) const {
    refuse_at(code, file_->path(), at_, key_ + ": " + text);
}

void GgufValue::refuse_type(const char* wanted) const {
    const std::string array = kind_ == GgufKind::array ? "an array of " : "";
    refuse("E_TYPE", "is " + array + kind_names[uint32_t(element_)] + "; must be " + wanted);
}

namespace {

bool is_integer(GgufKind kind) { return kind < GgufKind::f32 || kind == GgufKind::u64 || kind == GgufKind::i64; }

// Integers of every kind; those of uint64 beyond int64 become negative.
int64_t integer_at(const MappedFile& file, GgufKind kind, uint64_t at) {
    switch (kind) {
        case GgufKind::u8:
            return read<uint8_t>(file, at);
        case GgufKind::i8:
            return read<int8_t>(file, at);
        case GgufKind::u16:
            return read<uint16_t>(file, at);
        case GgufKind::i16:
            return read<int16_t>(file, at);
        case GgufKind::u32:
            return read<uint32_t>(file, at);
        case GgufKind::i32:
            return read<int32_t>(file, at);
        default:
            return read<int64_t>(file, at);
    }
}

}  // namespace

uint64_t GgufValue::integer(uint64_t max) const {
    if (!is_integer(kind_)) refuse_type("an integer");
    const int64_t value = integer_at(*file_, kind_, at_);
    if (kind_ != GgufKind::u64 && value < 0) refuse("E_RANGE", std::to_string(value) + " must not be negative");
    if (uint64_t(value) > max) refuse("E_RANGE", std::to_string(uint64_t(value)) + " is more than " + std::to_string(max));
    return uint64_t(value);
}

double GgufValue::number() const {
    if (kind_ == GgufKind::f32) return double(read<float>(*file_, at_));
    if (kind_ == GgufKind::f64) return read<double>(*file_, at_);
    if (!is_integer(kind_)) refuse_type("a number");
    return double(integer_at(*file_, kind_, at_));
}

bool GgufValue::boolean() const {
    if (kind_ != GgufKind::boolean) refuse_type("a bool");
    return file_->data()[at_] != 0;
}

std::string GgufValue::text() const {
    if (kind_ != GgufKind::string) refuse_type("a text");
    return std::string(file_->text().substr(at_ + 8, read<uint64_t>(*file_, at_)));
}

void GgufValue::require_array_of(bool fits, const char* wanted) const {
    if (kind_ != GgufKind::array || !fits) refuse_type(wanted);
}

std::vector<std::string> GgufValue::texts() const {
    require_array_of(element_ == GgufKind::string, "an array of texts");
    std::vector<std::string> texts;
    uint64_t at = at_;
    for (uint64_t i = 0; i < count_; i++) {
        const uint64_t length = read<uint64_t>(*file_, at);
        texts.emplace_back(file_->text().substr(at + 8, length));
        at += 8 + length;
    }
    return texts;
}

std::vector<float> GgufValue::numbers() const {
    require_array_of(element_ == GgufKind::f32, "an array of float32");
    std::vector<float> numbers(count_);
    if (count_) std::memcpy(numbers.data(), file_->data() + at_, count_ * sizeof(float));
    return numbers;
}

std::vector<int64_t> GgufValue::integers() const {
    require_array_of(is_integer(element_), "an array of integers");
    std::vector<int64_t> integers;
    for (uint64_t i = 0; i < count_; i++)
        integers.push_back(integer_at(*file_, element_, at_ + i * kind_bytes[uint32_t(element_)]));
    return integers;
}

std::vector<uint8_t> GgufValue::bytes() const {
    require_array_of(element_ == GgufKind::u8 || element_ == GgufKind::i8, "an array of bytes");
    return {file_->data() + at_, file_->data() + at_ + count_};
}

// ---- tensors

std::string GgufTensor::dims_text() const {
    std::string text = "[";
    for (const uint64_t n : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

bool GgufTensor::same_bytes(const GgufTensor& other) const {
    return type == other.type && dims == other.dims &&
           std::equal(file->data() + begin, file->data() + begin + bytes, other.file->data() + other.begin);
}

std::vector<float> GgufTensor::floats(const std::string& name) const {
    if (!type->decode)
        refuse("E_UNSUPPORTED", file->path(), name + ": weights of type " + type->name + "; supported are " + ggml_type_names());
    constexpr uint64_t chunk = 4096;  // blocks between two returns of pages
    std::vector<float> values(elements);
    const uint64_t blocks = elements / type->elements;
    for (uint64_t done = 0; done < blocks; done += chunk) {
        const uint64_t n = std::min(chunk, blocks - done), at = begin + done * type->bytes;
        type->decode(file->data() + at, n, values.data() + done * type->elements);
        file->release(at, n * type->bytes);
    }
    return values;
}

// ---- files

const GgufValue* GgufFile::find(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? nullptr : &found->second;
}

const GgufValue& GgufFile::at(const std::string& key) const {
    const GgufValue* found = find(key);
    if (!found) refuse("E_MISSING", path, "has no key " + key);
    return *found;
}

GgufFile read_gguf(const std::string& path) {
    const auto file = std::make_shared<const MappedFile>(path);
    const Counts counts = read_header(*file);
    GgufFile gguf;
    gguf.path = path;
    Cursor cursor(*file, 24);
    read_values(file, cursor, counts.keys, gguf);
    const uint64_t alignment = alignment_of(gguf);
    read_tensors(file, cursor, counts.tensors, alignment, gguf);
    const uint64_t data = align_up(cursor.at(), alignment).value;  // far below 2^64, as the cursor is within a file
    for (auto& [name, tensor] : gguf.tensors) place(*file, name, data, tensor);
    require_gapless(*file, gguf, data, cursor.at(), alignment);
    return gguf;
}

GgufFile read_gguf_parts(const std::string& path) {
    GgufFile whole = read_gguf(path);
    const GgufValue* parts = whole.find("split.count");
    const uint64_t count = parts ? parts->integer(UINT16_MAX) : 1;
    if (count <= 1) return whole;
    require_first(whole, count);
    for (uint64_t number = 1; number < count; number++) add_part(part_name(path, number + 1, count), number, count, whole);
    const GgufValue* tensors = whole.find("split.tensors.count");
    if (tensors && tensors->integer(INT32_MAX) != whole.tensors.size())
        tensors->refuse("E_MISMATCH", "the parts hold " + std::to_string(whole.tensors.size()) + " tensors, not " +
                                          std::to_string(tensors->integer(INT32_MAX)));
    return whole;
}

}  // namespace mote::tools
