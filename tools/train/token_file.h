// token_file: the tokens of the training data, in memory while they are few and in a file without a name when they are many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mote::tools {

class TokenFile {
public:
    /// folder         where the file goes: as large as 4 bytes a token; gone with this object, also when the process is killed
    /// memory_tokens  tokens that are kept in memory before there is a file
    explicit TokenFile(std::string folder, size_t memory_tokens = size_t(1) << 22);
    ~TokenFile();
    TokenFile(const TokenFile&) = delete;
    TokenFile& operator=(const TokenFile&) = delete;

    /// Errors: E_NOSPACE, E_IO.
    void append(const uint32_t* tokens, size_t count);
    /// Copies tokens [begin, begin + count), which exist. Errors: E_IO.
    void read(size_t begin, size_t count, uint32_t* out) const;

    size_t size() const { return written_ + recent_.size(); }
    /// CRC-32 of all tokens, 4 little-endian bytes each.
    uint32_t crc() const { return crc_; }

private:
    void write_recent();

    std::string folder_;
    size_t memory_tokens_, written_ = 0;  // in the file
    std::vector<uint32_t> recent_;        // those behind them
    uint32_t crc_ = 0;
    int fd_ = -1;
};

}  // namespace mote::tools
