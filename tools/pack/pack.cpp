// pack: lays the sections of a .mote file one after the other and seals them with checksums (SPEC 2).
#include "pack/pack.h"

#include <cstring>
#include <sstream>

#include "base/error.h"
#include "mote/model.h"
#include "pack/quantize.h"

namespace mote::tools {
namespace {

struct NamedFormat {
    const char* name;
    Format format;
};
constexpr NamedFormat named_formats[] = {{"f32", Format::f32}, {"f16", Format::f16}, {"q8", Format::q8}, {"q4", Format::q4}, {"u32", Format::u32}};

// Names for several roles at once; a single role goes by its own name.
const std::map<std::string, std::vector<Role>> role_groups = {
    {"embedding", {Role::token_embedding}},
    {"attention", {Role::q, Role::k, Role::v, Role::o}},
    {"ffn", {Role::gate, Role::up, Role::down}},
};

bool is_matrix(const HostTensor& t) { return t.rows > 1; }

size_t align(size_t n, size_t to) { return (n + to - 1) / to * to; }

template <class T>
void append(std::vector<uint8_t>& bytes, const T& record) {
    const uint8_t* p = reinterpret_cast<const uint8_t*>(&record);
    bytes.insert(bytes.end(), p, p + sizeof record);
}

// A tensor as it goes into the file.
struct Part {
    TensorRecord record{};
    std::vector<uint8_t> bytes;
};

Part pack_tensor(TensorKey key, const HostTensor& t, Format format, std::vector<std::string>& notes) {
    PackedMatrix packed = pack_matrix(t.values.data(), t.rows, t.cols, format);
    if (packed.saturated)
        notes.push_back(std::string(role_name(key.first)) + " of layer " + std::to_string(key.second) + ": " +
                        std::to_string(packed.saturated) + " values beyond 65504 were clamped in f16");
    Part part;
    part.record = TensorRecord{key.first, uint16_t(key.second), format, 0, 0, t.rows, t.cols, 0, packed.bytes.size()};
    part.bytes = std::move(packed.bytes);
    return part;
}

Part pack_rope(const std::vector<uint32_t>& turns) {
    Part part;
    part.record = TensorRecord{Role::rope_frequencies, 0, Format::u32, 0, 0, 1, uint32_t(turns.size()), 0, turns.size() * 4};
    part.bytes.resize(turns.size() * 4);
    std::memcpy(part.bytes.data(), turns.data(), part.bytes.size());
    return part;
}

std::vector<Part> pack_tensors(const Weights& w, const WeightFormats& formats, std::vector<std::string>& notes) {
    std::map<TensorKey, Part> parts;  // the directory's order
    for (const auto& [key, tensor] : w.tensors)
        parts.emplace(key, pack_tensor(key, tensor, is_matrix(tensor) ? formats.of(key.first) : Format::f32, notes));
    if (!w.rope_frequencies.empty()) parts.emplace(TensorKey{Role::rope_frequencies, 0}, pack_rope(w.rope_frequencies));
    std::vector<Part> ordered;
    for (auto& [key, part] : parts) ordered.push_back(std::move(part));
    return ordered;
}

std::vector<uint8_t> architecture_section(const Weights& w) {
    std::vector<uint8_t> bytes;
    append(bytes, w.architecture);
    bytes.insert(bytes.end(), w.block_of_layer.begin(), w.block_of_layer.end());
    bytes.resize(align(bytes.size(), 16));
    return bytes;
}

}  // namespace

Format WeightFormats::of(Role role) const {
    const auto it = own.find(role);
    return it == own.end() ? otherwise : it->second;
}

Format parse_format(const std::string& text) {
    for (const NamedFormat& n : named_formats)
        if (text == n.name && n.format != Format::u32) return n.format;
    refuse_usage("'" + text + "' is not a weight format; choose f32, f16, q8 or q4");
}

const char* format_name(Format format) {
    for (const NamedFormat& n : named_formats)
        if (format == n.format) return n.name;
    return "?";
}

WeightFormats parse_formats(const std::string& text) {
    WeightFormats formats;
    std::istringstream items(text);
    std::string item;
    for (bool first = true; std::getline(items, item, ','); first = false) {
        const size_t equals = item.find('=');
        if (first && equals == std::string::npos) {
            formats.otherwise = parse_format(item);
            continue;
        }
        const std::string name = item.substr(0, equals);
        const auto group = role_groups.find(name);
        const std::optional<Role> role = role_from_name(name);
        if (equals == std::string::npos || (group == role_groups.end() && !role))
            refuse_usage("--weights: '" + item + "' is not ROLE=FORMAT; roles are embedding, attention, ffn, head, or one tensor's name");
        const Format format = parse_format(item.substr(equals + 1));
        for (const Role r : group == role_groups.end() ? std::vector<Role>{*role} : group->second) formats.own[r] = format;
    }
    if (text.empty()) refuse_usage("--weights is empty; choose f32, f16, q8 or q4");
    return formats;
}

std::vector<uint8_t> pack_model(const Weights& w, const WeightFormats& formats, std::vector<std::string>& notes) {
    std::vector<Part> parts = pack_tensors(w, formats, notes);
    const std::vector<uint8_t> architecture = architecture_section(w);
    std::vector<uint8_t> tokenizer;
    if (w.tokenizer) tokenizer = pack_tokenizer(*w.tokenizer, w.architecture.vocab, w.source);

    FileHeader h{};
    std::memcpy(h.magic, file_magic, sizeof h.magic);
    h.version_major = file_version_major;
    h.version_minor = file_version_minor;
    h.endian_tag = file_endian_tag;
    h.architecture_offset = sizeof h;
    h.architecture_bytes = uint32_t(architecture.size());
    h.directory_offset = uint32_t(sizeof h + architecture.size());
    h.directory_count = uint32_t(parts.size());
    const size_t directory_end = h.directory_offset + parts.size() * sizeof(TensorRecord);
    h.tokenizer_offset = tokenizer.empty() ? 0 : uint32_t(directory_end);
    h.tokenizer_bytes = uint32_t(tokenizer.size());
    size_t end = directory_end + tokenizer.size();
    for (Part& part : parts) {
        part.record.offset = align(end, tensor_alignment);
        end = size_t(part.record.offset + part.record.bytes);
    }
    h.total_bytes = end;

    std::vector<uint8_t> file;
    file.reserve(end);
    append(file, h);
    file.insert(file.end(), architecture.begin(), architecture.end());
    for (const Part& part : parts) append(file, part.record);
    file.insert(file.end(), tokenizer.begin(), tokenizer.end());
    for (Part& part : parts) {
        file.resize(size_t(part.record.offset));
        file.insert(file.end(), part.bytes.begin(), part.bytes.end());
        std::vector<uint8_t>().swap(part.bytes);
    }
    h.payload_crc = crc32(0, file.data() + sizeof h, file.size() - sizeof h);
    h.header_crc = crc32(0, &h, offsetof(FileHeader, header_crc));
    std::memcpy(file.data(), &h, sizeof h);

    const Result<Model> opened = open_trusted(file.data(), file.size());
    if (!opened.ok())
        throw Failure(Exit::input, error_code(opened.fault.error), w.source, std::nullopt,
                      std::string("the model does not fit the format: ") + error_sentence(opened.fault.error) + " (found " +
                          std::to_string(opened.fault.found) + ", allowed " + std::to_string(opened.fault.allowed) + ")");
    return file;
}

}  // namespace mote::tools
