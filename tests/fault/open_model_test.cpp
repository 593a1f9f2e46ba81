// open_model: what the host program says about a file that is not a model, or no longer one.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <unistd.h>

#include "base/error.h"
#include "model/open_model.h"
#include "support/models.h"

namespace mote {
namespace {

using tools::Failure;

// A file that goes away with the test.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& bytes) {
        static int count = 0;
        path_ = ::testing::TempDir() + "mote_open_" + std::to_string(::getpid()) + "_" + std::to_string(count++);
        std::ofstream(path_, std::ios::binary).write(bytes.data(), long(bytes.size()));
    }
    ~TemporaryFile() { std::remove(path_.c_str()); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

struct Refusal {
    std::string code, text;
    int exit = 0;
};

Refusal refusal_of(const std::string& bytes) {
    const TemporaryFile file(bytes);
    try {
        tools::open_model(file.path());
    } catch (const Failure& f) {
        EXPECT_NE(std::string(f.what()).find(file.path()), std::string::npos) << "the file is not named";
        EXPECT_EQ(std::string(f.what()).find('\n'), std::string::npos) << "more than a line";
        return {f.code(), f.what(), int(f.exit())};
    }
    return {"none", "", 0};
}

std::string sound() {
    static const std::vector<uint8_t> file = testing::packed_file(tools::random_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=4", 1));
    return std::string(file.begin(), file.end());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
    return text;
}

void expect(const Refusal& r, const std::string& code, const std::string& part) {
    EXPECT_EQ(r.code, code);
    EXPECT_EQ(r.exit, 3);
    EXPECT_NE(r.text.find(part), std::string::npos) << r.text;
}

TEST(open_model, opens_a_sound_file) { EXPECT_EQ(refusal_of(sound()).code, "none"); }

TEST(open_model, says_that_a_file_is_empty) { expect(refusal_of(""), "E_EMPTY", "empty"); }

// A03, A10
TEST(open_model, says_how_many_bytes_a_cut_file_lacks) {
    const std::string file = sound(), size = std::to_string(file.size());
    expect(refusal_of(file.substr(0, 1000)), "E_TRUNC", "byte 1000: the file ends here; it has 1000 bytes where " + size + " are needed");
    expect(refusal_of(file.substr(0, 20)), "E_TRUNC", "it has 20 bytes where 64 are needed");
    expect(refusal_of(file + "xyz"), "E_TRAILING", "byte " + size + ": the model ends here; the file has " + std::to_string(file.size() + 3) + " bytes");
}

// A05
TEST(open_model, recognises_a_text_mode_transfer) {
    expect(refusal_of(replaced(sound(), "\n", "\r\n")), "E_MAGIC", "text-mode transfer");
    expect(refusal_of(replaced(sound(), "\r\n", "\n")), "E_MAGIC", "text-mode transfer");
}

// A06
TEST(open_model, names_what_a_file_looks_like) {
    const struct {
        const char* bytes;
        const char* name;
    } files[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n", "Git LFS pointer"},
        {"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n", "HTML page"},
        {"{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 64, \"num_hidden_layers\": 2}\n", "JSON"},
        {"GGUF\x03................................................................", "GGUF"},
        {"PK\x03\x04................................................................", "zip"},
        {"Once upon a time there was a little girl who had no model file but only a story about one.", "text file"},
    };
    for (const auto& f : files) expect(refusal_of(f.bytes), "E_MAGIC", f.name);
    const Refusal unknown = refusal_of(std::string(100, '\x01'));
    expect(unknown, "E_MAGIC", "this is not a .mote file");
}

// A07, A09, A12, A13
TEST(open_model, tells_version_byte_order_and_damage_apart) {
    std::string file = sound();
    file[8] = 3;
    expect(refusal_of(file), "E_VERSION", "3");
    file = sound();
    std::swap(file[12], file[15]), std::swap(file[13], file[14]);
    expect(refusal_of(file), "E_ENDIAN", "byte 12");
    file = sound();
    file[40] ^= 1;
    expect(refusal_of(file), "E_CRC", "byte 60");
    file = sound();
    file[file.size() - 1] ^= 1;
    expect(refusal_of(file), "E_CRC", "byte 52");
}

TEST(open_model, refuses_what_is_no_regular_file_with_an_io_error) {
    for (const char* path : {"/nonexistent/model.mote", "/", "/dev/null"}) {
        try {
            tools::open_model(path);
            ADD_FAILURE() << path;
        } catch (const Failure& f) {
            EXPECT_EQ(f.code(), "E_IO");
            EXPECT_EQ(int(f.exit()), 4);
        }
    }
}

}  // namespace
}  // namespace mote
