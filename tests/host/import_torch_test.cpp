// PyTorch's checkpoints: what is read, and that nothing else is.
#include <gtest/gtest.h>

#include "import/import.h"
#include "import/torch.h"
#include "make_torch.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

const std::string six_floats = bytes_of(counting(6, 0));

StoredTensors tensors_of(const std::string& bytes) {
    const TemporaryFolder folder;
    return read_torch(std::make_shared<const MappedFile>(folder.write("model.pt", bytes))).tensors;
}

std::string file_with(const std::string& tensor) { return torch_file(pickled_dictionary({{"w", tensor}}), {{"0", six_floats}}); }

TEST(torch, reads_a_model_in_the_names_of_meta) {
    const TemporaryFolder folder;
    const Weights w = import_checkpoint(folder.write("ckpt.pt", tiny_meta_file())),
                  same = import_checkpoint(tiny_llama().write(folder));
    ASSERT_EQ(w.tensors.size(), same.tensors.size());
    for (const auto& [key, tensor] : same.tensors) EXPECT_EQ(w.tensors.at(key).values(), tensor.values()) << role_name(key.first);
    EXPECT_EQ(w.architecture.rope_pairing, RopePairing::interleaved);
    EXPECT_EQ(w.architecture.kv_heads, 1u);
    EXPECT_EQ(w.architecture.context, 16u);
    EXPECT_EQ(w.architecture.norm_eps, 1e-5f);
}

TEST(torch, honours_strides_and_offsets) {
    const StoredTensors turned = tensors_of(file_with(pickled_tensor("0", 6, 0, {3, 2}, {1, 3})));
    EXPECT_EQ(turned.at("w").floats("w"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
    const StoredTensors part = tensors_of(file_with(pickled_tensor("0", 6, 1, {2, 2}, {3, 1})));
    EXPECT_EQ(part.at("w").floats("w"), (std::vector<float>{1, 2, 4, 5}));
}

TEST(torch, refuses_tensors_that_leave_their_storage) {
    expect_refusal("E_RANGE", {"element 6", "storage of 6"}, [] {
        tensors_of(file_with(pickled_tensor("0", 6, 1, {2, 3}, {3, 1})));
    });
    expect_refusal("E_RANGE", {"more elements"}, [] { tensors_of(file_with(pickled_tensor("0", 6, 0, {2000000000, 2}, {0, 0}))); });
    expect_refusal("E_SHAPE", {"data/0", "24 bytes"}, [] { tensors_of(file_with(pickled_tensor("0", 7, 0, {7}, {1}))); });
    expect_refusal("E_RANGE", {"-1"}, [] { tensors_of(file_with(pickled_tensor("0", 6, 0, {6}, {uint32_t(-1)}))); });
    expect_refusal("E_MISSING", {"data/1"}, [] { tensors_of(file_with(pickled_tensor("1", 6, 0, {6}, {1}))); });
}

// storage, offset, size and stride of a tensor, pickled.
struct Parts {
    std::string tag = pickled("storage"), type = pickled_global("torch", "FloatStorage"), key = pickled("0");
    std::string offset = pickled(0), size = pickled_tuple({6}), stride = pickled_tuple({1});
    std::string storage = "";  // instead of its parts

    std::string tensor() const {
        return pickled_global("torch._utils", "_rebuild_tensor_v2") + "(" +
               (storage.empty() ? "(" + tag + type + key + pickled("cpu") + pickled(6) + "tQ" : storage) + offset + size + stride +
               "\x89NtR";
    }
};

TEST(torch, refuses_tensors_of_parts_that_are_none) {
    const auto refused = [](const std::string& code, const char* says, std::string Parts::*part, const std::string& value) {
        Parts parts;
        parts.*part = value;
        expect_refusal(code, {says}, [&] { tensors_of(file_with(parts.tensor())); });
    };
    EXPECT_EQ(tensors_of(file_with(Parts().tensor())).at("w").elements, 6u);
    refused("E_TYPE", "without a storage", &Parts::storage, "N");
    refused("E_TYPE", "without a storage", &Parts::tag, pickled("module"));
    refused("E_UNSUPPORTED", "unknown type", &Parts::type, pickled_global("torch", "float32"));
    refused("E_TYPE", "key is no string", &Parts::key, pickled(0));
    refused("E_TYPE", "offset is no integer", &Parts::offset, "N");
    refused("E_TYPE", "size is no tuple", &Parts::size, pickled(6));
    refused("E_LIMIT", "9 dimensions", &Parts::size, pickled_tuple({1, 1, 1, 1, 1, 1, 1, 1, 1}));
    refused("E_SHAPE", "as many sizes as strides", &Parts::stride, pickled_tuple({1, 1}));
    Parts parts;
    parts.size = "(\x8a\x08" + bytes_of(int64_t{1} << 62) + pickled(4) + "t";
    parts.stride = pickled_tuple({0, 0});
    expect_refusal("E_OVERFLOW", {"64 bits"}, [&] { tensors_of(file_with(parts.tensor())); });
    parts = Parts();
    parts.size = pickled_tuple({0});
    parts.offset = pickled(7);
    expect_refusal("E_RANGE", {"begins behind"}, [&] { tensors_of(file_with(parts.tensor())); });
}

TEST(torch, refuses_names_that_are_no_strings_and_pickles_beyond_the_limit) {
    const std::string numbered = "}(" + pickled(3) + pickled_tensor("0", 6, 0, {6}, {1}) + "u";
    expect_refusal("E_TYPE", {"name of a tensor"}, [&] { tensors_of(torch_file(numbered, {{"0", six_floats}})); });
    expect_refusal("E_LIMIT", {"16777216"}, [] { tensors_of(torch_file(std::string(16 << 20, 'N'), {})); });
}

// A lazily negated tensor: PyTorch 2 stores the positive numbers and {'neg': True} as a seventh argument.
TEST(torch, refuses_tensors_whose_elements_are_not_what_is_stored) {
    std::string tensor = pickled_tensor("0", 6, 0, {6}, {1});
    tensor.insert(tensor.size() - 2, pickled_dictionary({{"neg", "\x88"}}));
    expect_refusal("E_UNSUPPORTED", {"negatives"}, [&] { tensors_of(file_with(tensor)); });
    tensor = pickled_tensor("0", 6, 0, {6}, {1});
    tensor.insert(tensor.size() - 2, "}");
    EXPECT_EQ(tensors_of(file_with(tensor)).at("w").floats("w").size(), 6u);
}

// What an attack would look like: the file is refused before anything could be called.
TEST(torch, refuses_every_other_global_by_its_name_and_byte) {
    const std::string call = pickled_global("os", "system") + "(" + pickled("touch /tmp/owned") + "tR";
    expect_refusal("E_UNSUPPORTED", {"byte 42", "os system"}, [&] { tensors_of(torch_file(call, {})); });
    for (const char* name : {"eval", "exec", "getattr"})
        expect_refusal("E_UNSUPPORTED", {name}, [&] { tensors_of(torch_file(pickled_global("builtins", name), {})); });
    expect_refusal("E_UNSUPPORTED", {"torch.storage _load_from_bytes"},
                   [] { tensors_of(torch_file(pickled_global("torch.storage", "_load_from_bytes"), {})); });
    expect_refusal("E_UNSUPPORTED", {"os system"}, [] { tensors_of(torch_file(pickled("os") + pickled("system") + "\x93", {})); });
}

TEST(torch, refuses_opcodes_that_build_objects) {
    for (const char opcode : {'i', 'o', '\x81', '\x92', 'P', '\x82'})
        expect_refusal("E_UNSUPPORTED", {"opcode"}, [&] { tensors_of(torch_file("(" + std::string(1, opcode), {})); });
    expect_refusal("E_UNSUPPORTED", {"only a name"},
                   [] { tensors_of(torch_file(pickled_global("torch", "FloatStorage") + ")R", {})); });
}

TEST(torch, refuses_broken_pickles) {
    expect_refusal("E_SYNTAX", {"stack"}, [] { tensors_of(torch_file("0", {})); });
    expect_refusal("E_SYNTAX", {"mark"}, [] { tensors_of(torch_file("t", {})); });
    expect_refusal("E_SYNTAX", {"memo 7"}, [] { tensors_of(torch_file("h\x07", {})); });
    expect_refusal("E_UTF8", {"string"}, [] { tensors_of(torch_file(pickled("\xff"), {})); });
    expect_refusal("E_RANGE", {"9 bytes"}, [] { tensors_of(torch_file(std::string("\x8a\x09") + std::string(9, '\1'), {})); });
    expect_refusal("E_LIMIT", {"1048576"}, [] { tensors_of(torch_file(std::string((1 << 20) + 1, ')'), {})); });
    expect_refusal("E_MISSING", {"iteration"}, [] { tensors_of(torch_file(pickled_dictionary({{"iteration", pickled(1)}}), {})); });
}

TEST(torch, refuses_zip_files_that_are_compressed_encrypted_or_no_checkpoints) {
    expect_refusal("E_UNSUPPORTED", {"a/data.pkl", "deflate"}, [] { tensors_of(zip({{"a/data.pkl", "x", 8, 0}})); });
    expect_refusal("E_UNSUPPORTED", {"a/data.pkl", "encrypted"}, [] { tensors_of(zip({{"a/data.pkl", "x", 0, 1}})); });
    expect_refusal("E_UNSUPPORTED", {"data.pkl"}, [] { tensors_of(zip({{"readme", "x"}})); });
    expect_refusal("E_UNSUPPORTED", {"TorchScript"}, [] { tensors_of(zip({{"a/data.pkl", "x"}, {"a/constants.pkl", "x"}})); });
    expect_refusal("E_DUP", {"a/data.pkl", "twice"}, [] { tensors_of(zip({{"a/data.pkl", "x"}, {"a/data.pkl", "x"}})); });
    expect_refusal("E_ENDIAN", {"big-endian"}, [] { tensors_of(zip({{"a/data.pkl", "x"}, {"a/byteorder", "big"}})); });
}

TEST(torch, finds_every_changed_byte_of_the_weights) {
    std::string bytes = file_with(pickled_tensor("0", 6, 0, {6}, {1}));
    const size_t at = bytes.find(six_floats);
    bytes[at + 5] = char(bytes[at + 5] ^ 1);
    expect_refusal("E_CRC", {"a/data/0"}, [&] { tensors_of(bytes); });
}

TEST(torch, answers_to_cuts_and_damaged_bytes) {
    const std::string whole = tiny_meta_file();
    const TemporaryFolder folder;
    const auto read = [&](const std::string& bytes) {
        return read_torch(std::make_shared<const MappedFile>(folder.write("model.pt", bytes))).tensors;
    };
    for (size_t n = 4; n < whole.size(); n += 13) EXPECT_THROW(read(whole.substr(0, n)), Failure) << n;
    for (size_t i = 4; i < whole.size(); i += 3) {
        std::string damaged = whole;
        damaged[i] = char(damaged[i] ^ 1 << i % 8);
        try {
            for (const auto& [name, tensor] : read(damaged)) tensor.floats(name);
        } catch (const Failure& failure) {
            EXPECT_NE(failure.exit(), Exit::internal) << i << ": " << failure.what();
        }
    }
}

// ---- shards

HfModel in_two_shards(const TemporaryFolder& folder, Json* map) {
    const HfModel m = tiny_llama();
    Tensors first, second;
    for (const auto& [name, tensor] : m.tensors) {
        (first.size() < 5 ? first : second)[name] = tensor;
        (*map)["weight_map"][name] = first.count(name) ? "1.safetensors" : "2.safetensors";
    }
    folder.write("config.json", m.config.dump());
    folder.write("1.safetensors", safetensors(first));
    folder.write("2.safetensors", safetensors(second));
    return m;
}

TEST(shards, are_one_checkpoint) {
    const TemporaryFolder folder, whole;
    Json index;
    const HfModel m = in_two_shards(folder, &index);
    folder.write("model.safetensors.index.json", index.dump());
    const Weights w = import_checkpoint(folder.path()), same = import_checkpoint(m.write(whole));
    ASSERT_EQ(w.tensors.size(), same.tensors.size());
    for (const auto& [key, tensor] : same.tensors) EXPECT_EQ(w.tensors.at(key).values(), tensor.values());
}

TEST(shards, are_files_beside_their_index_and_nothing_else) {
    const TemporaryFolder folder;
    Json index;
    in_two_shards(folder, &index);
    for (const char* path : {"../../etc/passwd", "/etc/passwd", "..", "", "a/b"}) {
        Json bad = index;
        bad["weight_map"]["lm_head.weight"] = path;
        folder.write("model.safetensors.index.json", bad.dump());
        expect_refusal("E_ARG", {"weight_map.lm_head.weight"}, [&] { import_checkpoint(folder.path()); });
    }
    Json bad = index;
    bad["weight_map"]["lm_head.weight"] = "3.safetensors";
    folder.write("model.safetensors.index.json", bad.dump());
    expect_refusal("E_MISSING", {"3.safetensors"}, [&] { import_checkpoint(folder.path()); });
    bad = index;
    bad["weight_map"]["ghost"] = "1.safetensors";
    folder.write("model.safetensors.index.json", bad.dump());
    expect_refusal("E_MISSING", {"ghost"}, [&] { import_checkpoint(folder.path()); });
    folder.write("model.safetensors.index.json", index.dump());
    folder.write("2.safetensors", safetensors(tiny_llama().tensors));
    expect_refusal("E_DUP", {"another file"}, [&] { import_checkpoint(folder.path()); });
}

TEST(shards, are_not_read_alone) {
    const TemporaryFolder folder;
    const HfModel m = tiny_llama();
    folder.write("config.json", m.config.dump());
    const std::string part = folder.write("model-00002-of-00003.safetensors", safetensors(m.tensors));
    expect_refusal("E_UNSUPPORTED", {"part 2 of 3", "index.json"}, [&] { import_checkpoint(part); });
    for (const char* whole : {"model-00001-of-00001.safetensors", "a-of-b.safetensors", "-of-00002.safetensors", "model-00001-of-0000x.safetensors"})
        EXPECT_NO_THROW(import_checkpoint(folder.write(whole, safetensors(m.tensors)))) << whole;
}

TEST(shards, for_several_devices_are_refused_by_name) {
    const TemporaryFolder folder;
    const HfModel m = tiny_llama();
    folder.write("config.json", m.config.dump());
    const std::string first = folder.write("consolidated.00.safetensors", safetensors(m.tensors));
    EXPECT_NO_THROW(import_checkpoint(first));
    for (const std::string& part : {folder.write("consolidated.01.safetensors", safetensors(m.tensors)), first})
        expect_refusal("E_UNSUPPORTED", {"several devices", "consolidated.01.safetensors"}, [&] { import_checkpoint(part); });
}

}  // namespace
}  // namespace mote::tools
