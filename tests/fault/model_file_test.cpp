// model_file: every rule of SPEC 2 to 4, broken one at a time in a file whose checksums fit. Each has its error.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error.h"
#include "support/exercise.h"
#include "support/models.h"

namespace mote {
namespace {

using testing::AlignedBytes;
using testing::ExactBytes;
using testing::packed_file;
using testing::reseal;

const std::vector<uint8_t>& sound_file() {
    static const std::vector<uint8_t> file =
        packed_file(tools::random_model("llama:dim=16,layers=2,heads=2,kv_heads=1,hidden=20,vocab=259,context=12", 1), "q8");
    return file;
}

// A copy of the file to break.
struct Broken {
    explicit Broken(const std::vector<uint8_t>& file = sound_file()) : bytes(file) {}

    AlignedBytes bytes;
    FileHeader& header() { return *reinterpret_cast<FileHeader*>(bytes.data()); }
    Architecture& architecture() { return *reinterpret_cast<Architecture*>(bytes.data() + header().architecture_offset); }
    uint8_t* pattern() { return bytes.data() + header().architecture_offset + sizeof(Architecture); }
    TensorRecord& record(uint32_t i) { return reinterpret_cast<TensorRecord*>(bytes.data() + header().directory_offset)[i]; }
    TensorRecord& record(Role role, uint32_t layer = 0) {
        uint32_t i = 0;
        while (record(i).role != role || record(i).layer != layer) i++;
        return record(i);
    }
    TokenizerHeader& tokenizer() { return *reinterpret_cast<TokenizerHeader*>(bytes.data() + header().tokenizer_offset); }

    Fault open_resealed() {
        reseal(bytes.data(), bytes.size());
        return open(bytes.data(), bytes.size()).fault;
    }
};

Error error_of(const std::function<void(Broken&)>& damage) {
    Broken b;
    damage(b);
    return b.open_resealed().error;
}

#define EXPECT_ERROR(error, damage) EXPECT_STREQ(error_code(error_of([](Broken& b) { damage; })), error_code(Error::error))

Error error_in_architecture(const std::function<void(Architecture&)>& damage) {
    return error_of([&](Broken& b) { damage(b.architecture()); });
}

#define EXPECT_ARCHITECTURE(error, damage) \
    EXPECT_STREQ(error_code(error_in_architecture([](Architecture& a) { damage; })), error_code(Error::error))

TEST(model_file, that_is_sound_opens) {
    Broken b;
    EXPECT_TRUE(b.open_resealed().ok());
    EXPECT_EQ(0, std::memcmp(b.bytes.data(), sound_file().data(), sound_file().size())) << "reseal changed a sound file";
}

// A01
TEST(model_file, that_is_nothing_is_refused) {
    Broken b;
    EXPECT_EQ(open(nullptr, 100).fault.error, Error::argument);
    EXPECT_EQ(open(nullptr, 0).fault.error, Error::argument);
    EXPECT_EQ(open(b.bytes.data(), 0).fault.error, Error::argument);
}

// A02, A03
TEST(model_file, that_ends_early_is_truncated_at_every_length) {
    for (size_t size = 1; size < sound_file().size(); size++) {
        const ExactBytes bytes(sound_file().data(), size);
        const Fault f = open(bytes.data(), size).fault;
        ASSERT_EQ(f.error, Error::truncated) << size;
        ASSERT_EQ(f.found, size);
        ASSERT_EQ(f.allowed, size < sizeof(FileHeader) ? sizeof(FileHeader) : sound_file().size());
    }
}

// A03, by a writer that lies: the header fits each length, and so do the checksums.
TEST(model_file, that_is_cut_and_resealed_never_opens) {
    for (size_t size = sizeof(FileHeader); size < sound_file().size(); size++) {
        const ExactBytes bytes(sound_file().data(), size);
        reinterpret_cast<FileHeader*>(bytes.data())->total_bytes = size;
        reseal(bytes.data(), size);
        const Error e = open(bytes.data(), size).fault.error;
        ASSERT_TRUE(e == Error::truncated || e == Error::range) << size << " " << error_code(e);
    }
}

// A04
TEST(model_file, with_one_wrong_magic_byte_is_not_one) {
    for (size_t i = 0; i < 8; i++) {
        Broken b;
        b.bytes[i] ^= 0x20;
        const Fault f = b.open_resealed();
        EXPECT_EQ(f.error, Error::magic);
        EXPECT_EQ(f.where, i);
    }
}

// A07
TEST(model_file, of_another_major_version_is_refused_with_both_numbers) {
    for (const uint16_t version : {uint16_t(0), uint16_t(1), uint16_t(3), uint16_t(0xffff)}) {
        Broken b;
        b.header().version_major = version;
        const Fault resealed = b.open_resealed();
        EXPECT_EQ(resealed.error, Error::version);
        EXPECT_EQ(resealed.found, version);
        EXPECT_EQ(resealed.allowed, file_version_major);
    }
}

// A08
TEST(model_file, of_a_later_minor_version_opens_unless_it_requires_something_unknown) {
    EXPECT_ERROR(none, b.header().version_minor = 7);
    EXPECT_ERROR(none, b.header().version_minor = 0xffff);
    for (uint32_t bit = 0; bit < 32; bit++) {
        Broken b;
        b.header().required_features = 1u << bit;
        EXPECT_EQ(b.open_resealed().error, Error::unsupported);
    }
}

// A09
TEST(model_file, of_the_other_byte_order_is_named_as_such) {
    Broken b;
    const size_t fields[] = {2, 2, 4, 8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4};  // bytes of each after the magic
    uint8_t* p = b.bytes.data() + 8;
    for (const size_t n : fields) {
        for (size_t i = 0; i < n / 2; i++) std::swap(p[i], p[n - 1 - i]);
        p += n;
    }
    EXPECT_EQ(open(b.bytes.data(), b.bytes.size()).fault.error, Error::endian);
}

// A10
TEST(model_file, of_another_size_than_it_says_is_truncated_or_trailing) {
    for (const uint64_t more : {uint64_t(1), uint64_t(64), uint64_t(1) << 32, uint64_t(1) << 63}) {
        Broken b;
        b.header().total_bytes += more;
        const Fault f = b.open_resealed();
        EXPECT_EQ(f.error, Error::truncated);
        EXPECT_EQ(f.found, sound_file().size());
        EXPECT_EQ(f.allowed, sound_file().size() + more);
    }
    std::vector<uint8_t> longer = sound_file();
    for (int i = 1; i <= 65; i++) {
        longer.push_back(0);
        const AlignedBytes bytes(longer);
        const Fault f = open(bytes.data(), bytes.size()).fault;
        EXPECT_EQ(f.error, Error::trailing);
        EXPECT_EQ(f.found, longer.size());
        EXPECT_EQ(f.allowed, sound_file().size());
        EXPECT_EQ(image_size(bytes.data(), bytes.size()), sound_file().size());
    }
    // Bytes behind the last tensor that the header includes.
    for (int i = 1; i <= 65; i++) {
        Broken b(std::vector<uint8_t>(longer.begin(), longer.end() - 65 + i));
        b.header().total_bytes = b.bytes.size();
        EXPECT_EQ(b.open_resealed().error, Error::trailing) << i;
    }
}

// A11, A14
TEST(model_file, with_sections_out_of_place_is_refused) {
    EXPECT_ERROR(range, b.header().architecture_offset = 0);
    EXPECT_ERROR(range, b.header().architecture_offset = 65);
    EXPECT_ERROR(range, b.header().architecture_offset = 0xfffffff0);
    EXPECT_ERROR(range, b.header().architecture_bytes = 0);
    EXPECT_ERROR(range, b.header().architecture_bytes = 128);
    EXPECT_ERROR(range, b.header().architecture_bytes += 1);
    EXPECT_ERROR(range, b.header().architecture_bytes = 0xfffffff0);
    EXPECT_ERROR(alignment, b.header().directory_offset += 1);
    EXPECT_ERROR(alignment, b.header().directory_offset += 8);
    EXPECT_ERROR(range, b.header().directory_offset += 16);
    EXPECT_ERROR(range, b.header().directory_offset = 0);
    EXPECT_ERROR(range, b.header().directory_offset = 0xfffffff0);
    EXPECT_ERROR(range, b.header().directory_offset = uint32_t(b.bytes.size() / 16 * 16));
    EXPECT_ERROR(range, b.header().tokenizer_offset += 16);
    EXPECT_ERROR(range, b.header().tokenizer_offset = 0xfffffff0);
    EXPECT_ERROR(mismatch, b.header().tokenizer_offset = 0);
    EXPECT_ERROR(mismatch, b.header().tokenizer_bytes = 0);
    EXPECT_ERROR(range, b.header().tokenizer_bytes = 0xfffffff0);
    EXPECT_ERROR(range, b.header().reserved = 1);
}

TEST(model_file, with_one_architecture_size_too_much_or_too_little_is_refused) {
    // Both sections moved, so that only the architecture itself can tell.
    EXPECT_ERROR(range, b.header().architecture_bytes += 16; b.header().directory_offset += 16; b.header().tokenizer_offset += 16);
}

// A12
TEST(model_file, with_one_bit_of_its_header_flipped_never_opens) {
    for (size_t bit = 0; bit < 8 * sizeof(FileHeader); bit++) {
        Broken b;
        b.bytes[bit / 8] ^= uint8_t(1u << bit % 8);
        const Error e = open(b.bytes.data(), b.bytes.size()).fault.error;
        EXPECT_TRUE(e == Error::magic || e == Error::endian || e == Error::version || e == Error::checksum) << bit << " " << error_code(e);
        const Error trusted = open_trusted(b.bytes.data(), b.bytes.size()).fault.error;
        EXPECT_EQ(trusted, e);
    }
}

// A15
TEST(model_file, with_no_or_too_many_tensors_is_refused) {
    EXPECT_ERROR(missing, b.header().directory_count = 0);
    EXPECT_ERROR(limit, b.header().directory_count = max_tensors + 1);
    EXPECT_ERROR(limit, b.header().directory_count = 0xffffffff);
    EXPECT_ERROR(range, b.header().directory_count = max_tensors);
}

// A16
TEST(model_file, with_a_tensor_that_wraps_the_address_space_is_refused) {
    EXPECT_ERROR(range, b.record(3).offset = ~uint64_t(63));
    EXPECT_ERROR(range, b.record(3).offset = uint64_t(1) << 32 | b.record(3).offset);
    EXPECT_ERROR(shape, b.record(3).bytes = ~uint64_t(0));
    EXPECT_ERROR(shape, b.record(3).bytes += uint64_t(1) << 32);
}

// A17, A18, A19
TEST(model_file, with_tensors_that_overlap_or_leave_holes_is_refused) {
    EXPECT_ERROR(overlap, b.record(3).offset = b.record(2).offset);
    EXPECT_ERROR(overlap, b.record(3).offset -= 64);
    EXPECT_ERROR(overlap, b.record(0).offset = 0);
    EXPECT_ERROR(overlap, b.record(0).offset = 64);
    EXPECT_ERROR(overlap, b.record(0).offset = (b.header().directory_offset + 63) / 64 * 64);
    EXPECT_ERROR(range, b.record(3).offset += 64);
    EXPECT_ERROR(alignment, b.record(3).offset += 16);
    EXPECT_ERROR(alignment, b.record(3).offset += 1);
}

// A20
TEST(model_file, with_a_tensor_twice_or_out_of_order_is_refused) {
    EXPECT_ERROR(duplicate, b.record(Role::q, 1).layer = 0);
    EXPECT_ERROR(range, std::swap(b.record(Role::q, 0).layer, b.record(Role::q, 1).layer));
}

// The sound file as its writer would leave it if one tensor did not exist.
std::vector<uint8_t> file_without(uint32_t gone) {
    Broken sound;
    const FileHeader h = sound.header();
    const uint8_t* const from = sound.bytes.data();
    std::vector<uint8_t> file(from, from + h.directory_offset);
    const auto append = [&](uint64_t offset, uint64_t bytes) { file.insert(file.end(), from + offset, from + offset + bytes); };
    for (uint32_t i = 0; i < h.directory_count; i++)
        if (i != gone) append(h.directory_offset + i * sizeof(TensorRecord), sizeof(TensorRecord));
    const uint32_t tokenizer_offset = uint32_t(file.size());
    append(h.tokenizer_offset, h.tokenizer_bytes);
    std::vector<uint64_t> offsets;
    for (uint32_t i = 0; i < h.directory_count; i++) {
        if (i == gone) continue;
        file.resize((file.size() + 63) / 64 * 64);
        offsets.push_back(file.size());
        append(sound.record(i).offset, sound.record(i).bytes);
    }
    Broken result(file);
    result.header().tokenizer_offset = tokenizer_offset;
    result.header().directory_count--;
    result.header().total_bytes = file.size();
    for (uint32_t i = 0; i < offsets.size(); i++) result.record(i).offset = offsets[i];
    reseal(result.bytes.data(), result.bytes.size());
    return std::vector<uint8_t>(result.bytes.data(), result.bytes.data() + result.bytes.size());
}

TEST(model_file, without_a_required_tensor_names_its_role_and_layer) {
    Broken sound;
    for (uint32_t i = 0; i < sound.header().directory_count; i++) {
        const AlignedBytes bytes(file_without(i));
        const TensorRecord& gone = sound.record(i);
        const Fault f = open(bytes.data(), bytes.size()).fault;
        EXPECT_STREQ(error_code(f.error), error_code(Error::missing)) << i;
        EXPECT_EQ(f.allowed, uint64_t(gone.role)) << i;
        EXPECT_EQ(f.found, gone.layer) << i;
    }
}

TEST(model_file, without_a_required_tensor_is_not_written) {
    const tools::Weights sound = tools::random_model("llama:dim=16,layers=2,heads=2,hidden=20,vocab=30,context=12", 1);
    for (const auto& [key, tensor] : sound.tensors) {
        tools::Weights w = sound;
        w.tensors.erase(key);
        std::vector<std::string> notes;
        try {
            tools::pack_model(w, {}, notes);
            ADD_FAILURE() << "role " << int(key.first) << " is not missed";
        } catch (const tools::Failure& failure) {
            EXPECT_EQ(failure.code(), "E_MISSING") << "role " << int(key.first);
            EXPECT_NE(std::string(failure.what()).find(tools::role_name(key.first)), std::string::npos) << failure.what();
        }
    }
}

// A21, A23
TEST(model_file, with_a_record_that_does_not_fit_the_architecture_is_refused) {
    EXPECT_ERROR(shape, b.record(3).rows = 0);
    EXPECT_ERROR(shape, b.record(3).rows = 0xffffffff);
    EXPECT_ERROR(shape, b.record(3).cols = 0);
    EXPECT_ERROR(shape, b.record(3).cols += 1);
    EXPECT_ERROR(shape, b.record(3).bytes += 1);
    EXPECT_ERROR(type, b.record(Role::q).format = Format(5));
    EXPECT_ERROR(type, b.record(Role::q).format = Format(255));
    EXPECT_ERROR(type, b.record(Role::q).format = Format::u32);
    EXPECT_ERROR(type, b.record(Role::final_norm).format = Format::q8);
    EXPECT_ERROR(type, b.record(Role::final_norm).format = Format::f16);
    EXPECT_ERROR(type, b.record(Role::rope_frequencies).format = Format::f32);
    EXPECT_ERROR(type, b.record(0).role = Role(0));
    EXPECT_ERROR(type, b.record(0).role = Role(7));
    EXPECT_ERROR(type, b.record(0).role = Role(63));
    EXPECT_ERROR(type, b.record(0).role = Role(64));
    EXPECT_ERROR(type, b.record(0).role = Role(0xffff));
    EXPECT_ERROR(type, b.record(Role::rope_frequencies).role = Role::position_embedding);
    EXPECT_ERROR(type, b.record(Role::final_norm).role = Role::final_norm_bias);  // an RMS norm has none
    EXPECT_ERROR(range, b.record(Role::q, 1).layer = 2);
    EXPECT_ERROR(range, b.record(Role::q, 1).layer = 0xffff);
    EXPECT_ERROR(range, b.record(Role::final_norm).layer = 1);
    EXPECT_ERROR(range, b.record(2).expert = 1);
    EXPECT_ERROR(range, b.record(2).reserved = 1);
}

// A24, A25
TEST(model_file, with_sizes_beyond_the_limits_is_refused) {
    EXPECT_ARCHITECTURE(shape, a.dim = 0);
    EXPECT_ARCHITECTURE(limit, a.dim = max_dim + 1);
    EXPECT_ARCHITECTURE(limit, a.dim = 0xffffffff);
    EXPECT_ARCHITECTURE(limit, a.layers = 0);
    EXPECT_ARCHITECTURE(limit, a.layers = max_layers + 1);
    EXPECT_ARCHITECTURE(limit, a.layers = 65535);
    EXPECT_ARCHITECTURE(shape, a.heads = 0);
    EXPECT_ARCHITECTURE(shape, a.heads = 0x80000000);
    EXPECT_ARCHITECTURE(shape, a.kv_heads = 0);
    EXPECT_ARCHITECTURE(shape, a.kv_heads = 3);
    EXPECT_ARCHITECTURE(shape, a.kv_heads = 4);
    EXPECT_ARCHITECTURE(shape, a.head_dim = 0);
    EXPECT_ARCHITECTURE(limit, a.head_dim = max_head_dim + 1);
    EXPECT_ARCHITECTURE(limit, a.heads = max_dim; a.kv_heads = 1; a.head_dim = 2);
    EXPECT_ARCHITECTURE(limit, a.heads = 1 << 15; a.kv_heads = 1; a.head_dim = 1 << 9);
    EXPECT_ARCHITECTURE(limit, a.hidden = max_hidden + 1);
    EXPECT_ARCHITECTURE(shape, a.hidden = 0);
    EXPECT_ARCHITECTURE(limit, a.vocab = 0);
    EXPECT_ARCHITECTURE(limit, a.vocab = max_vocab + 1);
    EXPECT_ARCHITECTURE(limit, a.vocab = 0x80000000);
    EXPECT_ARCHITECTURE(limit, a.context = 0);
    EXPECT_ARCHITECTURE(limit, a.context = max_context + 1);
    EXPECT_ARCHITECTURE(shape, a.rope_dim = 3);
    EXPECT_ARCHITECTURE(shape, a.rope_dim = 10);
    EXPECT_ARCHITECTURE(mismatch, a.rope_dim = 0);
    EXPECT_ARCHITECTURE(mismatch, a.position = Position::none);
}

TEST(model_file, with_numbers_that_are_none_is_refused) {
    for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e-40f, -0.0f}) {
        Broken eps, scale;
        eps.architecture().norm_eps = bad;
        scale.architecture().attention_scale = bad;
        EXPECT_EQ(eps.open_resealed().error, Error::range) << bad;
        EXPECT_EQ(scale.open_resealed().error, Error::range) << bad;
    }
}

TEST(model_file, of_a_kind_that_is_reserved_or_unknown_is_refused_as_such) {
    EXPECT_ARCHITECTURE(type, a.norm = Norm(2));
    EXPECT_ARCHITECTURE(type, a.activation = Activation(4));
    EXPECT_ARCHITECTURE(unsupported, a.position = Position::sinusoidal);
    EXPECT_ARCHITECTURE(unsupported, a.position = Position::bucketed_bias);
    EXPECT_ARCHITECTURE(type, a.position = Position(5));
    EXPECT_ARCHITECTURE(type, a.rope_pairing = RopePairing(2));
    EXPECT_ARCHITECTURE(unsupported, a.mask = Mask::window);
    EXPECT_ARCHITECTURE(unsupported, a.mask = Mask::strided);
    EXPECT_ARCHITECTURE(type, a.mask = Mask(6));
    EXPECT_ARCHITECTURE(type, a.activation_scale = ActivationScale(2));
    EXPECT_ARCHITECTURE(limit, a.blocks = 0);
    EXPECT_ARCHITECTURE(limit, a.blocks = 5);
    EXPECT_ARCHITECTURE(range, a.reserved0 = 1);
    EXPECT_ARCHITECTURE(range, a.reserved1[2] = 1);
    EXPECT_ARCHITECTURE(range, a.reserved2[3] = 1);
    EXPECT_ARCHITECTURE(unsupported, a.block[0][0].work = Work::cross_attention);
    EXPECT_ARCHITECTURE(unsupported, a.block[0][0].work = Work::experts);
    EXPECT_ARCHITECTURE(type, a.block[0][0].work = Work(7));
    EXPECT_ARCHITECTURE(unsupported, a.block[0][1].input = Input::same);
    EXPECT_ARCHITECTURE(type, a.block[0][1].input = Input(3));
    EXPECT_ARCHITECTURE(unsupported, a.block[0][1].output = Output::add_norm);
    EXPECT_ARCHITECTURE(type, a.block[0][1].output = Output(3));
    EXPECT_ARCHITECTURE(range, a.block[0][2].reserved = 1);
    EXPECT_ARCHITECTURE(range, a.block[3][2].reserved = 1);
    EXPECT_ARCHITECTURE(range, a.block[1][0].work = Work::dense);  // a block that is not in use
    EXPECT_ERROR(range, b.pattern()[0] = 1);
    EXPECT_ERROR(range, b.pattern()[1] = 255);
    EXPECT_ERROR(range, b.pattern()[2] = 1);                       // padding
    EXPECT_ERROR(type, b.architecture().block[0][0].work = Work::none);  // tensors that serve no work
}

// A29
TEST(model_file, with_a_tokenizer_of_another_vocabulary_is_refused_with_both_numbers) {
    Broken b;
    TokenizerHeader& t = b.tokenizer();
    const uint8_t* section = reinterpret_cast<const uint8_t*>(&t);
    ASSERT_EQ(t.vocab, 259u);
    t.vocab = 258;  // a sound tokenizer of one token less: byte 255 has none
    t.piece_bytes_count = reinterpret_cast<const uint32_t*>(section + t.piece_offsets)[258];
    uint16_t* byte_ids = reinterpret_cast<uint16_t*>(b.bytes.data() + b.header().tokenizer_offset + t.byte_ids);
    byte_ids[255] = 0xffff;
    const Fault f = b.open_resealed();
    EXPECT_EQ(f.error, Error::mismatch);
    EXPECT_EQ(f.found, 258u);
    EXPECT_EQ(f.allowed, 259u);
}

// L04
TEST(model_file, that_is_not_at_a_multiple_of_16_is_refused) {
    AlignedBytes memory(sound_file().size() + 32);
    for (size_t offset = 0; offset < 32; offset++) {
        std::memcpy(memory.data() + offset, sound_file().data(), sound_file().size());
        const Fault f = open(memory.data() + offset, sound_file().size()).fault;
        EXPECT_EQ(f.error, offset % 16 ? Error::alignment : Error::none) << offset;
        if (offset % 16) {
            EXPECT_EQ(f.found, offset % 16);
            EXPECT_EQ(f.allowed, 16u);
        }
        EXPECT_EQ(image_size(memory.data() + offset, sound_file().size()), offset % 16 ? 0 : sound_file().size());
    }
}

TEST(image_size, is_zero_for_what_is_not_a_model) {
    const AlignedBytes zeros(4096);
    EXPECT_EQ(image_size(zeros.data(), 4096), 0u);
    EXPECT_EQ(image_size(nullptr, 4096), 0u);
    Broken b;
    EXPECT_EQ(image_size(b.bytes.data(), 63), 0u);
    EXPECT_EQ(image_size(b.bytes.data(), b.bytes.size() - 1), 0u);
    EXPECT_EQ(image_size(b.bytes.data(), b.bytes.size()), b.bytes.size());
    b.header().header_crc ^= 1;
    EXPECT_EQ(image_size(b.bytes.data(), b.bytes.size()), 0u);
}

TEST(errors, have_a_code_and_a_sentence_each) {
    for (int e = 0; e <= int(Error::buffer_too_small); e++) {
        EXPECT_GT(std::string(error_sentence(Error(e))).size(), 5u);
        EXPECT_NE(error_sentence(Error(e))[std::string(error_sentence(Error(e))).size() - 1], '.');
        for (int other = 0; other < e; other++) EXPECT_STRNE(error_code(Error(e)), error_code(Error(other)));
    }
    EXPECT_STREQ(error_code(Error(200)), "E_STATE");
}

}  // namespace
}  // namespace mote
