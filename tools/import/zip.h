// zip: where the records of an uncompressed zip file lie. PyTorch's checkpoints are such files.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/files.h"

namespace mote::tools {

/// A record's bytes in the file, and what their CRC-32 should be.
struct ZipRecord {
    uint64_t begin = 0, bytes = 0;
    uint32_t crc = 0;
    std::string packed{};  // how the bytes are not the record's own: "is encrypted", "is compressed (deflate)"
};

/// All records by name, from the central directory; each agrees with its local header, and no two share a byte.
/// Errors: E_TRUNC, E_SYNTAX, E_RANGE, E_OVERLAP, E_DUP, E_UTF8, E_UNSUPPORTED (in several parts).
std::map<std::string, ZipRecord> read_zip(const MappedFile& file);

/// Refuses a record that is compressed or encrypted (E_UNSUPPORTED).
void require_stored(const MappedFile& file, const std::string& name, const ZipRecord& record);

/// Refuses a record whose bytes do not fit its checksum (E_CRC).
void check_crc(const MappedFile& file, const std::string& name, const ZipRecord& record);

}  // namespace mote::tools
