// model: opens an image in place. Everything that later code relies on is checked here, once, in the order of the file.
#include "mote/model.h"

#include "../kernels/parts.h"
#include "checked.h"

namespace mote {
namespace {

Fault fault(Error error, uint64_t where, uint64_t found = 0, uint64_t allowed = 0) { return Fault{error, where, found, allowed}; }

#define MOTE_CHECK(condition, ...) \
    do {                           \
        if (!(condition)) return fault(__VA_ARGS__); \
    } while (0)

// A finite, normal, positive float; compared as bits so that NaN needs no care.
bool is_positive(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits >= 0x00800000u && bits < 0x7f800000u;
}

// ---- header

Fault check_header(const FileHeader& h, size_t bytes) {
    for (size_t i = 0; i < sizeof file_magic; i++) MOTE_CHECK(h.magic[i] == file_magic[i], Error::magic, i, h.magic[i], file_magic[i]);
    MOTE_CHECK(h.endian_tag == file_endian_tag, h.endian_tag == 0x04030201 ? Error::endian : Error::checksum,
               offsetof(FileHeader, endian_tag), h.endian_tag, file_endian_tag);
    MOTE_CHECK(h.version_major == file_version_major, Error::version, offsetof(FileHeader, version_major), h.version_major,
               file_version_major);
    const uint32_t crc = crc32(0, &h, offsetof(FileHeader, header_crc));
    MOTE_CHECK(crc == h.header_crc, Error::checksum, offsetof(FileHeader, header_crc), crc, h.header_crc);
    MOTE_CHECK(h.required_features == 0, Error::unsupported, offsetof(FileHeader, required_features), h.required_features);
    MOTE_CHECK(h.reserved == 0, Error::range, offsetof(FileHeader, reserved), h.reserved);
    MOTE_CHECK(h.total_bytes <= bytes, Error::truncated, bytes, bytes, h.total_bytes);
    MOTE_CHECK(h.total_bytes >= bytes, Error::trailing, h.total_bytes, bytes, h.total_bytes);
    return Fault{};
}

// Sections follow each other without holes: architecture, directory, tokenizer, tensors.
Fault check_sections(const FileHeader& h) {
    const uint64_t total = h.total_bytes;
    MOTE_CHECK(h.architecture_offset == sizeof(FileHeader), Error::range, offsetof(FileHeader, architecture_offset),
               h.architecture_offset, sizeof(FileHeader));
    MOTE_CHECK(h.architecture_bytes >= sizeof(Architecture) + 16 && h.architecture_bytes % 16 == 0 &&
                   h.architecture_bytes <= sizeof(Architecture) + align_up(max_layers, 16).value,
               Error::range, offsetof(FileHeader, architecture_bytes), h.architecture_bytes, sizeof(Architecture) + 16);
    MOTE_CHECK(inside(h.architecture_offset, h.architecture_bytes, total), Error::truncated,
               offsetof(FileHeader, architecture_bytes), h.architecture_bytes, total);
    const uint64_t directory = uint64_t(h.architecture_offset) + h.architecture_bytes;
    MOTE_CHECK(h.directory_offset % image_alignment == 0, Error::alignment, offsetof(FileHeader, directory_offset),
               h.directory_offset, image_alignment);
    MOTE_CHECK(h.directory_offset == directory, Error::range, offsetof(FileHeader, directory_offset), h.directory_offset, directory);
    MOTE_CHECK(h.directory_count != 0, Error::missing, offsetof(FileHeader, directory_count));
    MOTE_CHECK(h.directory_count <= max_tensors, Error::limit, offsetof(FileHeader, directory_count), h.directory_count, max_tensors);
    const uint64_t directory_bytes = uint64_t(h.directory_count) * sizeof(TensorRecord);
    MOTE_CHECK(inside(directory, directory_bytes, total), Error::range, offsetof(FileHeader, directory_count), h.directory_count,
               (total - directory) / sizeof(TensorRecord));
    const uint64_t tokenizer = directory + directory_bytes;
    MOTE_CHECK((h.tokenizer_offset == 0) == (h.tokenizer_bytes == 0), Error::mismatch, offsetof(FileHeader, tokenizer_bytes),
               h.tokenizer_bytes, h.tokenizer_offset);
    if (h.tokenizer_offset) {
        MOTE_CHECK(h.tokenizer_offset == tokenizer, Error::range, offsetof(FileHeader, tokenizer_offset), h.tokenizer_offset, tokenizer);
        MOTE_CHECK(inside(tokenizer, h.tokenizer_bytes, total), Error::range, offsetof(FileHeader, tokenizer_bytes),
                   h.tokenizer_bytes, total - tokenizer);
    }
    return Fault{};
}

// ---- architecture

constexpr uint64_t at(size_t offset_in_architecture) { return sizeof(FileHeader) + offset_in_architecture; }
#define MOTE_AT(field) at(offsetof(Architecture, field))

Fault check_sizes(const Architecture& a) {
    MOTE_CHECK(a.dim && a.dim <= max_dim, a.dim ? Error::limit : Error::shape, MOTE_AT(dim), a.dim, max_dim);
    MOTE_CHECK(a.layers && a.layers <= max_layers, Error::limit, MOTE_AT(layers), a.layers, max_layers);
    MOTE_CHECK(a.heads && a.heads <= max_dim, Error::shape, MOTE_AT(heads), a.heads, max_dim);
    MOTE_CHECK(a.kv_heads && a.heads % a.kv_heads == 0, Error::shape, MOTE_AT(kv_heads), a.kv_heads, a.heads);
    MOTE_CHECK(a.head_dim && a.head_dim <= max_head_dim, a.head_dim ? Error::limit : Error::shape, MOTE_AT(head_dim), a.head_dim,
               max_head_dim);
    MOTE_CHECK(uint64_t(a.heads) * a.head_dim <= max_dim, Error::limit, MOTE_AT(heads), uint64_t(a.heads) * a.head_dim, max_dim);
    MOTE_CHECK(a.hidden <= max_hidden, Error::limit, MOTE_AT(hidden), a.hidden, max_hidden);
    MOTE_CHECK(a.vocab && a.vocab <= max_vocab, Error::limit, MOTE_AT(vocab), a.vocab, max_vocab);
    MOTE_CHECK(a.context && a.context <= max_context, Error::limit, MOTE_AT(context), a.context, max_context);
    MOTE_CHECK(is_positive(a.norm_eps), Error::range, MOTE_AT(norm_eps));
    MOTE_CHECK(is_positive(a.attention_scale) && a.attention_scale < 1048576.0f && a.attention_scale > 1e-6f, Error::range,
               MOTE_AT(attention_scale));
    return Fault{};
}

Fault check_kinds(const Architecture& a) {
    MOTE_CHECK(a.norm <= Norm::layer, Error::type, MOTE_AT(norm), uint8_t(a.norm));
    MOTE_CHECK(a.activation <= Activation::relu, Error::type, MOTE_AT(activation), uint8_t(a.activation));
    MOTE_CHECK(built(a.norm), Error::left_out, MOTE_AT(norm), uint8_t(a.norm));
    MOTE_CHECK(built(a.activation), Error::left_out, MOTE_AT(activation), uint8_t(a.activation));
    MOTE_CHECK(a.position <= Position::rope, a.position <= Position::bucketed_bias ? Error::unsupported : Error::type,
               MOTE_AT(position), uint8_t(a.position));
    MOTE_CHECK(built(a.position), Error::left_out, MOTE_AT(position), uint8_t(a.position));
    MOTE_CHECK(a.rope_pairing <= RopePairing::halves, Error::type, MOTE_AT(rope_pairing), uint8_t(a.rope_pairing));
    MOTE_CHECK(a.mask == Mask::causal, a.mask <= Mask::strided ? Error::unsupported : Error::type, MOTE_AT(mask), uint8_t(a.mask));
    MOTE_CHECK(a.activation_scale <= ActivationScale::group, Error::type, MOTE_AT(activation_scale), uint8_t(a.activation_scale));
    MOTE_CHECK(built(a.activation_scale), Error::left_out, MOTE_AT(activation_scale), uint8_t(a.activation_scale));
    MOTE_CHECK((a.position == Position::rope) == (a.rope_dim != 0), Error::mismatch, MOTE_AT(rope_dim), a.rope_dim);
    MOTE_CHECK(a.rope_dim % 2 == 0 && a.rope_dim <= a.head_dim, Error::shape, MOTE_AT(rope_dim), a.rope_dim, a.head_dim);
    MOTE_CHECK(a.blocks && a.blocks <= max_blocks, Error::limit, MOTE_AT(blocks), a.blocks, max_blocks);
    MOTE_CHECK(a.reserved0 == 0, Error::range, MOTE_AT(reserved0), a.reserved0);
    for (const uint32_t& r : a.reserved1) MOTE_CHECK(r == 0, Error::range, MOTE_AT(reserved1), r);
    for (const uint32_t& r : a.reserved2) MOTE_CHECK(r == 0, Error::range, MOTE_AT(reserved2), r);
    return Fault{};
}

Fault check_blocks(const Architecture& a) {
    for (uint32_t b = 0; b < max_blocks; b++)
        for (uint32_t i = 0; i < max_sublayers; i++) {
            const SubLayer& s = a.block[b][i];
            const uint64_t where = MOTE_AT(block) + (b * max_sublayers + i) * sizeof(SubLayer);
            MOTE_CHECK(s.reserved == 0, Error::range, where, s.reserved);
            if (b >= a.blocks) {
                MOTE_CHECK(s.work == Work::none, Error::range, where, uint8_t(s.work));
                continue;
            }
            MOTE_CHECK(s.work <= Work::gated, s.work <= Work::experts ? Error::unsupported : Error::type, where, uint8_t(s.work),
                       uint8_t(Work::gated));
            MOTE_CHECK(built(s.work), Error::left_out, where, uint8_t(s.work));
            MOTE_CHECK(s.input == Input::normed, s.input <= Input::same ? Error::unsupported : Error::type, where + 1, uint8_t(s.input));
            MOTE_CHECK(s.output == Output::add, s.output <= Output::add_norm ? Error::unsupported : Error::type, where + 2,
                       uint8_t(s.output));
            MOTE_CHECK(s.work == Work::none || s.work == Work::self_attention || a.hidden, Error::shape, MOTE_AT(hidden), 0);
        }
    return Fault{};
}

Fault check_architecture(const Architecture& a, const uint8_t* pattern, uint32_t bytes) {
    Fault f = check_sizes(a);
    if (f.ok()) f = check_kinds(a);
    if (f.ok()) f = check_blocks(a);
    if (!f.ok()) return f;
    const uint32_t expected = uint32_t(sizeof(Architecture) + align_up(a.layers, 16).value);
    MOTE_CHECK(bytes == expected, Error::range, offsetof(FileHeader, architecture_bytes), bytes, expected);
    for (uint32_t i = 0; i < expected - sizeof(Architecture); i++) {
        const uint32_t limit = i < a.layers ? a.blocks : 1u;  // padding is zero
        MOTE_CHECK(pattern[i] < limit, Error::range, at(sizeof(Architecture)) + i, pattern[i], limit - 1);
    }
    return Fault{};
}

// ---- tensors

// What a role's tensor must look like. rows == 0: this architecture has no such tensor.
struct Expected {
    uint32_t rows, cols;
    bool vector;  // f32 only
};

Expected expected_shape(const Architecture& a, Role role) {
    const uint32_t q_dim = a.heads * a.head_dim, kv_dim = a.kv_heads * a.head_dim;
    const bool bias = a.norm == Norm::layer;
    switch (role) {
        case Role::token_embedding:
        case Role::head: return {a.vocab, a.dim, false};
        case Role::position_embedding: return {a.position == Position::learned ? a.context : 0, a.dim, false};
        case Role::rope_frequencies: return {a.rope_dim ? 1u : 0, a.rope_dim / 2, true};
        case Role::final_norm:
        case Role::attention_norm:
        case Role::ffn_norm: return {1, a.dim, true};
        case Role::final_norm_bias:
        case Role::attention_norm_bias:
        case Role::ffn_norm_bias: return {bias ? 1u : 0, a.dim, true};
        case Role::q: return {q_dim, a.dim, false};
        case Role::k:
        case Role::v: return {kv_dim, a.dim, false};
        case Role::o: return {a.dim, q_dim, false};
        case Role::q_bias: return {1, q_dim, true};
        case Role::k_bias:
        case Role::v_bias: return {1, kv_dim, true};
        case Role::o_bias:
        case Role::down_bias: return {1, a.dim, true};
        case Role::q_norm:
        case Role::k_norm: return {1, a.head_dim, true};
        case Role::gate:
        case Role::up: return {a.hidden, a.dim, false};
        case Role::gate_bias:
        case Role::up_bias: return {1, a.hidden, true};
        case Role::down: return {a.dim, a.hidden, false};
    }
    return {0, 0, false};
}

// Which work a layer's tensor belongs to; none for those outside layers.
bool serves(Role role, Work work) {
    if (role < Role::attention_norm) return false;
    if (role < Role::ffn_norm) return work == Work::self_attention;
    return work == Work::gated || (work == Work::dense && role != Role::gate && role != Role::gate_bias);
}

bool layer_has(const Model& m, uint32_t layer, Role role) {
    for (const SubLayer& s : m.architecture->block[m.block_of_layer[layer]])
        if (s.work != Work::none && serves(role, s.work)) return true;
    return false;
}

Fault check_record(const Model& m, const TensorRecord& r, uint64_t where) {
    const Architecture& a = *m.architecture;
    MOTE_CHECK(uint32_t(r.role) < role_limit, Error::type, where, uint32_t(r.role), role_limit - 1);
    const Expected e = expected_shape(a, r.role);
    MOTE_CHECK(e.rows, Error::type, where, uint32_t(r.role));
    MOTE_CHECK(r.expert == 0 && r.reserved == 0, Error::range, where + offsetof(TensorRecord, expert), r.expert);
    if (r.role < Role::attention_norm) {
        MOTE_CHECK(r.layer == 0, Error::range, where + offsetof(TensorRecord, layer), r.layer, 0);
    } else {
        MOTE_CHECK(r.layer < a.layers, Error::range, where + offsetof(TensorRecord, layer), r.layer, a.layers - 1);
        MOTE_CHECK(layer_has(m, r.layer, r.role), Error::type, where, uint32_t(r.role));
    }
    const bool table = r.role == Role::rope_frequencies;
    const bool fits = table ? r.format == Format::u32 : e.vector ? r.format == Format::f32 : r.format <= Format::q4;
    MOTE_CHECK(fits, Error::type, where + offsetof(TensorRecord, format), uint8_t(r.format));
    MOTE_CHECK(table || e.vector || built(r.format), Error::left_out, where + offsetof(TensorRecord, format), uint8_t(r.format));
    MOTE_CHECK(r.rows == e.rows, Error::shape, where + offsetof(TensorRecord, rows), r.rows, e.rows);
    MOTE_CHECK(r.cols == e.cols, Error::shape, where + offsetof(TensorRecord, cols), r.cols, e.cols);
    const uint64_t bytes = matrix_layout(r.format, r.rows, r.cols).bytes;
    MOTE_CHECK(r.bytes == bytes, Error::shape, where + offsetof(TensorRecord, bytes), r.bytes, bytes);
    return Fault{};
}

uint64_t sort_key(const TensorRecord& r) { return uint64_t(r.role) << 32 | uint64_t(r.layer) << 16 | r.expert; }

// Records in ascending order, data in the same order, each at the next multiple of 64.
Fault check_directory(Model& m, uint64_t data_begin) {
    uint64_t end = data_begin;
    for (uint32_t i = 0; i < m.directory_count; i++) {
        const TensorRecord& r = m.directory[i];
        const uint64_t where = uint64_t(reinterpret_cast<const uint8_t*>(&r) - m.image);
        const Fault f = check_record(m, r, where);
        if (!f.ok()) return f;
        if (i) {
            const uint64_t previous = sort_key(m.directory[i - 1]), own = sort_key(r);
            MOTE_CHECK(own != previous, Error::duplicate, where, uint64_t(r.role), r.layer);
            MOTE_CHECK(own > previous, Error::range, where, uint64_t(r.role), r.layer);
        }
        const uint64_t begin = (end + (tensor_alignment - 1)) & ~uint64_t(tensor_alignment - 1);
        const uint64_t where_offset = where + offsetof(TensorRecord, offset);
        MOTE_CHECK(r.offset % tensor_alignment == 0, Error::alignment, where_offset, r.offset, tensor_alignment);
        MOTE_CHECK(r.offset >= begin, Error::overlap, where_offset, r.offset, begin);
        MOTE_CHECK(r.offset == begin, Error::range, where_offset, r.offset, begin);
        MOTE_CHECK(inside(r.offset, r.bytes, m.image_bytes), Error::truncated, where_offset, r.bytes, m.image_bytes);
        end = r.offset + r.bytes;
        m.first_of_role[uint32_t(r.role) + 1] = uint16_t(i + 1);
    }
    MOTE_CHECK(end == m.image_bytes, Error::trailing, end, m.image_bytes, end);
    for (uint32_t role = 1; role <= role_limit; role++)
        if (m.first_of_role[role] < m.first_of_role[role - 1]) m.first_of_role[role] = m.first_of_role[role - 1];
    return Fault{};
}

// `where` of a missing tensor: its role << 16 | layer, as no byte of the file can be blamed.
Fault require(const Model& m, Role role, uint32_t layer) {
    MOTE_CHECK(tensor(m, role, layer), Error::missing, uint64_t(role) << 16 | layer, layer, uint64_t(role));
    return Fault{};
}

Fault check_complete(const Model& m) {
    const Architecture& a = *m.architecture;
    Fault f = require(m, Role::token_embedding, 0);
    if (f.ok()) f = require(m, Role::final_norm, 0);
    if (f.ok() && a.position == Position::learned) f = require(m, Role::position_embedding, 0);
    if (f.ok() && a.rope_dim) f = require(m, Role::rope_frequencies, 0);
    static constexpr Role required[] = {Role::attention_norm, Role::q, Role::k, Role::v, Role::o, Role::ffn_norm, Role::gate, Role::up, Role::down};
    for (uint32_t layer = 0; layer < a.layers; layer++)
        for (Role role : required)
            if (f.ok() && layer_has(m, layer, role)) f = require(m, role, layer);
    return f;
}

Fault check_payload(const FileHeader& h, const uint8_t* image) {
    const uint32_t crc = crc32(0, image + sizeof(FileHeader), size_t(h.total_bytes - sizeof(FileHeader)));
    MOTE_CHECK(crc == h.payload_crc, Error::checksum, offsetof(FileHeader, payload_crc), crc, h.payload_crc);
    return Fault{};
}

enum class Trust { none, payload };

Result<Model> open_image(const void* image, size_t bytes, Trust trust) {
    if (!image || bytes == 0) return fault(Error::argument, 0, bytes, sizeof(FileHeader));
    const uintptr_t address = reinterpret_cast<uintptr_t>(image);
    if (address % image_alignment) return fault(Error::alignment, 0, address % image_alignment, image_alignment);
    if (bytes < sizeof(FileHeader)) return fault(Error::truncated, bytes, bytes, sizeof(FileHeader));
    const uint8_t* base = static_cast<const uint8_t*>(image);
    const FileHeader& h = *reinterpret_cast<const FileHeader*>(base);
    Fault f = check_header(h, bytes);
    if (f.ok() && trust == Trust::none) f = check_payload(h, base);
    if (f.ok()) f = check_sections(h);
    if (!f.ok()) return f;

    Model m;
    m.image = base;
    m.image_bytes = bytes;
    m.architecture = reinterpret_cast<const Architecture*>(base + h.architecture_offset);
    m.block_of_layer = base + h.architecture_offset + sizeof(Architecture);
    m.directory = reinterpret_cast<const TensorRecord*>(base + h.directory_offset);
    m.directory_count = h.directory_count;
    f = check_architecture(*m.architecture, m.block_of_layer, h.architecture_bytes);
    const uint64_t directory_end = h.directory_offset + uint64_t(h.directory_count) * sizeof(TensorRecord);
    if (f.ok()) f = check_directory(m, directory_end + h.tokenizer_bytes);
    if (f.ok()) f = check_complete(m);
    if (f.ok() && h.tokenizer_offset) {
        const Result<Tokenizer> t = open_tokenizer(base + h.tokenizer_offset, h.tokenizer_bytes);
        f = t.fault;
        f.where += h.tokenizer_offset;
        m.tokenizer = t.value;
        if (f.ok() && t.value.vocab != m.architecture->vocab)
            f = fault(Error::mismatch, h.tokenizer_offset + offsetof(TokenizerHeader, vocab), t.value.vocab, m.architecture->vocab);
    }
    if (!f.ok()) return f;
    return m;
}

}  // namespace

Result<Model> open(const void* image, size_t bytes) { return open_image(image, bytes, Trust::none); }
Result<Model> open_trusted(const void* image, size_t bytes) { return open_image(image, bytes, Trust::payload); }

size_t image_size(const void* image, size_t available) {
    if (!image || available < sizeof(FileHeader) || reinterpret_cast<uintptr_t>(image) % image_alignment) return 0;
    const FileHeader& h = *static_cast<const FileHeader*>(image);
    const Fault f = check_header(h, available);
    const bool sized = f.ok() || f.error == Error::trailing;  // bytes after the file are somebody else's
    return sized ? size_t(h.total_bytes) : 0;
}

static Matrix matrix_of(const Model& m, const TensorRecord& r) {
    const MatrixLayout layout = matrix_layout(r.format, r.rows, r.cols);
    Matrix w;
    w.data = m.image + r.offset;
    w.rows = r.rows;
    w.cols = r.cols;
    w.format = r.format;
    if (layout.group_scales) w.group_scales = reinterpret_cast<const int8_t*>(w.data + layout.group_scales);
    if (layout.row_scales) w.row_scales = reinterpret_cast<const uint16_t*>(w.data + layout.row_scales);
    return w;
}

Matrix tensor(const Model& m, Role role, uint32_t layer, uint32_t expert) {
    uint32_t begin = m.first_of_role[uint32_t(role)], end = m.first_of_role[uint32_t(role) + 1];
    if (layer < end - begin) {  // where it is when each layer has one
        const TensorRecord& r = m.directory[begin + layer];
        if (r.layer == layer && r.expert == expert) return matrix_of(m, r);
    }
    const uint64_t key = uint64_t(role) << 32 | uint64_t(layer) << 16 | expert;
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        const TensorRecord& r = m.directory[middle];
        if (sort_key(r) == key) return matrix_of(m, r);
        if (sort_key(r) < key) begin = middle + 1;
        else end = middle;
    }
    return Matrix{};
}

}  // namespace mote
