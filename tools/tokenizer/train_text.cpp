// train_text: read, check UTF-8, cut.
#include "tokenizer/train_text.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/src/utf8.h"
#include "base/error.h"

namespace mote::tools {
namespace {

using namespace std::string_view_literals;

struct Beginning {
    std::string_view bytes;
    const char* code;
    const char* text;
};

constexpr Beginning not_text[] = {
    {"\xff\xfe"sv, "E_UTF8", "looks like UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"},
    {"\xfe\xff"sv, "E_UTF8", "looks like UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"},
    {"\x1f\x8b"sv, "E_TYPE", "is a gzip file, not text; unpack it first"},
    {"PK\x03\x04"sv, "E_TYPE", "is a zip file, not text; unpack it first"},
    {"BZh"sv, "E_TYPE", "is a bzip2 file, not text; unpack it first"},
    {"\xfd"
     "7zXZ"sv,
     "E_TYPE", "is an xz file, not text; unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "E_TYPE", "is a zstd file, not text; unpack it first"},
    {"%PDF-"sv, "E_TYPE", "is a PDF document, not text"},
};

// Not blocking, so that a pipe that nobody writes is refused instead of waited for.
int open_text(const std::string& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) refuse_io(file, "cannot open", errno);
    return fd;
}

size_t read_some(int fd, char* to, size_t bytes, const std::string& file) {
    for (;;) {
        const ssize_t n = ::read(fd, to, bytes);
        if (n >= 0) return static_cast<size_t>(n);
        if (errno != EINTR) refuse_io(file, "cannot read", errno);
    }
}

// How many bytes at the start of a text could begin one character; at least 1.
size_t character_beginning(std::string_view text) {
    const uint8_t lead = static_cast<uint8_t>(text[0]);
    const size_t length = utf8_length(lead);
    size_t n = 1;
    if (n < length && n < text.size() && utf8_second_fits(lead, static_cast<uint8_t>(text[1]))) n++;
    while (n > 1 && n < length && n < text.size() && (text[n] & 0xc0) == 0x80) n++;
    return n;
}

// Whether a text ends before its only character does.
bool is_cut_character(std::string_view text) {
    return character_beginning(text) == text.size() && text.size() < utf8_length(static_cast<uint8_t>(text[0]));
}

// The end of the valid characters that begin at `at`.
size_t valid_end(std::string_view text, size_t at) {
    constexpr uint64_t high_bits = 0x8080808080808080;
    while (at < text.size()) {
        uint64_t eight = high_bits;
        if (text.size() - at >= 8) std::memcpy(&eight, text.data() + at, 8);
        if ((eight & high_bits) == 0) {
            at += 8;
            continue;
        }
        const Character c = first_character(text.data() + at, text.size() - at);
        if (c.code == invalid_character) break;
        at += c.bytes;
    }
    return at;
}

}  // namespace

TrainingText::TrainingText(std::vector<std::string> files, const SpecialTexts& specials, InvalidUtf8 policy, size_t block_bytes)
    : files_(std::move(files)), specials_(specials), policy_(policy), block_bytes_(block_bytes) {
    for (const std::string& file : files_) {
        struct stat st {};
        if (::stat(file.c_str(), &st) != 0) refuse_io(file, "cannot open", errno);
        if (!S_ISREG(st.st_mode))
            throw Failure(Exit::io, "E_IO", file, std::nullopt, S_ISDIR(st.st_mode) ? "is a directory, not a file" : "is not a regular file");
        if (st.st_size == 0) refuse("E_EMPTY", file, "is empty; there is nothing to learn from");
        total_bytes_ += static_cast<uint64_t>(st.st_size);
        char begin[8] = {};
        const int fd = open_text(file);
        const ssize_t n = ::pread(fd, begin, sizeof begin, 0);
        const int error = errno;
        ::close(fd);
        if (n < 0) refuse_io(file, "cannot read", error);
        for (const Beginning& b : not_text)
            if (std::string_view(begin, static_cast<size_t>(n)).substr(0, b.bytes.size()) == b.bytes) refuse_at(b.code, file, 0, b.text);
    }
}

TrainingText::~TrainingText() {
    if (fd_ >= 0) ::close(fd_);
}

bool TrainingText::next(std::string& block) {
    while (next_pair_ < pairs_.size() || fd_ >= 0 || open_next()) {
        if (next_pairs(block)) return true;
        const bool more = read_more();
        take_valid(!more);
        const size_t cut = more ? last_safe_cut(text_, specials_) : text_.size();
        if (!more) {
            ::close(fd_);
            fd_ = -1;
        }
        if (cut == 0) continue;
        block.assign(text_, 0, cut);
        text_.erase(0, cut);
        return true;
    }
    return false;
}

bool TrainingText::open_next() {
    if (next_file_ == files_.size()) return false;
    const std::string& file = files_[next_file_++];
    if (holds_pairs(file)) {
        pairs_ = read_pairs(file);
        next_pair_ = 0;
        bytes_read_ += std::filesystem::file_size(file);
        return true;
    }
    fd_ = open_text(file);
    raw_begin_ = 0;
    return true;
}

// Texts of pairs until the block is full; false if there are none.
bool TrainingText::next_pairs(std::string& block) {
    block.clear();
    for (; next_pair_ < pairs_.size() && block.size() < block_bytes_; next_pair_++)
        for (const std::string* text : {&pairs_[next_pair_].prompt, &pairs_[next_pair_].completion}) {
            block += *text;
            if (!text->empty() && text->back() != '\n') block += '\n';
        }
    return !block.empty();
}

// False at the end of the file.
bool TrainingText::read_more() {
    const size_t before = raw_.size();
    raw_.resize(before + block_bytes_);
    const size_t n = read_some(fd_, raw_.data() + before, block_bytes_, files_[next_file_ - 1]);
    raw_.resize(before + n);
    bytes_read_ += n;
    return n > 0;
}

// Moves whole characters from raw_ to text_. A character that is cut stays until its rest is read.
void TrainingText::take_valid(bool at_end) {
    size_t at = 0;
    while (at < raw_.size()) {
        const size_t end = valid_end(raw_, at);
        text_.append(raw_, at, end - at);
        at = end;
        if (at == raw_.size() || (!at_end && is_cut_character(std::string_view(raw_).substr(at)))) break;
        at += take_invalid(at);
    }
    raw_.erase(0, at);
    raw_begin_ += at;
}

// What becomes of bytes that begin no character, and how many they are.
size_t TrainingText::take_invalid(size_t at) {
    const size_t bytes = character_beginning(std::string_view(raw_).substr(at));
    switch (policy_) {
        case InvalidUtf8::replace: text_ += "\xef\xbf\xbd"; break;
        case InvalidUtf8::bytes: text_.append(raw_, at, bytes); break;
        case InvalidUtf8::error: {
            static const char* const digits = "0123456789abcdef";
            const uint8_t found = static_cast<uint8_t>(raw_[at]);
            refuse_at("E_UTF8", files_[next_file_ - 1], raw_begin_ + at,
                      std::string("0x") + digits[found >> 4] + digits[found & 15] +
                          " begins no UTF-8 character; mote tokenizer train learns from such a text with --invalid replace or --invalid bytes");
        }
    }
    return bytes;
}

}  // namespace mote::tools
