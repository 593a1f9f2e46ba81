// Files that PyTorch itself has written (torch_fixtures.py): every number is the one that PyTorch reads, or the file is refused.
#include <gtest/gtest.h>

#include "base/json.h"
#include "import/import.h"
#include "import/torch.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;

const std::string folder = std::string(MOTE_TESTS_HOST) + "/torch/";

Json expected() { return read_json(folder + "expected.json", 1 << 20); }

StoredTensors tensors_of(const std::string& name) {
    return read_torch(std::make_shared<const MappedFile>(folder + name + ".pt")).tensors;
}

TEST(torch_fixtures, have_the_numbers_that_pytorch_reads) {
    const Json all = expected();
    for (const auto& file : all.at("read").items()) {
        const StoredTensors tensors = tensors_of(file.key());
        EXPECT_EQ(tensors.size(), file.value().size()) << file.key();
        for (const auto& tensor : file.value().items()) {
            SCOPED_TRACE(file.key() + ": " + tensor.key());
            ASSERT_EQ(tensors.count(tensor.key()), 1u);
            const StoredTensor& stored = tensors.at(tensor.key());
            EXPECT_EQ(stored.shape, tensor.value().at("shape").get<std::vector<uint64_t>>());
            EXPECT_EQ(stored.floats(tensor.key()), tensor.value().at("values").get<std::vector<float>>());
        }
    }
}

TEST(torch_fixtures, have_the_sizes_of_the_model_beside_the_weights) {
    const Json config = read_torch(std::make_shared<const MappedFile>(folder + "model.pt")).config;
    EXPECT_EQ(config, Json::parse(R"({"n_layer": 1, "bias": false, "dropout": 0.1})"));
}

TEST(torch_fixtures, of_other_kinds_are_refused_by_name) {
    const Json all = expected();
    for (const auto& file : all.at("refused").items()) {
        SCOPED_TRACE(file.key());
        const std::string says = file.value().at("says").get<std::string>();
        expect_refusal(file.value().at("code").get<std::string>(), {says.c_str()},
                       [&] { import_checkpoint(folder + file.key() + ".pt"); });
    }
}

}  // namespace
}  // namespace mote::tools
