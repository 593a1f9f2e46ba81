// gguf_writer: keys, descriptions, data at multiples of 32.
#include "gguf/gguf_writer.h"

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"

namespace mote::tools {
namespace {

constexpr uint64_t alignment = 32;

uint64_t aligned(uint64_t n) { return (n + alignment - 1) / alignment * alignment; }

template <class T>
std::string bytes_of(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::string text_of(const std::string& text) { return bytes_of(uint64_t{text.size()}) + text; }

// Larger numbers would become infinite.
void require_in_range(const std::vector<float>& values, const GgmlType& type, const std::string& name, const std::string& path) {
    for (size_t i = 0; i < values.size(); i++)
        if (std::isfinite(values[i]) && std::abs(values[i]) > type.most)
            refuse("E_RANGE", path,
                   name + ": element " + std::to_string(i) + " is beyond what " + type.name + " holds; choose f32");
}

}  // namespace

void GgufWriter::key(const std::string& name, GgufKind kind, const std::string& value) {
    keys_ += text_of(name) + bytes_of(uint32_t(kind)) + value;
    key_count_++;
}

void GgufWriter::array(const std::string& name, GgufKind element, size_t count, const std::string& values) {
    key(name, GgufKind::array, bytes_of(uint32_t(element)) + bytes_of(uint64_t{count}) + values);
}

void GgufWriter::u32(const std::string& name, uint32_t value) { key(name, GgufKind::u32, bytes_of(value)); }
void GgufWriter::f32(const std::string& name, float value) { key(name, GgufKind::f32, bytes_of(value)); }
void GgufWriter::flag(const std::string& name, bool value) { key(name, GgufKind::boolean, bytes_of(uint8_t(value))); }
void GgufWriter::text(const std::string& name, const std::string& value) { key(name, GgufKind::string, text_of(value)); }

void GgufWriter::texts(const std::string& name, const std::vector<std::string>& values) {
    std::string bytes;
    for (const std::string& value : values) bytes += text_of(value);
    array(name, GgufKind::string, values.size(), bytes);
}

void GgufWriter::f32s(const std::string& name, const std::vector<float>& values) {
    array(name, GgufKind::f32, values.size(), bytes_of(values));
}
void GgufWriter::bytes(const std::string& name, const std::string& values) { array(name, GgufKind::i8, values.size(), values); }

void GgufWriter::i32s(const std::string& name, const std::vector<int32_t>& values) {
    array(name, GgufKind::i32, values.size(), bytes_of(values));
}

void GgufWriter::tensor(const std::string& name, std::vector<uint64_t> dims, const GgmlType& type,
                        std::function<std::vector<float>()> values) {
    uint64_t elements = 1;
    for (const uint64_t n : dims) elements *= n;
    tensors_.push_back({name, std::move(dims), &type, std::move(values), elements / type.elements * type.bytes});
}

std::string GgufWriter::header() const {
    std::string text = "GGUF" + bytes_of(uint32_t{3}) + bytes_of(uint64_t{tensors_.size()}) + bytes_of(key_count_) + keys_;
    uint64_t offset = 0;
    for (const Tensor& t : tensors_) {
        text += text_of(t.name) + bytes_of(uint32_t(t.dims.size())) + bytes_of(t.dims) + bytes_of(t.type->id) + bytes_of(offset);
        offset += aligned(t.bytes);
    }
    if (!tensors_.empty()) text.resize(aligned(text.size()), '\0');
    return text;
}

uint64_t GgufWriter::write(const std::string& path) const {
    OutputFile file(path);
    const std::string head = header();
    file.write_at(0, head.data(), head.size());
    uint64_t at = head.size();
    Progress progress("write", "tensors", tensors_.size());
    for (size_t i = 0; i < tensors_.size(); i++) {
        stop_if_interrupted();
        const Tensor& t = tensors_[i];
        const std::vector<float> values = t.values();
        require_in_range(values, *t.type, t.name, path);
        std::vector<uint8_t> bytes(aligned(t.bytes));
        t.type->encode(values.data(), values.size() / t.type->elements, bytes.data());
        file.write_at(at, bytes.data(), bytes.size());
        at += bytes.size();
        progress.at(i + 1);
    }
    file.commit();
    return at;
}

}  // namespace mote::tools
