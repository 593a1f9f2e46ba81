// llama2.c files written: read back as they were, and the same bytes as the original's.
#include "export/llama2c.h"

#include <gtest/gtest.h>

#include "export/unpack.h"
#include "import/import.h"
#include "make_checkpoint.h"
#include "pack/pack.h"
#include "pack/random_model.h"
#include "refusal.h"
#include "shared_data.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

TEST(export_llama2c, is_read_back_as_it_was) {
    for (const char* tied : {"0", "1"}) {
        const TemporaryFolder folder;
        const std::string path = folder.path() + "/model.bin";
        const Weights w = random_model(
            "llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=24,vocab=30,context=16,pairing=interleaved,tied=" + std::string(tied),
            1);
        export_llama2c(w, path);
        const Weights read = import_checkpoint(path);
        ASSERT_EQ(read.tensors.size(), w.tensors.size());
        for (const auto& [key, tensor] : w.tensors)
            EXPECT_EQ(read.tensors.at(key).values(), tensor.values()) << role_name(key.first);
        EXPECT_EQ(read.rope_frequencies, w.rope_frequencies);
    }
}

TEST(export_llama2c, moves_the_rows_of_halves_to_pairs) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.bin";
    const Weights w = random_model("llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=4,vocab=3,context=8", 1);
    export_llama2c(w, path);
    const std::vector<float> before = w.tensors.at({Role::q, 0}).values(),
                             after = import_checkpoint(path).tensors.at({Role::q, 0}).values();
    const size_t row_of[] = {0, 2, 1, 3, 4, 6, 5, 7};  // (0, 2), (1, 3) become (0, 1), (2, 3) in each head of four
    for (size_t row = 0; row < 8; row++)
        for (size_t i = 0; i < 8; i++) EXPECT_EQ(before[row * 8 + i], after[row_of[row] * 8 + i]) << "row " << row;
}

TEST(export_llama2c, refuses_what_llama2c_does_not_compute) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.bin";
    for (const auto& [shape, word] : {std::pair("gpt2:dim=16", "layer norms"), std::pair("qwen2:dim=16", "q_bias"),
                                      std::pair("llama:dim=16,heads=2,head_dim=4", "wide")})
        expect_refusal("E_UNSUPPORTED", {word}, [&, name = shape] { export_llama2c(random_model(name, 1), path); });
    EXPECT_FALSE(exists(path));
}

TEST(export_llama2c, writes_the_weights_of_stories260K_byte_for_byte) {
    MOTE_NEEDS("weights/llama2c/stories260K.bin");
    const TemporaryFolder folder;
    const std::string packed = folder.path() + "/m.mote", path = folder.path() + "/model.bin";
    std::vector<std::string> notes;
    pack_file(packed, import_checkpoint(shared_data("weights/llama2c/stories260K.bin")), parse_formats("f32"), notes);
    export_llama2c(unpack_model(packed), path);
    const std::string written = read_file(path), original = read_file(shared_data("weights/llama2c/stories260K.bin"));
    ASSERT_EQ(written.size(), original.size());
    const size_t tables = 28 + 4 * 260032;  // cosines and sines: computed anew, and skipped by readers
    EXPECT_EQ(written.substr(0, tables), original.substr(0, tables));
}

}  // namespace
}  // namespace mote::tools
