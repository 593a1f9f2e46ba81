// zip: APPNOTE.TXT 6.3, the parts that stored records need, with its 64-bit extensions.
#include "import/zip.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "mote/model.h"

namespace mote::tools {
namespace {

constexpr uint32_t local_magic = 0x04034b50, entry_magic = 0x02014b50, end_magic = 0x06054b50;
constexpr uint32_t end64_magic = 0x06064b50, locator_magic = 0x07064b50;
constexpr size_t local_bytes = 30, entry_bytes = 46, end_bytes = 22, end64_bytes = 56, locator_bytes = 20;
constexpr uint32_t large = 0xffffffff;  // the number does not fit and stands in an extension

// The central directory.
struct Directory {
    uint64_t offset, bytes, entries;
};

// Where the record begins that ends the file: only its comment follows it.
size_t find_end(const MappedFile& file) {
    const std::string_view text = file.text();
    for (size_t comment = 0; comment <= 0xffff && text.size() >= end_bytes + comment; comment++) {
        const size_t at = text.size() - end_bytes - comment;
        if (number_at<uint32_t>(text, at) == end_magic && number_at<uint16_t>(text, at + 20) == comment) return at;
    }
    refuse_at("E_TRUNC", file.path(), text.size(), "the zip file has no end of its directory; is it cut?");
}

[[noreturn]] void refuse_parts(const MappedFile& file, uint64_t at) {
    refuse_at("E_UNSUPPORTED", file.path(), at, "a zip file in several parts");
}

Directory read_end64(const MappedFile& file, size_t locator) {
    const std::string_view text = file.text();
    const uint64_t at = number_at<uint64_t>(text, locator + 8);
    if (!inside(at, end64_bytes, locator) || number_at<uint32_t>(text, size_t(at)) != end64_magic)
        refuse_at("E_SYNTAX", file.path(), locator + 8, "no 64-bit directory at byte " + std::to_string(at));
    const size_t end = size_t(at);
    if (number_at<uint32_t>(text, end + 16) || number_at<uint32_t>(text, end + 20)) refuse_parts(file, at + 16);
    return {number_at<uint64_t>(text, end + 48), number_at<uint64_t>(text, end + 40), number_at<uint64_t>(text, end + 32)};
}

Directory read_end(const MappedFile& file) {
    const std::string_view text = file.text();
    const size_t end = find_end(file);
    Directory d{number_at<uint32_t>(text, end + 16), number_at<uint32_t>(text, end + 12), number_at<uint16_t>(text, end + 10)};
    size_t limit = end;
    if (end >= locator_bytes && number_at<uint32_t>(text, end - locator_bytes) == locator_magic) {
        limit = end - locator_bytes;
        d = read_end64(file, limit);
    } else if (number_at<uint16_t>(text, end + 4) || number_at<uint16_t>(text, end + 6)) {
        refuse_parts(file, end + 4);
    }
    if (!inside(d.offset, d.bytes, limit))
        refuse_at("E_RANGE", file.path(), end,
                  "the zip directory of " + std::to_string(d.bytes) + " bytes at byte " + std::to_string(d.offset) +
                      " is not inside the file");
    return d;
}

// An entry of the central directory, with the numbers that an extension may hold.
struct Entry {
    std::string name;
    uint64_t at, stored, bytes, local;
    uint32_t crc;
    uint16_t flags, method;
};

// The 64-bit extension: in order, those of the three numbers that did not fit.
void read_large(const MappedFile& file, std::string_view extra, Entry& e) {
    while (extra.size() >= 4) {
        const uint16_t id = number_at<uint16_t>(extra, 0), bytes = number_at<uint16_t>(extra, 2);
        extra.remove_prefix(4);
        if (bytes > extra.size()) break;
        if (id == 1) {
            size_t at = 0;
            for (uint64_t* number : {&e.bytes, &e.stored, &e.local}) {
                if (*number != large || at + 8 > bytes) continue;
                *number = number_at<uint64_t>(extra, at);
                at += 8;
            }
            return;
        }
        extra.remove_prefix(bytes);
    }
    refuse_at("E_SYNTAX", file.path(), e.at, e.name + ": the 64-bit sizes are missing");
}

// The entry at `at`, which moves behind it.
Entry read_entry(const MappedFile& file, uint64_t& at, uint64_t end) {
    const std::string_view text = file.text();
    const size_t from = size_t(at);
    if (!inside(at, entry_bytes, end) || number_at<uint32_t>(text, from) != entry_magic)
        refuse_at("E_SYNTAX", file.path(), at, "no entry of the zip directory where one should be");
    const uint16_t name = number_at<uint16_t>(text, from + 28), extra = number_at<uint16_t>(text, from + 30);
    const uint64_t bytes = entry_bytes + uint64_t(name) + extra + number_at<uint16_t>(text, from + 32);
    if (!inside(at, bytes, end)) refuse_at("E_TRUNC", file.path(), at, "an entry reaches beyond the zip directory");
    Entry e{std::string(text.substr(from + entry_bytes, name)),
            at,
            number_at<uint32_t>(text, from + 20),
            number_at<uint32_t>(text, from + 24),
            number_at<uint32_t>(text, from + 42),
            number_at<uint32_t>(text, from + 16),
            number_at<uint16_t>(text, from + 8),
            number_at<uint16_t>(text, from + 10)};
    if (!is_utf8(e.name)) refuse_at("E_UTF8", file.path(), at, "the name of a record is not UTF-8");
    if (e.bytes == large || e.stored == large || e.local == large)
        read_large(file, text.substr(from + entry_bytes + name, extra), e);
    at += bytes;
    return e;
}

const char* method_name(uint16_t method) {
    return method == 8    ? "deflate"
           : method == 9  ? "deflate64"
           : method == 12 ? "bzip2"
           : method == 14 ? "LZMA"
                          : "an unknown method";
}

ZipRecord record_of(const MappedFile& file, const Entry& e, uint64_t directory) {
    const std::string_view text = file.text();
    const std::string packed = e.flags & 1     ? "is encrypted"
                               : e.method != 0 ? std::string("is compressed (") + method_name(e.method) + ")"
                                               : "";
    if (packed.empty() && e.stored != e.bytes)
        refuse_at("E_SYNTAX", file.path(), e.at, e.name + ": is stored, but its two sizes differ");
    if (!inside(e.local, local_bytes, directory) || number_at<uint32_t>(text, size_t(e.local)) != local_magic)
        refuse_at("E_RANGE", file.path(), e.at, e.name + ": no record begins at byte " + std::to_string(e.local));
    const size_t local = size_t(e.local);
    const uint16_t name = number_at<uint16_t>(text, local + 26);
    const uint64_t begin = e.local + local_bytes + name + number_at<uint16_t>(text, local + 28);
    if (!inside(begin, e.stored, directory))
        refuse_at("E_RANGE", file.path(), e.at,
                  e.name + ": its " + std::to_string(e.stored) + " bytes reach into the zip directory");
    if (text.substr(local + local_bytes, name) != e.name)
        refuse_at("E_SYNTAX", file.path(), e.local, e.name + ": has another name in its own header");
    return {begin, e.stored, e.crc, packed};
}

void require_apart(const MappedFile& file, const std::map<std::string, ZipRecord>& records) {
    std::vector<const std::pair<const std::string, ZipRecord>*> sorted;
    for (const auto& record : records)
        if (record.second.bytes) sorted.push_back(&record);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->second.begin < b->second.begin; });
    for (size_t i = 1; i < sorted.size(); i++)
        if (sorted[i - 1]->second.begin + sorted[i - 1]->second.bytes > sorted[i]->second.begin)
            refuse_at("E_OVERLAP", file.path(), sorted[i]->second.begin,
                      sorted[i]->first + ": shares bytes with " + sorted[i - 1]->first);
}

}  // namespace

std::map<std::string, ZipRecord> read_zip(const MappedFile& file) {
    const Directory directory = read_end(file);
    const uint64_t end = directory.offset + directory.bytes;
    std::map<std::string, ZipRecord> records;
    uint64_t at = directory.offset;
    for (uint64_t i = 0; i < directory.entries; i++) {
        const Entry entry = read_entry(file, at, end);
        if (!records.emplace(entry.name, record_of(file, entry, directory.offset)).second)
            refuse_at("E_DUP", file.path(), entry.at, entry.name + ": stands twice in the zip directory");
    }
    if (at != end)
        refuse_at("E_TRAILING", file.path(), at, std::to_string(end - at) + " bytes behind the last entry of the zip directory");
    require_apart(file, records);
    return records;
}

void require_stored(const MappedFile& file, const std::string& name, const ZipRecord& record) {
    if (!record.packed.empty())
        refuse_at("E_UNSUPPORTED", file.path(), record.begin, name + ": " + record.packed + "; only stored records are read");
}

void check_crc(const MappedFile& file, const std::string& name, const ZipRecord& record) {
    constexpr uint64_t chunk = 1 << 20;
    uint32_t found = 0;
    for (uint64_t done = 0; done < record.bytes; done += chunk) {
        const uint64_t bytes = std::min(chunk, record.bytes - done);
        found = crc32(found, file.data() + record.begin + done, size_t(bytes));
        file.release(record.begin + done, bytes);
    }
    if (found != record.crc) refuse_at("E_CRC", file.path(), record.begin, name + ": the checksum does not fit: cut or damaged");
}

}  // namespace mote::tools
