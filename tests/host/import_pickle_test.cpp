// Pickles that no PyTorch writes: each opcode's own refusals.
#include <gtest/gtest.h>

#include "import/pickle.h"
#include "make_torch.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

void run(const std::string& bytes) { const Pickle pickle(bytes, "data.pkl", 0); }

void refused(const std::string& code, const char* part, const std::string& opcodes) {
    SCOPED_TRACE(part);
    expect_refusal(code, {"data.pkl", part}, [&] { run("\x80\x02" + opcodes + "."); });
}

TEST(pickle, ends_with_one_value_and_nothing_behind_it) {
    EXPECT_NO_THROW(run("\x80\x02N."));
    refused("E_SYNTAX", "left on the stack", "NN");
    refused("E_SYNTAX", "left on the stack", "(N");
    refused("E_TRAILING", "1 bytes behind", "N.");
}

TEST(pickle, is_cut_nowhere) {
    expect_refusal("E_TRUNC", {"operand"}, [] { run(std::string("\x80\x02X\x05\0\0\0ab", 9)); });
    expect_refusal("E_TRUNC", {"operand"}, [] { run("\x80\x02N"); });
    expect_refusal("E_TRUNC", {"line"}, [] {
        run("\x80\x02"
            "cos");
    });
}

TEST(pickle, has_a_protocol_that_is_known) {
    for (const char protocol : {'\0', '\1', '\6', '\xff'})
        expect_refusal("E_VERSION", {"2 to 5"}, [&] { run(std::string("\x80") + protocol + "N."); });
}

TEST(pickle, extends_only_lists_and_dictionaries_of_pairs) {
    refused("E_TYPE", "no list", "NNa");
    refused("E_TYPE", "no dictionary", "N(NNu");
    refused("E_SYNTAX", "no value", "}(Nu");
    refused("E_TYPE", "no dictionary", "N}b");
}

TEST(pickle, calls_what_it_knows_with_the_arguments_it_knows) {
    refused("E_TYPE", "no function", "N)R");
    refused("E_TYPE", "no function", pickled_global("collections", "OrderedDict") + "NR");
    refused("E_UNSUPPORTED", "with arguments", pickled_global("collections", "OrderedDict") + "(NtR");
    refused("E_SYNTAX", "without arguments", pickled_global("torch", "Size") + ")R");
    refused("E_UNSUPPORTED", "1 arguments", pickled_global("torch._utils", "_rebuild_tensor_v2") + "(NtR");
    refused("E_UNSUPPORTED", "8 arguments", pickled_global("torch._utils", "_rebuild_tensor_v2") + "(NNNNNNNNtR");
    refused("E_TYPE", "name of a global", "NN\x93");
    refused("E_TYPE", "no tuple", "NQ");
    refused("E_UNSUPPORTED", "4 arguments", "(NNNNtQ");
}

TEST(pickle, has_limits) {
    refused("E_LIMIT", "values on the stack", "N" + std::string((1 << 20) + 1, '2'));
    std::string values;
    for (int i = 0; i < 1 << 21; i++) values += "N0";
    refused("E_LIMIT", "values", values + "N");
}

}  // namespace
}  // namespace mote::tools
