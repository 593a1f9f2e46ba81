// pack: lays the sections of a .mote file one after the other and seals them with checksums (SPEC 2).
#include "pack/pack.h"

#include <cstring>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "model/open_model.h"
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

// ---- sizes: known from the shapes alone, before any value is read

Format format_of(const WeightFormats& formats, TensorKey key, const HostTensor& t) {
    return is_matrix(t) ? formats.of(key.first) : Format::f32;
}

// The directory, but for the offsets.
std::vector<TensorRecord> records_of(const Weights& w, const WeightFormats& formats) {
    std::map<TensorKey, TensorRecord> records;  // in the directory's order
    for (const auto& [key, t] : w.tensors) {
        const Format format = format_of(formats, key, t);
        records[key] = TensorRecord{key.first, uint16_t(key.second), format, 0, 0, t.rows, t.cols, 0, matrix_layout(format, t.rows, t.cols).bytes};
    }
    if (const size_t pairs = w.rope_frequencies.size())
        records[{Role::rope_frequencies, 0}] = TensorRecord{Role::rope_frequencies, 0, Format::u32, 0, 0, 1, uint32_t(pairs), 0, pairs * 4};
    std::vector<TensorRecord> ordered;
    for (const auto& [key, record] : records) ordered.push_back(record);
    return ordered;
}

std::vector<uint8_t> architecture_section(const Weights& w) {
    std::vector<uint8_t> bytes;
    append(bytes, w.architecture);
    bytes.insert(bytes.end(), w.block_of_layer.begin(), w.block_of_layer.end());
    bytes.resize(align(bytes.size(), 16));
    return bytes;
}

// Everything but the tensors' bytes and the checksums.
struct Layout {
    FileHeader header{};
    std::vector<uint8_t> architecture, tokenizer;
    std::vector<TensorRecord> records;
};

Layout lay_out(const Weights& w, const WeightFormats& formats) {
    Layout l;
    l.architecture = architecture_section(w);
    l.records = records_of(w, formats);
    if (w.tokenizer) l.tokenizer = pack_tokenizer(*w.tokenizer, w.architecture.vocab, w.source);
    FileHeader& h = l.header;
    std::memcpy(h.magic, file_magic, sizeof h.magic);
    h.version_major = file_version_major;
    h.version_minor = file_version_minor;
    h.endian_tag = file_endian_tag;
    h.architecture_offset = sizeof h;
    h.architecture_bytes = uint32_t(l.architecture.size());
    h.directory_offset = uint32_t(sizeof h + l.architecture.size());
    h.directory_count = uint32_t(l.records.size());
    const size_t directory_end = h.directory_offset + l.records.size() * sizeof(TensorRecord);
    h.tokenizer_offset = l.tokenizer.empty() ? 0 : uint32_t(directory_end);
    h.tokenizer_bytes = uint32_t(l.tokenizer.size());
    h.total_bytes = directory_end + l.tokenizer.size();
    for (TensorRecord& r : l.records) {
        r.offset = align(h.total_bytes, tensor_alignment);
        h.total_bytes = r.offset + r.bytes;
    }
    return l;
}

// ---- bytes

// Takes the file from front to back, and its header, which has the checksum of the rest, at last.
using Sink = std::function<void(uint64_t offset, const void* data, size_t bytes)>;

class Writer {
public:
    explicit Writer(const Sink& sink) : sink_(sink) {}

    void append(const void* data, size_t bytes) {
        sink_(end_, data, bytes);
        crc_ = crc32(crc_, data, bytes);
        end_ += bytes;
    }
    void fill_to(uint64_t offset) {
        const uint8_t zeros[tensor_alignment] = {};
        append(zeros, size_t(offset - end_));
    }
    void finish(FileHeader header) {
        header.payload_crc = crc_;
        header.header_crc = crc32(0, &header, offsetof(FileHeader, header_crc));
        sink_(0, &header, sizeof header);
    }

private:
    const Sink& sink_;
    uint64_t end_ = sizeof(FileHeader);
    uint32_t crc_ = 0;
};

std::vector<uint8_t> tensor_bytes(const Weights& w, const TensorRecord& r, std::vector<std::string>& notes) {
    PackedMatrix packed = pack_matrix(w.tensors.at({r.role, r.layer}).values().data(), r.rows, r.cols, r.format);
    if (packed.saturated)
        notes.push_back(std::string(role_name(r.role)) + " of layer " + std::to_string(r.layer) + ": " + std::to_string(packed.saturated) +
                        " values beyond 65504 were clamped in f16");
    return std::move(packed.bytes);
}

void write_model(const Layout& l, const Weights& w, const Sink& sink, std::vector<std::string>& notes) {
    Writer writer(sink);
    writer.append(l.architecture.data(), l.architecture.size());
    writer.append(l.records.data(), l.records.size() * sizeof(TensorRecord));
    writer.append(l.tokenizer.data(), l.tokenizer.size());
    for (const TensorRecord& r : l.records) {
        writer.fill_to(r.offset);
        if (r.role == Role::rope_frequencies) {
            writer.append(w.rope_frequencies.data(), size_t(r.bytes));
        } else {
            const std::vector<uint8_t> bytes = tensor_bytes(w, r, notes);
            writer.append(bytes.data(), bytes.size());
        }
    }
    writer.finish(l.header);
}

void require_opens(const uint8_t* file, size_t bytes, const Weights& w) {
    const Result<Model> opened = open_trusted(file, bytes);
    if (!opened.ok())
        throw Failure(Exit::input, error_code(opened.fault.error), w.source, std::nullopt,
                      "the model does not fit the format: " + explain(opened.fault, file, bytes));
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
    const Layout l = lay_out(w, formats);
    std::vector<uint8_t> file(size_t(l.header.total_bytes));
    write_model(l, w, [&file](uint64_t offset, const void* data, size_t bytes) { if (bytes) std::memcpy(&file[size_t(offset)], data, bytes); }, notes);
    require_opens(file.data(), file.size(), w);
    return file;
}

uint64_t pack_file(const std::string& path, const Weights& w, const WeightFormats& formats, std::vector<std::string>& notes) {
    const Layout l = lay_out(w, formats);
    OutputFile file(path);
    write_model(l, w, [&file](uint64_t offset, const void* data, size_t bytes) {
        stop_if_interrupted();
        file.write_at(offset, data, bytes);
    }, notes);
    file.flush();
    const MappedFile written(file.temporary_path());
    require_opens(written.data(), written.size(), w);
    file.commit();
    return l.header.total_bytes;
}

}  // namespace mote::tools
